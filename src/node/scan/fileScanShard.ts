/**
 * A part of the known folders and what is known of their files; looks at them again and says what is different. All calls are
 * synchronous, which costs half of what promises do, so it runs in a thread of its own. Knows no rules: new names are only told.
 */
import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { systemCode } from '../files/systemErrors.ts';
import {
	type EntryKind,
	type FileStat,
	type FolderDelta,
	isFresh,
	type ShardCalls,
	type ShardFolder,
	STAT_COLUMNS,
} from './fileScanTypes.ts';

type Difference = {
	changed: { name: string; was: FileStat; now: FileStat }[];
	gone: { name: string; was: FileStat }[];
};

const QUIET = { throwIfNoEntry: false } as const;

export function createShard(): ShardCalls {
	const folders = new Map<number, ShardFolder>();
	return {
		put(added) {
			for (const folder of added) folders.set(folder.id, folder);
		},
		patch(id, names, stats) {
			const folder = folders.get(id);
			if (!folder) return;
			for (const [index, name] of names.entries()) {
				const known = folder.names.indexOf(name);
				const at = known < 0 ? folder.names.push(name) - 1 : known;
				for (let column = 0; column < STAT_COLUMNS; column++)
					folder.stats[at * STAT_COLUMNS + column] = stats[index * STAT_COLUMNS + column] ?? Number.NaN;
			}
		},
		drop(ids) {
			const dropped: ShardFolder[] = [];
			for (const id of ids) {
				const folder = folders.get(id);
				if (folder) dropped.push(folder);
				folders.delete(id);
			}
			return dropped;
		},
		restat() {
			const deltas: FolderDelta[] = [];
			const nowMs = Date.now();
			for (const folder of folders.values()) {
				const delta = lookAgain(folder, nowMs);
				if (!delta) continue;
				if (delta.isGone) folders.delete(folder.id);
				deltas.push(delta);
			}
			return deltas;
		},
		clear: () => folders.clear(),
	};
}

function lookAgain(folder: ShardFolder, nowMs: number): FolderDelta | undefined {
	const { id, path } = folder;
	try {
		const stats = lstatSync(path, QUIET);
		if (!stats?.isDirectory()) {
			const gone = folder.names.map((name, index) => ({ name, was: statAt(folder, index) }));
			return { id, changed: [], gone, others: undefined, isGone: true, isUnreadable: false };
		}
		// The files first: a name that is no file any more must show up as another entry.
		const difference = compareFiles(folder, nowMs);
		const others = stats.mtimeMs === folder.mtimeMs ? undefined : listOthers(folder);
		folder.mtimeMs = isFresh(stats.mtimeMs, nowMs) ? Number.NaN : stats.mtimeMs;
		if (!difference && !others) return undefined;
		return {
			id,
			changed: difference?.changed ?? [],
			gone: difference?.gone ?? [],
			others,
			isGone: false,
			isUnreadable: false,
		};
	} catch (error) {
		// What cannot be looked at may have changed; it is looked at again when it can be.
		if (systemCode(error) === undefined) throw error;
		folder.mtimeMs = Number.NaN;
		return { id, changed: [], gone: [], others: undefined, isGone: false, isUnreadable: true };
	}
}

function compareFiles(folder: ShardFolder, nowMs: number): Difference | undefined {
	const { path, names, stats } = folder;
	let difference: Difference | undefined;
	let gone: Set<number> | undefined;
	for (let index = 0; index < names.length; index++) {
		const at = index * STAT_COLUMNS;
		const now = lstatSync(`${path}/${names[index]}`, QUIET);
		if (
			now !== undefined &&
			now.mtimeMs === stats[at + 1] &&
			now.ctimeMs === stats[at + 2] &&
			now.size === stats[at] &&
			now.ino === stats[at + 3] &&
			now.mode === stats[at + 4]
		)
			continue;
		difference ??= { changed: [], gone: [] };
		const name = names[index] ?? '';
		const was = statAt(folder, index);
		if (now && (now.isFile() || now.isSymbolicLink())) {
			difference.changed.push({ name, was, now: keepStat(stats, at, now, nowMs) });
		} else {
			difference.gone.push({ name, was });
			gone ??= new Set();
			gone.add(index);
		}
	}
	if (gone) forget(folder, gone);
	return difference;
}

function forget(folder: ShardFolder, indexes: ReadonlySet<number>) {
	const { names, stats } = folder;
	folder.names = names.filter((_, index) => !indexes.has(index));
	folder.stats = stats.filter((_, at) => !indexes.has(Math.floor(at / STAT_COLUMNS)));
}

function listOthers(folder: ShardFolder): [string, EntryKind][] {
	const known = new Set(folder.names);
	return readdirSync(folder.path, { withFileTypes: true })
		.filter(({ name }) => !known.has(name))
		.map((entry) => [entry.name, kindOf(entry)]);
}

export function kindOf(entry: Dirent | Stats): EntryKind {
	if (entry.isFile()) return 'file';
	if (entry.isDirectory()) return 'folder';
	return entry.isSymbolicLink() ? 'link' : 'other';
}

/** Writes down what was seen, at `at`. A time that is too young to be relied on is kept as NaN, which differs from everything. */
export function keepStat(stats: number[], at: number, now: Stats, nowMs: number): FileStat {
	stats[at] = now.size;
	stats[at + 1] = now.mtimeMs;
	stats[at + 2] = isFresh(now.ctimeMs, nowMs) ? Number.NaN : now.ctimeMs;
	stats[at + 3] = now.ino;
	stats[at + 4] = now.mode;
	stats[at + 5] = now.birthtimeMs;
	return {
		size: now.size,
		mtimeMs: now.mtimeMs,
		ctimeMs: now.ctimeMs,
		ino: now.ino,
		mode: now.mode,
		birthtimeMs: now.birthtimeMs,
	};
}

export function statAt(folder: ShardFolder, index: number): FileStat {
	const at = index * STAT_COLUMNS;
	const [size, mtimeMs, ctimeMs, ino, mode, birthtimeMs] = folder.stats.slice(at, at + STAT_COLUMNS);
	const or = (value: number | undefined) => value ?? Number.NaN;
	return {
		size: or(size),
		mtimeMs: or(mtimeMs),
		ctimeMs: or(ctimeMs),
		ino: or(ino),
		mode: or(mode),
		birthtimeMs: or(birthtimeMs),
	};
}
