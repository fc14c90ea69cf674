/**
 * A command or a skill as the prompt that it stands for. What was typed behind its name is put in as text, in one pass, so that nothing in it
 * is read as a placeholder, a command or the end of what it stands in. Pure.
 */
import { type ArgumentPlace, argumentPlaces, fillArguments } from './argumentNames.ts';
import type { InstructionFile } from './instructionFile.ts';

/** `` !`git status` ``, or a fence that begins with ```` ```! ````. */
const SHELL = /(^|[\s(])!`([^`\n]+)`|^```![ \t]*\n([\s\S]*?)\n```[ \t]*$/gm;
const VARIABLE = /(\$\{CLAUDE_(?:SKILL_DIR|PROJECT_DIR|SESSION_ID|EFFORT)\})/;

/** A command of the file, and where its mark stands in the text. */
export type InstructionRun = { readonly command: string; readonly at: number; readonly length: number };

/** What variables in the text stand for, where it is known; others stay as they are written. */
export type InstructionPlace = {
	readonly sessionId?: string | undefined;
	/** Absolute: the folders that the session works in. */
	readonly roots?: readonly string[] | undefined;
	/** In force when it begins, but for what the file says. */
	readonly effort?: string | undefined;
};

/** What stands in a prompt until, and unless, the output is known. */
const outputMark = (command: string): string => `[the output of \`${command}\`]`;

/** Likewise for the report of an agent that does the command. */
export const reportMark = (line: string, kind: string): string => `[${line}: the report of the agent ${kind}]`;

/** The text with outputs in the places of the marks, and which of them are. A mark that is not there any more, say after an edit, takes none. */
export function withOutputsAt<Run extends InstructionRun>(
	whole: string,
	runs: readonly Run[],
	outputOf: (run: Run) => string | undefined,
): { readonly text: string; readonly placed: readonly Run[] } {
	const placed: Run[] = [];
	let text = '';
	let from = 0;
	for (const run of runs) {
		const { command, at, length } = run;
		const output = outputOf(run);
		if (output === undefined || at < from || whole.slice(at, at + length) !== outputMark(command)) continue;
		text += whole.slice(from, at) + output;
		from = at + length;
		placed.push(run);
	}
	return { text: text + whole.slice(from), placed };
}

/** The prompt of a slash command: its commands are run beforehand, and their output takes the place of the marks. */
export function expandPrompt(
	file: InstructionFile,
	argument: string,
	place: InstructionPlace = {},
): { readonly text: string; readonly runs: readonly InstructionRun[] } {
	const { pieces, rest } = piecesOf(file, argument, place);
	const runs: InstructionRun[] = [];
	let text = '';
	for (const piece of pieces) {
		if (piece.kind === 'run') {
			const mark = outputMark(piece.text);
			runs.push({ command: piece.text, at: text.length, length: mark.length });
			text += mark;
		} else text += piece.text;
	}
	const leading = text.length - text.trimStart().length;
	return {
		text: [text, ...rest].join('\n\n').trim(),
		runs: runs.map((run) => ({ ...run, at: run.at - leading })),
	};
}

/** For an agent that loads it in the middle of its work: it runs the commands itself, which asks and records as always. */
export function expandInstruction(file: InstructionFile, argument: string, place: InstructionPlace = {}): string {
	const { pieces, rest } = piecesOf(file, argument, place);
	const commands = pieces.flatMap(({ kind, text }) => (kind === 'run' ? [text] : []));
	const parts = [pieces.map(({ kind, text }) => (kind === 'run' ? outputMark(text) : text)).join('')];
	if (commands.length > 0) {
		const list = commands.map((command) => `- \`${command}\``).join('\n');
		parts.push(`First run these commands with Bash, since their output belongs to this message:\n${list}`);
	}
	return [...parts, ...rest].join('\n\n');
}

type Piece = { readonly kind: 'text' | 'run'; readonly text: string };

/** Commands stand in the file, never in what was typed: they are looked for first. */
function piecesOf(
	file: InstructionFile,
	argument: string,
	place: InstructionPlace,
): { readonly pieces: readonly Piece[]; readonly rest: readonly string[] } {
	const { kind, body } = file;
	const typed = argument.trim();
	let isUsed = false;
	const argumentAt = valuesOf(file, typed);
	const fill = (text: string, isCommand = false): string =>
		text
			.split(VARIABLE)
			.map((part, index) =>
				index % 2 === 1
					? variable(part, file, place)
					: fillArguments(part, file.argumentNames, (at) => {
							const value = argumentAt(at);
							if (!isCommand && value !== undefined) isUsed = true;
							return value ?? (at.kind === 'name' ? '' : undefined);
						}),
			)
			.join('');
	const pieces: Piece[] = [];
	let from = 0;
	for (const match of body.matchAll(SHELL)) {
		const [whole, before = '', inline, fenced] = match;
		pieces.push({ kind: 'text', text: fill(body.slice(from, match.index) + before) });
		const command = fill((inline ?? fenced ?? '').trim(), true);
		if (command.trim() !== '') pieces.push({ kind: 'run', text: command });
		from = match.index + whole.length;
	}
	pieces.push({ kind: 'text', text: fill(body.slice(from)) });
	const rest: string[] = [];
	if (typed !== '' && !isUsed) rest.push(`Arguments: ${typed}`);
	if (kind === 'skill')
		rest.push(`The files of this skill are in ${plain(file.folder)}. Read those that it names when you need them.`);
	return { pieces, rest };
}

/** What was typed for a place; undefined when nothing was. */
function valuesOf({ argumentNames }: InstructionFile, typed: string): (place: ArgumentPlace) => string | undefined {
	const words = splitArguments(typed);
	return (place) => {
		if (place.kind === 'all') return typed;
		return words[place.kind === 'index' ? place.index : argumentNames.indexOf(place.name)];
	};
}

function variable(whole: string, file: InstructionFile, { sessionId, roots, effort }: InstructionPlace): string {
	const { folder, projectFolder } = file;
	const isHere = projectFolder !== undefined && roots?.includes(projectFolder) !== false;
	const values: Readonly<Record<string, string | undefined>> = {
		SKILL_DIR: folder,
		// In a worktree, its folder.
		PROJECT_DIR: isHere ? projectFolder : roots?.[0],
		SESSION_ID: sessionId,
		EFFORT: file.effort ?? effort,
	};
	const value = values[whole.replace(/\W|CLAUDE_/g, '')];
	return value === undefined ? whole : plain(value);
}

const plain = (path: string): string => path.replace(/\p{Cc}/gu, '?');

/** Words at white space; what stands in quotes is one. */
export function splitArguments(text: string): readonly string[] {
	return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
		([, double, single, bare]) => double ?? single ?? bare ?? '',
	);
}

/** Whether anything of what is typed behind the name would be put into it. */
export const takesArguments = ({ body, argumentHint, argumentNames }: InstructionFile): boolean =>
	argumentHint !== '' || argumentPlaces(body, argumentNames).length > 0;
