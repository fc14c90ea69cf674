import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PanelFeed } from '../../../src/host/panel/panelFeed.ts';
import type { ContextMeter } from '../../../src/protocol/contextMeter.ts';
import type { PanelHead, ToPanel } from '../../../src/protocol/toPanel.ts';

function createFeed() {
	const sent: ToPanel[] = [];
	const due: (() => void)[] = [];
	const delaysMs: number[] = [];
	const clock = { nowMs: 1_000 };
	const head = { title: 'T', state: 'idle' } as { -readonly [Key in keyof PanelHead]: PanelHead[Key] };
	const meter = { usedTokens: 1 } as ContextMeter;
	const feed = new PanelFeed(
		{ head: () => head, items: () => ({ items: [], hasOlder: false }), meter: () => meter, draft: () => 'draft' },
		(message) => sent.push(message),
		(callback, delayMs) => {
			due.push(callback);
			delaysMs.push(delayMs);
		},
		() => clock.nowMs,
	);
	return {
		head,
		clock,
		delaysMs,
		feed,
		sent,
		due,
		kinds: () => sent.map((message) => `${message.kind} ${'seq' in message ? message.seq : '-'}`),
	};
}

test('nothing is sent before the page is ready, and then everything at once', () => {
	const { feed, kinds, due } = createFeed();
	feed.on({ kind: 'delta', id: 'a', text: 'x' });
	feed.send({ kind: 'focus' });
	assert.deepEqual(kinds(), []);
	assert.equal(due.length, 0);
	feed.ready();
	assert.deepEqual(kinds(), ['snapshot 0']);
});

test('deltas of one row join in a batch; the head is sent once and last', () => {
	const { feed, sent, kinds, due } = createFeed();
	feed.ready();
	feed.on({ kind: 'head' });
	feed.on({ kind: 'delta', id: 'a', text: 'x' });
	feed.on({ kind: 'delta', id: 'a', text: 'y' });
	feed.on({ kind: 'delta', id: 'b', text: 'z' });
	feed.on({ kind: 'head' });
	assert.equal(due.length, 1);
	due[0]?.();
	assert.deepEqual(kinds(), ['snapshot 0', 'delta 1', 'delta 2', 'head 3']);
	assert.deepEqual(sent[1], { kind: 'delta', seq: 1, id: 'a', text: 'xy' });
});

test('what a command prints faster than it is sent does not pile up, nor where nobody looks; an answer is whole', () => {
	const { feed, sent, due } = createFeed();
	const text = 'x'.repeat(60_000);
	feed.ready();
	for (let piece = 0; piece < 100; piece++) feed.on({ kind: 'delta', id: 'a', text, isOutput: true });
	feed.on({ kind: 'delta', id: 'a', text: 'end', isOutput: true });
	feed.on({ kind: 'delta', id: 'b', text });
	feed.on({ kind: 'delta', id: 'b', text });
	due[0]?.();
	const [, output, answer] = sent;
	assert.ok(output?.kind === 'delta' && output.text.length === 4_000 && output.text.endsWith('xend'));
	assert.deepEqual(Object.keys(output).sort(), ['id', 'kind', 'seq', 'text']);
	assert.ok(answer?.kind === 'delta' && answer.text.length === 120_000);
	feed.detached();
	feed.on({ kind: 'delta', id: 'b', text });
	feed.ready();
	feed.flush();
	assert.deepEqual(
		sent.slice(3).map(({ kind }) => kind),
		['snapshot'],
	);
});

test('that a turn runs is said before its rows, that it is over after them', () => {
	const { feed, head, kinds, due } = createFeed();
	feed.ready();
	head.state = 'streaming';
	feed.on({ kind: 'removed', id: 'a' });
	feed.on({ kind: 'head' });
	due[0]?.();
	head.state = 'idle';
	feed.on({ kind: 'head' });
	feed.on({ kind: 'removed', id: 'b' });
	due[1]?.();
	assert.deepEqual(kinds(), ['snapshot 0', 'head 1', 'itemRemoved 2', 'itemRemoved 3', 'head 4']);
});

test('a reset replaces what was waiting and starts the numbers again', () => {
	const { feed, kinds, due } = createFeed();
	feed.ready();
	feed.on({ kind: 'delta', id: 'a', text: 'x' });
	feed.on({ kind: 'reset' });
	due[0]?.();
	feed.on({ kind: 'removed', id: 'a' });
	due[1]?.();
	assert.deepEqual(kinds(), ['snapshot 0', 'snapshot 0', 'itemRemoved 1']);
});

test('a message outside the state keeps its place after what was waiting', () => {
	const { feed, kinds } = createFeed();
	feed.ready();
	feed.on({ kind: 'removed', id: 'a' });
	feed.send({ kind: 'focus' });
	assert.deepEqual(kinds(), ['snapshot 0', 'itemRemoved 1', 'focus -']);
});

test('what comes after a pause goes at once, what follows within a frame waits for its end', () => {
	const { feed, due, delaysMs, clock } = createFeed();
	feed.ready();
	feed.on({ kind: 'delta', id: 'a', text: 'x' });
	due[0]?.();
	clock.nowMs += 6;
	feed.on({ kind: 'delta', id: 'a', text: 'y' });
	clock.nowMs += 10;
	due[1]?.();
	clock.nowMs += 100;
	feed.on({ kind: 'delta', id: 'a', text: 'z' });
	assert.deepEqual(delaysMs, [0, 10, 0]);
});

const growing = (text: string) =>
	({ kind: 'growing', item: { kind: 'answer', id: 'e', text, isStreaming: true, isPartial: false } }) as const;
const textOf = (message: ToPanel | undefined) =>
	message?.kind === 'item' && message.item.kind === 'answer' ? message.item.text : undefined;

test('a row that grows is sent at most every 50 ms, in its newest state', () => {
	const { feed, sent, due, delaysMs, clock } = createFeed();
	feed.ready();
	feed.on(growing('1'));
	assert.deepEqual(delaysMs, [0]);
	due.shift()?.();
	assert.equal(textOf(sent.at(-1)), '1');
	clock.nowMs += 10;
	feed.on(growing('12'));
	feed.on(growing('123'));
	assert.deepEqual(delaysMs, [0, 40]);
	clock.nowMs += 40;
	due.shift()?.();
	assert.equal(textOf(sent.at(-1)), '123');
	assert.equal(sent.length, 3);
});

test('what took the place of a growing row, or removed it, is not undone by what was still due', () => {
	for (const end of [
		{ ...growing('whole'), kind: 'item' },
		{ kind: 'removed', id: 'e' },
	] as const) {
		const { feed, sent, due } = createFeed();
		feed.ready();
		feed.on(growing('1'));
		feed.on(end);
		for (const run of due) run();
		assert.deepEqual(
			sent.map((message) => textOf(message) ?? message.kind),
			['snapshot', end.kind === 'item' ? 'whole' : 'itemRemoved'],
		);
	}
});
