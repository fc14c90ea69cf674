/**
 * A new session that starts as a copy of another one's branch. Entries keep their ids; blobs are shared.
 * Copies the conversation and what requests are built from, no file operations: a fork changes no file and has its own time line.
 */
import { asEntryId, asSessionId, type EntryId, type SessionId } from '../../base/ids.ts';
import { branchTo, linksOf } from './branch.ts';
import { compactionLandmarks, replacedEntries } from './compaction.ts';
import { ENTRY_VERSION, type EntryDraft, makeEntry } from './entry.ts';
import { forkEnd } from './forkEnd.ts';
import { countsOn, inOrder, readRanges } from './loadLog.ts';
import { createLogIndex } from './logIndex.ts';
import { pathTo } from './outline.ts';
import { readLog } from './readLog.ts';
import { type OpenSessionOptions, openSession } from './session.ts';
import { entryNotFound, sessionReadOnly } from './sessionErrors.ts';
import type { OutlineEntry, Session } from './sessionTypes.ts';
import type { LineRange } from './storePort.ts';
import { tailDraft } from './tailEntry.ts';

/**
 * Forks at the entry `at` (null = before the first prompt, which copies no conversation). The origin may be read-only or
 * closed; it is read from its log and not changed. Rejects with UserError `log-unreadable` or `log-write-failed`.
 */
export async function forkSession(
	origin: Session,
	at: EntryId | null,
	options: Omit<OpenSessionOptions, 'id' | 'takeOver'>,
): Promise<Session> {
	const { store, clock, ids, defaults } = options;
	const id = asSessionId(ids.next());
	const { lines, links } = await copiedLines(origin, at, options);
	const { file } = await store.open(id);
	try {
		// The lease first: its generation stands in every line.
		file.append([]);
		const { roots, extensionVersion, gitBranch } = defaults;
		const header = makeEntry(
			{
				v: ENTRY_VERSION,
				id: asEntryId(ids.next()),
				parentId: null,
				sessionId: id,
				agentId: 'main',
				gen: file.generation,
				timestamp: clock.now(),
				cwd: origin.cwd,
				mode: origin.mode,
			},
			{
				type: 'header',
				roots: [...roots],
				extensionVersion,
				...(gitBranch === undefined ? {} : { gitBranch }),
				origin: { sessionId: origin.id, entryId: at },
				...(links.length === 0 ? {} : { links: [...links] }),
			},
		);
		const copied = [JSON.stringify(header), ...lines.map((line) => rewriteLine(line, id, file.generation))];
		const ranges = file.append(copied);
		const tail = tailOf(copied, ranges);
		file.append([JSON.stringify(makeEntry({ ...header, id: asEntryId(ids.next()), parentId: tail.leaf }, tail))]);
		await file.sync();
	} finally {
		await file.close();
	}
	return await openSession({ ...options, id });
}

/** Where a fork that a person asks for at `at` ends: `forkEnd` of the branch that it is on. */
export async function forkPlace(origin: Session, at: EntryId): Promise<EntryId | null> {
	const isShown = () => origin.branch().some(({ id }) => id === at);
	if (isShown() || !(await origin.loadTo(at)) || isShown()) return forkEnd(origin.branch(), at);
	return forkEnd(branchTo(new Map(origin.entries.map((entry) => [entry.id, entry])), at, origin.links), at);
}

/** Ledger types that a request is built from, or that a person knows the session by. The newest of each is copied. */
const COPIED_LEDGER: ReadonlySet<string> = new Set(['prefix', 'model', 'mode', 'title', 'taskList', 'count']);

/**
 * What is in the context at `at`, as the origin's own lines, so that what this build does not understand is copied too. What a compaction
 * replaced stays in the origin and is read there.
 */
async function copiedLines(
	origin: Session,
	at: EntryId | null,
	options: Pick<OpenSessionOptions, 'store'>,
): Promise<{ readonly lines: readonly CopiedLine[]; readonly links: [EntryId, EntryId | null][] }> {
	if (origin.problems.some(({ kind }) => kind === 'newerVersion')) {
		throw sessionReadOnly('This session was written by a newer version of Retrace. Update Retrace to fork it.');
	}
	if (at !== null && !(await origin.loadTo(at))) {
		if (!origin.find(at)) throw entryNotFound();
		// It is shown from the session that this one was forked from, and what is above it belongs to the copy.
		while (await origin.loadOlder());
	}
	const outline = await origin.outline();
	const byId = new Map(origin.entries.map((entry) => [entry.id, entry]));
	const branch = branchTo(byId, at, origin.links);
	const replaced = replacedEntries(branch);
	const landmarks = compactionLandmarks(branch);
	const kept = branch.filter(({ id }) => !replaced.has(id) || landmarks.has(id));
	const copied = new Set(kept.map(({ id }) => id));
	const way = [...new Set([...(at === null ? [] : pathTo(outline, at, origin.links)), ...branch].map(({ id }) => id))];
	const onWay = new Set(way);
	const ledger = new Map<string, OutlineEntry>();
	for (const entry of outline.entries) {
		// A name belongs to the whole session; the rest must fit the branch.
		const fits = entry.type === 'title' ? !entry.isLate : countsOn(entry, onWay, outline);
		// What was counted is of its very place: it cannot hang on another one.
		const isHome = entry.type !== 'count' || entry.parentId === null || copied.has(entry.parentId);
		if (COPIED_LEDGER.has(entry.type) && fits && isHome) ledger.set(entry.type, entry);
	}
	for (const { id } of ledger.values()) copied.add(id);
	const placed = outline.entries.filter(({ id }) => copied.has(id));
	const { lines, tornTail } = await readRanges(
		options.store.reader(origin.id),
		inOrder(placed.map(({ range }) => range)),
	);
	const texts = new Map([...lines, ...(tornTail ? [tornTail] : [])].map(({ text, range }) => [range.start, text]));
	/** What hangs on an entry that stays in the origin hangs on the next one above that is copied. */
	const hungOn = ({ parentId }: OutlineEntry): EntryId | null =>
		parentId === null ? null : (way.slice(0, way.indexOf(parentId) + 1).findLast((id) => copied.has(id)) ?? null);
	const fromOrigin = kept.filter(({ id }) => !outline.byId.has(id)).map((entry) => ({ text: JSON.stringify(entry) }));
	const own = placed.flatMap((entry) => {
		const text = texts.get(entry.range.start);
		if (text === undefined) return [];
		return [entry.isConversation ? { text } : { text, parentId: hungOn(entry) }];
	});
	return { lines: [...fromOrigin, ...own], links: [...linksOf(kept)] };
}

type CopiedLine = { readonly text: string; readonly parentId?: EntryId | null };

/** The list reads the end of a log only, and a copy can be long. */
function tailOf(lines: readonly string[], ranges: readonly LineRange[]): EntryDraft<'tail'> {
	const none = { start: 0, end: 0 };
	const logLines = lines.map((text, index) => ({ text, range: ranges[index] ?? none }));
	const index = createLogIndex();
	for (const { entry, range } of readLog({ lines: logLines, tornTail: undefined }).entries) index.add(entry, range);
	return tailDraft(index, 'idle', ranges.at(-1)?.end ?? 0);
}

/** The same line in another session. Its ids stay; it is no longer late or of another window. */
function rewriteLine(line: CopiedLine, sessionId: SessionId, gen: number): string {
	const { text, ...changed } = line;
	const value: unknown = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
	return JSON.stringify({ ...(value as object), ...changed, sessionId, gen });
}
