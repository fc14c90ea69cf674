/** With a simulated prompt cache: what was sent once is read from then on, and costs what it must. The long run is in the bench. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCachePlan } from '../../fakes/cacheRun.ts';

it('every byte that was sent is read by the next request, through reload, resume, fork and an update', async () => {
	const run = await runCachePlan({
		// More than twenty results at once: the service looks only so many blocks back for what it has.
		turns: [[1], [2, 1], [30], [1, 1, 25], [], [3], [1], [22, 22], [1], []],
		events: new Map([
			[2, 'reload'],
			[4, 'resume'],
			[6, 'fork'],
			[8, 'reload'],
		] as const),
		pauses: new Map(),
		fileChars: 900,
	});
	assert.deepEqual(run.divergences, []);
	assert.equal(run.failedTurns, 0);
	run.sent.forEach((request, index) => {
		const before = run.sent[index - 1];
		if (before) assert.equal(request.readTokens, before.totalTokens, `request ${index}`);
		assert.equal(request.readTokens + request.writeTokens, request.totalTokens);
	});
	const cost = run.sent.reduce((sum, one) => sum + one.cost, 0);
	assert.ok(cost <= 1.02 * run.sent.reduce((sum, one) => sum + one.idealCost, 0));
	assert.ok(run.summaryCacheShare >= 0.95, `${run.summaryCacheShare} of the summary's request was read`);
});

it('after a pause that the cache does not outlive only the conversation is written again', async () => {
	const run = await runCachePlan({
		turns: [[2], [2], [2], [2]],
		events: new Map(),
		pauses: new Map([
			[1, 20],
			[3, 120],
		]),
		fileChars: 900,
	});
	const starts = [0, 2, 4, 6].map((index) => run.sent[index]);
	assert.ok((starts[1]?.readTokens ?? 0) > 1_024, 'tools and system prompt outlive twenty minutes');
	assert.ok((starts[1]?.readTokens ?? 0) < (run.sent[1]?.totalTokens ?? 0));
	assert.equal(starts[2]?.readTokens, run.sent[3]?.totalTokens);
	assert.equal(starts[3]?.readTokens, 0);
	for (const { cost, idealCost } of run.sent) assert.ok(cost <= 1.02 * idealCost);
});
