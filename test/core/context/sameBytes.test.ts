/** The laws that hold for any session: same branch, same bytes; a longer branch starts with the bytes of the shorter; calls are paired. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { measureContext } from '../../../src/core/context/meter.ts';
import type { LoadedPrefix } from '../../../src/core/context/prefix.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { AssistantBlock } from '../../../src/core/session/content.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { breakpoints, canonicalLines, smallPrefix } from './request.ts';

/** What happens in a session, as one turn each. */
type Step =
	| { readonly kind: 'reply'; readonly calls: number; readonly hasThinking: boolean; readonly isBlank: boolean }
	| { readonly kind: 'retried'; readonly calls: number }
	| { readonly kind: 'cut'; readonly calls: number; readonly hasText: boolean }
	| { readonly kind: 'refusal' }
	| { readonly kind: 'error' };
type Turn = {
	readonly reminders: number;
	readonly isReminderFirst: boolean;
	readonly attachments: number;
	readonly steps: readonly Step[];
	readonly rewinds: boolean;
};

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			kind: fc.constant('reply' as const),
			calls: fc.nat(3),
			hasThinking: fc.boolean(),
			isBlank: fc.boolean(),
		}),
	},
	fc.record({ kind: fc.constant('retried' as const), calls: fc.nat(2) }),
	fc.record({ kind: fc.constant('cut' as const), calls: fc.nat(2), hasText: fc.boolean() }),
	fc.record({ kind: fc.constant('refusal' as const) }),
	fc.record({ kind: fc.constant('error' as const) }),
);
const turnArbitrary: fc.Arbitrary<Turn> = fc.record({
	reminders: fc.nat(2),
	isReminderFirst: fc.boolean(),
	attachments: fc.nat(2),
	steps: fc.array(stepArbitrary, { minLength: 1, maxLength: 5 }),
	rewinds: fc.boolean(),
});

/** Plays the turns and returns every request that was sent, each with the leaf it was sent from. */
function play(
	turns: readonly Turn[],
	prefix: LoadedPrefix,
	onSend?: (builder: EntryBuilder, request: ModelRequest) => void,
): readonly { request: ModelRequest; isAfterRewind: boolean }[] {
	const b: EntryBuilder = entryBuilder();
	const sent: { request: ModelRequest; isAfterRewind: boolean }[] = [];
	let counter = 0;
	let isAfterRewind = false;
	const word = (what: string) => `${what} ${++counter}`;
	const send = () => {
		const branch = b.branch();
		const request = buildContext({ branch, prefix, blobs: new Map() });
		// Determinism, and independence of what is cached by entry.
		const again = buildContext({ branch: structuredClone(branch), prefix, blobs: new Map() });
		assert.equal(JSON.stringify(again), JSON.stringify(request));
		onSend?.(b, request);
		sent.push({ request, isAfterRewind });
		isAfterRewind = false;
	};
	const calls = (count: number): AssistantBlock[] =>
		Array.from({ length: count }, () => toolUse(word('t').replace(' ', ''), 'Read', { n: counter }));
	const answer = (blocks: readonly AssistantBlock[]) => {
		for (const block of [...blocks].reverse())
			if (block.type === 'tool_use')
				b.result(String((block as { id?: unknown }).id), word('result'), counter % 2 === 0);
	};
	for (const turn of turns) {
		const start = b.leaf;
		const remind = () => {
			for (let n = 0; n < turn.reminders; n++) b.reminder(word('reminder'));
		};
		if (turn.isReminderFirst) remind();
		b.user(word('prompt'));
		for (let n = 0; n < turn.attachments; n++)
			b.add({ type: 'attachment', name: 'a', content: [{ type: 'text', text: word('attachment') }] });
		if (!turn.isReminderFirst) remind();
		let reason: Parameters<EntryBuilder['turnEnded']>[0] = 'stepLimit';
		for (const step of turn.steps) {
			send();
			if (step.kind === 'error') {
				reason = 'error';
				break;
			}
			if (step.kind === 'refusal') {
				const blocks = [text(word('refused')), ...calls(1)];
				b.reply(blocks, { stopReason: 'refusal' });
				answer(blocks);
				reason = 'refusal';
				break;
			}
			if (step.kind === 'cut') {
				const blocks = [thinking(word('thought')), ...calls(step.calls), ...(step.hasText ? [text(word('half'))] : [])];
				b.reply(blocks, { stopReason: null, isPartial: step.hasText });
				b.interrupted();
				answer(blocks);
				reason = 'stopped';
				break;
			}
			if (step.kind === 'retried') {
				b.reply([thinking(word('thought')), text(word('lost')), ...calls(step.calls)], { stopReason: null });
				send();
			}
			const blocks =
				step.kind === 'reply'
					? [
							...(step.hasThinking ? [thinking(word('thought'))] : []),
							...(step.isBlank ? [text('\n')] : [text(word('said'))]),
							...calls(step.calls),
						]
					: [text(word('said')), ...calls(step.calls)];
			b.reply(blocks);
			answer(blocks);
			if (!blocks.some((block) => block.type === 'tool_use')) {
				reason = 'endTurn';
				break;
			}
		}
		b.turnEnded(reason);
		if (turn.rewinds) {
			b.rewindTo(start);
			isAfterRewind = true;
		}
	}
	return sent;
}

function checkRules(request: ModelRequest): void {
	const marks = breakpoints(request);
	assert.ok(marks.length <= 4, marks.join());
	assert.equal(request.messages[0]?.role, 'user');
	assert.notEqual(request.messages.at(-1)?.role, 'assistant');
	let calls: string[] = [];
	for (const [index, message] of request.messages.entries()) {
		if (index > 0) assert.notEqual(message.role === 'assistant' ? request.messages[index - 1]?.role : '', 'assistant');
		assert.ok(message.content.length > 0);
		if (typeof message.content === 'string') {
			assert.equal(request.messages[index - 1]?.role, 'user');
			continue;
		}
		const blocks: readonly { readonly type: string; readonly [key: string]: unknown }[] = message.content;
		const ids = (type: string, key: string) =>
			blocks.flatMap((block) => (block.type === type ? [String(block[key])] : []));
		const results = ids('tool_result', 'tool_use_id');
		if (message.role === 'user') {
			assert.deepEqual(results, calls, 'one result per call, in order');
			assert.ok(
				blocks.slice(0, results.length).every((block) => block.type === 'tool_result'),
				'results first',
			);
			calls = [];
		} else {
			assert.deepEqual(calls, []);
			calls = ids('tool_use', 'id');
		}
		for (const block of blocks) {
			if (block.type === 'text') assert.notEqual(String(block.text).trim(), '');
			if (block.type === 'thinking') assert.ok(!('cache_control' in block));
		}
	}
	assert.deepEqual(calls, []);
}

for (const reminderForm of ['user', 'system'] as const) {
	it(`any session (reminders as ${reminderForm}): each request keeps the rules and starts with the one before it`, () => {
		const prefix = smallPrefix({ reminderForm });
		fc.assert(
			fc.property(fc.array(turnArbitrary, { minLength: 1, maxLength: 6 }), (turns) => {
				const sent = play(turns, prefix);
				let before: readonly string[] = [];
				for (const { request, isAfterRewind } of sent) {
					checkRules(request);
					const lines = canonicalLines(request);
					if (!isAfterRewind) assert.deepEqual(lines.slice(0, before.length), before);
					before = lines;
				}
			}),
			{ numRuns: 200 },
		);
	});
}

it('any session: the meter counts what the request holds', () => {
	const prefix = smallPrefix();
	const modelInfo = modelInfoFor('claude-opus-5-5');
	fc.assert(
		fc.property(fc.array(turnArbitrary, { minLength: 1, maxLength: 6 }), (turns) => {
			play(turns, prefix, (b, request) => {
				// A reply that is arriving is on the meter and not yet in a request.
				if (b.branch().at(-1)?.type === 'assistant') return;
				// These replies report no usage, so all of it is estimated, at the prior.
				const { usedTokens } = measureContext({ entries: b.entries, leaf: b.leaf, modelInfo, rotTokens: 0 });
				const expected = estimateAtPrior(request);
				assert.ok(Math.abs(usedTokens - expected) <= 1, `${usedTokens} is not ${expected}`);
			});
		}),
		{ numRuns: 100 },
	);
});

/** Tokens of the messages at 3.5 bytes each, and 3 for each block of the user's. */
function estimateAtPrior(request: ModelRequest): number {
	let tokens = 0;
	for (const message of request.messages) {
		const blocks = message.content as readonly Record<string, unknown>[];
		if (message.role === 'user') tokens += blocks.length * 3;
		for (const block of blocks) {
			const content = block.content as readonly { readonly text: string }[] | undefined;
			const input = block.input === undefined ? '' : `${block.name}${JSON.stringify(block.input)}`;
			const bytes = `${block.text ?? ''}${block.thinking ?? ''}${input}${content?.[0]?.text ?? ''}`.length;
			tokens += bytes / 3.5;
		}
	}
	return Math.round(tokens);
}
