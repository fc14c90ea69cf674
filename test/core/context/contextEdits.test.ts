/** Edits of the context: what each of them does to the request, which of them count, and that no session makes an invalid request by them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EntryId } from '../../../src/base/ids.ts';
import { asToolUseId } from '../../../src/base/ids.ts';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { activeEdits, type ContextEditItem, type ContextRef } from '../../../src/core/context/contextEdits.ts';
import type { EntryOf } from '../../../src/core/session/entry.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { checkGolden } from './golden.ts';
import { canonicalLines, smallPrefix } from './request.ts';

const prefix = smallPrefix();
const edit = (b: EntryBuilder, ...edits: ContextEditItem[]) => b.add({ type: 'contextEdit', edits, cause: 'user' });
/** The messages as `role text` lines. */
const lines = (b: EntryBuilder) =>
	canonicalLines(buildContext({ branch: b.branch(), prefix, blobs: new Map(), isEndKept: true }))
		.slice(2)
		.map((line) => {
			const [role, ...rest] = line.split(' ');
			const block = JSON.parse(rest.join(' '));
			const inner = block.content?.map((one: { text?: string }) => one.text ?? 'image').join('|');
			return `${role} ${block.text ?? block.thinking ?? inner ?? block.name}`;
		});

/** Two turns: a prompt with an attachment and a reminder, thinking, a call with its result, an answer; then one more of each. */
function scene() {
	const b = entryBuilder();
	const prompt = b.user('one');
	const attachment = b.add({ type: 'attachment', name: 'a', content: [{ type: 'text', text: 'attached' }] });
	b.reminder('remember');
	const reminder = b.branch().at(-1)?.id as EntryId;
	b.reply([thinking('first thought'), toolUse('t1', 'Read', { n: 1 })]);
	const result = b.result('t1', 'result one');
	b.reply([thinking('second thought'), text('answer one')]);
	const answer = b.branch().at(-2)?.id as EntryId;
	b.turnEnded();
	b.user('two');
	b.reply([thinking('third thought'), text('answer two')]);
	b.turnEnded();
	return { b, prompt, attachment, reminder, result, answer };
}
const whole = [
	'user one',
	'user attached',
	'user <system-reminder>remember</system-reminder>',
	'assistant first thought',
	'assistant Read',
	'user result one',
	'assistant second thought',
	'assistant answer one',
	'user two',
	'assistant third thought',
	'assistant answer two',
];
const changed = (changes: Readonly<Record<number, string | undefined>>) =>
	whole.flatMap((line, index) => (index in changes ? (changes[index] ?? []) : [line]));

describe('edits of the context', () => {
	it('without one the conversation stands as it is', () => {
		assert.deepEqual(lines(scene().b), whole);
	});
	it('fold: the literal text stands in the place of a prompt, an attachment, a reminder, a result, an answer', () => {
		const { b, prompt, attachment, reminder, result, answer } = scene();
		const fold = (entry: EntryId, words: string): ContextEditItem => ({ ref: { entry }, op: 'fold', text: words });
		edit(
			b,
			fold(prompt.id, 'p'),
			fold(attachment.id, 'a'),
			fold(reminder, 'r'),
			{ ref: { entry: result.id, toolUseId: asToolUseId('t1') }, op: 'fold', text: 'folded' },
			fold(answer, 'said'),
		);
		assert.deepEqual(
			lines(b),
			changed({
				0: 'user p',
				1: 'user a',
				2: 'user <system-reminder>r</system-reminder>',
				5: 'user folded',
				7: 'assistant said',
			}),
		);
	});
	it('drop: reminders and answers are gone, prompts and results leave a line', () => {
		const { b, prompt, reminder, result, answer } = scene();
		const drop = (entry: EntryId, words?: string): ContextEditItem => ({
			ref: { entry },
			op: 'drop',
			...(words === undefined ? {} : { text: words }),
		});
		edit(b, drop(prompt.id, '[gone]'), drop(reminder), drop(result.id), drop(answer));
		assert.deepEqual(
			lines(b),
			changed({
				0: 'user [gone]',
				2: undefined,
				5: 'user [This was taken out of the context.]',
				// The reply would be empty but for its thinking.
				7: 'assistant [This was taken out of the context.]',
			}),
		);
	});
	it('the request of an edited session is what it was when this was written (golden)', () => {
		const { b, prompt, attachment, reminder, result, answer } = scene();
		edit(
			b,
			{ ref: { entry: prompt.id }, op: 'drop' },
			{ ref: { entry: attachment.id }, op: 'fold', text: '[attachment]' },
			{ ref: { entry: reminder }, op: 'fold', text: 'remember less' },
			{ ref: { entry: result.id }, op: 'fold' },
			{ ref: { entry: answer }, op: 'drop' },
			{ ref: { entry: prompt.id }, op: 'stripThinking' },
		);
		b.user('three');
		checkGolden('edited', buildContext({ branch: b.branch(), prefix, blobs: new Map() }));
	});
	it('one block of a message that has several', () => {
		const b = entryBuilder();
		const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } } as const;
		const prompt = b.userBlocks([{ type: 'text', text: 'see' }, image]);
		b.reply([text('ok')]);
		b.turnEnded();
		edit(b, { ref: { entry: prompt.id, block: 1 }, op: 'fold', text: '[a picture]' });
		assert.deepEqual(lines(b), ['user see', 'user [a picture]', 'assistant ok']);
	});
	it('the last one wins, and unfold brings the part back', () => {
		const { b, result } = scene();
		const ref: ContextRef = { entry: result.id };
		edit(b, { ref, op: 'fold', text: 'one' });
		edit(b, { ref, op: 'drop', text: 'two' });
		assert.deepEqual(lines(b), changed({ 5: 'user two' }));
		edit(b, { ref, op: 'unfold' });
		assert.deepEqual(lines(b), whole);
	});
	it('stripThinking takes the thinking behind its ref and before the edit; what is thought later stays', () => {
		const { b, result } = scene();
		edit(b, { ref: { entry: result.id }, op: 'stripThinking' });
		b.user('three');
		b.reply([thinking('fourth thought'), text('answer three')]);
		const later = ['user three', 'assistant fourth thought', 'assistant answer three'];
		assert.deepEqual(lines(b), [...changed({ 6: undefined, 9: undefined }), ...later]);
	});
	it('a reply that was nothing but thinking keeps a note, so that the turns stay apart', () => {
		const b = entryBuilder();
		const prompt = b.user('one');
		b.reply([thinking('only a thought')]);
		b.turnEnded();
		b.user('two');
		edit(b, { ref: { entry: prompt.id }, op: 'stripThinking' });
		assert.deepEqual(lines(b), ['user one', 'assistant [This was taken out of the context.]', 'user two']);
	});
	it('pins change no byte and are told in their order', () => {
		const { b, prompt, result } = scene();
		edit(b, { ref: { entry: result.id }, op: 'pin' }, { ref: { entry: prompt.id }, op: 'pin' });
		assert.deepEqual(lines(b), whole);
		const edits = activeEdits(b.branch());
		assert.deepEqual(
			edits.pins.map(({ entry }) => entry),
			[result.id, prompt.id],
		);
		assert.ok(edits.isPinned({ entry: result.id, toolUseId: asToolUseId('t1') }));
		edit(b, { ref: { entry: result.id }, op: 'unpin' });
		assert.ok(!activeEdits(b.branch()).isPinned({ entry: result.id }));
	});
	it('a call, thinking, another call’s result, what is not on the branch and what came later count nothing', () => {
		const { b, result } = scene();
		const entryOf = (type: string) =>
			b.branch().find((entry) => entry.type === 'assistant' && entry.block.type === type)?.id as EntryId;
		const { leaf } = b;
		const elsewhere = b.user('elsewhere');
		b.rewindTo(leaf);
		const refs: ContextRef[] = [
			{ entry: entryOf('tool_use') },
			{ entry: entryOf('thinking') },
			{ entry: result.id, toolUseId: asToolUseId('t2') },
			{ entry: result.id, block: 3 },
			{ entry: elsewhere.id },
		];
		edit(b, ...refs.map((ref): ContextEditItem => ({ ref, op: 'fold', text: 'no' })));
		assert.deepEqual(lines(b), whole);
	});
	it('a rewind to before the edit undoes it', () => {
		const { b, result } = scene();
		const { leaf } = b;
		edit(b, { ref: { entry: result.id }, op: 'fold', text: 'x' }, { ref: { entry: result.id }, op: 'stripThinking' });
		assert.notDeepEqual(lines(b), whole);
		b.rewindTo(leaf);
		assert.deepEqual(lines(b), whole);
	});
});

describe('edits and summaries', () => {
	const compact = (b: EntryBuilder, after: EntryId | null, until: EntryId): EntryOf<'compaction'> =>
		b.add({
			type: 'compaction',
			replaces: { after, until },
			summary: 'summary',
			restored: [
				{ what: 'x', content: { type: 'text', text: 'restored' } },
				{ what: 'y', content: { type: 'text', text: 'more' } },
			],
			pins: [],
			by: 'manual',
			tokensBefore: 2,
			tokensAfter: 1,
		});
	it('a summary can be folded and not dropped; what stands beside it can be both', () => {
		const { b } = scene();
		const summary = compact(b, null, b.leaf as EntryId);
		edit(b, { ref: { entry: summary.id }, op: 'drop' });
		assert.deepEqual(lines(b), ['user summary', 'user restored', 'user more']);
		edit(
			b,
			{ ref: { entry: summary.id, block: 1 }, op: 'drop' },
			{ ref: { entry: summary.id, block: 2 }, op: 'fold', text: 'less' },
		);
		assert.deepEqual(lines(b), ['user summary', 'user less']);
		edit(b, { ref: { entry: summary.id }, op: 'fold', text: 'shorter' });
		assert.deepEqual(lines(b), ['user shorter']);
	});
	it('what a compaction replaced is out of reach, and an edit in its range still counts for what was kept', () => {
		const { b, prompt } = scene();
		const firstTurn = b.branch().find(({ type }) => type === 'turnEnded')?.id as EntryId;
		edit(b, { ref: { entry: prompt.id }, op: 'fold', text: 'folded' });
		b.user('three');
		b.reply([text('answer three')]);
		b.turnEnded();
		const gone = b.branch().find((entry) => entry.type === 'user' && entry.id > firstTurn)?.id as EntryId;
		compact(b, firstTurn, b.leaf as EntryId);
		edit(b, { ref: { entry: gone }, op: 'pin' }, { ref: { entry: gone }, op: 'fold', text: 'no' });
		assert.deepEqual(lines(b), [
			...changed({ 0: 'user folded' }).slice(0, 8),
			'user summary',
			'user restored',
			'user more',
		]);
		assert.deepEqual(activeEdits(b.branch()).pins, []);
	});
});
