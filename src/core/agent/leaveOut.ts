/** Makes room without a model: the plans of a strategy are measured one by one, and the first that gives enough is put into the log. */
import { activeEdits, type ContextRef } from '../context/contextEdits.ts';
import { contextItems } from '../context/contextItems.ts';
import type { ContextMeasure } from '../context/meter.ts';
import { meterIndex } from '../context/meterIndex.ts';
import { DEFAULT_WINDOW_TURNS, KEPT, type RoomPlan, roomPlans } from '../context/strategies.ts';
import type { CompactionWish } from '../context/summaryDraft.ts';
import type { ContextStrategy } from '../session/compactionFields.ts';
import type { Entry, EntryFields, EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { appendCompaction, askBefore, type CompactionPorts, prepareCompaction } from './appendCompaction.ts';
import { textBlock, wordForWord } from './wordForWord.ts';

/** Of the line: `selective` keeps what is important up to here, so that it is not due again with the next turn. */
const TARGET_SHARE = 0.6;
const PREFIX_LAYERS: ReadonlySet<string> = new Set(['tools', 'system', 'context']);

/**
 * Undefined when no plan brings the context below the line of `measure`; nothing was changed then. Rejects with UserError
 * `compaction-blocked` or `conversation-moved`.
 */
export async function leaveOut(
	session: Session,
	strategy: Exclude<ContextStrategy, 'summarize'>,
	wish: CompactionWish,
	measure: ContextMeasure,
	ports: CompactionPorts,
	signal: AbortSignal,
): Promise<EntryOf<'compaction'> | undefined> {
	const { usedTokens: tokensBefore, triggerTokens } = measure;
	const { leaf } = session;
	const whole = session.branch();
	const end = wish.upToEntry === undefined ? whole.length : whole.findIndex(({ id }) => id === wish.upToEntry) + 1;
	const plans = roomPlans(strategy, {
		branch: whole.slice(0, end),
		rollingWindowTurns: ports.contextLimits().rollingWindowTurns ?? DEFAULT_WINDOW_TURNS,
		...(strategy === 'selective' ? weighed(session, measure) : { items: [], targetTokens: 0 }),
	});
	let isAsked = false;
	for (const plan of plans) {
		signal.throwIfAborted();
		if (!isAsked) await askBefore({ by: wish.by, strategy, tokensBefore }, ports, signal);
		isAsked = true;
		const made = {
			range: plan.range,
			leaf,
			summary: plan.note,
			kept: keptItems(whole, plan),
			withFiles: false,
			rest: {
				by: wish.by,
				strategy,
				tokensBefore,
				costUsd: 0,
				...(wish.lineTokens === undefined ? {} : { lineTokens: wish.lineTokens }),
			},
		};
		const prepared = await prepareCompaction(session, made, ports);
		if (prepared.draft.tokensAfter >= triggerTokens * plan.maxShare) continue;
		return await appendCompaction(session, prepared, ports);
	}
	return undefined;
}

/** The items without the start of the request, which stays whatever is left out. */
function weighed(session: Session, { usedTokens, triggerTokens, layers }: ContextMeasure) {
	const branch = session.branch();
	const prefixTokens = layers.reduce((sum, { layer, tokens }) => sum + (PREFIX_LAYERS.has(layer) ? tokens : 0), 0);
	const items = contextItems({
		branch,
		edits: activeEdits(branch),
		ratios: meterIndex(session.entries, session.links).ratios,
		meter: {
			usedTokens: usedTokens - prefixTokens,
			layers: layers.filter(({ layer }) => !PREFIX_LAYERS.has(layer)),
		},
	});
	return { items, targetTokens: Math.max(0, triggerTokens * TARGET_SHARE - prefixTokens) };
}

/** What stays, in the order of the conversation. What stayed before is carried on as it is. */
function keptItems(branch: readonly Entry[], { kept }: RoomPlan): EntryFields<'compaction'>['restored'] {
	const edits = activeEdits(branch);
	const byId = new Map(branch.map((entry) => [entry.id, entry]));
	const carried = new Set<string>();
	return kept.flatMap((ref): EntryFields<'compaction'>['restored'] => {
		const entry = byId.get(ref.entry);
		if (!entry) return [];
		if (entry.type !== 'compaction')
			return wordForWord(branch, entry, ref, edits).map((content) => ({ what: KEPT, content, ref }));
		if (ref.block === undefined) return [{ what: KEPT, content: textBlock(entry.summary), ref }];
		// A name and what it names may be two blocks: they stay together.
		const own = entry.restored[ref.block - 1]?.ref ?? ref;
		const key = keyOf(own);
		if (carried.has(key)) return [];
		carried.add(key);
		return entry.restored.filter((item) => item.what === KEPT && keyOf(item.ref) === key);
	});
}

const keyOf = (ref: ContextRef | undefined): string => (ref ? `${ref.entry} ${ref.block ?? ''}` : '');
