/**
 * What a session knows of its log: the index of what is loaded, and the ways to load more. Appends nothing; `session.ts` does and
 * hands in what it wrote.
 */
import type { EntryId } from '../../base/ids.ts';
import type { LineRange, LogReader, SessionStore } from '../ports.ts';
import type { BranchLinks } from './branch.ts';
import { type Entry, type EntryOf, type EntryType, isConversation } from './entry.ts';
import { inOrder, type LoadedLog, pathWithLedger, readRanges } from './loadLog.ts';
import { createLogIndex, type LogIndex } from './logIndex.ts';
import { createOutline, HEAD_BYTES, pathTo, scanOutline } from './outline.ts';
import { parseLine, type ReadEntry, readLog } from './readLog.ts';
import type { LogOutline, LogProblem } from './sessionTypes.ts';

/** What one step back in the transcript loads. */
const OLDER_BYTES = 1024 * 1024;
/** Places of entries of other files: below zero, in their order. Files are smaller than this. */
const FOREIGN_OFFSET = -(2 ** 50);

type Placed = { readonly entry: Entry; readonly range: LineRange };

export class SessionLog {
	readonly #reader: LogReader;
	readonly #store: Pick<SessionStore, 'reader'>;
	readonly #base: EntryId | undefined;
	readonly #outline = createOutline();
	#outlinedTo = 0;
	#outlining: Promise<unknown> = Promise.resolve();
	#index: LogIndex;
	#end: number;
	/** Where the way up goes on from what was loaded since. */
	readonly #moreLinks = new Map<EntryId, EntryId | null>();
	/** Nothing older could be found, though a parent is missing. */
	#isExhausted = false;

	constructor(loaded: LoadedLog, sizeBytes: number, reader: LogReader, store: Pick<SessionStore, 'reader'>) {
		this.#reader = reader;
		this.#store = store;
		this.#base = loaded.base?.entry.id;
		this.#index = createLogIndex(this.#base);
		this.#end = sizeBytes;
		for (const { entry, range } of loaded.entries) this.#index.add(entry, range);
	}

	get index(): LogIndex {
		return this.#index;
	}
	get links(): BranchLinks {
		return this.#index.links;
	}
	get isWhole(): boolean {
		return this.#base === undefined;
	}
	get end(): number {
		return this.#end;
	}
	get hasOlder(): boolean {
		return (
			(!this.isWhole || this.#index.origin !== undefined) && !this.#isExhausted && this.#index.missing() !== undefined
		);
	}

	/** The next entry in file order. */
	add(entry: Entry, range: LineRange): void {
		this.#index.add(entry, range);
		this.#end = Math.max(this.#end, range.end);
	}

	async outline(signal?: AbortSignal): Promise<LogOutline> {
		// One scan at a time: each goes on where the one before ended.
		const scan = this.#outlining.then(async () => {
			const end = this.#end;
			if (this.#outlinedTo >= end) return;
			await scanOutline(this.#outline, this.#reader, { start: this.#outlinedTo, end }, signal);
			this.#outlinedTo = end;
		});
		this.#outlining = scan.catch(() => undefined);
		await scan;
		return this.#outline;
	}

	async history<T extends EntryType>(types: readonly T[], signal?: AbortSignal): Promise<readonly EntryOf<T>[]> {
		const wanted: ReadonlySet<string> = new Set(types);
		const isWanted = (entry: Entry): entry is Entry & EntryOf<T> => wanted.has(entry.type);
		if (this.isWhole) return this.#index.entries.filter(isWanted);
		const outline = await this.outline(signal);
		const placed = outline.entries.filter(({ type }) => wanted.has(type));
		return (await this.#readPlaced(placed)).map(({ entry }) => entry).filter(isWanted);
	}

	async read(ids: Iterable<EntryId>, signal?: AbortSignal): Promise<readonly Entry[]> {
		const wanted = new Set(ids);
		if ([...wanted].every((id) => this.#index.find(id))) return this.#index.entries.filter(({ id }) => wanted.has(id));
		const outline = await this.outline(signal);
		const placed = outline.entries.filter(({ id }) => wanted.has(id));
		return (await this.#readPlaced(placed)).map(({ entry }) => entry);
	}

	/** True when entries were added. */
	async loadTo(id: EntryId, signal?: AbortSignal): Promise<'loaded' | 'known' | 'unknown'> {
		if (this.#index.find(id)) {
			if (this.isWhole) return 'known';
			const isComplete = await this.#hasWayTo(id, signal);
			if (isComplete) return 'known';
		} else if (this.isWhole) return 'unknown';
		const outline = await this.outline(signal);
		if (!outline.byId.has(id)) return 'unknown';
		const placed = pathWithLedger(outline, id, this.links).filter((entry) => !this.#index.find(entry.id));
		this.#merge(await this.#readPlaced(placed));
		return this.#index.find(id) ? 'loaded' : 'unknown';
	}

	/** True when entries were added. */
	async loadOlder(signal?: AbortSignal): Promise<boolean> {
		const missing = this.hasOlder ? this.#index.missing() : undefined;
		if (missing === undefined) return false;
		const own = this.isWhole ? [] : await this.#olderThan(await this.outline(signal), missing);
		const found = own.length > 0 ? own : await this.#olderInOrigin(missing, signal);
		const before = this.#index.entries.length;
		const above = this.links.get(missing) ?? null;
		const first = found.find(({ entry }) => isConversation(entry))?.entry;
		if (first && first.parentId !== null) this.#moreLinks.set(first.parentId, above);
		this.#merge(found);
		this.#isExhausted = this.#index.entries.length === before;
		return !this.#isExhausted;
	}

	/** What was written behind the end that is known. Complete lines only: the rest is still being written. */
	async readNew(): Promise<{ readonly entries: readonly ReadEntry[]; readonly problems: readonly LogProblem[] }> {
		const end = await this.#reader.size();
		if (end <= this.#end) return { entries: [], problems: [] };
		const { lines } = await this.#reader.read({ start: this.#end, end });
		const { entries, problems } = readLog({ lines, tornTail: undefined }, { isPart: true });
		return { entries: entries.filter(({ entry }) => !this.#index.find(entry.id)), problems };
	}

	async #hasWayTo(id: EntryId, signal?: AbortSignal): Promise<boolean> {
		const outline = await this.outline(signal);
		return pathTo(outline, id, this.links).every((entry) => this.#index.find(entry.id));
	}

	async #olderThan(outline: LogOutline, missing: EntryId): Promise<readonly Placed[]> {
		const path = pathTo(outline, missing);
		const ids = new Set<EntryId>();
		let bytes = 0;
		for (let at = path.length - 1; at >= 0 && bytes < OLDER_BYTES; at--) {
			const entry = path[at];
			if (!entry || this.#index.find(entry.id)) break;
			ids.add(entry.id);
			bytes += entry.range.end - entry.range.start;
		}
		const placed = outline.entries.filter(
			(entry) => ids.has(entry.id) || (!entry.isConversation && entry.parentId !== null && ids.has(entry.parentId)),
		);
		return await this.#readPlaced(placed.filter(({ id }) => !this.#index.find(id)));
	}

	/** A fork's past is read through the sessions it came from, while they are there. */
	async #olderInOrigin(missing: EntryId, signal?: AbortSignal): Promise<readonly Placed[]> {
		const seen = new Set<string>();
		for (let origin = this.#index.origin; origin && !seen.has(origin.sessionId); ) {
			seen.add(origin.sessionId);
			const reader = this.#store.reader(origin.sessionId);
			const end = await reader.size();
			const outline = createOutline();
			await scanOutline(outline, reader, { start: 0, end }, signal);
			if (outline.byId.has(missing)) {
				const found = await this.#olderThanIn(reader, outline, missing);
				return found.map(({ entry, range }) => ({
					// Generations count within one file: here these come before every writer.
					entry: { ...entry, gen: 0 },
					range: { start: range.start + FOREIGN_OFFSET, end: range.end + FOREIGN_OFFSET },
				}));
			}
			origin = await originOf(reader, end);
		}
		return [];
	}

	async #olderThanIn(reader: LogReader, outline: LogOutline, missing: EntryId): Promise<readonly Placed[]> {
		const ids = new Set<EntryId>();
		let bytes = 0;
		for (const entry of [...pathTo(outline, missing)].reverse()) {
			if (bytes >= OLDER_BYTES || this.#index.find(entry.id)) break;
			ids.add(entry.id);
			bytes += entry.range.end - entry.range.start;
		}
		// Its file operations are another session's: only the conversation is shown.
		const placed = outline.entries.filter((entry) => ids.has(entry.id));
		return await readPlacedFrom(reader, placed);
	}

	#readPlaced(placed: readonly { readonly id: EntryId; readonly range: LineRange }[]): Promise<readonly Placed[]> {
		return readPlacedFrom(this.#reader, placed);
	}

	/** Builds the index again with more in it. */
	#merge(more: readonly Placed[]): void {
		if (more.length === 0) return;
		const { entries, ranges } = this.#index;
		const all = new Map<EntryId, Placed>();
		entries.forEach((entry, at) => {
			const range = ranges[at];
			if (range) all.set(entry.id, { entry, range });
		});
		for (const one of more) if (!all.has(one.entry.id)) all.set(one.entry.id, one);
		const sorted = [...all.values()].sort((left, right) => left.range.start - right.range.start);
		const index = createLogIndex(this.#base, this.#moreLinks);
		for (const { entry, range } of sorted) index.add(entry, range);
		this.#index = index;
	}
}

async function readPlacedFrom(
	reader: LogReader,
	placed: readonly { readonly id: EntryId; readonly range: LineRange }[],
): Promise<readonly Placed[]> {
	if (placed.length === 0) return [];
	const wanted = new Set(placed.map(({ id }) => id));
	const lines = await readRanges(reader, inOrder(placed.map(({ range }) => range)));
	return readLog(lines, { isPart: true }).entries.filter(({ entry }) => wanted.has(entry.id));
}

/** From the header, which is the first line. */
async function originOf(reader: LogReader, end: number): Promise<EntryOf<'header'>['origin']> {
	let first: LineRange | undefined;
	await reader.scan({ start: 0, end: Math.min(end, 64 * HEAD_BYTES) }, HEAD_BYTES, (_, range) => {
		first ??= range;
	});
	if (!first) return undefined;
	const { lines } = await reader.read(first);
	const read = lines[0] && parseLine(lines[0].text);
	return read?.kind === 'entry' && read.entry.type === 'header' ? read.entry.origin : undefined;
}
