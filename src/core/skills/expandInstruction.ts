/**
 * A command or a skill as the prompt that it stands for. What was typed behind its name is put in as text, in one pass, so that nothing in it
 * is read as a placeholder, a command or the end of what it stands in. Pure.
 */
import type { InstructionFile } from './instructionFile.ts';

const SHELL = /(^|[\s(])!`([^`\n]+)`/gm;
const PLACEHOLDER = /\$ARGUMENTS(?!\w)|\$([1-9])(?!\d)/g;

export function expandInstruction({ kind, body, folder }: InstructionFile, argument: string): string {
	const typed = argument.trim();
	const commands: string[] = [];
	const words = splitArguments(typed);
	let isUsed = false;
	// Commands stand in the file, never in what was typed: they are looked for first.
	const marked = body.replace(SHELL, (_, before: string, command: string) => {
		commands.push(command);
		return `${before}[the output of \`${command}\`]`;
	});
	const filled = marked.replace(PLACEHOLDER, (_, digit: string | undefined) => {
		isUsed = true;
		return digit === undefined ? typed : (words[Number(digit) - 1] ?? '');
	});
	const parts = [filled];
	if (commands.length > 0) {
		const fill = (command: string) =>
			command.replace(PLACEHOLDER, (_, digit?: string) =>
				digit === undefined ? typed : (words[Number(digit) - 1] ?? ''),
			);
		const list = commands.map((command) => `- \`${fill(command)}\``).join('\n');
		parts.push(`First run these commands with Bash, since their output belongs to this message:\n${list}`);
	}
	if (typed !== '' && !isUsed) parts.push(`Arguments: ${typed}`);
	if (kind === 'skill')
		parts.push(
			`The files of this skill are in ${folder.replace(/\p{Cc}/gu, '?')}. Read those that it names when you need them.`,
		);
	return parts.join('\n\n');
}

/** Words at white space; what stands in quotes is one. */
export function splitArguments(text: string): readonly string[] {
	return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
		([, double, single, bare]) => double ?? single ?? bare ?? '',
	);
}

/** Whether anything of what is typed behind the name would be put into it. */
export const takesArguments = ({ body, argumentHint }: InstructionFile): boolean =>
	argumentHint !== '' || body.search(PLACEHOLDER) >= 0;
