// A turn that ended unseen is remembered until its session is shown, also over a reload.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Memory, UnreadSessions } from '../../../src/host/list/unreadSessions.ts';

function createMemory(): Memory & { readonly values: Map<string, unknown> } {
	const values = new Map<string, unknown>();
	return {
		values,
		get<T>(key: string, defaultValue: T): T {
			return (values.get(key) as T | undefined) ?? defaultValue;
		},
		async update(key, value) {
			if (value === undefined) values.delete(key);
			else values.set(key, value);
		},
	};
}
const change = (id: string, isRunning: boolean) => ({ session: { id }, isRunning });

test('a turn that ends while its session is shown is read; one that ends elsewhere is not', () => {
	let shown = 'a';
	const unread = new UnreadSessions(createMemory(), (id) => id === shown);
	let changes = 0;
	unread.onDidChange(() => changes++);
	for (const id of ['a', 'b']) unread.watch(change(id, true));
	unread.watch(change('a', false));
	assert.deepEqual([...unread.ids], []);
	unread.watch(change('b', false));
	unread.watch(change('b', false));
	assert.deepEqual([...unread.ids], ['b']);
	assert.equal(changes, 1);
	shown = 'b';
	unread.clear('b');
	unread.clear('b');
	assert.deepEqual([...unread.ids], []);
	assert.equal(changes, 2);
});

test('a session that was never seen to run is not unread', () => {
	const unread = new UnreadSessions(createMemory(), () => false);
	unread.watch(change('a', false));
	assert.deepEqual([...unread.ids], []);
});

test('it outlives a reload; what is kept may be anything', () => {
	const memory = createMemory();
	const before = new UnreadSessions(memory, () => false);
	before.watch(change('a', true));
	before.watch(change('a', false));
	assert.deepEqual([...new UnreadSessions(memory, () => false).ids], ['a']);
	memory.values.set('retrace.unreadSessions', { odd: 1 });
	assert.deepEqual([...new UnreadSessions(memory, () => false).ids], []);
});

test('it keeps the newest two hundred', () => {
	const unread = new UnreadSessions(createMemory(), () => false);
	for (let index = 0; index < 205; index++) {
		unread.watch(change(`s${index}`, true));
		unread.watch(change(`s${index}`, false));
	}
	assert.equal(unread.ids.size, 200);
	assert.ok(unread.ids.has('s204') && !unread.ids.has('s4'));
});
