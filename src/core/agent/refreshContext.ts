/**
 * A new frozen start for a session whose memory files, tools or system prompt changed: what would change and what it costs before it is
 * taken. Thinking of before is bound to the old start, so it is left out from then on. Nothing else of the conversation changes.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { buildContext } from '../context/buildContext.ts';
import { isCacheWarm } from '../context/cachedStart.ts';
import { explainMiss } from '../context/cacheMiss.ts';
import type { ContextEditItem } from '../context/contextEdits.ts';
import type { BlobCache } from '../context/loadBlobs.ts';
import { measureContext } from '../context/meter.ts';
import { type LoadedPrefix, loadPrefix } from '../context/prefix.ts';
import type { ModelRequest } from '../model/modelPort.ts';
import { costOf } from '../model/pricing.ts';
import type { EntryDraft, EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { earlierThinking } from './earlierThinking.ts';
import { type PrefixPorts, prefixNow } from './sessionPrefix.ts';
import type { TurnPorts } from './turnTypes.ts';

export type RefreshPorts = PrefixPorts &
	Pick<TurnPorts, 'clock' | 'contextLimits' | 'loadProjectContext' | 'messageTtl'>;

export type RefreshPlan = {
	/** Where the session's leaf was: the plan does not fit another place. */
	readonly leaf: EntryId | null;
	/** What differs, a sentence each. */
	readonly changes: readonly string[];
	/** Tokens that the next request writes to the cache anew because of it, as far as can be known. */
	readonly rewrittenTokens: number;
	/** What the next request costs more than without it; 0 with a cold cache, null when the price is not known. */
	readonly extraUsd: number | null;
	/** The cache holds at least the start. */
	readonly isCacheWarm: boolean;
	readonly prefix: EntryDraft<'prefix'>;
	readonly strip: readonly ContextEditItem[];
};

/** Looks; appends nothing. Rejects with UserError `nothing-frozen`, `nothing-changed`, `turn-unfinished`, or as the blob store does. */
export async function planRefresh(session: Session, ports: RefreshPorts): Promise<RefreshPlan> {
	const frozen = session.newest('prefix');
	if (!frozen || frozen.model !== session.model) throw nothingFrozen();
	const project = await ports.loadProjectContext();
	const cache: BlobCache = new Map();
	const prefix = await prefixNow(ports, project, frozen.reminderForm, cache);
	const before = await loadPrefix(frozen, ports.blobs, cache);
	const after = await loadPrefix({ ...frozen, ...prefix }, ports.blobs, cache);
	const changes = changesBetween(before, after);
	if (changes.length === 0) throw nothingChanged();
	const { leaf } = session;
	const strip = earlierThinking(session.branch());
	if (strip === undefined) throw turnUnfinished();
	return { leaf, changes, prefix, strip, ...priceOf(session, frozen, prefix, ports) };
}

/** Rejects with UserError `conversation-moved` when the session went on since. */
export async function applyRefresh(session: Session, plan: RefreshPlan): Promise<void> {
	if (session.leaf !== plan.leaf) throw conversationMoved();
	session.append(plan.prefix);
	if (plan.strip.length > 0) session.append({ type: 'contextEdit', edits: [...plan.strip], cause: 'refreshContext' });
	await session.sync();
}

/** A sentence for each layer that differs. */
function changesBetween(before: LoadedPrefix, after: LoadedPrefix): readonly string[] {
	const layers: readonly (keyof Pick<LoadedPrefix, 'tools' | 'system' | 'context'>)[] = ['tools', 'system', 'context'];
	return layers.flatMap((layer) => {
		const miss = explainMiss(emptyRequest(before), emptyRequest({ ...before, [layer]: after[layer] }));
		return miss.kind === 'none' ? [] : [miss.words];
	});
}

const emptyRequest = (prefix: LoadedPrefix): ModelRequest =>
	buildContext({ branch: [], prefix, blobs: new Map(), isMeasuring: true });

function priceOf(
	session: Session,
	frozen: EntryOf<'prefix'>,
	prefix: EntryDraft<'prefix'>,
	ports: RefreshPorts,
): Pick<RefreshPlan, 'extraUsd' | 'isCacheWarm' | 'rewrittenTokens'> {
	const limits = ports.contextLimits();
	const measure = measureContext({
		entries: session.entries,
		leaf: session.leaf,
		links: session.links,
		modelInfo: ports.modelInfo(),
		windowOverride: limits.windowTokens,
		rotTokens: limits.rotTokens,
		newestPrefix: frozen,
	});
	const start = measure.layers
		.filter(({ layer }) => layer === 'tools' || layer === 'system' || layer === 'context')
		.reduce((sum, { tokens }) => sum + tokens, 0);
	const newStart = Math.round((start * sizeOf(prefix)) / Math.max(1, sizeOf(frozen)));
	const rest = measure.usedTokens - start;
	const rewrittenTokens = newStart + rest;
	const now = ports.clock.now();
	const isWarm = isCacheWarm(session, now, ports.messageTtl);
	const isStartWarm = isCacheWarm(session, now, '1h');
	const restHourTokens = ports.messageTtl === '1h' ? rest : 0;
	const withIt = costOf(session.model, writing(rewrittenTokens, newStart + restHourTokens));
	const without = costOf(
		session.model,
		isWarm
			? { ...NO_USAGE, cacheReadTokens: measure.usedTokens }
			: isStartWarm
				? { ...writing(rest, restHourTokens), cacheReadTokens: start }
				: writing(measure.usedTokens, start + restHourTokens),
	);
	const extraUsd = withIt === null || without === null ? null : isStartWarm ? withIt - without : 0;
	return { rewrittenTokens: isWarm || !isStartWarm ? rewrittenTokens : newStart, extraUsd, isCacheWarm: isStartWarm };
}

const sizeOf = ({ tools, system, context }: Pick<EntryOf<'prefix'>, 'tools' | 'system' | 'context'>): number =>
	tools.size + system.size + context.size;

const NO_USAGE = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 };
const writing = (cacheWriteTokens: number, cacheWrite1hTokens: number) => ({
	...NO_USAGE,
	cacheWriteTokens,
	cacheWrite1hTokens,
});

const nothingFrozen = (): UserError =>
	new UserError(
		'nothing-frozen',
		'Nothing is frozen here yet: the next prompt reads memory files and tools as they are. Nothing was changed.',
	);

const turnUnfinished = (): UserError =>
	new UserError(
		'turn-unfinished',
		'The last turn broke off in the middle, and its thinking cannot be left out yet. Nothing was changed. Send a message first.',
	);

const nothingChanged = (): UserError =>
	new UserError(
		'nothing-changed',
		'Tools, system prompt, memory files and environment are as this session has them. Nothing was changed.',
	);

const conversationMoved = (): UserError =>
	new UserError(
		'conversation-moved',
		'The conversation went on meanwhile, so its start was not made anew. Nothing was changed. Run the command again.',
	);
