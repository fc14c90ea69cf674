/**
 * What the panel knows: a projection of what the host said, made by the pure `reduce`. It keeps no truth of its own and
 * touches no DOM; commands (`input`, `focus`, `reveal`) change nothing here and are carried out by panel.ts.
 */
import { assertNever } from '../src/base/assertNever.ts';
import type { ContextList, ContextPlan } from '../src/protocol/contextItems.ts';
import type { ContextMeter } from '../src/protocol/contextMeter.ts';
import type { ShownCommand } from '../src/protocol/shownCommand.ts';
import type { PanelHead, ToPanel } from '../src/protocol/toPanel.ts';
import type { TranscriptItem } from '../src/protocol/transcriptItem.ts';

export type RewindPlan = Extract<ToPanel, { kind: 'rewind.plan' }>;
export type RewindFileDetail = Extract<ToPanel, { kind: 'rewind.file' }>;
export type ContextBreakdown = {
	readonly meter: ContextMeter;
	readonly model: string;
	readonly list: ContextList;
	/** What the edit in question would change; null while none is. */
	readonly plan: ContextPlan | null;
};
type AgentRows = Extract<ToPanel, { kind: 'agent.rows' }>;
export type Toast = Pick<Extract<ToPanel, { kind: 'toast' }>, 'level' | 'text'>;

/** What happens in the page alone. */
export type LocalMessage =
	| { readonly kind: 'local.closeDialog' }
	| { readonly kind: 'local.forgetPlan' }
	| { readonly kind: 'local.dismissToast' }
	| { readonly kind: 'local.toast'; readonly toast: Toast };

export interface PanelState {
	/** Null until the first snapshot. */
	readonly head: PanelHead | null;
	readonly items: readonly TranscriptItem[];
	readonly hasOlder: boolean;
	readonly meter: ContextMeter | null;
	/** Whole outputs of tool rows that asked for them, by row id. */
	readonly wholeOutputs: ReadonlyMap<string, string>;
	/** Pictures of tool rows that asked for them, by row id. */
	readonly pictures: ReadonlyMap<string, readonly string[]>;
	/** What agents did whose lanes are open, by row id. */
	readonly agentRows: ReadonlyMap<string, AgentRows>;
	readonly rewindPlan: RewindPlan | null;
	/** What would change in files of that plan, as far as it was asked for, by the key of the file. */
	readonly rewindFiles: ReadonlyMap<string, RewindFileDetail>;
	readonly context: ContextBreakdown | null;
	readonly toast: Toast | null;
	/** Slash commands besides the built-in ones; null until they were asked for. */
	readonly commands: readonly ShownCommand[] | null;
	/** Number of the last message that carried one. */
	readonly seq: number;
	/** A message went missing: nothing numbered is taken until the next snapshot. */
	readonly needsSnapshot: boolean;
}

export const initialPanelState: PanelState = {
	head: null,
	items: [],
	hasOlder: false,
	meter: null,
	wholeOutputs: new Map(),
	pictures: new Map(),
	agentRows: new Map(),
	rewindPlan: null,
	rewindFiles: new Map(),
	context: null,
	toast: null,
	commands: null,
	seq: 0,
	needsSnapshot: true,
};

export function reduce(state: PanelState, message: ToPanel | LocalMessage): PanelState {
	if ('seq' in message && message.kind !== 'snapshot') {
		if (state.needsSnapshot) return state;
		if (message.seq !== state.seq + 1) return { ...state, needsSnapshot: true };
		return reduceNumbered({ ...state, seq: message.seq }, message);
	}
	switch (message.kind) {
		case 'snapshot': {
			const isSameSession = state.head?.sessionId === message.head.sessionId;
			return {
				...state,
				head: message.head,
				items: message.items,
				hasOlder: message.hasOlder,
				meter: message.meter,
				wholeOutputs: isSameSession ? state.wholeOutputs : new Map(),
				pictures: isSameSession ? state.pictures : new Map(),
				agentRows: isSameSession ? state.agentRows : new Map(),
				rewindPlan: isSameSession ? state.rewindPlan : null,
				context: isSameSession ? state.context : null,
				seq: message.seq,
				needsSnapshot: false,
			};
		}
		case 'rewind.plan':
			return { ...state, rewindPlan: message, rewindFiles: new Map(), context: null };
		case 'rewind.file':
			return { ...state, rewindFiles: new Map(state.rewindFiles).set(message.key, message) };
		case 'context':
			return { ...state, context: breakdownOf(message), rewindPlan: null };
		case 'context.list':
			return inContext(state, ({ list: { items } }) => ({ list: withStale(message.list, items) }));
		case 'context.stale':
			return inContext(state, ({ list }) => ({ list: { ...list, items: markedStale(list.items, message.items) } }));
		case 'context.plan':
			return inContext(state, () => ({ plan: message.plan }));
		case 'local.forgetPlan':
			return inContext(state, ({ plan }) => (plan === null ? {} : { plan: null }));
		case 'commands':
			return { ...state, commands: message.commands };
		case 'expanded':
			return {
				...state,
				wholeOutputs: new Map(state.wholeOutputs).set(message.id, message.text),
				...(message.pictures === undefined
					? {}
					: { pictures: new Map(state.pictures).set(message.id, message.pictures) }),
			};
		case 'agent.rows':
			return { ...state, agentRows: new Map(state.agentRows).set(message.id, message) };
		case 'older':
			return withOlder(state, message);
		case 'toast':
			return { ...state, toast: { level: message.level, text: message.text } };
		case 'local.toast':
			return { ...state, toast: message.toast };
		case 'local.dismissToast':
			return { ...state, toast: null };
		case 'local.closeDialog':
			return { ...state, rewindPlan: null, context: null };
		case 'input':
		case 'focus':
		case 'reveal':
		case 'find.results':
		case 'mention.offers':
			return state;
		default:
			return assertNever(message);
	}
}

type NumberedMessage = Exclude<Extract<ToPanel, { seq: number }>, { kind: 'snapshot' }>;

function reduceNumbered(state: PanelState, message: NumberedMessage): PanelState {
	switch (message.kind) {
		case 'item': {
			const index = lastIndexOfId(state.items, message.item.id);
			return { ...state, items: index < 0 ? [...state.items, message.item] : state.items.with(index, message.item) };
		}
		case 'itemRemoved':
			return { ...state, items: state.items.filter((item) => item.id !== message.id) };
		case 'delta': {
			const index = lastIndexOfId(state.items, message.id);
			const item = state.items[index];
			if (item === undefined) return state;
			return { ...state, items: state.items.with(index, appendText(item, message.text)) };
		}
		case 'head':
			return { ...state, head: message.head };
		case 'meter':
			return inContext({ ...state, meter: message.meter }, () => ({ meter: message.meter }));
		default:
			return assertNever(message);
	}
}

function breakdownOf({ meter, model, list }: Extract<ToPanel, { kind: 'context' }>): ContextBreakdown {
	return { meter, model, list, plan: null };
}

/** Only while the dialog is open. */
function inContext(state: PanelState, change: (context: ContextBreakdown) => Partial<ContextBreakdown>): PanelState {
	return state.context === null ? state : { ...state, context: { ...state.context, ...change(state.context) } };
}

type ContextItems = ContextList['items'];

/** What is known of the files stays until they have been looked at again. */
function withStale(list: ContextList, before: ContextItems): ContextList {
	return { ...list, items: markedStale(list.items, before) };
}

function markedStale(items: ContextItems, marks: readonly Pick<ContextItems[number], 'id' | 'stale'>[]): ContextItems {
	const known = new Map(marks.flatMap(({ id, stale }) => (stale === null ? [] : [[id, stale] as const])));
	return items.map((item) => {
		const stale = known.get(item.id) ?? null;
		return item.stale === stale ? item : { ...item, stale };
	});
}

/** Before the row they were asked for; an answer that comes after the rows changed is not for these. */
function withOlder(state: PanelState, message: Extract<ToPanel, { kind: 'older' }>): PanelState {
	const index = state.items.findIndex((item) => item.id === message.beforeId);
	if (index < 0) return state;
	const known = new Set(state.items.map((item) => item.id));
	const older = message.items.filter((item) => !known.has(item.id));
	return { ...state, items: state.items.toSpliced(index, 0, ...older), hasOlder: message.hasOlder };
}

/** The row that the host is asked what stands before. A notice of this window alone is nothing it can count from. */
export function oldestRow(state: PanelState): string | undefined {
	return (state.items.find((item) => item.kind !== 'notice') ?? state.items[0])?.id;
}

/** Of what a running command prints, the newest: it may be gigabytes, and its row has all of it later. */
const MAX_PREVIEW_CHARS = 4_000;

function appendText(item: TranscriptItem, text: string): TranscriptItem {
	if (item.kind === 'answer' || item.kind === 'thinking') return { ...item, text: item.text + text };
	if (item.kind === 'tool') return { ...item, preview: (item.preview + text).slice(-MAX_PREVIEW_CHARS) };
	return item;
}

/** From the end, where almost every change happens. */
function lastIndexOfId(items: readonly TranscriptItem[], id: string): number {
	return items.findLastIndex((item) => item.id === id);
}
