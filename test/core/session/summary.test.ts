import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId, asUnixMs } from '../../../src/base/ids.ts';
import type { SessionSummary } from '../../../src/core/session/storePort.ts';
import { createdAtOf, lastTail, originOf, readRowFromTail, summarizeLog } from '../../../src/core/session/summary.ts';
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

test('the list state of a session is what was said last', () => {
	const tail = line('t', 'a', 'tail', { ...TAIL, isArchived: true });
	check([tail], { isPinned: true, isArchived: true, originId: undefined });
	check([tail, line('s', 'a', 'state', { isPinned: false })], { isPinned: false, isArchived: true });
	check([tail, line('s', 'a', 'state', { isArchived: false })], { isPinned: true, isArchived: false });
});

test('a fork names its origin, by its tail or by the header when that was read', () => {
	const origin = { sessionId: 'there', entryId: null };
	const header = line('h', null, 'header', { roots: [], extensionVersion: '0', origin });
	check([header, line('a', null, 'user')], { originId: asSessionId('there') });
	check([line('t', 'a', 'tail', { ...TAIL, origin })], { originId: asSessionId('there') });
	assert.equal(originOf(header), 'there');
	assert.equal(originOf(line('a', null, 'user')), undefined);
	assert.equal(originOf('torn'), undefined);
});

test('a tail that was written late never wins, and costs no more than it says', () => {
	const first = line('t1', 'a', 'tail', { ...TAIL, gen: 2 });
	const late = line('t2', 'a', 'tail', { ...TAIL, gen: 1, title: 'Late', prompts: 9 });
	check([first, late], { title: 'Named', prompts: 4 });
	check([line('x', 'a', 'toolResult', { gen: 3 }), late], { title: 'Untitled session' });
	const lateCost = line('e', 'a', 'assistantEnded', { ...ENDED, gen: 1 });
	check([first, lateCost, line('n', 'a', 'title', { title: 'Late', by: 'user', gen: 1 })], {
		title: 'Named',
		costUsd: 2.5,
	});
});

test('a tail that stands elsewhere than it was meant to is not certain', () => {
	const at = (start: number, fields: object) => {
		const text = line('t', 'a', 'tail', { ...TAIL, ...fields });
		const lines = [{ text, range: { start, end: start + text.length + 1 } }];
		const row = readRowFromTail({ id: SESSION, lines, sizeBytes: 1 });
		return [lastTail(lines), row?.title];
	};
	assert.deepEqual(at(100, { upTo: 100 }), [{ index: 0, isCertain: true }, 'Named']);
	assert.deepEqual(at(101, { upTo: 100 }), [{ index: 0, isCertain: true }, 'Named']);
	assert.deepEqual(at(300, { upTo: 100 }), [{ index: 0, isCertain: false }, undefined]);
	// Who wrote no place may have written late, which only the lines before can tell.
	assert.deepEqual(at(100, {}), [{ index: 0, isCertain: true }, undefined]);
});

test('a tail of another shape is none', () => {
	for (const broken of [
		{ title: 1 },
		{ counts: null },
		{ counts: { prompts: 'x' } },
		{ costUsd: null },
		{ pinned: 0 },
	]) {
		check([line('a', null, 'user'), line('t', 'a', 'tail', { ...TAIL, ...broken })], { title: 'hello', prompts: 1 });
	}
	check([line('a', null, 'user'), line('t', 'a', 'tail', TAIL).slice(0, -20)], { title: 'hello' });
});

test('a name or a pin is no use of a session; a failed turn is told', () => {
	const lines = [
		line('h', null, 'header'),
		line('a', null, 'user', { timestamp: 5000 }),
		line('e', 'a', 'turnEnded', { timestamp: 6000, reason: 'error', code: 'x', message: 'y' }),
		line('s', 'e', 'state', { timestamp: 9000, isPinned: true }),
	];
	const summary = (texts: string[]) =>
		summarizeLog({ id: SESSION, lines: asLog(texts), sizeBytes: 1, isOwned: false, isOpenElsewhere: false });
	const row = summary(lines);
	assert.deepEqual([row.updatedAt, row.state, row.isPinned], [6000, 'failed', true]);
	const tail = line('t', 'e', 'tail', {
		...{ timestamp: 9500, title: 'a', leaf: 'e', counts: { entries: 4, prompts: 1, tools: 0 }, costUsd: 0 },
		...{ state: 'idle', lastPrompt: 'a', pinned: true, extents: [], usedAt: 6000, hasFailed: true },
	});
	const again = summary([...lines, tail, line('n', 'e', 'title', { timestamp: 9900, title: 'b', by: 'user' })]);
	assert.deepEqual([again.updatedAt, again.state, again.title], [6000, 'failed', 'b']);
});
