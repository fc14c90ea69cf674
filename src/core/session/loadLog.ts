/**
 * Decides how much of a log is read to open it: all of a small one; of a big one what its last tail names, and what follows that.
 * The cost follows the active context, not the age of the log. Reads by the reader it is given and changes nothing.
 */
import type { EntryId } from '../../base/ids.ts';
import type { BranchLinks } from './branch.ts';
import { compactionLandmarks, replacedEntries } from './compaction.ts';
import { type Entry, type EntryOf, isConversation, isType } from './entry.ts';
import { createOutline, pathTo, scanOutline } from './outline.ts';
import { type ReadEntry, type ReadLog, readLog } from './readLog.ts';
import { logTooLarge } from './sessionErrors.ts';
import type { LogOutline, OutlineEntry } from './sessionTypes.ts';
import type { LineRange, LogLine, LogLines, LogReader } from './storePort.ts';

/** Of these a request is built from the newest on the branch, also when what it hangs on is in no context any more. */
export const HELD_TYPES = ['prefix', 'taskList'] as const;
/** Reading and parsing this much takes about 30 ms; below it everything is at hand, problems included. */
const WHOLE_UP_TO_BYTES = 4 * 1024 * 1024;
/** What a writer keeps free of tails is half of it. */
const END_BYTES = 64 * 1024;
/** After a very long line whose tail was lost in a crash. */
const LONG_END_BYTES = 4 * 1024 * 1024;
/** What a window can hold of one log. */
const MAX_WHOLE_BYTES = 1024 * 1024 * 1024;
/** One read for ranges that lie this close together. */
const JOINED_GAP_BYTES = 16 * 1024;

export type LoadedLog = ReadLog & {
	/** The tail that says what was left out; undefined when the whole log was read. */
	readonly base: ReadEntry | undefined;
};

/** Rejects with UserError `log-unreadable` or `log-too-large`. */
export async function loadLog(
	reader: LogReader,
	sizeBytes: number,
	options: { readonly wholeUpToBytes?: number } = {},
): Promise<LoadedLog> {
	if (sizeBytes > (options.wholeUpToBytes ?? WHOLE_UP_TO_BYTES)) {
		const part = await loadPart(reader, sizeBytes);
		if (part) return part;
	}
	if (sizeBytes > MAX_WHOLE_BYTES) throw logTooLarge();
	return { ...readLog(await reader.read({ start: 0, end: sizeBytes })), base: undefined };
}

/** The lines of ranges that are in order; near ones are read at once. */
export async function readRanges(reader: LogReader, ranges: readonly LineRange[]): Promise<LogLines> {
	const lines: LogLine[] = [];
	let tornTail: LogLine | undefined;
	let at = 0;
	const isWanted = (line: LogLine) => {
		while ((ranges[at]?.end ?? Number.POSITIVE_INFINITY) <= line.range.start) at++;
		const range = ranges[at];
		return range !== undefined && line.range.start >= range.start;
	};
	for (const range of joinNear(ranges)) {
		const part = await reader.read(range);
		for (const line of part.lines) if (isWanted(line)) lines.push(line);
		tornTail = part.tornTail && isWanted(part.tornTail) ? part.tornTail : undefined;
	}
	return { lines, tornTail };
}

/** Undefined when there is no tail to go by, or it names most of the log anyway. */
async function loadPart(reader: LogReader, sizeBytes: number): Promise<LoadedLog | undefined> {
	const tail = await findTail(reader, sizeBytes);
	if (!tail) return undefined;
	const extents = tail.entry.extents.map(([start, end]) => ({ start, end }));
	const namedBytes = extents.reduce((sum, { start, end }) => sum + end - start, 0);
	if (namedBytes + sizeBytes - tail.range.start > sizeBytes / 2) return undefined;
	const lines = await readRanges(reader, [...extents, { start: tail.range.start, end: sizeBytes }]);
	const read = readLog(lines, { isPart: true });
	const base = read.entries.find(({ entry }) => entry.id === tail.entry.id);
	if (!base) return undefined;
	const missing = missingTargets(read.entries, tail);
	if (missing.length === 0) return { ...read, base };
	const outline = createOutline();
	await scanOutline(outline, reader, { start: 0, end: sizeBytes });
	const known = new Set(read.entries.map(({ entry }) => entry.id));
	const links = new Map(read.entries.flatMap(({ entry }) => (isType(entry, 'header') ? (entry.links ?? []) : [])));
	const wanted = missing.flatMap((id) => [...pathWithLedger(outline, id, links)]).filter(({ id }) => !known.has(id));
	if (wanted.length === 0) return { ...read, base };
	const more = await readRanges(
		reader,
		inOrder([...extents, { start: tail.range.start, end: sizeBytes }, ...wanted.map(({ range }) => range)]),
	);
	const all = readLog(more, { isPart: true });
	return { ...all, base: all.entries.find(({ entry }) => entry.id === tail.entry.id) };
}

type PlacedTail = { readonly entry: EntryOf<'tail'>; readonly range: LineRange };

/** The last tail in the end of the log, when it can be relied on: its writer knew all that stands before it. */
async function findTail(
	reader: LogReader,
	sizeBytes: number,
	endBytes: number = END_BYTES,
): Promise<PlacedTail | undefined> {
	const start = Math.max(0, sizeBytes - endBytes);
	const { lines, tornTail } = await reader.read({ start, end: sizeBytes });
	const whole = start === 0 ? lines : lines.slice(1);
	const { entries, problems } = readLog({ lines: whole, tornTail }, { isPart: true });
	if (problems.some(({ kind }) => kind === 'late' || kind === 'newerVersion')) return undefined;
	const placed = entries.findLast(({ entry }) => entry.type === 'tail');
	if (!placed && start > 0 && endBytes < LONG_END_BYTES) return await findTail(reader, sizeBytes, LONG_END_BYTES);
	if (!placed || !isType(placed.entry, 'tail')) return undefined;
	const { entry, range } = placed;
	// A batch may begin with a newline of its own.
	const isContiguous = entry.upTo !== undefined && range.start - entry.upTo >= 0 && range.start - entry.upTo <= 1;
	const isSound = entry.extents.every(([from, to], index) => {
		const end = entry.extents[index - 1]?.[1] ?? 0;
		return from >= end && to > from && to <= range.start;
	});
	return isContiguous && isSound ? { entry, range } : undefined;
}

/** What entries behind the tail lead to and was not read: a parent, or the target of a rewind. */
function missingTargets(entries: readonly ReadEntry[], tail: PlacedTail): readonly EntryId[] {
	const known = new Set(entries.map(({ entry }) => entry.id));
	const missing = new Set<EntryId>();
	for (const { entry, range } of entries) {
		if (range.start < tail.range.start) continue;
		for (const target of targetsOf(entry)) if (!known.has(target)) missing.add(target);
	}
	const { leaf } = tail.entry;
	if (leaf !== null && !known.has(leaf)) missing.add(leaf);
	return [...missing];
}

/** What an entry leads to: a parent, or the target of a rewind. */
export function targetsOf(entry: Entry): readonly EntryId[] {
	const targets = isType(entry, 'rewind')
		? [entry.to]
		: isType(entry, 'compaction')
			? [entry.parentId, entry.replaces.after, entry.replaces.until]
			: [isConversation(entry) ? entry.parentId : null];
	return targets.filter((target) => target !== null);
}

/**
 * What a context at the end of `way` is made from: what no compaction replaced, the ledger entries that hang on it, and the newest of
 * those that count in any case, each with the compaction that replaced what it hangs on. `way` has its compactions loaded.
 */
export function contextOf(
	outline: LogOutline,
	way: readonly (Entry | OutlineEntry)[],
): { readonly entries: readonly OutlineEntry[]; readonly held: readonly (readonly [EntryId, EntryId])[] } {
	const onWay = new Set(way.map(({ id }) => id));
	const replaced = new Map(replacedEntries(way));
	for (const id of compactionLandmarks(way)) replaced.delete(id);
	const held: [EntryId, EntryId][] = [];
	for (const type of HELD_TYPES) {
		const newest = outline.entries.findLast((entry) => entry.type === type && countsOn(entry, onWay, outline));
		const by = newest?.parentId ? replaced.get(newest.parentId) : undefined;
		if (newest && by) held.push([newest.id, by]);
	}
	const heldIds = new Set(held.map(([id]) => id));
	const entries = outline.entries.filter(({ id, parentId, isConversation: isSaid }) => {
		if (isSaid) return onWay.has(id) && !replaced.has(id);
		return parentId === null || heldIds.has(id) || (onWay.has(parentId) && !replaced.has(parentId));
	});
	return { entries, held };
}

/** Whether a ledger entry hangs on the way. What a stale owner wrote about a way that is not its own does not count. */
export function countsOn(entry: OutlineEntry, onWay: ReadonlySet<EntryId>, outline: LogOutline): boolean {
	if (entry.parentId === null) return !entry.isLate;
	return onWay.has(entry.parentId) && (!entry.isLate || outline.byId.get(entry.parentId)?.isLate === true);
}

/** The way to `id` and the ledger entries that hang on it. */
function pathWithLedger(
	outline: LogOutline,
	id: EntryId,
	links: BranchLinks,
): readonly { id: EntryId; range: LineRange }[] {
	const ids = new Set(pathTo(outline, id, links).map((entry) => entry.id));
	return outline.entries.filter((entry) =>
		entry.isConversation ? ids.has(entry.id) : entry.parentId === null || ids.has(entry.parentId),
	);
}

/** Sorted and joined where they touch or overlap. */
export function inOrder(ranges: readonly LineRange[]): readonly LineRange[] {
	const sorted = [...ranges].sort((left, right) => left.start - right.start);
	const joined: LineRange[] = [];
	for (const range of sorted) {
		const last = joined.at(-1);
		if (last && range.start <= last.end) {
			joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
		} else joined.push(range);
	}
	return joined;
}

function joinNear(ranges: readonly LineRange[]): readonly LineRange[] {
	const joined: LineRange[] = [];
	for (const range of ranges) {
		const last = joined.at(-1);
		if (last && range.start - last.end <= JOINED_GAP_BYTES) {
			joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
		} else joined.push(range);
	}
	return joined;
}
