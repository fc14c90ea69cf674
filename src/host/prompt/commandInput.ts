/** What slash commands and skills need of the window: arguments that are asked for, and the skills in what a session starts with. */
import * as vscode from 'vscode';
import type { ProjectContext } from '../../core/agent/turnTypes.ts';
import type { McpPrompt } from '../../core/mcp/mcpPorts.ts';
import type { SkillSource } from '../../core/skills/instructionFile.ts';
import { skillLines } from '../../core/skills/skillList.ts';
import { plainMessage } from '../plainLabel.ts';

export async function askArgument(
	prompt: string,
	{ name, description, isRequired }: McpPrompt['arguments'][number],
): Promise<string | undefined> {
	return await vscode.window.showInputBox({
		title: plainMessage(`/${prompt}: ${name}`),
		prompt: plainMessage(`${description ?? name}${isRequired ? '' : ' (may be left empty)'}`),
		ignoreFocusOut: true,
		validateInput: (text) => (isRequired && text.trim() === '' ? 'This one is needed.' : undefined),
	});
}

/** The same files give the same text. */
export function withSkills(load: () => Promise<ProjectContext>, skills: SkillSource): () => Promise<ProjectContext> {
	return async () => {
		const [project, files] = await Promise.all([load(), skills.list()]);
		return files.length === 0 ? project : { ...project, skills: skillLines(files) };
	};
}
