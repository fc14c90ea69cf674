/**
 * Where every entry of a log is, without its content: read from the start of each line, so a log of any size costs one pass and no memory
 * for what it says. Reads by the reader it is given.
 */
import { asEntryId, type EntryId } from '../../base/ids.ts';
import type { BranchLinks } from './branch.ts';
import { isConversation, isConversationType, isKnownType } from './entry.ts';
import { parseLine } from './readLog.ts';
import type { LogOutline, OutlineEntry } from './sessionTypes.ts';
import type { LineRange, LogReader } from './storePort.ts';

/** Holds every base field before `type`, with a working folder of some 700 characters. */
export const HEAD_BYTES = 1024;

/** What the start of a line says. */
export type LineHead = {
	readonly id: EntryId;
	readonly parentId: EntryId | null;
	readonly gen: number;
	readonly timestamp: number;
	readonly type: string;
};

/** Undefined when the line was not written by us in this order of keys, or its head was cut: then the whole line has to be parsed. */
function readHead(head: string): LineHead | undefined {
	const match = HEAD.exec(head);
	if (!match) return undefined;
	const [, id = '', parentId, gen, timestamp, type = ''] = match;
	return {
		id: asEntryId(id),
		parentId: parentId === undefined ? null : asEntryId(parentId),
		gen: Number(gen),
		timestamp: Number(timestamp),
		type,
	};
}

const HEAD =
	/^\{"v":1,"id":"([^"\\]+)","parentId":(?:null|"([^"\\]+)"),"sessionId":"[^"\\]+","agentId":"[^"\\]+","gen":(\d+),"timestamp":(-?\d+(?:\.\d+)?),"cwd":"(?:[^"\\]|\\.)*","mode":"[a-zA-Z]+","type":"([^"\\]+)"/;

/** An outline that grows with its log. */
export type GrowingOutline = LogOutline & {
	/** Adds the next entry in file order; a repeated id is left out. */
	add(head: LineHead, isConversation: boolean, range: LineRange): void;
};

export function createOutline(): GrowingOutline {
	const entries: OutlineEntry[] = [];
	const byId = new Map<EntryId, OutlineEntry>();
	let highestGen = -1;
	return {
		entries,
		byId,
		add({ id, parentId, gen, timestamp, type }, isConversation, range) {
			if (byId.has(id)) return;
			const isLate = gen < highestGen;
			highestGen = Math.max(highestGen, gen);
			const entry: OutlineEntry = { id, parentId, type, isConversation, timestamp, isLate, range };
			entries.push(entry);
			byId.set(id, entry);
		},
	};
}

/** Adds the lines of `range`. Lines that are no entries are left out. Rejects with UserError `log-unreadable` or CancelledError. */
export async function scanOutline(
	outline: GrowingOutline,
	reader: LogReader,
	range: LineRange,
	signal?: AbortSignal,
): Promise<void> {
	/** From the first line that has to be parsed on, since each counts in its place; else the last line alone. */
	let waiting: { readonly head: LineHead | undefined; readonly place: LineRange }[] = [];
	const onLine = (text: string, place: LineRange, isClosed: boolean) => {
		const [last] = waiting;
		if (waiting.length === 1 && last?.head) {
			outline.add(last.head, isConversationType(last.head.type), last.place);
			waiting = [];
		}
		// A line can be torn behind a head that is whole.
		const head = isClosed ? readHead(text) : undefined;
		waiting.push({ head: head && isKnownType(head.type) ? head : undefined, place });
	};
	await reader.scan(range, HEAD_BYTES, onLine, signal);
	for (const [index, { head, place }] of waiting.entries()) {
		if (head && index < waiting.length - 1) outline.add(head, isConversationType(head.type), place);
		else await addParsed(outline, reader, place);
	}
}

async function addParsed(outline: GrowingOutline, reader: LogReader, place: LineRange): Promise<void> {
	const { lines, tornTail } = await reader.read(place);
	const line = lines[0] ?? tornTail;
	const read = line && parseLine(line.text);
	if (read?.kind !== 'entry') return;
	const { entry } = read;
	const type = entry.type === 'unknown' ? entry.originalType : entry.type;
	outline.add({ ...entry, type }, isConversation(entry), place);
}

/** The conversation entries from the root to `id`, in order. `links` say where the way goes on above what is in another file. */
export function pathTo(outline: LogOutline, id: EntryId, links: BranchLinks = new Map()): readonly OutlineEntry[] {
	const path: OutlineEntry[] = [];
	const seen = new Set<EntryId>();
	for (let at = outline.byId.get(id); at && !seen.has(at.id); ) {
		seen.add(at.id);
		if (at.isConversation) path.push(at);
		if (at.parentId === null) break;
		const above = outline.byId.has(at.parentId) ? at.parentId : links.get(at.parentId);
		at = above === undefined || above === null ? undefined : outline.byId.get(above);
	}
	return path.reverse();
}
