import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';

test('adds, takes, moves, and tells', () => {
	const queue = createPromptQueue(createFakeIds());
	const told: string[] = [];
	queue.onDidChange((items) => told.push(items.map(({ prompt }) => prompt.text).join()));
	const [a, b, c] = ['a', 'b', 'c'].map((text) => queue.add({ text, attachments: [] }));
	assert.ok(a && b && c);
	assert.deepEqual([queue.moveUp(a.id), queue.moveUp(c.id), queue.moveUp('gone')], [false, true, false]);
	assert.equal(queue.moveToFront(c.id), true);
	assert.equal(queue.take(a.id)?.text, 'a');
	assert.equal(queue.take(a.id), undefined);
	assert.deepEqual([queue.moveToFront(a.id), queue.moveUp(a.id)], [false, false]);
	assert.equal(queue.takeNext()?.text, 'c');
	assert.equal(queue.takeNext()?.text, 'b');
	assert.equal(queue.takeNext(), undefined);
	assert.deepEqual(told, ['a', 'a,b', 'a,b,c', 'a,c,b', 'c,a,b', 'c,b', 'b', '']);
});
