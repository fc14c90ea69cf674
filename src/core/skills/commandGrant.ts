/** The rules that a command or a skill asks for, as they are agreed to: for just this content of the file. Pure. */
import type { CommandGrant } from '../session/commandFields.ts';
import type { InstructionFile } from './instructionFile.ts';

/** Undefined when it asks for none. Whatever changes in the file, its words included, makes another hash: what they lead to runs unasked. */
export function grantOf(file: InstructionFile, hash: (text: string) => string): CommandGrant | undefined {
	const { kind, name, scope, allowedTools, body, agent } = file;
	if (allowedTools.length === 0) return undefined;
	return {
		by: kind === 'skill' ? `the skill ${name}` : `/${name}`,
		path: pathOf(file),
		...{ scope, rules: allowedTools },
		// For an agent they are other rules than for the session.
		hash: hash(JSON.stringify([name, allowedTools, body, ...(agent === undefined ? [] : [agent])])),
	};
}

function pathOf({ kind, name, folder }: InstructionFile): string {
	const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
	return `${folder}${separator}${kind === 'skill' ? 'SKILL.md' : `${name.slice(name.lastIndexOf(':') + 1)}.md`}`;
}
