/**
 * Any session with any valid edits of its context: the strict stand-in takes every request, thinking is bound to the past it is sent with, a
 * longer conversation starts with the bytes of the shorter one, and the meter says what a recount from the first entry would.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../../src/base/errors.ts';
import type { EntryId } from '../../../src/base/ids.ts';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { activeEdits } from '../../../src/core/context/contextEdits.ts';
import { amountsAsEdited, amountsOfEntry } from '../../../src/core/context/entryAmounts.ts';
import { measureContext } from '../../../src/core/context/meter.ts';
import { completeEdits, type EditWish } from '../../../src/core/context/planEdits.ts';
import { sentEntries } from '../../../src/core/context/sentEntries.ts';
import { noEvidence, ratiosFrom, tokensOf } from '../../../src/core/context/tokenRatios.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { AssistantBlock } from '../../../src/core/session/content.ts';
import { type EntryBuilder, entryBuilder, text, toolUse } from '../../fakes/entries.ts';
import { checkRequest } from '../../fakes/messagesApi/checkRequest.ts';
import { createThinkingSignatures, type ThinkingSignatures } from '../../fakes/messagesApi/thinkingSignatures.ts';
import { canonicalLines, smallPrefix } from './request.ts';

type Step = { readonly calls: number; readonly thoughts: number; readonly isBlank: boolean };
type Turn = {
	readonly kind: 'turn';
	readonly reminders: number;
	readonly attachments: number;
	readonly steps: readonly Step[];
	readonly isRefused: boolean;
};
type Wish = { readonly at: number; readonly op: EditWish['op']; readonly text: string | undefined };
type Action =
	| Turn
	| { readonly kind: 'edit'; readonly wishes: readonly Wish[] }
	| { readonly kind: 'rewind'; readonly at: number }
	| { readonly kind: 'compact'; readonly from: number; readonly until: number };

const turnArbitrary: fc.Arbitrary<Turn> = fc.record({
	kind: fc.constant('turn' as const),
	reminders: fc.nat(2),
	attachments: fc.nat(1),
	steps: fc.array(fc.record({ calls: fc.nat(2), thoughts: fc.nat(2), isBlank: fc.boolean() }), {
		minLength: 1,
		maxLength: 4,
	}),
	isRefused: fc.nat(9).map((n) => n === 0),
});
const ops: readonly EditWish['op'][] = ['fold', 'fold', 'drop', 'drop', 'unfold', 'pin', 'unpin', 'stripThinking'];
const actionArbitrary: fc.Arbitrary<Action> = fc.oneof(
	{ weight: 5, arbitrary: turnArbitrary },
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constant('edit' as const),
			wishes: fc.array(
				fc.record({
					at: fc.nat(),
					op: fc.constantFrom(...ops),
					text: fc.constantFrom(undefined, '', ' ', 'in its place'),
				}),
				{ minLength: 1, maxLength: 4 },
			),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('rewind' as const), at: fc.nat() }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), from: fc.nat(), until: fc.nat() }) },
);

const prefix = smallPrefix();
const modelInfo = modelInfoFor('claude-opus-5-5');
const wire = ({ model, maxTokens, system, tools, messages }: ModelRequest) =>
	JSON.parse(JSON.stringify({ model, max_tokens: maxTokens, system, tools, messages }));

type World = {
	readonly b: EntryBuilder;
	readonly signatures: ThinkingSignatures;
	/** Lines of the last request; undefined when what is sent next need not begin with them. */
	before: readonly string[] | undefined;
	counter: number;
	edits: number;
	requests: number;
};

function send(world: World): ModelRequest {
	const { b } = world;
	const branch = b.branch();
	const request = buildContext({ branch, prefix, blobs: new Map() });
	const again = buildContext({ branch: structuredClone(branch), prefix, blobs: new Map() });
	assert.equal(JSON.stringify(again), JSON.stringify(request));
	const problems = checkRequest(wire(request), { endpoint: 'messages', issuedBlocks: new Set() });
	assert.deepEqual([...problems, ...world.signatures.check(wire(request))], []);
	const lines = canonicalLines(request);
	if (world.before) assert.deepEqual(lines.slice(0, world.before.length), world.before);
	world.before = lines;
	world.requests++;
	return request;
}

function playTurn(world: World, turn: Turn): void {
	const { b, signatures } = world;
	const word = (what: string) => `${what} ${++world.counter}`;
	b.user(word('prompt'));
	for (let n = 0; n < turn.attachments; n++)
		b.add({ type: 'attachment', name: 'a', content: [{ type: 'text', text: word('attachment') }] });
	for (let n = 0; n < turn.reminders; n++) b.reminder(word('reminder'));
	turn.steps.forEach((step, index) => {
		const request = wire(send(world));
		const isLast = index === turn.steps.length - 1;
		const thoughts = Array.from(
			{ length: step.thoughts },
			() => signatures.sign(request, 'thinking', word('thought')) as AssistantBlock,
		);
		const calls = Array.from({ length: isLast ? 0 : step.calls + 1 }, () =>
			toolUse(`t${++world.counter}`, 'Read', { n: world.counter }),
		);
		const blocks = [...thoughts, text(step.isBlank && calls.length > 0 ? '\n' : word('said')), ...calls];
		signatures.remember(request, blocks as never);
		b.reply(blocks, isLast && turn.isRefused ? { stopReason: 'refusal' } : {});
		for (const call of calls) b.result(String(call.id), word('result'), world.counter % 3 === 0);
	});
	b.turnEnded(turn.isRefused ? 'refusal' : 'endTurn');
}

function play(world: World, action: Action): void {
	const { b } = world;
	const branch = b.branch();
	const ends: (EntryId | null)[] = [null, ...branch.flatMap(({ id, type }) => (type === 'turnEnded' ? [id] : []))];
	const pick = (at: number) => ends[at % ends.length] ?? null;
	switch (action.kind) {
		case 'turn':
			playTurn(world, action);
			return;
		case 'edit': {
			const wishes = action.wishes.flatMap(({ at, op, text: words }): EditWish[] => {
				const entry = branch[at % Math.max(1, branch.length)];
				return entry ? [{ ref: { entry: entry.id }, op, ...(words === undefined ? {} : { text: words }) }] : [];
			});
			// One that is refused must not keep the others from being tried.
			for (const wish of [wishes, ...wishes.map((one) => [one])])
				try {
					const edits = completeEdits(b.branch(), wish);
					b.add({ type: 'contextEdit', edits: [...edits], cause: 'user' });
					world.edits++;
					if (edits.some(({ op }) => op !== 'pin' && op !== 'unpin')) world.before = undefined;
				} catch (error) {
					assert.ok(error instanceof UserError, String(error));
				}
			return;
		}
		case 'rewind':
			b.rewindTo(pick(action.at));
			world.before = undefined;
			return;
		case 'compact': {
			const [first, last] = [action.from % ends.length, action.until % ends.length];
			const until = ends[Math.max(first, last)];
			// A turn that broke off behind its calls and stays, at the end or right before the summary, goes on in the message that follows, and
			// loses the thinking that it needs there; the loop asks once more without any then.
			const kept = ends[Math.min(first, last)];
			const broken = branch.flatMap((entry) =>
				entry.type === 'turnEnded' && entry.reason !== 'endTurn' ? [entry.id] : [],
			);
			if (first === last || !until || broken.some((id) => id === kept || id === ends.at(-1))) return;
			b.add({
				type: 'compaction',
				replaces: { after: ends[Math.min(first, last)] ?? null, until },
				summary: 'summary',
				restored: [{ what: 'x', content: { type: 'text', text: 'restored' } }],
				pins: [],
				by: 'manual',
				tokensBefore: 2,
				tokensAfter: 1,
			});
			world.before = undefined;
		}
	}
}

/** At the prior ratios: these replies report no usage. */
function recounted(b: EntryBuilder): number {
	const branch = b.branch();
	const edits = activeEdits(branch);
	const ratios = ratiosFrom(noEvidence());
	let tokens = 0;
	for (const { entry, call } of sentEntries(branch, edits.strippedThinking))
		tokens += tokensOf(amountsAsEdited(entry, edits), ratios) + (call ? tokensOf(amountsOfEntry(call), ratios) : 0);
	return tokens;
}

for (const reminderForm of ['user', 'system'] as const) {
	it(`any session, any edits (reminders as ${reminderForm})`, () => {
		const totals = { edits: 0, requests: 0 };
		fc.assert(
			fc.property(fc.array(actionArbitrary, { minLength: 2, maxLength: 14 }), (actions) => {
				const world: World = {
					b: entryBuilder(),
					signatures: createThinkingSignatures('secret'),
					before: undefined,
					counter: 0,
					edits: 0,
					requests: 0,
				};
				for (const action of actions) {
					play(world, action);
					const { b } = world;
					const { usedTokens } = measureContext({ entries: b.entries, leaf: b.leaf, modelInfo, rotTokens: 0 });
					assert.ok(Math.abs(usedTokens - recounted(b)) <= 1, `${usedTokens} is not ${recounted(b)}`);
				}
				playTurn(world, { kind: 'turn', reminders: 1, attachments: 0, steps: [noStep, noStep], isRefused: false });
				totals.edits += world.edits;
				totals.requests += world.requests;
			}),
			{ numRuns: Number(process.env.RETRACE_RUNS ?? 100) },
		);
		assert.ok(totals.edits > 20 && totals.requests > 200, JSON.stringify(totals));
	});
}
const noStep: Step = { calls: 0, thoughts: 1, isBlank: false };

it('folding and unfolding gives the very bytes of before, thinking aside; pinning gives the very bytes', () => {
	const withoutThinking = (b: EntryBuilder) =>
		canonicalLines(
			buildContext({ branch: b.branch(), prefix, blobs: new Map(), dropEarlierThinking: true, isEndKept: true }),
		);
	fc.assert(
		fc.property(
			fc.array(turnArbitrary, { minLength: 1, maxLength: 4 }),
			fc.nat(),
			fc.constantFrom('fold', 'drop'),
			(turns, at, op) => {
				const world: World = {
					b: entryBuilder(),
					signatures: createThinkingSignatures('secret'),
					before: undefined,
					counter: 0,
					edits: 0,
					requests: 0,
				};
				const { b } = world;
				for (const turn of turns) playTurn(world, turn);
				const editable = b
					.branch()
					.filter((entry) => ['user', 'attachment', 'reminder', 'toolResult'].includes(entry.type));
				const ref = { entry: editable[at % editable.length]?.id as EntryId };
				const add = (wish: EditWish['op']) =>
					b.add({ type: 'contextEdit', edits: [...completeEdits(b.branch(), [{ ref, op: wish }])], cause: 'user' });
				const whole = canonicalLines(buildContext({ branch: b.branch(), prefix, blobs: new Map(), isEndKept: true }));
				const bare = withoutThinking(b);
				add('pin');
				assert.deepEqual(
					canonicalLines(buildContext({ branch: b.branch(), prefix, blobs: new Map(), isEndKept: true })),
					whole,
				);
				try {
					add(op);
				} catch (error) {
					// The result of a refused call is not sent; the thinking of a turn that broke off has to be.
					const codes = ['not-in-context', 'turn-unfinished'];
					assert.ok(error instanceof UserError && codes.includes(error.code), String(error));
					return;
				}
				assert.notDeepEqual(withoutThinking(b), bare);
				add('unfold');
				assert.deepEqual(withoutThinking(b), bare);
			},
		),
		{ numRuns: 100 },
	);
});
