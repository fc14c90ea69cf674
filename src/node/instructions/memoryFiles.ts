/**
 * Collects the memory files of a workspace with their imports: those that hold from the start, and those that come in when a file of
 * some folder is touched. Must be called in trusted workspaces only.
 */
import { dirname, join, sep } from 'node:path';
import { followImports, importProblemText } from '../../core/memory/importTree.ts';
import type { AskedImport, MemoryFile, MemoryLoad, MemoryScope } from '../../core/memory/memoryFile.ts';
import { isCovered, pathRuleOf } from '../../core/memory/pathRules.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { wayBelow } from '../files/realPath.ts';
import { FOLDER_FILES, foldersAbove, LOCAL_FILE, RULES_FOLDER, rulesIn } from './memoryPlaces.ts';
import { cutNotice, type MayImport, type ReadMemory, readImport, readMemory, realPathOf } from './memoryReader.ts';

export type MemoryOptions = {
	/** Where the user's own memory files and `~/` are; without it there are none. */
	readonly homeFolder?: string;
	/** Whether a file outside the workspace, or one that may hold secrets, may be imported. Default: nobody said. */
	readonly mayImport?: MayImport;
};

/** About 50,000 tokens: all memory files together. */
const MAX_TOTAL_KB = 192;
const USER_FILE = join('.claude', 'CLAUDE.md');

/** The memory files that hold from the start. Never rejects for what the files hold or lack. */
export async function loadMemory(roots: readonly WorkspaceRoot[], options: MemoryOptions = {}): Promise<MemoryLoad> {
	const collection = await startCollection(roots, options);
	const { home, places } = collection;
	if (home !== undefined) {
		await collection.add(join(home, USER_FILE), 'user', [home]);
		const rules = await rulesIn(home);
		await collection.readAhead(rules, [home]);
		for (const rule of rules) await collection.add(rule, 'user', [home]);
	}
	for (const { root, above, areas } of places) {
		for (const folder of above) await addFolder(collection, folder, 'parent', [...areas, folder]);
		await addFolder(collection, root, 'project', areas);
	}
	return collection.done();
}

/**
 * What comes in when these files (absolute) are read or written: memory files of the folders on the way to each, and rules for such paths.
 * Files outside the roots bring in nothing. What holds from the start is not in it.
 */
export async function loadNestedMemory(
	roots: readonly WorkspaceRoot[],
	touched: readonly string[],
	options: MemoryOptions = {},
): Promise<MemoryLoad> {
	const collection = await startCollection(roots, options);
	const { home, places } = collection;
	for (const cause of touched) {
		const real = await realPathOf(dirname(cause));
		const place = real === undefined ? undefined : places.find(({ root }) => wayBelow(root, real) !== undefined);
		if (real === undefined || !place) continue;
		const { root, above, areas } = place;
		const file = join(real, cause.slice(dirname(cause).length));
		const nested = foldersBetween(root, real);
		if (home !== undefined) await addPathRules(collection, home, root, file, [home], cause);
		for (const folder of [...above, root])
			await addPathRules(collection, folder, folder, file, [...areas, folder], cause);
		for (const folder of nested) {
			await addFolder(collection, folder, 'folder', areas, cause);
			await addPathRules(collection, folder, folder, file, areas, cause);
		}
	}
	return collection.done();
}

/** Below `root` down to `folder`, both real paths, without the root itself. */
function foldersBetween(root: string, folder: string): readonly string[] {
	const way = wayBelow(root, folder) ?? '';
	const names = way === '' ? [] : way.split(sep);
	return names.map((_, index) => join(root, ...names.slice(0, index + 1)));
}

async function addFolder(
	collection: Collection,
	folder: string,
	scope: MemoryScope,
	areas: readonly string[],
	cause?: string,
): Promise<void> {
	const named = FOLDER_FILES.map((name) => join(folder, name));
	const local = join(folder, LOCAL_FILE);
	const rules = await rulesIn(folder);
	await collection.readAhead([...named, ...rules, local], areas);
	for (const path of [...named, ...rules]) await collection.add(path, scope, areas, cause);
	await collection.add(local, scope === 'project' ? 'local' : scope, areas, cause);
}

async function addPathRules(
	collection: Collection,
	folder: string,
	base: string,
	file: string,
	areas: readonly string[],
	cause: string,
): Promise<void> {
	const rel = wayBelow(base, file)?.split(sep).join('/');
	if (rel === undefined) return;
	const rules = await rulesIn(folder);
	await collection.readAhead(rules, areas);
	for (const rule of rules) await collection.add(rule, 'folder', areas, cause, rel);
}

type Place = { readonly root: string; readonly above: readonly string[]; readonly areas: readonly string[] };
type Collection = Awaited<ReturnType<typeof startCollection>>;

async function startCollection(
	roots: readonly WorkspaceRoot[],
	{ homeFolder, mayImport = () => undefined }: MemoryOptions,
) {
	const home = homeFolder === undefined ? undefined : ((await realPathOf(homeFolder)) ?? homeFolder);
	const found = await Promise.all(roots.map(async ({ path }) => ({ path, real: await realPathOf(path) })));
	const shownRoots = found.flatMap(({ path, real }) => (real === undefined ? [] : [{ path, real }]));
	const realRoots = shownRoots.map(({ real }) => real);
	const aboveOf = new Map(realRoots.map((root) => [root, foldersAbove(root, home)]));
	const tops = [...aboveOf.values()].flatMap(({ folders, isRepository }) => (isRepository ? folders.slice(0, 1) : []));
	const areas = [...realRoots, ...tops];
	const places = realRoots.map((root): Place => ({ root, above: aboveOf.get(root)?.folders ?? [], areas }));

	const files: MemoryFile[] = [];
	const notices: string[] = [];
	const asked = new Map<string, AskedImport>();
	const included = new Set<string>();
	const texts = new Map<string, Promise<ReadMemory>>();

	/** By the names that people know: below the root as it was opened, and the home folder as `~`. */
	const named = (path: string): string => {
		for (const { real, path: root } of shownRoots) {
			const way = wayBelow(real, path);
			if (way !== undefined) return join(root, way);
		}
		return path;
	};
	const shown = (path: string): string => {
		const root = shownRoots.find((one) => wayBelow(one.path, path) !== undefined);
		const way = root && wayBelow(root.path, path);
		if (way !== undefined) return shownRoots.length > 1 ? join(root?.path.split(sep).at(-1) ?? '', way) : way;
		const fromHome = home === undefined ? undefined : wayBelow(home, path);
		return fromHome === undefined ? path : join('~', fromHome);
	};
	const once = (path: string, read: () => Promise<ReadMemory>): Promise<ReadMemory> => {
		const known = texts.get(path) ?? read();
		texts.set(path, known);
		return known;
	};

	/** Side by side, since what is added is added in order. */
	const readAhead = async (paths: readonly string[], mine: readonly string[]): Promise<void> => {
		await Promise.all(paths.map((path) => once(path, () => readMemory(path, mine))));
	};

	/** `rel`: the touched file from the folder of the rule; only rules for such paths are then added. */
	const add = async (
		path: string,
		scope: MemoryScope,
		mine: readonly string[],
		cause?: string,
		rel?: string,
	): Promise<void> => {
		const read = await once(path, () => readMemory(path, mine));
		if (read.kind === 'refused') notices.push(`${shown(named(path))} ${read.reason}, so it is left out.`);
		if (read.kind !== 'text' || included.has(read.identity)) return;
		const isRule = path.includes(`${sep}${RULES_FOLDER}${sep}`);
		const rule = isRule ? pathRuleOf(read.text) : { paths: undefined, body: read.text };
		const holds = rel === undefined ? rule.paths === undefined : rule.paths !== undefined && isCovered(rule.paths, rel);
		if (!holds) return;
		const place = named(path);
		const more = { scope, ...(cause === undefined ? {} : { cause }) };
		if (read.isCut) notices.push(cutNotice(shown(place), read.sizeBytes));
		files.push({ path: place, text: rule.body, sizeBytes: read.sizeBytes, ...more });
		const tree = await followImports(
			{ path: place, text: rule.body, identity: read.identity },
			{ read: (target) => readTarget(target, place, mine), homeFolder: home, included },
		);
		for (const { path: imported, text, importedBy } of tree.files) {
			const size = await texts.get(imported);
			files.push({
				path: imported,
				text,
				importedBy,
				...more,
				...(size?.kind === 'text' ? { sizeBytes: size.sizeBytes } : {}),
			});
			if (size?.kind === 'text' && size.isCut) notices.push(cutNotice(shown(imported), size.sizeBytes));
		}
		for (const problem of tree.problems)
			if (problem.reason !== WAITS) notices.push(`${shown(problem.file)}: ${importProblemText(problem)}`);
	};

	const readTarget = async (target: string, importedBy: string, mine: readonly string[]) => {
		const read = await once(target, () => readImport(target, mine, mayImport));
		if (read.kind !== 'unasked') return read;
		asked.set(read.identity, { path: read.identity, importedBy, reason: read.reason });
		return { kind: 'refused', reason: WAITS } as const;
	};

	const done = (): MemoryLoad => {
		// The near ones win, so they stay when all together are too long.
		let leftBytes = MAX_TOTAL_KB * 1024;
		const kept: MemoryFile[] = [];
		for (const file of files.toReversed()) {
			const bytes = Buffer.byteLength(file.text);
			if (file.text.trim() === '') continue;
			if (bytes > leftBytes) {
				notices.push(`${shown(file.path)} is left out: all memory files together are over ${MAX_TOTAL_KB} KB.`);
				continue;
			}
			leftBytes -= bytes;
			kept.unshift(file);
		}
		return { files: kept, notices: [...new Set(notices)], asked: [...asked.values()] };
	};
	return { home, places, readAhead, add, done };
}

const WAITS = 'waits for your answer';
