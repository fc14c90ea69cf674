import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { type ContextMeasure, countDue, type MeterInput, measureContext } from '../../../src/core/context/meter.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { workedMs } from '../../fakes/patience.ts';
import { type HiddenRatios, type HiddenTokenizer, hiddenTokenizer } from './hiddenTokenizer.ts';
import { smallPrefix } from './request.ts';

const modelInfo = modelInfoFor('claude-opus-5-5');
const measure = (b: EntryBuilder, changes: Partial<MeterInput> = {}): ContextMeasure =>
	measureContext({ entries: b.entries, leaf: b.leaf, modelInfo, rotTokens: 300_000, ...changes });
const needs = (b: EntryBuilder, changes: Partial<MeterInput> = {}) =>
	countDue({ entries: b.entries, leaf: b.leaf, modelInfo, rotTokens: 300_000, ...changes });
const sumOfLayers = (measured: ContextMeasure) => measured.layers.reduce((sum, { tokens }) => sum + tokens, 0);
const layer = (measured: ContextMeasure, name: string) => measured.layers.find((row) => row.layer === name)?.tokens;
const words = (bytes: number) => 'some words, '.repeat(Math.ceil(bytes / 12)).slice(0, bytes);

const prefix = smallPrefix();
const freeze = (b: EntryBuilder) => {
	const { id: _, parentId: __, ...draft } = prefix.entry;
	b.add(draft as never);
};

describe('measureContext', () => {
	it('is exact for what was sent and its reply', () => {
		const b = entryBuilder();
		b.user('hi');
		b.reply([text('yo')], {
			usage: { inputTokens: 10, cacheReadTokens: 3000, cacheWriteTokens: 500, outputTokens: 90 },
		});
		const measured = measure(b);
		assert.equal(measured.usedTokens, 3600);
		assert.equal(measured.estimatedTokens, 0);
		assert.equal(measured.cacheShare, 3000 / 3510);
		assert.equal(sumOfLayers(measured), 3600);
	});
	it('adds an estimate for what came after', () => {
		const b = entryBuilder();
		b.user('hi');
		b.reply([toolUse('t1', 'Read', {})], { usage: { inputTokens: 1000, outputTokens: 50 } });
		b.result('t1', words(3500));
		const measured = measure(b);
		assert.ok(Math.abs(measured.usedTokens - 2050) < 30, String(measured.usedTokens));
		assert.equal(measured.estimatedTokens, measured.usedTokens - 1050);
	});
	it('counts the nearest reply on the new branch after a rewind', () => {
		const b = entryBuilder();
		b.user('one');
		b.reply([text('a')], { usage: { inputTokens: 100, outputTokens: 10 } });
		b.turnEnded();
		const first = b.leaf;
		b.user(words(5000));
		b.reply([text('b')], { usage: { inputTokens: 2000, outputTokens: 10 } });
		b.rewindTo(first);
		assert.equal(measure(b).usedTokens, 110);
		assert.equal(measure(b).costUsd, 0.02);
	});
	it('leaves out a refused reply and a failed attempt', () => {
		const b = entryBuilder();
		b.user('one');
		b.reply([text(words(4000))], { stopReason: null });
		b.reply([text('no')], { stopReason: 'refusal', usage: { inputTokens: 100, outputTokens: 700 } });
		assert.equal(measure(b).usedTokens, 100);
	});
	it('counts what a cut reply leaves behind', () => {
		const b = entryBuilder();
		b.user('one');
		b.reply([text('a')], { usage: { inputTokens: 100, outputTokens: 10 } });
		b.user('two');
		const before = measure(b).usedTokens;
		b.reply([thinking(words(9000)), text(words(350))], { stopReason: null });
		assert.ok(measure(b).usedTokens > before + 2000, 'while it arrives, all of it');
		b.interrupted();
		assert.ok(Math.abs(measure(b).usedTokens - before - 100) < 15, String(measure(b).usedTokens - before));
	});
	it('goes on estimating when the server does not count', () => {
		const b = entryBuilder();
		b.user(words(350));
		b.reply([text(words(700))]);
		const measured = measure(b);
		assert.ok(Math.abs(measured.usedTokens - 300) < 10, String(measured.usedTokens));
		assert.equal(measured.cacheShare, null);
		assert.equal(measured.estimatedTokens, measured.usedTokens);
	});
	it('before the first request: the frozen prefix, or the draft of one', () => {
		const b = entryBuilder();
		const draftPrefix = { tools: words(7000), system: words(3500), context: words(350) };
		const measured = measure(b, { draftPrefix });
		assert.deepEqual(
			measured.layers.map(({ tokens }) => tokens),
			[2000, 1000, 100, 0, 0, 0],
		);
		freeze(b);
		const frozenBytes = prefix.entry.tools.size + prefix.entry.system.size + prefix.entry.context.size;
		assert.equal(measure(b, { draftPrefix }).usedTokens, Math.round(frozenBytes / 3.5));
		const other = modelInfoFor('claude-haiku-5-5');
		assert.equal(measure(b, { draftPrefix, modelInfo: other }).usedTokens, 3100);
		assert.equal(measure(entryBuilder()).usedTokens, 0);
	});
	it('uses what the endpoint counted, and adds to it', () => {
		const b = entryBuilder();
		freeze(b);
		b.user('hi');
		assert.equal(needs(b), 'soon');
		const counted = { leaf: b.leaf, tokens: 5000 };
		assert.equal(measure(b, { counted }).usedTokens, 5000);
		assert.equal(needs(b, { counted }), undefined);
		b.user(words(3500));
		assert.ok(Math.abs(measure(b, { counted }).usedTokens - 6000) < 30);
		b.reply([text('yo')], { usage: { inputTokens: 6100, outputTokens: 5 } });
		assert.equal(measure(b, { counted }).usedTokens, 6105);
		assert.equal(needs(b), undefined);
		b.rewindTo(null);
		assert.notEqual(measure(b, { counted }).usedTokens, 5000);
	});
	it('does not ask to count an empty conversation', () => {
		const b = entryBuilder();
		freeze(b);
		assert.equal(needs(b), undefined);
	});
	it('limits: window, trigger, override', () => {
		const b = entryBuilder();
		const limits = (changes: Partial<MeterInput>) => {
			const { maxTokens, triggerTokens, rotTokens } = measure(b, changes);
			return [maxTokens, triggerTokens, rotTokens];
		};
		assert.deepEqual(limits({}), [200_000, 167_000, 300_000]);
		assert.deepEqual(limits({ windowOverride: 100_000 }), [100_000, 67_000, 300_000]);
		assert.deepEqual(
			limits({ windowOverride: null, modelInfo: { ...modelInfo, maxOutputTokens: 8000 } }),
			[200_000, 179_000, 300_000],
		);
		// A small window keeps half of it for the conversation.
		assert.deepEqual(limits({ windowOverride: 10_000 }), [10_000, 5_000, 300_000]);
	});
	it('forecasts turns from the growth of the last ones', () => {
		const b = entryBuilder();
		assert.equal(measure(b).turnsLeft, null);
		for (let turn = 0; turn < 8; turn++) {
			b.user('x');
			b.reply([text('y')], { usage: { inputTokens: 7_000 + turn * 10_000, outputTokens: 0 } });
			b.turnEnded();
		}
		assert.equal(measure(b).turnsLeft, 9);
	});
	it('a reopened session measures the same', () => {
		const b = entryBuilder();
		freeze(b);
		for (let turn = 0; turn < 4; turn++) {
			b.user(words(100 + turn));
			measure(b);
			b.reply([text('y')], { usage: { inputTokens: 900 + turn * 60, outputTokens: 9 } });
		}
		b.user(words(3000));
		assert.deepEqual(
			measureContext({ entries: structuredClone(b.entries), leaf: b.leaf, modelInfo, rotTokens: 300_000 }),
			measure(b),
		);
	});
});

/** One scripted step: what the user's side gets before it and what the model answers. */
type Step = {
	readonly userBytes: number;
	readonly resultBytes: readonly number[];
	readonly textBytes: number;
	readonly thinkingBytes: number;
};
const ratio = fc.double({ min: 2.5, max: 4.5, noNaN: true });
const ratiosArbitrary: fc.Arbitrary<HiddenRatios> = fc.record({
	tools: ratio,
	system: ratio,
	userText: ratio,
	toolResult: ratio,
	assistantText: ratio,
	toolUse: ratio,
	thinking: ratio,
});
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
	userBytes: fc.integer({ min: 300, max: 3000 }),
	resultBytes: fc.array(fc.integer({ min: 300, max: 20_000 }), { maxLength: 3 }),
	textBytes: fc.integer({ min: 1, max: 2000 }),
	thinkingBytes: fc.integer({ min: 0, max: 2000 }),
});

/** Plays the steps against a hidden tokenizer and calls `onRequest` before each request with what the meter said and what it was. */
function play(
	steps: readonly Step[],
	tokenizer: HiddenTokenizer,
	onRequest: (row: {
		measured: ContextMeasure;
		inputTokens: number;
		exact: number;
		userSeen: number;
		resultsSeen: number;
		hasUser: boolean;
		hasResults: boolean;
	}) => void,
) {
	const b = entryBuilder();
	freeze(b);
	let calls = 0;
	let exact = 0;
	let userSeen = 0;
	let resultsSeen = 0;
	const request = (reply: Parameters<EntryBuilder['reply']>[0], hasUser: boolean, hasResults: boolean) => {
		const inputTokens = tokenizer.input(buildContext({ branch: b.branch(), prefix, blobs: new Map() }));
		onRequest({ measured: measure(b), inputTokens, exact, userSeen, resultsSeen, hasUser, hasResults });
		const outputTokens = tokenizer.output(reply);
		b.reply(reply, { usage: { inputTokens, outputTokens } });
		exact = inputTokens + outputTokens;
		if (hasUser) userSeen++;
		if (hasResults) resultsSeen++;
		assert.equal(measure(b).usedTokens, exact);
	};
	for (const step of steps) {
		b.user(words(step.userBytes));
		const said = [thinking(words(step.thinkingBytes)), text(words(step.textBytes))];
		if (step.resultBytes.length > 0) {
			const ids = step.resultBytes.map(() => `t${++calls}`);
			request([...said, ...ids.map((id) => toolUse(id, 'Read', { path: 'src/some/file.ts' }))], true, false);
			ids.forEach((id, index) => void b.result(id, words(step.resultBytes[index] ?? 0)));
			request([text(words(step.textBytes))], false, true);
		} else request(said, true, false);
		b.turnEnded();
	}
}

for (const messageTokens of [0, 6]) {
	it(`accuracy: within 15 % for what was added, after two observations of its kind (${messageTokens} tokens per message)`, () => {
		fc.assert(
			fc.property(ratiosArbitrary, fc.array(stepArbitrary, { minLength: 3, maxLength: 12 }), (ratios, steps) => {
				play(steps, hiddenTokenizer(ratios, messageTokens), (row) => {
					assert.equal(sumOfLayers(row.measured), row.measured.usedTokens);
					if ((row.hasUser && row.userSeen < 2) || (row.hasResults && row.resultsSeen < 2)) return;
					const added = row.inputTokens - row.exact;
					const off = Math.abs(row.measured.usedTokens - row.inputTokens);
					assert.ok(off <= 0.15 * added + 3, `off by ${off} of ${added}: ${JSON.stringify(row)}`);
				});
			}),
			{ numRuns: 100, seed: 1, endOnFailure: true },
		);
	});
}

it('measures a session of a thousand entries in a few milliseconds', () => {
	const b = entryBuilder();
	freeze(b);
	for (let turn = 0; b.entries.length < 1000; turn++) {
		b.user(words(200));
		b.reply([text('ok'), toolUse(`t${turn}`, 'Read', { path: 'a' })], {
			usage: { inputTokens: 1000 + turn * 400, outputTokens: 20 },
		});
		b.result(`t${turn}`, words(2000));
		b.reply([text('done')], { usage: { inputTokens: 1700 + turn * 400, outputTokens: 5 } });
		b.turnEnded();
	}
	const started = workedMs();
	const measured = measure(b);
	const tookMs = workedMs() - started;
	assert.ok((layer(measured, 'toolResults') ?? 0) > 1000);
	// The bound of the product is 5 ms (bench); here only an order of magnitude, since nothing is warm.
	assert.ok(tookMs < 100, `${tookMs} ms`);
});
