/** What a file of an agent asks for and does not get, said once in a session: nothing that somebody wrote there is passed over in silence. Pure. */
import type { ModelInfo } from '../model/modelPort.ts';
import { plainName } from '../session/titles.ts';
import { unusedText } from '../skills/unusedKeys.ts';
import type { AgentDefinition } from './agentDefinition.ts';

/** `model` is the one that it works with; `missingSkills` are those that it names and that are not there for it. */
export function agentNotes(
	{ name, model: wanted, effort, unused = [] }: AgentDefinition,
	model: ModelInfo,
	isModelFound: boolean,
	missingSkills: readonly string[],
): readonly string[] {
	const notes: string[] = [];
	if (wanted !== undefined && !isModelFound)
		notes.push(
			`The agent ${name} asks for the model ${plainName(wanted)}, which is not known here. It uses the model of the session.`,
		);
	if (effort !== undefined && !model.efforts?.includes(effort))
		notes.push(`The agent ${name} asks for the effort ${effort}, which ${model.displayName} does not have.`);
	if (missingSkills.length > 0)
		notes.push(
			`The agent ${name} asks for skills that are not there for agents: ${missingSkills.map(plainName).join(', ')}.`,
		);
	const text = unusedText(`The agent ${name}`, 'agent', unused);
	return text === undefined ? notes : [...notes, text];
}
