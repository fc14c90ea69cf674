/** The reducer of the panel: order by number, replacement by id, growth by deltas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToPanel } from '../../src/protocol/toPanel.ts';
import type { TranscriptItem } from '../../src/protocol/transcriptItem.ts';
import { announcementFor } from '../../webview/announce.ts';
import { initialPanelState, type LocalMessage, oldestRow, type PanelState, reduce } from '../../webview/panelState.ts';
import { rewindPlan } from './harness/rewindSamples.ts';
import { askedPermission, items, meter, snapshot } from './harness/samples.ts';

const after = (...messages: readonly (ToPanel | LocalMessage)[]): PanelState =>
	messages.reduce(reduce, initialPanelState);
const answer = (text: string, isStreaming = true) =>
	({ id: 'x', kind: 'answer', text, isStreaming, isPartial: false }) as const;

test('a snapshot is everything, and numbering starts again with it', () => {
	const state = after(snapshot(), { kind: 'item', seq: 1, item: answer('') }, snapshot({ items: [] }));
	assert.deepEqual([state.items, state.seq, state.needsSnapshot], [[], 0, false]);
});

test('a row is appended once and replaced after that', () => {
	const state = after(
		snapshot(),
		{ kind: 'item', seq: 1, item: answer('a') },
		{ kind: 'item', seq: 2, item: answer('b', false) },
	);
	assert.equal(state.items.length, items.length + 1);
	assert.deepEqual(state.items.at(-1), answer('b', false));
});

test('deltas append to answers, thinking and tool output and to nothing else', () => {
	const state = after(
		snapshot(),
		{ kind: 'item', seq: 1, item: answer('a') },
		{ kind: 'delta', seq: 2, id: 'x', text: 'b' },
		{ kind: 'delta', seq: 3, id: 'th1', text: '!' },
		{ kind: 'delta', seq: 4, id: 't3', text: '\nok' },
		{ kind: 'delta', seq: 5, id: 'p1', text: 'no' },
		{ kind: 'delta', seq: 6, id: 'unknown', text: 'no' },
	);
	const textOf = (id: string) => {
		const item = state.items.find((other) => other.id === id);
		return item?.kind === 'tool' ? item.preview : item !== undefined && 'text' in item ? item.text : undefined;
	};
	assert.deepEqual(['x', 't3', 'p1'].map(textOf), ['ab', '✔ 12 tests passed\nok', 'Guard area against negatives']);
	assert.match(textOf('th1') ?? '', /first\.!$/);
	assert.equal(state.seq, 6);
});

test('of a command that prints without end a row keeps the newest', () => {
	const pieces = Array.from({ length: 50 }, (_, index): ToPanel => {
		return { kind: 'delta', seq: index + 1, id: 't3', text: `${'x'.repeat(1_000)}${index}` };
	});
	const row = after(snapshot(), ...pieces).items.find(({ id }) => id === 't3');
	assert.ok(row?.kind === 'tool' && row.preview.length === 4_000 && row.preview.endsWith('x49'));
});

test('after a gap nothing numbered is taken until the next snapshot', () => {
	const gap = after(snapshot(), { kind: 'itemRemoved', seq: 2, id: 'p1' });
	assert.equal(gap.needsSnapshot, true);
	assert.equal(gap.items.length, items.length);
	const later = reduce(gap, { kind: 'itemRemoved', seq: 1, id: 'p1' });
	assert.equal(later.items.length, items.length);
	assert.equal(reduce(later, snapshot()).needsSnapshot, false);
});

test('dialogs and toasts are not numbered, and one dialog shows at a time', () => {
	const list = { items: [], busyReason: null, hasLast: false, miss: null, facts: { facts: [], pendingTokens: 0 } };
	const context: ToPanel = { kind: 'context', meter, model: 'm', list };
	const both = after(snapshot(), rewindPlan, context);
	assert.deepEqual([both.rewindPlan, both.context?.model], [null, 'm']);
	assert.equal(reduce(both, { kind: 'local.closeDialog' }).context, null);
	const toast = after(snapshot(), { kind: 'toast', level: 'info', text: 'hi' });
	assert.deepEqual(toast.toast, { level: 'info', text: 'hi' });
	assert.equal(reduce(toast, { kind: 'local.dismissToast' }).toast, null);
});

test('another session closes what belonged to the old one', () => {
	const state = after(
		snapshot(),
		rewindPlan,
		{ kind: 'expanded', id: 't3', text: 'all' },
		snapshot({ head: { sessionId: 's2' } }),
	);
	assert.deepEqual([state.rewindPlan, state.wholeOutputs.size], [null, 0]);
	const same = after(snapshot(), { kind: 'expanded', id: 't3', text: 'all' }, snapshot());
	assert.equal(same.wholeOutputs.get('t3'), 'all');
});

test('reduce changes none of its inputs', () => {
	const before = after(snapshot());
	const copy = structuredClone(before);
	reduce(before, { kind: 'delta', seq: 1, id: 'a1', text: 'x' });
	reduce(before, { kind: 'expanded', id: 't3', text: 'x' });
	assert.deepEqual(before, copy);
});

test('what waits for the user is announced with the exact command, once', () => {
	const before = after(snapshot());
	const message: ToPanel = { kind: 'item', seq: 1, item: askedPermission };
	const announcement = announcementFor(before, message);
	assert.equal(announcement?.isUrgent, true);
	assert.match(announcement?.text ?? '', /npm test -- --grep perimeter/);
	assert.equal(announcementFor(reduce(before, message), message), null);
});

test('an answer is announced when it is complete, not while it streams', () => {
	const before = after(snapshot());
	const streaming: ToPanel = { kind: 'item', seq: 1, item: answer('Half') };
	assert.equal(announcementFor(before, streaming), null);
	const done = announcementFor(reduce(before, streaming), { kind: 'item', seq: 2, item: answer('Whole.', false) });
	assert.deepEqual(done, { text: 'Retrace: Whole.', isUrgent: false });
});

test('older rows go before the row they were asked for, each once; a late answer is dropped', () => {
	const [first, second] = items;
	assert.ok(first && second);
	const start = after(snapshot({ items: [second], hasOlder: true }));
	const older: ToPanel = { kind: 'older', beforeId: second.id, items: [first, second], hasOlder: false };
	const state = reduce(start, older);
	assert.deepEqual([state.items, state.hasOlder, state.seq], [[first, second], false, 0]);
	assert.equal(reduce(after(snapshot({ items: [] })), older).items.length, 0);
});

test('what stands before is asked for by the oldest row of the log', () => {
	const notice: TranscriptItem = { id: 'n', kind: 'notice', level: 'info', text: '', actions: [] };
	const other = answer('a');
	assert.equal(oldestRow(after(snapshot({ items: [notice, other] }))), other.id);
	assert.equal(oldestRow(after(snapshot({ items: [notice] }))), notice.id);
	assert.equal(oldestRow(after(snapshot({ items: [] }))), undefined);
});
