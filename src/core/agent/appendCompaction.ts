/**
 * Puts a compaction into the log, however it was made: with what comes back beside its text, the facts that are known from here on, and a
 * new prefix when memory files or tools changed. The one place that writes the entry.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import type { CompactionRange } from '../context/compactionRange.ts';
import { type DrawnFact, deletedTexts, factsOf, mergeFacts, nextFactId } from '../context/facts.ts';
import { type ContextMeasure, measureContext } from '../context/meter.ts';
import { prefixTexts } from '../context/prefix.ts';
import { type Entry, type EntryDraft, type EntryFields, type EntryOf, makeEntry } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { loadedTools, toolDefinitions } from '../tools/registry.ts';
import { earlierThinking } from './earlierThinking.ts';
import { restoredItems } from './restoredItems.ts';
import { prefixNow } from './sessionPrefix.ts';
import { storeBlocks } from './storeBlocks.ts';
import type { CompactionAhead, TurnPorts } from './turnTypes.ts';

export type CompactionPorts = Pick<
	TurnPorts,
	'blobs' | 'clock' | 'ids' | 'isOfficialEndpoint' | 'loadedTexts' | 'messageTtl' | 'model' | 'modelInfo' | 'workspace'
> &
	Pick<TurnPorts, 'beforeCompaction' | 'contextLimits' | 'loadProjectContext' | 'reviewSummary' | 'trace'>;

/** What stands in the place of a part of the branch, before it is in the log. */
export type CompactionText = {
	readonly range: CompactionRange;
	/** Where the session's leaf was: it does not fit another place. */
	readonly leaf: EntryId | null;
	readonly summary: string;
	/** Parts of the range that stay word for word, besides those that always do. */
	readonly kept?: EntryFields<'compaction'>['restored'];
	readonly drawnFacts?: readonly DrawnFact[];
	/** Ids of facts that hold no longer. */
	readonly goneFacts?: readonly string[];
	/** Whether files that were used lately come back as they are now. */
	readonly withFiles: boolean;
	readonly rest: Pick<
		EntryFields<'compaction'>,
		'by' | 'costUsd' | 'focus' | 'lineTokens' | 'strategy' | 'tokensBefore'
	>;
};

export function measureNow(
	session: Session,
	ports: Pick<TurnPorts, 'contextLimits' | 'modelInfo'>,
	plus?: Entry,
): ContextMeasure {
	const limits = ports.contextLimits();
	const newestPrefix = session.newest('prefix');
	return measureContext({
		entries: plus ? [...session.entries, plus] : session.entries,
		leaf: plus ? plus.id : session.leaf,
		links: session.links,
		modelInfo: ports.modelInfo(),
		windowOverride: limits.windowTokens,
		rotTokens: limits.rotTokens,
		...(newestPrefix ? { newestPrefix } : {}),
	});
}

/** What whoever is asked before adds to the question. Rejects with UserError `compaction-blocked` when it must not be. */
export async function askBefore(
	ahead: CompactionAhead,
	ports: CompactionPorts,
	signal: AbortSignal,
): Promise<{ readonly instructions?: string }> {
	const { instructions, block } = (await ports.beforeCompaction?.(ahead, signal)) ?? {};
	if (block !== undefined) throw new UserError('compaction-blocked', block);
	return instructions === undefined ? {} : { instructions };
}

/** The entry as it would be, and how full the context is with it. Appends nothing. */
export type PreparedCompaction = { readonly draft: EntryDraft<'compaction'>; readonly leaf: EntryId | null };

export async function prepareCompaction(
	session: Session,
	made: CompactionText,
	ports: CompactionPorts,
): Promise<PreparedCompaction> {
	const { range } = made;
	const branch = session.branch();
	const start = range.after === null ? 0 : branch.findIndex(({ id }) => id === range.after) + 1;
	const end = branch.findIndex(({ id }) => id === range.until) + 1;
	const facts = mergeFacts({
		known: factsOf(branch),
		drawn: made.drawnFacts ?? [],
		gone: made.goneFacts ?? [],
		deleted: deletedTexts(branch),
		firstId: nextFactId(branch),
	});
	const { windowTokens } = ports.modelInfo();
	const items = await restoredItems({
		session,
		workspace: ports.workspace,
		branch,
		start,
		end,
		facts,
		kept: made.kept ?? [],
		withFiles: made.withFiles,
		windowTokens: ports.contextLimits().windowTokens ?? windowTokens,
	});
	const restored = await Promise.all(
		items.restored.map(async ({ content, ...item }) => {
			if ('$blob' in content) return { ...item, content };
			const [stored = content] = await storeBlocks([content], ports.blobs);
			return { ...item, content: stored };
		}),
	);
	const compaction: EntryDraft<'compaction'> = {
		type: 'compaction',
		replaces: range,
		summary: made.summary,
		restored,
		pins: items.pins,
		...(facts.length === 0 ? {} : { facts: [...facts] }),
		...made.rest,
		tokensAfter: 0,
	};
	return { draft: { ...compaction, tokensAfter: tokensAfter(session, compaction, ports) }, leaf: made.leaf };
}

/** Rejects with UserError `conversation-moved` when the session went on since. */
export async function appendCompaction(
	session: Session,
	{ draft, leaf }: PreparedCompaction,
	ports: CompactionPorts,
): Promise<EntryOf<'compaction'>> {
	if (session.leaf !== leaf) throw conversationMoved();
	const [entry] = session.append(draft);
	if (!entry) throw new Error('The session appended no compaction');
	await refreshPrefix(session, ports);
	await session.sync();
	return entry;
}

function tokensAfter(session: Session, compaction: EntryDraft<'compaction'>, ports: CompactionPorts): number {
	const last = session.entries.at(-1);
	if (!last) return 0;
	const { v, sessionId, agentId, gen, timestamp, cwd, mode } = last;
	const base = { v, sessionId, agentId, gen, timestamp, cwd, mode };
	const id = 'measured' as EntryId;
	const measured = makeEntry({ ...base, id, parentId: session.leaf }, compaction);
	return measureNow(session, ports, measured).usedTokens;
}

/** The cache of the conversation is gone with a compaction, so this is when a changed memory file may come in. */
async function refreshPrefix(session: Session, ports: CompactionPorts): Promise<void> {
	const frozen = session.newest('prefix');
	if (!frozen || frozen.model !== session.model) return;
	const project = await ports.loadProjectContext();
	const texts = prefixTexts(toolDefinitions(loadedTools), project);
	const hash = (text: string) => ports.blobs.hash(new TextEncoder().encode(text));
	if (hash(texts.context) === frozen.context.$blob && hash(texts.tools) === frozen.tools.$blob) return;
	session.append(await prefixNow(ports, project, frozen.reminderForm, ports.loadedTexts));
	// What stands before the summary was thought on the old start.
	const strip = earlierThinking(session.branch()) ?? [];
	if (strip.length > 0) session.append({ type: 'contextEdit', edits: [...strip], cause: 'compaction' });
}

const conversationMoved = (): UserError =>
	new UserError(
		'conversation-moved',
		'The conversation went on since the summary was made, so it was not applied. Nothing was changed. Compact again.',
	);
