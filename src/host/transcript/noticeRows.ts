/** Rows that say how a turn ended, and what else the transcript tells: the words, and the next steps that can help. Pure. */
import { MICROCOMPACTION } from '../../core/agent/microcompact.ts';
import { MEDIA_REFUSED } from '../../core/agent/refusedMedia.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import type { ItemOf } from './transcriptRows.ts';

export type NoticeAction = ItemOf<'notice'>['actions'][number];

export const RETRY: NoticeAction = { label: 'Try Again', action: 'retry' };
const SHOW_CONTEXT: NoticeAction = { label: 'Show Context', action: 'showContext' };

/** What was folded without being asked for can be looked at and brought back. */
export const actionsOfNotice = (code: string): readonly NoticeAction[] =>
	code === MICROCOMPACTION || code === MEDIA_REFUSED ? [SHOW_CONTEXT] : [];
/** Asks the model to go on, since something came of the turn. */
const CONTINUE: NoticeAction = { label: 'Continue', action: 'retry' };
const SET_KEY: NoticeAction = { label: 'Set API Key', action: 'setApiKey' };
const SETTINGS: NoticeAction = { label: 'Open Settings', action: 'openSettings' };
const LOG: NoticeAction = { label: 'Show Log', action: 'showLog' };
const DEMO: NoticeAction = { label: 'Use the Demo Model', action: 'useDemo' };
const REWIND: NoticeAction = { label: 'Rewind…', action: 'rewind' };
const TAKE_OVER: NoticeAction = { label: 'Take Over', action: 'takeOver' };
const FORK: NoticeAction = { label: 'Fork', action: 'fork' };
const MAX_TOKENS_TEXT = 'The reply reached its length limit. What was finished is kept. Continue to get the rest.';
const REFUSAL_TEXT = 'The model declined to answer. Nothing was changed. Rewind and put it differently.';
const CONTEXT_FULL_TEXT =
	'The conversation does not fit into the context window any more. Everything is kept. Rewind to an earlier message or start a new session.';
const STEP_LIMIT_TEXT = 'The turn reached its limit of steps. What was done is kept. Continue to let it go on.';

export function turnEndRow(entry: EntryOf<'turnEnded'>, costUsd: number | null): TranscriptItem {
	switch (entry.reason) {
		case 'endTurn':
		case 'stopped':
			return {
				kind: 'turnEnd',
				id: entry.id,
				text: entry.reason === 'endTurn' ? 'Done' : entry.code === 'hook-stopped' ? 'Stopped by a hook' : 'Stopped',
				durationMs: entry.durationMs,
				costUsd,
			};
		case 'error':
			return notice(entry.id, 'error', entry.message ?? 'The turn failed.', actionsFor(entry.code ?? ''));
		case 'maxTokens':
			return notice(entry.id, 'warning', entry.message ?? MAX_TOKENS_TEXT, [CONTINUE]);
		case 'refusal':
			return notice(entry.id, 'warning', entry.message ?? REFUSAL_TEXT, [REWIND]);
		case 'contextFull':
			return notice(entry.id, 'warning', entry.message ?? CONTEXT_FULL_TEXT, [REWIND]);
		case 'stepLimit':
			return notice(entry.id, 'warning', entry.message ?? STEP_LIMIT_TEXT, [CONTINUE]);
	}
}

export function notice(
	id: string,
	level: ItemOf<'notice'>['level'],
	text: string,
	actions: readonly NoticeAction[] = [],
): ItemOf<'notice'> {
	return { kind: 'notice', id, level, text, actions: [...actions] };
}

/** The next steps that can help with an error, by its code. */
export function actionsFor(code: string): readonly NoticeAction[] {
	switch (code) {
		case 'no-key':
			return [SET_KEY, DEMO];
		case 'auth':
			return [SET_KEY, RETRY, DEMO];
		case 'badRequest':
			return [REWIND, LOG];
		case 'billing':
		case 'notFound':
			return [SETTINGS, RETRY];
		case 'tooLarge':
		case 'thinkingBinding':
			return [REWIND];
		case 'network':
			return [RETRY, SETTINGS];
		case 'rateLimit':
		case 'overloaded':
		case 'server':
		case 'stalled':
		case 'cutOff':
			return [RETRY];
		case 'log':
			return [LOG];
		case 'untrusted':
			return [{ label: 'Manage Trust', action: 'trustWorkspace' }];
		case 'no-folder':
			return [{ label: 'Open Folder', action: 'openFolder' }];
		case 'session-read-only':
		case 'lease-lost':
			return [TAKE_OVER, FORK];
		default:
			return [RETRY, LOG];
	}
}
