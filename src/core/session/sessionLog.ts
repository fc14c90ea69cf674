/**
 * What a session knows of its log: the index of what is loaded, and the ways to load more. Appends nothing; `loggedSession.ts` does and
 * hands in what it wrote.
 */
import type { EntryId } from '../../base/ids.ts';
import { type BranchLinks, linksOf } from './branch.ts';
import { type Entry, type EntryOf, type EntryType, isConversation } from './entry.ts';
import { contextOf, inOrder, type LoadedLog, readRanges, targetsOf } from './loadLog.ts';
import { createLogIndex, type LogIndex } from './logIndex.ts';
import { createOutline, HEAD_BYTES, pathTo, scanOutline } from './outline.ts';
import { parseLine, type ReadEntry, readLog } from './readLog.ts';
import type { LogOutline, OutlineEntry } from './sessionTypes.ts';
import type { LineRange, LogReader, SessionStore } from './storePort.ts';

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
	/** Where the next line of another window begins: before a last line that is not whole yet. */
	#readTo: number;
	readonly #gaps: LineRange[] = [];
	#loading: Promise<unknown> = Promise.resolve();
	readonly #more = {
		links: new Map<EntryId, EntryId | null>(),
		held: new Map<EntryId, Set<EntryId>>(),
		lost: new Map<EntryId, EntryId | null>(),
	};
	/** This parent is missing, and nothing older could be found. */
	#exhaustedAt: EntryId | undefined;

	constructor(loaded: LoadedLog, sizeBytes: number, reader: LogReader, store: Pick<SessionStore, 'reader'>) {
		this.#reader = reader;
		this.#store = store;
		this.#base = loaded.base?.entry.id;
		this.#index = createLogIndex(this.#base);
		this.#end = sizeBytes;
		this.#readTo = loaded.problems.find(({ kind }) => kind === 'tornTail')?.range.start ?? sizeBytes;
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
		if (this.isWhole && this.#index.origin === undefined) return false;
		const missing = this.#index.missing();
		return missing !== undefined && missing !== this.#exhaustedAt;
	}

	/** The next entry in file order. */
	add(entry: Entry, range: LineRange): void {
		this.#index.add(entry, range);
		this.#end = Math.max(this.#end, range.end);
		this.#readTo = Math.max(this.#readTo, range.end);
	}

	async outline(signal?: AbortSignal): Promise<LogOutline> {
		// One scan at a time: each goes on where the one before ended.
		const scan = this.#outlining.then(async () => {
			const end = this.#readTo;
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
		const isWanted = (entry: Entry): entry is Entry & EntryOf<T> =>
			wanted.has(entry.type) && !this.#index.isForeign(entry.id);
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

	/** Loads what a context that ends with this entry is made from. */
	async loadTo(id: EntryId, signal?: AbortSignal): Promise<'loaded' | 'known' | 'unknown'> {
		if (this.#index.isForeign(id)) return 'unknown';
		if (this.isWhole) return this.#index.find(id) ? 'known' : 'unknown';
		return await this.#alone(() => this.#loadWay(id, signal));
	}

	/** True when entries were added. */
	async loadOlder(signal?: AbortSignal): Promise<boolean> {
		return await this.#alone(async () => {
			while (this.hasOlder) {
				const missing = this.#index.missing();
				if (missing === undefined) break;
				const found = (await this.#older(missing, signal)).filter(({ entry }) => !this.#index.find(entry.id));
				if (found.length > 0) {
					const first = found.find(({ entry }) => isConversation(entry))?.entry;
					const above = this.links.get(missing) ?? null;
					this.#link(first?.parentId ?? null, above);
					this.#merge(found);
					return true;
				}
				if (!(await this.#passOver(missing, signal))) this.#exhaustedAt = missing;
			}
			return false;
		});
	}

	/**
	 * What was written behind the end that is known, and before it what that leads to. Complete lines only: the rest is still being
	 * written.
	 */
	async readNew(): Promise<{ readonly entries: readonly ReadEntry[]; readonly hasLoaded: boolean }> {
		const end = await this.#reader.size();
		if (end <= this.#readTo) return { entries: [], hasLoaded: false };
		const { lines } = await this.#reader.read({ start: this.#readTo, end });
		const entries = readLog({ lines, tornTail: undefined }, { isPart: true }).entries.filter(
			({ entry }) => !this.#index.find(entry.id),
		);
		let hasLoaded = false;
		if (!this.isWhole) {
			const known = new Set(entries.map(({ entry }) => entry.id));
			for (const target of new Set(entries.flatMap(({ entry }) => targetsOf(entry))))
				if (!known.has(target) && (await this.#alone(() => this.#loadWay(target))) === 'loaded') hasLoaded = true;
		}
		return { entries, hasLoaded };
	}

	/** Told of each own write before its entries are added: what another window wrote in between is not known. */
	expect(first: LineRange | undefined): void {
		// A write may begin with a newline of its own.
		if (first && first.start - this.#end > 1) this.#gaps.push({ start: this.#end, end: first.start });
	}

	/** The end, when all that stands before it is known or was left out on purpose. */
	get knownTo(): number | undefined {
		return this.#gaps.length > 0 ? undefined : this.#end;
	}

	/** Takes in what was written between own lines. True when entries were added. */
	async readGaps(): Promise<boolean> {
		if (this.#gaps.length === 0) return false;
		return await this.#alone(async () => {
			const gaps = [...this.#gaps];
			const { lines } = await readRanges(this.#reader, gaps);
			const found = readLog({ lines, tornTail: undefined }, { isPart: true }).entries;
			this.#gaps.splice(0, gaps.length);
			this.#merge(found);
			return found.length > 0;
		});
	}

	/** One after the other: each goes on from what the one before has loaded. */
	async #alone<T>(work: () => Promise<T>): Promise<T> {
		const done = this.#loading.then(work);
		this.#loading = done.catch(() => undefined);
		return await done;
	}

	async #loadWay(id: EntryId, signal?: AbortSignal): Promise<'loaded' | 'known' | 'unknown'> {
		const outline = await this.outline(signal);
		if (!outline.byId.has(id)) return 'unknown';
		const way = await this.#wayTo(outline, id, signal);
		const isCompaction = (entry: OutlineEntry) => entry.type === 'compaction';
		const compactions = await this.read(new Set(way.filter(isCompaction).map((entry) => entry.id)), signal);
		const byId = new Map(compactions.map((entry) => [entry.id, entry]));
		const context = contextOf(
			outline,
			way.map((entry) => byId.get(entry.id) ?? entry),
		);
		const wanted = context.entries.filter((entry) => !this.#index.find(entry.id));
		const isHeld = context.held.every(
			([held, by]) => this.#index.held().get(held) === by || this.#more.held.get(held)?.has(by),
		);
		if (wanted.length === 0 && isHeld) return 'known';
		const found = await this.#readWanted(outline, wanted);
		const foundIds = new Set(found.map(({ entry }) => entry.id));
		const kept = way.filter((entry) => foundIds.has(entry.id) || this.#index.find(entry.id));
		for (const [missing, above] of linksOf(kept)) this.#link(missing, above);
		for (const [held, by] of context.held) {
			const holders = this.#more.held.get(held) ?? new Set();
			this.#more.held.set(held, holders.add(by));
		}
		this.#merge(found, { isForced: true });
		return this.#index.find(id) ? 'loaded' : 'unknown';
	}

	/** The whole way to `id`, past what is damaged as well. */
	async #wayTo(outline: LogOutline, id: EntryId, signal?: AbortSignal): Promise<readonly OutlineEntry[]> {
		let way = pathTo(outline, id, this.links);
		for (let first = way[0]; first && first.parentId !== null && !this.links.has(first.parentId); first = way[0]) {
			const seen = new Set(way.map((entry) => entry.id));
			const above = await this.#leafBefore(outline, first, signal);
			const more = above === null ? [] : pathTo(outline, above, this.links).filter((entry) => !seen.has(entry.id));
			if (more.length === 0) break;
			way = [...more, ...way];
		}
		return way;
	}

	/** What was the leaf when `end` was written, by the rewinds in the file. */
	async #leafBefore(outline: LogOutline, end: OutlineEntry, signal?: AbortSignal): Promise<EntryId | null> {
		const rewinds = new Map((await this.history(['rewind'], signal)).map((entry) => [entry.id, entry.to]));
		let leaf: EntryId | null = null;
		for (const entry of outline.entries) {
			if (entry === end) break;
			if (entry.isLate) continue;
			if (entry.isConversation) leaf = entry.id;
			const to = rewinds.get(entry.id);
			if (to === null || (to !== undefined && outline.byId.has(to))) leaf = to;
		}
		return leaf;
	}

	/** The next page above, from this file or from the one it was forked from. */
	async #older(missing: EntryId, signal?: AbortSignal): Promise<readonly Placed[]> {
		const own = this.isWhole ? [] : await this.#olderThan(await this.outline(signal), missing);
		return own.length > 0 ? own : await this.#olderInOrigin(missing, signal);
	}

	/** What cannot be read hides nothing that is above it. False when there is no way on. */
	async #passOver(missing: EntryId, signal?: AbortSignal): Promise<boolean> {
		if (this.#more.lost.has(missing)) return false;
		const outline = await this.outline(signal);
		const above = this.links.get(missing);
		const cut = new Map(this.#index.newest('header', true)?.links);
		const isKnown = (id: EntryId) => this.#index.find(id) !== undefined || this.#more.lost.has(id);
		const child = outline.entries.find(({ id, parentId }) => parentId === missing && isKnown(id));
		const unread = outline.byId.get(missing);
		let next: EntryId | null | undefined = unread?.parentId;
		// What stayed in a session that is gone is passed over whole.
		if (!unread) next = cut.get(missing) ?? (child ? await this.#leafBefore(outline, child, signal) : undefined);
		if (next === undefined) return false;
		this.#more.lost.set(missing, next);
		if (above !== undefined && next !== above) this.#link(next, above);
		this.#merge([], { isForced: true });
		return true;
	}

	/** The way goes on at `above`, also when what comes first cannot be read. */
	#link(from: EntryId | null, above: EntryId | null): void {
		let id = from === above ? null : from;
		for (let steps = this.#more.lost.size; id !== null && steps >= 0; steps--) {
			this.#more.links.set(id, above);
			const next: EntryId | null | undefined = this.#more.lost.get(id);
			if (next === undefined || next === above || this.#index.find(next ?? id)) break;
			id = next;
		}
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
		return await this.#readWanted(
			outline,
			placed.filter(({ id }) => !this.#index.find(id)),
		);
	}

	/** What cannot be read is remembered. */
	async #readWanted(
		outline: LogOutline,
		wanted: readonly { readonly id: EntryId; readonly range: LineRange }[],
	): Promise<readonly Placed[]> {
		const found = await this.#readPlaced(wanted);
		const read = new Set(found.map(({ entry }) => entry.id));
		for (const { id } of wanted) {
			const entry = outline.byId.get(id);
			if (entry?.isConversation && !read.has(id)) this.#more.lost.set(id, entry.parentId);
		}
		return found;
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
	#merge(more: readonly Placed[], options: { readonly isForced?: boolean } = {}): void {
		if (more.length === 0 && !options.isForced) return;
		const { entries, ranges } = this.#index;
		const all = new Map<EntryId, Placed>();
		entries.forEach((entry, at) => {
			const range = ranges[at];
			if (range) all.set(entry.id, { entry, range });
		});
		for (const one of more) if (!all.has(one.entry.id)) all.set(one.entry.id, one);
		const sorted = [...all.values()].sort((left, right) => left.range.start - right.range.start);
		const index = createLogIndex(this.#base, this.#more);
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
