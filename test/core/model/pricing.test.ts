import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fallbackModels } from '../../../src/core/model/catalogue.ts';
import { costOf, PRICES_AS_OF } from '../../../src/core/model/pricing.ts';

const none = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 };
const million = 1_000_000;

describe('costOf', () => {
	const check = (name: string, model: string, usage: Partial<typeof none>, expected: number | null) =>
		it(name, () => {
			const cost = costOf(model, { ...none, ...usage });
			if (expected === null) assert.equal(cost, null);
			else assert.ok(cost !== null && Math.abs(cost - expected) < 1e-9, `${cost} is not ${expected}`);
		});
	check('input', 'claude-opus-5-5', { inputTokens: million }, 5);
	check('output', 'claude-opus-5-5', { outputTokens: million }, 25);
	check('cache read', 'claude-sonnet-5-5', { cacheReadTokens: million }, 0.3);
	check('cache write, five minutes', 'claude-haiku-5-5', { cacheWriteTokens: million }, 1.25);
	check('cache write, one hour', 'claude-haiku-5-5', { cacheWriteTokens: million, cacheWrite1hTokens: million }, 2);
	check(
		'cache write, mixed',
		'claude-haiku-5-5',
		{ cacheWriteTokens: million, cacheWrite1hTokens: million / 2 },
		1.625,
	);
	check('dated id', 'claude-haiku-4-5-20251001', { inputTokens: million }, 1);
	check('demo', 'retrace-demo', { inputTokens: million, outputTokens: million }, 0);
	check('no published price', 'claude-fable-5-2', { inputTokens: million }, null);
	check('unknown model', 'local/llama', { inputTokens: million }, null);

	it('says of which day the prices are', () => assert.match(PRICES_AS_OF, /^20\d\d-\d\d-\d\d$/));
	it('every opus, sonnet and haiku of the catalogue has a price', () => {
		const unpriced = fallbackModels.filter((model) => costOf(model.id, none) === null).map((model) => model.id);
		assert.deepEqual(
			unpriced.filter((id) => !/fable|mythos/.test(id)),
			[],
		);
	});
});
