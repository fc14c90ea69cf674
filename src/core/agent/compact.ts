/**
 * Compaction of a session: asks the model for a summary of a part of the conversation and appends it in the place of that part.
 * Nothing is taken out of the log; a rewind to the entry before undoes it. When it is due is `makeRoom.ts`.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { buildContext } from '../context/buildContext.ts';
import { type CompactionScope, compactionRange } from '../context/compactionRange.ts';
import { type BlobCache, loadBranchBlobs } from '../context/loadBlobs.ts';
import { type ContextMeasure, measureContext } from '../context/meter.ts';
import { freezePrefix, type LoadedPrefix, loadPrefix, prefixTexts } from '../context/prefix.ts';
import type { CompactionWish, SummaryDraft } from '../context/summaryDraft.ts';
import { withSummaryQuestion } from '../context/summaryRequest.ts';
import { isBlobRef, isTextBlock, type StoredInputBlock } from '../session/content.ts';
import { type Entry, type EntryDraft, type EntryOf, makeEntry } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { builtInTools, toolDefinitions } from '../tools/registry.ts';
import { askConversation } from './askConversation.ts';
import { restoredItems } from './restoredItems.ts';
import { storeBlocks } from './storeBlocks.ts';
import type { TurnEvent, TurnPorts } from './turnTypes.ts';

export type CompactionPorts = Pick<
	TurnPorts,
	'blobs' | 'clock' | 'ids' | 'isOfficialEndpoint' | 'loadedTexts' | 'messageTtl' | 'model' | 'modelInfo' | 'workspace'
> &
	Pick<TurnPorts, 'contextLimits' | 'loadProjectContext' | 'reviewSummary' | 'trace'>;

const FRAME = 'This is the summary of the conversation so far, which was replaced by it to make room:';

export function measureNow(session: Session, ports: CompactionPorts, plus?: Entry): ContextMeasure {
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

/**
 * Asks for the summary; appends nothing. Rejects with UserError `nothing-to-compact`, `no-summary`, what the blob store rejects with,
 * ModelError or CancelledError.
 */
export async function draftSummary(
	session: Session,
	wish: CompactionWish,
	ports: CompactionPorts,
	onEvent: (event: TurnEvent) => void,
	signal: AbortSignal,
): Promise<SummaryDraft> {
	const whole = session.branch();
	const end = wish.upToEntry === undefined ? whole.length : whole.findIndex(({ id }) => id === wish.upToEntry) + 1;
	const branch = whole.slice(0, end);
	const range = compactionRange(branch, wish.scope);
	const frozen = session.newest('prefix');
	if (!range || !frozen) throw nothingToCompact();
	const tokensBefore = measureNow(session, ports).usedTokens;
	const cache: BlobCache = ports.loadedTexts ?? new Map();
	const prefix = await loadPrefix(frozen, ports.blobs, cache);
	const blobs = await loadBranchBlobs(branch, ports.blobs, cache);
	const { messageTtl } = ports;
	const ttl = frozen.ttl === '5m' ? '5m' : messageTtl;
	const conversation = buildContext({ branch, prefix, blobs, messageTtl, isEndKept: true });
	const request = withSummaryQuestion(conversation, { ...wish, ...edgeOf(branch, wish.scope) }, ttl);
	const answer = await askConversation(request, 'summary', ttl, ports, onEvent, signal);
	if (!answer) throw noSummary();
	return {
		wish,
		range,
		leaf: session.leaf,
		summary: answer.text,
		previous: previousSummary(branch),
		tokensBefore,
		costUsd: answer.costUsd,
		cacheShare: answer.cacheShare,
	};
}

/**
 * Appends the summary (the draft's, or as the user changed it) with what comes back beside it, and a new prefix when memory files or
 * tools changed. Rejects with UserError `conversation-moved` when the session went on since.
 */
export async function applySummary(
	session: Session,
	draft: SummaryDraft,
	summary: string,
	ports: CompactionPorts,
): Promise<EntryOf<'compaction'>> {
	const { wish, range } = draft;
	const branch = session.branch();
	const start = range.after === null ? 0 : branch.findIndex(({ id }) => id === range.after) + 1;
	const end = branch.findIndex(({ id }) => id === range.until) + 1;
	const { windowTokens } = ports.modelInfo();
	const items = await restoredItems({
		session,
		workspace: ports.workspace,
		replaced: branch.slice(start, end),
		windowTokens: ports.contextLimits().windowTokens ?? windowTokens,
	});
	const contents = await storeBlocks(
		items.map(({ text }) => ({ type: 'text', text })),
		ports.blobs,
	);
	const compaction: EntryDraft<'compaction'> = {
		type: 'compaction',
		replaces: range,
		summary: `${FRAME}\n\n${summary}`,
		restored: contents.map((content, index) => ({ what: items[index]?.what ?? '', content })),
		pins: [],
		by: wish.by,
		...(wish.focus === undefined ? {} : { focus: wish.focus }),
		tokensBefore: draft.tokensBefore,
		tokensAfter: 0,
		costUsd: draft.costUsd,
	};
	if (session.leaf !== draft.leaf) throw conversationMoved();
	const [entry] = session.append({ ...compaction, tokensAfter: tokensAfter(session, compaction, ports) });
	if (!entry) throw new Error('The session appended no compaction');
	await refreshPrefix(session, ports);
	await session.sync();
	return entry;
}

/** The part of a stored summary that a person reads and edits. */
export const readableSummary = (summary: string): string =>
	summary.startsWith(FRAME) ? summary.slice(FRAME.length).trim() : summary;

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
async function refreshPrefix(session: Session, ports: CompactionPorts): Promise<LoadedPrefix | undefined> {
	const frozen = session.newest('prefix');
	if (!frozen || frozen.model !== session.model) return undefined;
	const project = await ports.loadProjectContext();
	const tools = toolDefinitions(builtInTools);
	const texts = prefixTexts(tools, project);
	const hash = (text: string) => ports.blobs.hash(new TextEncoder().encode(text));
	if (hash(texts.context) === frozen.context.$blob && hash(texts.tools) === frozen.tools.$blob) return undefined;
	const cache: BlobCache = ports.loadedTexts ?? new Map();
	const [entry] = session.append(
		await freezePrefix({
			blobs: ports.blobs,
			tools,
			toolVersions: Object.fromEntries(builtInTools.map((tool) => [tool.name, tool.version])),
			project,
			model: ports.modelInfo(),
			isOfficialEndpoint: ports.isOfficialEndpoint ?? false,
			cache,
		}),
	);
	return entry && (await loadPrefix(entry, ports.blobs, cache));
}

function edgeOf(branch: readonly Entry[], scope: CompactionScope): { from?: string; upTo?: string } {
	if (scope.kind === 'all') return {};
	const prompt = branch.find(({ id }) => id === scope.prompt);
	const text = prompt?.type === 'user' ? headOf(prompt.content[0]) : '';
	return scope.kind === 'from' ? { from: text } : { upTo: text };
}

function headOf(block: StoredInputBlock | undefined): string {
	if (block === undefined) return '';
	if (isBlobRef(block)) return block.head;
	return isTextBlock(block) ? String(block.text) : '';
}

function previousSummary(branch: readonly Entry[]): string | undefined {
	const newest = branch.findLast((entry) => entry.type === 'compaction');
	return newest?.type === 'compaction' ? readableSummary(newest.summary) : undefined;
}

const nothingToCompact = (): UserError =>
	new UserError('nothing-to-compact', 'There is nothing to summarize here yet. Nothing was changed.');

const noSummary = (): UserError =>
	new UserError(
		'no-summary',
		'The model gave no summary, so the conversation was left as it is. Try again, or rewind to an earlier message.',
	);

const conversationMoved = (): UserError =>
	new UserError(
		'conversation-moved',
		'The conversation went on since the summary was made, so it was not applied. Nothing was changed. Compact again.',
	);
