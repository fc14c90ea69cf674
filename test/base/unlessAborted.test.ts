/** A wait that a stop ends, whatever it waits for. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { unlessAborted } from '../../src/base/unlessAborted.ts';

it('gives what came, or the reason of the stop that came first', async () => {
	const stop = new AbortController();
	assert.equal(await unlessAborted(Promise.resolve(1), stop.signal), 1);
	await assert.rejects(unlessAborted(Promise.reject(new Error('own')), stop.signal), /own/);
	const hanging = unlessAborted(new Promise<never>(() => undefined), stop.signal);
	stop.abort(new Error('stopped'));
	await assert.rejects(hanging, /stopped/);
	await assert.rejects(unlessAborted(new Promise<never>(() => undefined), stop.signal), /stopped/);
	// What fails later is heard by nobody, and harms nobody.
	await assert.rejects(unlessAborted(Promise.reject(new Error('late')), stop.signal), /stopped|late/);
});
