/** A command line made ready to be judged: its parts, what each of them would look at or write, and where that really is. */
import type { ResolvedPath } from '../ports.ts';
import type { TableVerdict } from './commandLooks.ts';
import { tableVerdict } from './readOnlyCommands.ts';
import type { ParseShell, ShellCommand, ShellWord } from './shellParts.ts';
import { type CommandPart, programName, unwrap } from './shellUnwrap.ts';

export type Reached = {
	readonly word: ShellWord;
	readonly access: 'read' | 'write';
	/** One for each folder it could be taken from; undefined when that cannot be told. */
	readonly places: readonly ResolvedPath[] | undefined;
};
export type ReadPart = Pick<CommandPart, 'command' | 'isTransparent' | 'problem'> & {
	readonly inner: readonly ReadPart[];
	readonly table: TableVerdict;
	/** By its arguments, where they are known to be paths. */
	readonly looksAt: readonly Reached[];
	readonly redirects: readonly Reached[];
};
export type CommandReading = {
	readonly parts: readonly ReadPart[];
	/** Names that stand for something else in this line. */
	readonly functions: readonly string[];
	readonly problems: readonly string[];
};

type Surroundings = {
	readonly cwd: string;
	readonly parse: ParseShell;
	/** Where a path leads that is taken from this folder. */
	resolve(path: string, cwd: string): Promise<ResolvedPath>;
};

const MAX_PARTS = 100;
const MAX_FOLDERS = 8;
const MAX_PATHS = 400;

export async function readCommand(text: string, around: Surroundings): Promise<CommandReading> {
	const parsed = around.parse(text);
	const problems = [...parsed.problems];
	const parts = parsed.commands.slice(0, MAX_PARTS).map((command) => unwrap(command, around.parse));
	const all = parts.flatMap(flat);
	if (parsed.commands.length > MAX_PARTS || all.length > MAX_PARTS * 2) problems.push('It has too many parts');
	problems.push(...all.flatMap(({ problem }) => problem ?? []));
	const folders = await foldersOf(all, parsed.startsWithCd, around);
	if (folders === undefined) problems.push('It changes the folder too often');
	const resolve = resolverFrom(folders ?? [], around);
	// A `cd` at the start of a chain is run once, from where the line starts, and not from where it leads.
	const fromStart = parsed.startsWithCd ? resolverFrom([around.cwd], around) : resolve;
	const aliases = all.flatMap(({ command }) => aliasesOf(command));
	return {
		parts: await Promise.all(parts.map((part, index) => readPart(part, index === 0 ? fromStart : resolve))),
		functions: [...parsed.functions, ...aliases],
		problems: [...new Set(problems)],
	};
}

type Resolve = (word: ShellWord) => Promise<readonly ResolvedPath[] | undefined>;

async function readPart(part: CommandPart, resolve: Resolve): Promise<ReadPart> {
	const { command } = part;
	const table = tableVerdict(command);
	const reach = async (word: ShellWord, access: 'read' | 'write'): Promise<Reached> => ({
		word,
		access,
		places: await resolve(word),
	});
	const looks = table.kind === 'looks' ? table.paths : [];
	return {
		...part,
		table,
		inner: await Promise.all(part.inner.map((one) => readPart(one, resolve))),
		looksAt: await Promise.all([
			...looks.map((word) => reach(word, 'read')),
			...writtenBy(command).map((word) => reach(word, 'write')),
		]),
		redirects: await Promise.all(command.redirects.map(({ target, direction }) => reach(target, direction))),
	};
}

/** Where it can be when a command runs: where it starts, and each folder that a `cd` names. */
async function foldersOf(
	parts: readonly CommandPart[],
	startsWithCd: boolean,
	{ cwd, resolve }: Surroundings,
): Promise<readonly string[] | undefined> {
	const folders = [cwd];
	for (const [index, { command }] of parts.entries()) {
		const name = programName(command.words[0]);
		if (name !== 'cd' && name !== 'pushd') continue;
		const target = command.words
			.slice(1)
			.find(({ value }) => value !== undefined && !/^-[LP]$|^--$/.test(value))?.value;
		if (target === undefined) continue;
		for (const folder of [...folders]) {
			const { absolute } = await resolve(target, folder);
			if (!folders.includes(absolute)) folders.push(absolute);
			if (folders.length > MAX_FOLDERS) return undefined;
		}
		if (index === 0 && startsWithCd) folders.shift();
	}
	return folders;
}

/** Each path is looked up once. `..` behind a name is left alone: through a link it leads elsewhere than it seems. */
function resolverFrom(folders: readonly string[], { resolve }: Surroundings): Resolve {
	const known = new Map<string, Promise<readonly ResolvedPath[] | undefined>>();
	return (word) => {
		const path = pathOf(word);
		if (path === undefined || known.size >= MAX_PATHS || /[^./][^/]*\/+\.\.(?:\/|$)/.test(path) || folders.length === 0)
			return Promise.resolve(undefined);
		const places =
			known.get(path) ?? Promise.all(folders.map((folder) => resolve(path, folder))).catch(() => undefined);
		known.set(path, places);
		return places;
	};
}

/** Of a pattern, the folder in front of it. */
function pathOf({ value, isPattern }: ShellWord): string | undefined {
	if (value === undefined || value === '' || !isPattern) return value;
	const folder = value.slice(0, value.search(/[*?[(]/));
	return folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/') + 1) : '.';
}

const WRITERS: ReadonlySet<string> = new Set(
	'rm rmdir mv cp ln touch mkdir tee truncate chmod chown chgrp install shred unlink mkfifo mknod'.split(' '),
);

/** Arguments that are written to or removed, by the programs that everybody knows for it. */
function writtenBy({ words }: ShellCommand): readonly ShellWord[] {
	const name = programName(words[0]) ?? '';
	const args = words.slice(1);
	if (name === 'dd')
		return args.flatMap((word) => (word.value?.startsWith('of=') ? [{ ...word, value: word.value.slice(3) }] : []));
	if (!WRITERS.has(name)) return [];
	// A mode or an owner is taken for a name inside, which does no harm.
	return args.filter(({ value, source }) => (value === undefined ? source.startsWith('~') : !value.startsWith('-')));
}

function aliasesOf({ words }: ShellCommand): readonly string[] {
	if (words[0]?.value !== 'alias' && words[0]?.value !== 'hash' && words[0]?.value !== 'enable') return [];
	return words.slice(1).flatMap(({ value }) => (value === undefined ? [] : [value.split('=')[0] ?? value]));
}

function flat(part: CommandPart): readonly CommandPart[] {
	return [part, ...part.inner.flatMap(flat)];
}
