import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelledError } from '../../src/base/errors.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';

test('ids grow, also within one millisecond and when the clock goes back', () => {
	let now = 1_700_000_000_000;
	const ids = createIdSource(() => now);
	const made: string[] = [];
	for (let index = 0; index < 5000; index++) made.push(ids.next());
	now -= 60_000;
	made.push(ids.next());
	now += 120_000;
	made.push(ids.next());
	assert.deepEqual([...made].sort(), made);
	assert.equal(new Set(made).size, made.length);
	for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a sleep ends at once when it is cancelled, before or while it sleeps', async () => {
	await systemClock.sleep(0, new AbortController().signal);
	await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort()), CancelledError);
	const controller = new AbortController();
	const sleeping = systemClock.sleep(60_000, controller.signal);
	controller.abort();
	await assert.rejects(sleeping, CancelledError);
});
