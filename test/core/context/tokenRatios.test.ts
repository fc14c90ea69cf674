import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
	addAmounts,
	amountOf,
	type ContentKind,
	contentKinds,
	noEvidence,
	observe,
	ratiosFrom,
	tokensOf,
} from '../../../src/core/context/tokenRatios.ts';

type Observation = { readonly amounts: Partial<Record<ContentKind, number>>; readonly tokens: number };
const sum = (amounts: Observation['amounts']) =>
	contentKinds.map((kind) => amountOf(kind, amounts[kind] ?? 0)).reduce(addAmounts);
const learn = (observations: readonly Observation[]) => {
	const evidence = noEvidence();
	for (const { amounts, tokens } of observations) observe(evidence, sum(amounts), tokens);
	return ratiosFrom(evidence);
};

describe('ratiosFrom', () => {
	const check = (
		name: string,
		observations: readonly Observation[],
		ask: Observation['amounts'],
		expected: number,
		within: number,
	) =>
		it(name, () => {
			const tokens = tokensOf(sum(ask), learn(observations));
			assert.ok(Math.abs(tokens - expected) <= within * expected, `${tokens} is not ${expected}`);
		});
	check('without evidence: 3.5 bytes a token', [], { userText: 3500 }, 1000, 0.001);
	check(
		'one large observation is nearly believed',
		[{ amounts: { toolResult: 4500 }, tokens: 1800 }],
		{ toolResult: 9000 },
		3600,
		0.03,
	);
	check('a tiny one hardly', [{ amounts: { toolResult: 9, block: 1 }, tokens: 6 }], { toolResult: 3500 }, 1000, 0.2);
	check(
		'kinds are told apart',
		[
			{ amounts: { userText: 1000 }, tokens: 400 },
			{ amounts: { userText: 500, toolResult: 4500 }, tokens: 1200 },
			{ amounts: { toolResult: 9000 }, tokens: 2000 },
		],
		{ userText: 1000 },
		400,
		0.05,
	);
	check(
		'what was sent teaches something about the rest of it: half way to its ratio',
		[{ amounts: { userText: 5000 }, tokens: 2000 }],
		{ toolResult: 3500 },
		1200,
		0.01,
	);
	check(
		'but nothing about replies',
		[{ amounts: { userText: 5000 }, tokens: 2000 }],
		{ assistantText: 3500 },
		1000,
		0.001,
	);
	check(
		'and replies, whose tokens count unseen thinking too, nothing about it',
		[{ amounts: { assistantText: 500 }, tokens: 2000 }],
		{ toolResult: 3500 },
		1000,
		0.001,
	);
	check(
		'images count by number',
		[
			{ amounts: { userText: 100, image: 2 }, tokens: 430 },
			{ amounts: { image: 1 }, tokens: 200 },
		],
		{ image: 3 },
		600,
		0.05,
	);
});

it('ratios are finite and never negative, whatever was observed', () => {
	const amount = fc.integer({ min: 0, max: 1_000_000 });
	const observation = fc.record({
		amounts: fc.record(Object.fromEntries(contentKinds.map((kind) => [kind, amount]))),
		tokens: amount,
	});
	fc.assert(
		fc.property(fc.array(observation, { maxLength: 8 }), (observations) => {
			for (const ratio of learn(observations)) assert.ok(Number.isFinite(ratio) && ratio >= 0, String(ratio));
		}),
		{ numRuns: 100 },
	);
});
