/** What the session tests share: options with fakes, short drafts and lines. */
import { asEntryId, asSessionId, asToolUseId, type SessionId } from '../../../src/base/ids.ts';
import type { EntryDraft, EntryType } from '../../../src/core/session/entry.ts';
import type { OpenSessionOptions } from '../../../src/core/session/session.ts';
import type { LogLine, SessionStore } from '../../../src/core/session/storePort.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';

export const SESSION = asSessionId('019b76da-a800-7000-8000-000000000000');

export function sessionOptions(store: SessionStore = createMemorySessionStore()): OpenSessionOptions {
	return {
		store,
		blobs: createMemoryBlobStore(),
		clock: createFakeClock(),
		ids: createFakeIds(),
		defaults: { cwd: '/work', mode: 'ask', model: 'model-a', roots: ['/work'], extensionVersion: '1.0.0' },
		trace() {
			// Tests that look at the trace bring their own.
		},
	};
}

export const user = (text: string): EntryDraft<'user'> => ({ type: 'user', content: [{ type: 'text', text }] });
export const reply = (text: string, messageId = 'm1', index = 0): EntryDraft<'assistant'> => ({
	type: 'assistant',
	messageId,
	index,
	block: { type: 'text', text },
});
export const call = (id: string, messageId = 'm1', index = 0): EntryDraft<'assistant'> => ({
	type: 'assistant',
	messageId,
	index,
	block: { type: 'tool_use', id: asToolUseId(id), name: 'Read', input: {} },
});
export const result = (id: string): EntryDraft<'toolResult'> => ({
	type: 'toolResult',
	toolUseId: asToolUseId(id),
	isError: false,
	content: [{ type: 'text', text: 'done' }],
	durationMs: 1,
});
export const ended = (costUsd: number | null = 0.5, messageId = 'm1'): EntryDraft<'assistantEnded'> => ({
	type: 'assistantEnded',
	messageId,
	requestId: null,
	model: 'model-a',
	stopReason: 'end_turn',
	usage: { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 },
	costUsd,
	timing: { queuedMs: 0, firstTokenMs: 1, totalMs: 2 },
});
export const turnEnded: EntryDraft<'turnEnded'> = { type: 'turnEnded', reason: 'endTurn', durationMs: 5 };
export const rewind = (to: string | null): EntryDraft<'rewind'> => ({
	type: 'rewind',
	to: to === null ? null : asEntryId(to),
	from: null,
	why: 'rewind',
});

/** One raw line with short ids; `fields` override and add. */
export function line(id: string, parentId: string | null, type: EntryType | string, fields: object = {}): string {
	const base = { v: 1, id, parentId, sessionId: SESSION, agentId: 'main', gen: 1, timestamp: 1000 };
	return JSON.stringify({ ...base, cwd: '/work', mode: 'ask', type, ...DEFAULT_FIELDS[type], ...fields });
}

const DEFAULT_FIELDS: Readonly<Record<string, object>> = {
	header: { roots: ['/work'], extensionVersion: '1.0.0' },
	user: { content: [{ type: 'text', text: 'hello' }] },
	reminder: { text: 'note' },
	rewind: { from: null, why: 'rewind' },
	turnEnded: { reason: 'endTurn', durationMs: 1 },
};

/** The lines as a file of them would be read. */
export function asLog(texts: readonly string[]): LogLine[] {
	let start = 0;
	return texts.map((text) => {
		const range = { start, end: start + Buffer.byteLength(text) + 1 };
		start = range.end;
		return { text, range };
	});
}

/** Every line of a session's log, complete or not. */
export async function linesOf(store: SessionStore, id: SessionId): Promise<readonly LogLine[]> {
	const reader = store.reader(id);
	const { lines, tornTail } = await reader.read({ start: 0, end: await reader.size() });
	return tornTail ? [...lines, tornTail] : lines;
}
