/**
 * What the demo model does for a list of instructions, as a generator: it yields what to say and which tool to call, and is
 * given the answer. Replaying the answers of the conversation brings it to the same place again, so it needs no memory.
 */
import { plural } from '../../../base/text.ts';
import { agreeOnPlan, askUser, keepTasks, useSkill } from './asking.ts';
import { outlineOf } from './explain.ts';
import { HELLO, HELP, sorry } from './help.ts';
import { type Instruction, type Place, parseInstructions } from './instructions.ts';
import { lineEdit, replaceWord } from './lineEdit.ts';

type DemoCall = { readonly name: string; readonly input: Readonly<Record<string, unknown>> };
export type DemoAnswer = { readonly isError: boolean; readonly text: string };
/** One reply. Without a call it is the last one. `more` are calls beside it. */
export type DemoAct = {
	readonly say: string;
	readonly call?: DemoCall;
	readonly isSlow?: boolean;
	readonly more?: readonly DemoCall[];
};

type Script<T = void> = Generator<DemoAct, T, DemoAnswer>;

/** An instruction that could not be carried out; the ones behind it are not begun. */
class Halt extends Error {}

/** Yields acts with calls, and returns the words that end the turn. */
export function* demoScript(instructions: readonly Instruction[]): Generator<DemoAct, DemoAct, DemoAnswer> {
	const done: string[] = [];
	for (const [index, instruction] of instructions.entries()) {
		try {
			done.push(yield* carryOut(instruction));
		} catch (thrown) {
			if (!(thrown instanceof Halt)) throw thrown;
			const left = instructions.length - index - 1;
			const rest = left === 0 ? '' : ` ${left === 1 ? 'The last step was' : `The other ${left} steps were`} not begun.`;
			return { say: [...done, thrown.message + rest].join('\n\n') };
		}
	}
	const last = instructions.at(-1);
	return { say: done.join('\n\n'), isSlow: last?.kind === 'count' && last.isSlow };
}

/** Returns what to say about it at the end of the turn. */
function* carryOut(instruction: Instruction): Script<string> {
	switch (instruction.kind) {
		case 'count':
			return Array.from({ length: instruction.to }, (_, index) => index + 1).join('\n');
		case 'hello':
			return HELLO;
		case 'help':
			return HELP;
		case 'unknown':
			throw new Halt(sorry(instruction.text));
		case 'read':
			return yield* read(instruction);
		case 'explain': {
			const { file, lines } = yield* readLines(instruction.file, `I'll read \`${instruction.file}\` first.`);
			return outlineOf(file, lines);
		}
		case 'search':
			return yield* search(instruction.text, instruction.path);
		case 'list': {
			const { pattern } = instruction;
			const answer = yield* ask(`I'll list the files that match \`${pattern}\`.`, 'Glob', { pattern });
			const files = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('('));
			if (answer.text.startsWith('No file matches')) return `No file matches \`${pattern}\`.`;
			return `${plural(files.length, 'file')}:\n\n${shorten(
				files.map((file) => `- \`${file}\``),
				40,
				'files',
			)}`;
		}
		case 'create':
			return yield* create(instruction);
		case 'replace':
			return yield* overFiles(instruction.files, instruction.from, (file) => replace(file, instruction));
		case 'rename':
			return yield* overFiles(instruction.files, instruction.from, (file) => rename(file, instruction));
		case 'insert':
			return yield* insert(instruction);
		case 'deleteLines':
		case 'deleteLine':
			return yield* deleteLines(instruction);
		case 'run': {
			const { command } = instruction;
			const answer = yield* ask(`I'll run \`${command}\`.`, 'Bash', { command }, { mayFail: true });
			const how = answer.isError ? 'It failed' : 'It ran without an error';
			// npm starts with an empty line.
			const output = answer.text.replace(/^(?:[ \t]*\n)+/, '');
			return `${how}:\n\n${fence(shorten(output.split('\n'), 30, 'lines'))}`;
		}
		case 'ask':
			return yield* askUser(instruction);
		case 'tasks':
			return yield* keepTasks(instruction);
		case 'skill':
			return yield* useSkill(instruction);
		case 'plan': {
			const { steps, say } = yield* agreeOnPlan(instruction);
			if (steps === undefined) return say;
			const end = yield* demoScript(parseInstructions(steps));
			return `${say}\n\n${end.say}`;
		}
		case 'delegate':
			return yield* delegate(instruction);
		case 'check': {
			const input = instruction.file === undefined ? {} : { path: instruction.file };
			const answer = yield* ask('I ask the editor for its problems.', 'Diagnostics', input);
			const lines = answer.text.split('\n');
			return lines.length === 1 && answer.text.startsWith('The editor')
				? answer.text
				: `The editor reports:\n\n${shorten(
						lines.map((line) => `- ${line}`),
						20,
						'problems',
					)}`;
		}
	}
}

/** Calls a tool. What the user refused, and what failed, halts. */
/** All agents in one reply, so that they work beside each other. */
function* delegate({ tasks, agentType, resume }: Extract<Instruction, { kind: 'delegate' }>): Script<string> {
	const [call, ...more] = tasks.map((task): DemoCall => {
		const description = task.length > 60 ? `${task.slice(0, 59)}…` : task;
		const kind = agentType === undefined ? {} : { agent_type: agentType };
		return {
			name: 'Agent',
			input: { description, prompt: task, ...kind, ...(resume === undefined ? {} : { resume }) },
		};
	});
	if (!call) throw new Halt(sorry(''));
	const who = tasks.length === 1 ? 'an agent' : `${tasks.length} agents`;
	const answers = [yield { say: `I hand this to ${who}.`, call, more }];
	// Those of the calls beside it come one by one.
	for (const other of more) answers.push(yield { say: '', call: other });
	const reports = answers.map(({ text, isError }) => {
		const words = text.replace(/\n\n\[agent [^\]]*\]$/, '');
		return `${isError ? 'An agent did not get to its end' : 'An agent reports'}:\n\n${quote(words)}`;
	});
	return reports.join('\n\n');
}

const quote = (text: string): string =>
	text
		.split('\n')
		.map((line) => `> ${line}`)
		.join('\n');

function* ask(
	say: string,
	name: string,
	input: Readonly<Record<string, unknown>>,
	options: { readonly mayFail?: boolean } = {},
): Script<DemoAnswer> {
	const answer = yield { say, call: { name, input } };
	if (!answer.isError) return answer;
	const words = /The user says: (.*)/.exec(answer.text)?.[1];
	const because = words === undefined ? '' : ` You said: “${words}”.`;
	const { file_path: path } = input;
	const file = typeof path === 'string' ? ` of \`${path}\`` : '';
	if (answer.text.startsWith('The user rejected'))
		throw new Halt(`You rejected the edit${file}, so I stopped there.${because}`);
	if (answer.text.startsWith('The user denied'))
		throw new Halt(`You denied permission for ${name}, so I stopped there.${because}`);
	if (answer.text.startsWith('Not run.'))
		throw new Halt(`I may not do that now, so I stopped there: ${answer.text.slice('Not run. '.length)}`);
	if (options.mayFail) return answer;
	throw new Halt(`That did not work, so I stopped there: ${answer.text.split('\n')[0] ?? ''}`);
}

function* edit(file: string, say: string, input: Readonly<Record<string, unknown>>, done: string): Script<string> {
	const answer = yield* ask(say, 'Edit', { file_path: file, ...input });
	return done + editNotes(answer.text);
}

function editNotes(answer: string): string {
	const changed = answer.includes('The user changed your proposal')
		? ' You changed my proposal first; your version stands.'
		: '';
	const unsaved = answer.includes('not saved') ? ' The file has unsaved changes, so it is not saved yet.' : '';
	return changed + unsaved;
}

type FileLines = { readonly file: string; readonly lines: readonly string[]; readonly isWhole: boolean };

/** Reads a file, page by page when it is long. A name without its folder is looked up. */
function* readLines(file: string, say: string): Script<FileLines> {
	let name = file;
	let answer = yield* ask(say, 'Read', { file_path: name }, { mayFail: true });
	if (answer.isError && answer.text.includes('does not exist') && !file.includes('/')) {
		const found = yield* ask(`\`${file}\` is not here; I'll look for it.`, 'Glob', { pattern: `**/${file}` });
		const files = found.text.split('\n').filter((line) => line.endsWith(file));
		if (files.length > 1)
			throw new Halt(
				`There are several files named \`${file}\`: ${files.map((one) => `\`${one}\``).join(', ')}. Say which one.`,
			);
		name = files[0] ?? file;
		if (files.length === 1)
			answer = yield* ask(`I'll read \`${name}\`.`, 'Read', { file_path: name }, { mayFail: true });
	}
	if (answer.isError) throw new Halt(`I could not read \`${name}\`: ${answer.text.split('\n')[0] ?? ''}`);
	if (/^.* is a folder/.test(answer.text))
		throw new Halt(`\`${name}\` is a folder, not a file:\n\n${fence(answer.text)}`);
	const lines = linesOf(answer.text);
	// Enough pages for any file a person would hand to a demo.
	for (let page = 0; page < 10; page++) {
		const next = /\(lines \d+ to \d+ of \d+; go on with offset (\d+)\)/.exec(answer.text.slice(-200))?.[1];
		if (next === undefined) return { file: name, lines, isWhole: !lines.some((line) => line.endsWith('… (line cut)')) };
		answer = yield* ask('It goes on; I read the next part.', 'Read', { file_path: name, offset: Number(next) });
		lines.push(...linesOf(answer.text));
	}
	return { file: name, lines, isWhole: false };
}

/** The text lines of a Read result, without their numbers. */
function linesOf(result: string): string[] {
	return result.split('\n').flatMap((row) => {
		const match = /^\s*\d+\t([\s\S]*)$/.exec(row);
		return match ? [match[1] ?? ''] : [];
	});
}

function* read({ file, first, last }: Extract<Instruction, { kind: 'read' }>): Script<string> {
	if (first === undefined || last === undefined) {
		const all = yield* readLines(file, `I'll read \`${file}\`.`);
		return `\`${all.file}\` has ${plural(all.lines.length, 'line')}:\n\n${fence(shorten(all.lines, 30, 'lines'), all.file)}`;
	}
	const limit = Math.max(1, last - first + 1);
	const answer = yield* ask(`I'll read that part of \`${file}\`.`, 'Read', { file_path: file, offset: first, limit });
	return `Lines ${first} to ${last} of \`${file}\`:\n\n${fence(linesOf(answer.text).join('\n'), file)}`;
}

function* search(text: string, path: string | undefined): Script<string> {
	const where = path === undefined ? '' : ` in \`${path}\``;
	const input = { pattern: text, literal: true, ...(path === undefined ? {} : { path }) };
	const answer = yield* ask(`I'll search for \`${text}\`${where}.`, 'Grep', input);
	if (answer.text.startsWith('Nothing matches')) return `\`${text}\` does not occur${where}.`;
	const lines = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('('));
	const files = new Set(lines.flatMap((line) => /^(.*?):\d+: /.exec(line)?.[1] ?? []));
	const shown = lines.map((line) => `- ${line.replace(/^(.*?:\d+): (.*)$/, '`$1` `$2`')}`);
	return `\`${text}\` occurs in ${plural(lines.length, 'line')} of ${plural(files.size, 'file')}:\n\n${shorten(shown, 15, 'lines')}`;
}

function* create({ file, text, mayReplace }: Extract<Instruction, { kind: 'create' }>): Script<string> {
	if (!mayReplace && !/^[/~]|^[A-Za-z]:/.test(file)) {
		const found = yield* ask(`I'll check whether \`${file}\` is there already.`, 'Glob', { pattern: file });
		if (found.text.split('\n').some((line) => line === file))
			throw new Halt(`\`${file}\` exists already, so I left it alone. Say “write ${file} with …” to replace it.`);
	}
	const answer = yield* ask(`I'll write \`${file}\`.`, 'Write', { file_path: file, content: text });
	const verb = answer.text.startsWith('Created') ? 'Created' : 'Wrote';
	return `${verb} \`${file}\`.${editNotes(answer.text)}`;
}

/** Runs `one` for each file; without files, for each in which `text` is found. */
function* overFiles(files: readonly string[], text: string, one: (file: string) => Script<string>): Script<string> {
	let all = files;
	if (all.length === 0) {
		const answer = yield* ask(`I'll look where \`${text}\` occurs.`, 'Grep', { pattern: text, literal: true });
		all = [...new Set(answer.text.split('\n').flatMap((line) => /^(.*?):\d+: /.exec(line)?.[1] ?? []))];
		if (all.length === 0) throw new Halt(`\`${text}\` does not occur in this folder, so nothing was changed.`);
		if (all.length > 10)
			throw new Halt(`\`${text}\` occurs in ${all.length} files; I change at most 10 at once. Name the files.`);
	}
	const said: string[] = [];
	for (const file of all) said.push(yield* one(file));
	return said.join('\n\n');
}

function* replace(name: string, { from, to }: Extract<Instruction, { kind: 'replace' }>): Script<string> {
	const { file, lines } = yield* readLines(name, `I'll read \`${name}\` before I change it.`);
	const count = lines.join('\n').split(from).length - 1;
	if (count === 0) throw new Halt(`\`${from}\` does not occur in \`${file}\`, so nothing was changed.`);
	return yield* edit(
		file,
		`Now I replace \`${from}\` with \`${to}\` in \`${file}\` (${plural(count, 'place')}).`,
		{ old_string: from, new_string: to, ...(count > 1 ? { replace_all: true } : {}) },
		`Replaced \`${from}\` with \`${to}\` in \`${file}\` (${plural(count, 'place')}).`,
	);
}

function* rename(name: string, { from, to }: Extract<Instruction, { kind: 'rename' }>): Script<string> {
	const read = yield* wholeFile(name);
	const before = read.lines.join('\n');
	const { text, count } = replaceWord(before, from, to);
	if (count === 0) throw new Halt(`The name \`${from}\` does not occur in \`${read.file}\`, so nothing was changed.`);
	const say = `Now I rename \`${from}\` to \`${to}\` (${plural(count, 'place')}).`;
	const done = `Renamed \`${from}\` to \`${to}\` in \`${read.file}\` (${plural(count, 'place')}).`;
	// Where every occurrence is a whole word, the simple edit is the same and easier to read.
	if (before.split(from).length - 1 === count)
		return yield* edit(
			read.file,
			say,
			{ old_string: from, new_string: to, ...(count > 1 ? { replace_all: true } : {}) },
			done,
		);
	return yield* changeLines(read, text.split('\n'), say, done);
}

function* insert({ text, file: name, place }: Extract<Instruction, { kind: 'insert' }>): Script<string> {
	const read = yield* wholeFile(name);
	const at = indexFor(place, read.lines, read.file);
	const added = text.replace(/\n$/, '').split('\n');
	const after = [...read.lines.slice(0, at), ...added, ...read.lines.slice(at)];
	const what = added.length === 1 ? 'the line' : `${added.length} lines`;
	return yield* changeLines(
		read,
		after,
		`Now I add ${what} as line ${at + 1} of \`${read.file}\`.`,
		`Added ${what} to \`${read.file}\` (line ${at + 1}).`,
	);
}

function indexFor(place: Place, lines: readonly string[], file: string): number {
	switch (place.kind) {
		case 'end':
			return lines.length;
		case 'top':
			return lines[0]?.startsWith('#!') ? 1 : 0;
		case 'afterLine':
		case 'beforeLine':
			if (place.lineNumber < 1 || place.lineNumber > lines.length)
				throw new Halt(`\`${file}\` has only ${plural(lines.length, 'line')}, so nothing was changed.`);
			return place.kind === 'afterLine' ? place.lineNumber : place.lineNumber - 1;
		case 'after':
		case 'before': {
			const index = lines.findIndex((line) => line.includes(place.anchor));
			if (index < 0) throw new Halt(`No line of \`${file}\` contains \`${place.anchor}\`, so nothing was changed.`);
			return place.kind === 'after' ? index + 1 : index;
		}
	}
}

function* deleteLines(instruction: Extract<Instruction, { kind: 'deleteLines' | 'deleteLine' }>): Script<string> {
	const read = yield* wholeFile(instruction.file);
	const hits = read.lines.flatMap((line, index) => {
		const isHit =
			instruction.kind === 'deleteLine' ? index + 1 === instruction.lineNumber : line.includes(instruction.containing);
		return isHit ? [index] : [];
	});
	const where = `\`${read.file}\``;
	if (hits.length === 0)
		throw new Halt(
			instruction.kind === 'deleteLine'
				? `${where} has only ${plural(read.lines.length, 'line')}, so nothing was changed.`
				: `No line of ${where} contains \`${instruction.containing}\`, so nothing was changed.`,
		);
	const numbers = hits.map((index) => index + 1).join(', ');
	if (instruction.kind === 'deleteLines' && hits.length > 1 && !instruction.isAll)
		throw new Halt(
			`${plural(hits.length, 'line')} of ${where} contain \`${instruction.containing}\` (${numbers}), so I left them. Say “delete all lines containing …”, or give a line number.`,
		);
	const after = read.lines.filter((_, index) => !hits.includes(index));
	const what = hits.length === 1 ? `line ${numbers}` : `lines ${numbers}`;
	return yield* changeLines(read, after, `Now I delete ${what} of ${where}.`, `Deleted ${what} of ${where}.`);
}

function* wholeFile(name: string): Script<FileLines> {
	const read = yield* readLines(name, `I'll read \`${name}\` before I change it.`);
	if (!read.isWhole)
		throw new Halt(`\`${read.file}\` is too long for the demo model to change by lines. Nothing was changed.`);
	return read;
}

function* changeLines(read: FileLines, after: readonly string[], say: string, done: string): Script<string> {
	const change = lineEdit(read.lines, after);
	if (change) return yield* edit(read.file, say, change, done);
	const answer = yield* ask(say, 'Write', { file_path: read.file, content: after.map((line) => `${line}\n`).join('') });
	return done + editNotes(answer.text);
}

function shorten(lines: readonly string[], most: number, noun: string): string {
	if (lines.length <= most) return lines.join('\n');
	return [...lines.slice(0, most), `… and ${lines.length - most} more ${noun}`].join('\n');
}

function fence(text: string, file = ''): string {
	const language = /\.([a-z0-9]+)$/i.exec(file)?.[1] ?? '';
	const marks = text.includes('```') ? '````' : '```';
	return `${marks}${language}\n${text}\n${marks}`;
}
