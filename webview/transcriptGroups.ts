/**
 * Orders transcript rows into what is drawn: one article per prompt, one per turn of Retrace, and runs of read-like
 * tool rows folded into one line. Pure.
 */
import type { TranscriptItem } from '../src/protocol/transcriptItem.ts';

export type ToolItem = Extract<TranscriptItem, { kind: 'tool' }>;
export type TurnRow =
	| { readonly kind: 'item'; readonly id: string; readonly item: TranscriptItem }
	| { readonly kind: 'fold'; readonly id: string; readonly items: readonly ToolItem[] };
export type TranscriptGroup =
	| { readonly kind: 'prompt'; readonly id: string; readonly item: Extract<TranscriptItem, { kind: 'prompt' }> }
	| { readonly kind: 'turn'; readonly id: string; readonly rows: readonly TurnRow[] }
	| { readonly kind: 'line'; readonly id: string; readonly item: TranscriptItem };

/** Shorter runs say more as they are. */
const FOLD_FROM_ROWS = 3;
const READ_VERBS = /^(read(?! output)|search|found|find|list|glob|grep|look|outline|check|diagnos)/i;

export function groupTranscript(items: readonly TranscriptItem[]): TranscriptGroup[] {
	const groups: TranscriptGroup[] = [];
	let turn: TranscriptItem[] = [];
	const endTurn = () => {
		const first = turn[0];
		if (first !== undefined) groups.push({ kind: 'turn', id: `turn-${first.id}`, rows: foldRows(turn) });
		turn = [];
	};
	for (const item of items) {
		if (item.kind === 'prompt') {
			endTurn();
			groups.push({ kind: 'prompt', id: item.id, item });
		} else if (LINES.has(item.kind) || (isMark(item) && turn.length === 0)) {
			endTurn();
			groups.push({ kind: 'line', id: item.id, item });
		} else {
			turn.push(item);
			if (item.kind === 'turnEnd') endTurn();
		}
	}
	endTurn();
	return groups;
}

/** They belong to no turn. */
const LINES: ReadonlySet<TranscriptItem['kind']> = new Set(['rewound', 'brief', 'continued']);

const isMark = (item: TranscriptItem): boolean =>
	item.kind === 'notice' || item.kind === 'checkpoint' || item.kind === 'compacted';

/** Runs of at least three read-like rows that did not fail become one. */
export function foldRows(items: readonly TranscriptItem[]): TurnRow[] {
	const rows: TurnRow[] = [];
	let run: ToolItem[] = [];
	const endRun = () => {
		const first = run[0];
		if (first !== undefined && run.length >= FOLD_FROM_ROWS) {
			rows.push({ kind: 'fold', id: `fold-${first.id}`, items: run });
		} else {
			for (const item of run) rows.push({ kind: 'item', id: item.id, item });
		}
		run = [];
	};
	for (const item of items) {
		if (
			item.kind === 'tool' &&
			!['failed', 'interrupted', 'waiting'].includes(item.state) &&
			READ_VERBS.test(item.verb)
		) {
			run.push(item);
		} else {
			endRun();
			rows.push({ kind: 'item', id: item.id, item });
		}
	}
	endRun();
	return rows;
}

/** `6 files, 2 searches`. */
export function describeFold(items: readonly ToolItem[]): string {
	const files = new Set(items.filter(({ verb }) => FILES.test(verb)).map((item) => item.path ?? item.target)).size;
	const rest = items.filter(({ verb }) => !FILES.test(verb));
	const lists = rest.filter(({ verb }) => LISTS.test(verb)).length;
	const checks = rest.filter(({ verb }) => CHECKS.test(verb)).length;
	return [
		counted(files, 'file', 'files'),
		counted(rest.length - lists - checks, 'search', 'searches'),
		counted(lists, 'list', 'lists'),
		counted(checks, 'check', 'checks'),
	]
		.filter((part) => part !== '')
		.join(', ');
}

const FILES = /^read/i;
const LISTS = /^(list|glob|outline)/i;
const CHECKS = /^(check|diagnos)/i;

const counted = (count: number, one: string, many: string): string =>
	count === 0 ? '' : `${count} ${count === 1 ? one : many}`;
