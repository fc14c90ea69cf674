import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId, asUnixMs } from '../../../src/base/ids.ts';
import type { SessionSummary } from '../../../src/core/ports.ts';
import { createdAtOf, summarizeLog } from '../../../src/core/session/summary.ts';
import { asLog, line, SESSION } from './sessionSupport.ts';

const TAIL = {
	title: 'Named',
	leaf: 'a',
	counts: { entries: 9, prompts: 4, tools: 1 },
	costUsd: 2,
	state: 'idle',
	lastPrompt: 'before',
	pinned: true,
	extents: [],
};
const ENDED = {
	messageId: 'm',
	requestId: null,
	model: 'x',
	stopReason: 'end_turn',
	usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 },
	costUsd: 0.5,
	timing: { queuedMs: 0, firstTokenMs: 0, totalMs: 0 },
};

function check(lines: string[], expected: Partial<SessionSummary>, isOwned = false) {
	const modifiedAt = asUnixMs(5);
	const row = summarizeLog({
		id: SESSION,
		lines: asLog(lines),
		sizeBytes: 1,
		isOwned,
		isOpenElsewhere: false,
		modifiedAt,
	});
	assert.deepEqual({ ...row, ...expected }, row);
}

test('a row is what the last tail says and what came after it', () => {
	const tail = line('t', 'a', 'tail', TAIL);
	check([tail], { title: 'Named', prompts: 4, costUsd: 2, isPinned: true, lastPrompt: 'before', state: 'idle' });
	check([line('u', null, 'user'), tail], { prompts: 4 });
	check(
		[
			tail,
			line('b', 'a', 'user', { content: [{ type: 'text', text: 'now\nthis' }] }),
			line('c', 'b', 'assistantEnded', ENDED),
			line('n', 'c', 'title', { title: 'Renamed', by: 'user' }),
			line('d', 'c', 'turnEnded', { timestamp: 7000 }),
		],
		{ title: 'Renamed', prompts: 5, costUsd: 2.5, lastPrompt: 'now this', state: 'idle', updatedAt: asUnixMs(7000) },
	);
});

test('a running state holds while a window holds the session; else it was interrupted', () => {
	check([line('t', 'a', 'tail', { ...TAIL, state: 'runningTool' })], { state: 'runningTool' }, true);
	check([line('t', 'a', 'tail', { ...TAIL, state: 'runningTool' })], { state: 'interrupted' });
	check([line('a', null, 'user')], { state: 'streaming' }, true);
	check([line('a', null, 'user')], { state: 'interrupted' });
});

test('without a tail a row is made from what can be read', () => {
	check([line('h', null, 'header'), line('a', null, 'user')], { title: 'hello', prompts: 1, isDamaged: false });
	check(['torn', line('x', null, 'reminder')], {
		title: 'Untitled session',
		isDamaged: false,
		updatedAt: asUnixMs(1000),
	});
	check(['torn', '{}'], { isDamaged: true, updatedAt: asUnixMs(5) });
	check([], { isDamaged: true });
});

test('text that looks like a tail is none', () => {
	const prompt = line('a', null, 'user', {
		content: [{ type: 'text', text: '"type":"tail"' }],
		note: { type: 'tail' },
	});
	check([line('t', 'a', 'tail', TAIL), prompt], { title: 'Named', prompts: 5 });
});

test('the time of creation stands in the id', () => {
	assert.equal(createdAtOf(SESSION), Date.UTC(2026, 0, 1));
	assert.equal(createdAtOf('not-an-id'), undefined);
	assert.equal(createdAtOf('3f2504e0-4f89-41d3-9a0c-0305e82c3301'), undefined);
	const row = summarizeLog({
		id: asSessionId('imported'),
		lines: asLog([line('a', null, 'user')]),
		sizeBytes: 1,
		isOwned: false,
		isOpenElsewhere: false,
	});
	assert.equal(row.createdAt, 1000);
});
