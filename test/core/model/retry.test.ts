import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelError } from '../../../src/core/model/modelError.ts';
import { MAX_ATTEMPTS, retryDelayMs, withRetry } from '../../../src/core/model/retry.ts';
import { createFakeClock } from '../../fakes/fakeClock.ts';

test('delays double up to a cap, minus chance', () => {
	const delays = Array.from({ length: 8 }, (_, index) => retryDelayMs(index + 1, undefined, 0));
	assert.deepEqual(delays, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000]);
	assert.equal(retryDelayMs(1, undefined, 0.999), 375);
});

test('what the endpoint asks for is honoured, up to a minute', () => {
	assert.equal(retryDelayMs(5, 1_200, 0.5), 1_200);
	assert.equal(retryDelayMs(1, 3_600_000, 0.5), 60_000);
	assert.equal(retryDelayMs(1, 0, 0), 0);
});

test('counts attempts; stops for what cannot get better', async () => {
	const clock = createFakeClock();
	const options = { clock, random: () => 0, onWait: () => undefined };
	const { signal } = new AbortController();
	const attempts = async (error: Error) => {
		let count = 0;
		const failing = withRetry(
			() => {
				count++;
				return Promise.reject(error);
			},
			options,
			signal,
		);
		await assert.rejects(failing, error);
		return count;
	};
	assert.equal(await attempts(new ModelError('overloaded', 'x')), MAX_ATTEMPTS);
	assert.equal(await attempts(new ModelError('auth', 'x')), 1);
	assert.equal(await attempts(new ModelError('billing', 'x')), 1);
	assert.equal(await attempts(new TypeError('x')), 1);
	assert.equal(await withRetry(async () => 7, options, signal), 7);
});
