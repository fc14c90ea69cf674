/** Going on from what is settled gives the same bytes as making everything anew, whatever happens in a session. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { asToolUseId, type EntryId } from '../../../src/base/ids.ts';
import { foldMessages } from '../../../src/core/context/apiMessages.ts';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { conversationParts } from '../../../src/core/context/conversationParts.ts';
import type { ApiMessage } from '../../../src/core/model/modelPort.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { canonical, smallPrefix } from './request.ts';

/** What is appended next; the numbers choose among what is there. */
type Move = { readonly kind: (typeof kinds)[number]; readonly one: number; readonly other: number };
const kinds = [
	'user',
	'user',
	'attachment',
	'reminder',
	'reply',
	'reply',
	'calls',
	'calls',
	'failedReply',
	'refusal',
	'oldReplyEnds',
	'answer',
	'answer',
	'answerAll',
	'answerAll',
	'turnEnded',
	'interrupted',
	'rewind',
	'compaction',
	'contextEdit',
] as const;
const moves: fc.Arbitrary<readonly Move[]> = fc.array(
	fc.record({ kind: fc.constantFrom(...kinds), one: fc.nat(1_000), other: fc.nat(1_000) }),
	{ minLength: 1, maxLength: 40 },
);

/** Appends without regard to what a session would do, so every order comes up. */
function createPlay(b: EntryBuilder) {
	let count = 0;
	const word = (what: string) => `${what} ${++count}`;
	const pick = <T>(items: readonly T[], at: number): T | undefined => items[at % Math.max(1, items.length)];
	const openCalls = () => {
		const answered = new Set(b.branch().flatMap((entry) => (entry.type === 'toolResult' ? [entry.toolUseId] : [])));
		return b
			.branch()
			.flatMap((entry) =>
				entry.type === 'assistant' && entry.block.type === 'tool_use'
					? [String((entry.block as { id?: unknown }).id)]
					: [],
			)
			.filter((id) => !answered.has(asToolUseId(id)));
	};
	const call = (id = word('t').replace(' ', '')) => toolUse(id, 'Read', { n: count });
	return ({ kind, one, other }: Move): void => {
		switch (kind) {
			case 'user':
				b.user(word('prompt'));
				break;
			case 'attachment':
				b.add({ type: 'attachment', name: 'a', content: [{ type: 'text', text: word('attachment') }] });
				break;
			case 'reminder':
				b.reminder(word('reminder'));
				break;
			case 'reply':
				b.reply([thinking(word('thought')), text(word('said'))]);
				break;
			case 'calls':
				// Now and then a call whose id was there before.
				b.reply([text(word('said')), call(), ...(one % 3 === 0 ? [call('t_again')] : [])]);
				break;
			case 'failedReply':
				b.reply([thinking(word('thought')), text(word('lost')), call()], { stopReason: null });
				break;
			case 'refusal':
				b.reply([text(word('refused')), call()], { stopReason: 'refusal' });
				break;
			case 'oldReplyEnds': {
				const old = pick(
					b.branch().filter((entry) => entry.type === 'assistant'),
					one,
				);
				if (old?.type !== 'assistant') break;
				// A late block of it, or a late end.
				if (other % 2 === 0)
					b.add({ type: 'assistant', messageId: old.messageId, index: 50 + count, block: text(word('late')) });
				else {
					b.reply([], { stopReason: 'end_turn' });
					const ended = b.branch().at(-1);
					if (ended?.type === 'assistantEnded') b.add({ ...draftOf(ended), messageId: old.messageId } as never);
				}
				break;
			}
			case 'answer':
				b.result(pick(openCalls(), one) ?? 'none', word('result'), other % 2 === 0);
				break;
			case 'answerAll':
				for (const id of openCalls()) b.result(id, word('result'));
				break;
			case 'turnEnded':
				b.turnEnded();
				break;
			case 'interrupted':
				b.interrupted();
				break;
			case 'rewind':
				b.rewindTo(pick([null, ...b.branch().map(({ id }) => id)], one) ?? null);
				break;
			case 'compaction': {
				const ids: readonly (EntryId | null)[] = [null, ...b.branch().map(({ id }) => id)];
				const after = ids[Math.min(one, other) % ids.length] ?? null;
				const until = b.branch().at(-1 - (other % 3));
				if (!until || until.id === after) break;
				b.add({
					type: 'compaction',
					replaces: { after, until: until.id },
					summary: word('summary'),
					restored: [],
					pins: [],
					by: 'manual',
					tokensBefore: 0,
					tokensAfter: 0,
				});
				break;
			}
			case 'contextEdit': {
				const target = pick(
					b.branch().filter(({ type }) => type === 'toolResult' || type === 'user' || type === 'reminder'),
					one,
				);
				if (!target) break;
				const toolUseId = target.type === 'toolResult' ? { toolUseId: target.toolUseId } : {};
				const op = (['fold', 'drop', 'unfold'] as const)[other % 3] ?? 'fold';
				const edit = {
					ref: { entry: target.id, ...toolUseId },
					op,
					...(op === 'fold' ? { text: word('folded') } : {}),
				};
				b.add({ type: 'contextEdit', edits: [edit], cause: 'test' });
				break;
			}
		}
	};
}

function draftOf(entry: Entry): object {
	const { type, ...rest } = entry as Entry & Record<string, unknown>;
	const base = ['v', 'id', 'parentId', 'sessionId', 'agentId', 'gen', 'timestamp', 'cwd', 'mode'];
	return { type, ...Object.fromEntries(Object.entries(rest).filter(([key]) => !base.includes(key))) };
}

type Variant = { readonly dropEarlierThinking: boolean; readonly isEndKept: boolean };

/** The messages' bytes, or why there are none. */
function sent(make: () => readonly ApiMessage[]): string {
	try {
		return canonical(make());
	} catch (error) {
		return String(error);
	}
}

/** In one go, by the two halves of `buildContext` alone. */
function inOneGo(branch: readonly Entry[], reminderForm: 'user' | 'system', variant: Variant): readonly ApiMessage[] {
	const fold = foldMessages({ reminderForm, isMeasuring: false, isEndKept: variant.isEndKept });
	const options = { isMeasuring: false, dropThinking: variant.dropEarlierThinking };
	for (const part of conversationParts(structuredClone(branch), new Map(), options)) fold.add(part);
	return fold.finish();
}

/** The end of a reply without blocks says nothing of the one before it, which has not ended. */
const emptyReplyBehindOpenOne: readonly Move[] = [
	{ kind: 'calls', one: 1, other: 0 },
	{ kind: 'user', one: 0, other: 0 },
	{ kind: 'rewind', one: 626, other: 0 },
	{ kind: 'oldReplyEnds', one: 0, other: 217 },
	{ kind: 'rewind', one: 874, other: 0 },
	{ kind: 'user', one: 0, other: 0 },
];

for (const reminderForm of ['user', 'system'] as const) {
	it(`any session, entry by entry (reminders as ${reminderForm}): the same bytes as made anew`, () => {
		const prefix = smallPrefix({ reminderForm });
		let count = 0;
		fc.assert(
			fc.property(moves, (script) => {
				const b = entryBuilder();
				const play = createPlay(b);
				for (const move of script) {
					play(move);
					const branch = b.branch();
					for (const dropEarlierThinking of move.one % 5 === 0 ? [false, true] : [false]) {
						const variant = { dropEarlierThinking, isEndKept: move.other % 4 === 0 };
						const anew = sent(() => inOneGo(branch, reminderForm, variant));
						const build = () => buildContext({ branch, prefix, blobs: new Map(), ...variant }).messages;
						assert.equal(sent(build), anew);
						if (anew.startsWith('[')) count++;
					}
				}
			}),
			{ numRuns: 800, examples: [[emptyReplyBehindOpenOne]] },
		);
		assert.ok(count > 1_000, `only ${count} requests could be made`);
	});
}

describe('what is settled', () => {
	/** Counts how often an entry's content is looked at. */
	function watched(entry: Entry, onRead: () => void): Entry {
		return new Proxy(entry, {
			get(target, key, receiver) {
				if (key === 'block' || key === 'content') onRead();
				return Reflect.get(target, key, receiver);
			},
		});
	}
	it('is not looked at again in the next step', () => {
		const b = entryBuilder();
		b.user('p');
		for (let turn = 0; turn < 20; turn++) {
			b.reply([text('said'), toolUse(`t${turn}`, 'Read', {})]);
			b.result(`t${turn}`, 'result');
		}
		let reads = 0;
		const start = b.branch().map((entry) => watched(entry, () => reads++));
		const prefix = smallPrefix();
		buildContext({ branch: start, prefix, blobs: new Map() });
		assert.ok(reads > 20);
		reads = 0;
		b.reply([text('said'), toolUse('last', 'Read', {})]);
		b.result('last', 'result');
		const longer = [...start, ...b.branch().slice(start.length)];
		const next = buildContext({ branch: longer, prefix, blobs: new Map() });
		assert.equal(reads, 0);
		assert.equal(next.messages.length, 1 + 21 * 2);
	});
	it('does not change a request that was made before', () => {
		const b = entryBuilder();
		b.user('p');
		b.reply([text('one')]);
		b.user('q');
		const prefix = smallPrefix();
		const before = buildContext({ branch: b.branch(), prefix, blobs: new Map() });
		const bytes = JSON.stringify(before);
		b.user('more');
		b.reply([text('two')]);
		b.user('r');
		buildContext({ branch: b.branch(), prefix, blobs: new Map() });
		assert.equal(JSON.stringify(before), bytes);
	});
});
