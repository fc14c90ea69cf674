/**
 * Random sessions against an endpoint whose tokens a byte are hidden and differ by kind, 2.2 to 5: after each reply the meter is exact; after each
 * change of the context it is near as soon as the session has seen what it is made of; and once the endpoint has counted it is exact again.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { asSha256, type EntryId } from '../../../src/base/ids.ts';
import { countRequest } from '../../../src/core/context/countRequest.ts';
import { measureContext } from '../../../src/core/context/meter.ts';
import type { LoadedPrefix } from '../../../src/core/context/prefix.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { type HiddenRatios, type HiddenTokenizer, hiddenTokenizer } from './hiddenTokenizer.ts';
import { canonical, smallPrefix } from './request.ts';

const MESSAGE_TOKENS = 4;
/** Nothing is promised before so many replies. */
const LEARNING_REPLIES = 3;
/** Of what is added, so much of its kind must have been counted before: one short word says little about a long text. */
const LEAST_SEEN = { share: 0.5, bytes: 500 };
const WITHIN = 0.15;
/** Of what is too little to be said in percent: counts are whole numbers, and a message costs something besides its text. */
const SLACK_TOKENS = 6;
const modelInfo = modelInfoFor('claude-opus-5-5');
const words = (bytes: number) => 'some words, '.repeat(Math.ceil(bytes / 12)).slice(0, bytes);

/** As large as that of a real session. */
function realPrefix(): LoadedPrefix {
	const small = smallPrefix();
	const tools = small.tools.map((tool) => ({ ...tool, description: words(4_000) }));
	const system = [{ type: 'text' as const, text: words(3_000) }];
	const context = [{ type: 'text' as const, text: words(2_000) }];
	const ref = (value: unknown) => ({
		$blob: asSha256('a'.repeat(64)),
		size: canonical(value).length,
		mediaType: 'application/json',
		head: '',
	});
	return {
		entry: { ...small.entry, tools: ref(tools), system: ref(system), context: ref(context) },
		tools,
		system,
		context,
	};
}
const prefix = realPrefix();

type Step =
	| {
			readonly kind: 'turn';
			readonly user: number;
			readonly results: readonly number[];
			readonly text: number;
			readonly thinking: number;
	  }
	| {
			readonly kind: 'rewind' | 'summarizeAll' | 'summarizeUpTo' | 'fold' | 'count';
			readonly at: number;
			readonly bytes: number;
	  };

const ratio = fc.double({ min: 2.2, max: 5, noNaN: true });
const ratiosArbitrary: fc.Arbitrary<HiddenRatios> = fc.record({
	...{ tools: ratio, system: ratio, userText: ratio, toolResult: ratio },
	...{ assistantText: ratio, toolUse: ratio, thinking: ratio },
});
const turnArbitrary: fc.Arbitrary<Step> = fc.record({
	kind: fc.constant('turn' as const),
	user: fc.integer({ min: 100, max: 4_000 }),
	results: fc.array(fc.integer({ min: 300, max: 20_000 }), { maxLength: 3 }),
	text: fc.integer({ min: 1, max: 2_000 }),
	thinking: fc.integer({ min: 0, max: 2_000 }),
});
const changeArbitrary: fc.Arbitrary<Step> = fc.record({
	kind: fc.constantFrom(
		'rewind' as const,
		'summarizeAll' as const,
		'summarizeUpTo' as const,
		'fold' as const,
		'count' as const,
	),
	at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
	bytes: fc.integer({ min: 300, max: 6_000 }),
});
const sessionArbitrary = fc
	.tuple(
		fc.array(turnArbitrary, { minLength: 3, maxLength: 4 }),
		fc.array(fc.oneof({ weight: 3, arbitrary: turnArbitrary }, { weight: 2, arbitrary: changeArbitrary }), {
			maxLength: 14,
		}),
	)
	.map(([first, rest]): readonly Step[] => [...first, ...rest]);

const measureOf = (b: EntryBuilder, entries = b.entries) =>
	measureContext({ entries, leaf: b.leaf, modelInfo, rotTokens: 300_000 });

function play(
	steps: readonly Step[],
	hidden: HiddenTokenizer,
	ratios: HiddenRatios,
	onPromise: (what: string) => void,
): void {
	const b = entryBuilder();
	const { id: _, parentId: __, ...draft } = prefix.entry;
	b.add(draft as never);
	const used = () => {
		const measured = measureOf(b);
		assert.equal(
			measured.layers.reduce((sum, { tokens }) => sum + tokens, 0),
			measured.usedTokens,
		);
		assert.ok(measured.usedTokens > 0);
		return measured.usedTokens;
	};
	/** What the endpoint would count for the next request, as far as it is known. */
	const truth = (model = modelInfo.id) => {
		const { request, extraTokens } = countRequest({ branch: b.branch(), prefix, blobs: new Map(), model });
		return hidden.input(request) - (extraTokens > 0 ? MESSAGE_TOKENS + 1 / ratios.userText : 0);
	};
	/** Bytes that were counted: of prompts without those of the first, which came together with the prefix, and of results. */
	const seen = { replies: 0, user: 0, results: 0 };
	const knows = (kind: 'user' | 'results', bytes: number) =>
		seen.replies >= LEARNING_REPLIES && seen[kind] >= Math.max(LEAST_SEEN.bytes, LEAST_SEEN.share * bytes);
	const prefixTruth = truth();
	let calls = 0;
	const turnEnds: (EntryId | null)[] = [];
	const results: { readonly entry: EntryId; readonly bytes: number }[] = [];
	/** What is sure at the leaf: counted, with or without a reply. */
	let sure: number | undefined;

	const near = (what: string, changed: number, isPromised: boolean) => {
		const [shown, counted] = [used(), truth()];
		if (isPromised) onPromise(what);
		const isNear = Math.abs(shown - counted) <= WITHIN * changed + SLACK_TOKENS;
		assert.ok(isNear || !isPromised, `${what}: ${shown} shown, ${counted} counted, of which ${changed} are new`);
	};
	const request = (reply: Parameters<EntryBuilder['reply']>[0], has: 'user' | 'results', bytes: number) => {
		const actual = truth();
		near(has, Math.abs(actual - (sure ?? 0)), sure !== undefined && knows(has, bytes));
		const inputTokens = Math.round(actual);
		const outputTokens = hidden.output(reply);
		b.reply(reply, { usage: { inputTokens, outputTokens } });
		assert.equal(used(), inputTokens + outputTokens);
		sure = inputTokens + outputTokens;
		if (seen.replies++ > 0) seen[has] += bytes;
	};
	for (const step of steps) {
		if (step.kind === 'turn') {
			b.user(words(step.user));
			const said = [thinking(words(step.thinking)), text(words(step.text))];
			if (step.results.length > 0) {
				const ids = step.results.map(() => `t${++calls}`);
				request([...said, ...ids.map((id) => toolUse(id, 'Read', { path: 'src/some/file.ts' }))], 'user', step.user);
				ids.forEach((id, index) => {
					const bytes = step.results[index] ?? 0;
					results.push({ entry: b.result(id, words(bytes)).id, bytes });
				});
				const bytes = step.results.reduce((sum, one) => sum + one, 0);
				request([text(words(step.text))], 'results', bytes);
			} else request(said, 'user', step.user);
			b.turnEnded();
			turnEnds.push(b.leaf);
			continue;
		}
		const ends = turnEnds.filter((id) => b.branch().some((entry) => entry.id === id));
		const at = ends[Math.floor(step.at * ends.length)];
		const before = truth();
		switch (step.kind) {
			case 'rewind': {
				if (at === undefined) break;
				b.rewindTo(at);
				sure = used();
				break;
			}
			case 'summarizeAll':
			case 'summarizeUpTo': {
				const until = step.kind === 'summarizeAll' ? b.leaf : at;
				if (!until) break;
				b.add({
					type: 'compaction',
					...{ replaces: { after: null, until }, summary: words(step.bytes), restored: [], pins: [] },
					...{ by: 'manual', tokensBefore: 0, tokensAfter: 0 },
				} as never);
				// Nothing that is sent now was counted as it is sent, but for the prefix.
				near(step.kind, truth() - prefixTruth, knows('user', step.bytes));
				sure = undefined;
				break;
			}
			case 'fold': {
				const onBranch = new Set(b.branch().map(({ id }) => id));
				const open = results.filter(({ entry }) => onBranch.has(entry));
				const result = open[Math.floor(step.at * open.length)];
				if (!result) break;
				b.add({
					type: 'contextEdit',
					edits: [{ ref: { entry: result.entry }, op: 'fold', text: '[folded]' }],
					cause: 'test',
				} as never);
				near('fold', Math.abs(truth() - before), sure !== undefined && knows('results', result.bytes));
				sure = undefined;
				break;
			}
			case 'count': {
				const tokens = Math.round(truth());
				b.add({ type: 'count', tokens, model: modelInfo.id });
				assert.equal(used(), tokens);
				sure = tokens;
				break;
			}
		}
		assert.deepEqual(measureOf(b, structuredClone(b.entries)), measureOf(b), 'a session that was opened again');
	}
}

it('is exact for what was counted, and within 15 % for what a prompt, results, a summary or a fold changed since', () => {
	const kept = new Map<string, number>();
	fc.assert(
		fc.property(ratiosArbitrary, sessionArbitrary, (ratios, steps) => {
			const tokenizer = hiddenTokenizer(ratios, MESSAGE_TOKENS);
			play(steps, tokenizer, ratios, (what) => kept.set(what, (kept.get(what) ?? 0) + 1));
		}),
		{ numRuns: 150, seed: 1, endOnFailure: true },
	);
	// Or nothing was tried.
	for (const what of ['user', 'results', 'summarizeAll', 'summarizeUpTo', 'fold'])
		assert.ok((kept.get(what) ?? 0) > 20, `${what}: ${kept.get(what)}`);
});
