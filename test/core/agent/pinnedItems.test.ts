/** Pins: word for word beside a summary, the same bytes after any number of them, and gone once they are taken off. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedItems } from '../../../src/core/agent/pinnedItems.ts';
import { activeEdits } from '../../../src/core/context/contextEdits.ts';
import type { EntryDraft, EntryFields } from '../../../src/core/session/entry.ts';
import { type EntryBuilder, entryBuilder, text, toolUse } from '../../fakes/entries.ts';

type Edit = EntryFields<'contextEdit'>['edits'][number];

function compact(entries: EntryBuilder) {
	const branch = entries.branch();
	const { restored, pins } = pinnedItems(branch, 0, branch.length);
	const until = branch.at(-1);
	assert.ok(until);
	return entries.add({
		type: 'compaction',
		replaces: { after: null, until: until.id },
		summary: 'So far.',
		restored: [...restored],
		pins: [...pins],
		by: 'auto',
		tokensBefore: 0,
		tokensAfter: 0,
	} satisfies EntryDraft<'compaction'>);
}
const edit = (entries: EntryBuilder, ...edits: Edit[]) => entries.add({ type: 'contextEdit', edits, cause: 'user' });
const turn = (entries: EntryBuilder, words: string) => {
	const prompt = entries.user(words);
	entries.reply([text(`About ${words}.`)]);
	entries.turnEnded();
	return prompt;
};

test('what is pinned comes back word for word, in the order of the conversation, with its name', () => {
	const entries = entryBuilder();
	const prompt = turn(entries, 'Keep this:\n  exactly  so ');
	entries.user('Read it');
	entries.reply([toolUse('t1', 'Read', { file_path: 'a.ts' })]);
	const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } } as const;
	const blob = { $blob: 'a'.repeat(64), size: 90_000, mediaType: 'application/json', head: '{"type":"text"' };
	const result = entries.add({
		type: 'toolResult',
		toolUseId: 't1' as never,
		isError: false,
		content: [blob as never, image as never],
		durationMs: 1,
	});
	entries.reply([text('Seen.')]);
	const reply = entries.branch().findLast(({ type }) => type === 'assistant');
	assert.ok(reply);
	edit(
		entries,
		{ ref: { entry: reply.id }, op: 'pin' },
		{ ref: { entry: result.id, toolUseId: result.toolUseId }, op: 'pin' },
		{ ref: { entry: prompt.id }, op: 'pin' },
	);
	const { restored, pins } = compact(entries);
	assert.deepEqual(
		restored.map(({ content }) => content),
		[
			{ type: 'text', text: 'Pinned by the user, word for word. The user’s message:\nKeep this:\n  exactly  so ' },
			{ type: 'text', text: 'Pinned by the user, word for word. What Read {"file_path":"a.ts"} gave:' },
			blob,
			image,
			{ type: 'text', text: 'Pinned by the user, word for word. Your reply:\nSeen.' },
		],
	);
	assert.deepEqual(
		pins.map(({ entry }) => entry),
		[prompt.id, result.id, reply.id],
	);
});

test('a pin survives any number of compactions byte for byte; unpinned, it is not carried on', () => {
	const entries = entryBuilder();
	const first = turn(entries, 'One');
	edit(entries, { ref: { entry: first.id }, op: 'pin' });
	const once = compact(entries);
	const second = turn(entries, 'Two');
	edit(entries, { ref: { entry: second.id }, op: 'pin' });
	const twice = compact(entries);
	turn(entries, 'Three');
	const thrice = compact(entries);
	assert.deepEqual(JSON.stringify(twice.restored[0]), JSON.stringify(once.restored[0]));
	assert.deepEqual(JSON.stringify(thrice.restored), JSON.stringify(twice.restored));
	assert.deepEqual(
		thrice.pins.map(({ entry }) => entry),
		[first.id, second.id],
	);
	const isPinned = () => activeEdits(entries.branch()).isPinned({ entry: thrice.id, block: 1 });
	assert.ok(isPinned(), 'what was carried counts as pinned where it stands');
	edit(entries, { ref: { entry: thrice.id, block: 1 }, op: 'unpin' });
	assert.ok(!isPinned());
	const later = compact(entries);
	assert.deepEqual(later.restored, thrice.restored.slice(1));
});

test('what came back with a summary, and the summary itself, can be pinned too; what was dropped is not carried', () => {
	const entries = entryBuilder();
	turn(entries, 'One');
	const branch = entries.branch();
	const first = entries.add({
		type: 'compaction',
		replaces: { after: null, until: branch.at(-1)?.id ?? ('' as never) },
		summary: 'First.',
		restored: [{ what: 'file a', content: { type: 'text', text: 'a, as it is now' } }],
		pins: [],
		by: 'auto',
		tokensBefore: 0,
		tokensAfter: 0,
	});
	edit(entries, { ref: { entry: first.id, block: 1 }, op: 'pin' }, { ref: { entry: first.id }, op: 'pin' });
	const second = compact(entries);
	assert.deepEqual(
		second.restored.map(({ content }) => ('text' in content ? content.text : '')),
		['A summary of earlier:\nFirst.', 'a, as it is now'],
	);
	edit(entries, { ref: { entry: second.id, block: 2 }, op: 'drop' });
	assert.deepEqual(compact(entries).restored, second.restored.slice(0, 1));
});

test('a pin that was folded is as short as it was made, and one in another part of the branch stays there', () => {
	const entries = entryBuilder();
	const first = turn(entries, 'One');
	const second = turn(entries, 'Two');
	edit(
		entries,
		{ ref: { entry: first.id }, op: 'pin' },
		{ ref: { entry: first.id }, op: 'fold', text: '[shorter]' },
		{ ref: { entry: second.id }, op: 'pin' },
	);
	const branch = entries.branch();
	const { restored, pins } = pinnedItems(branch, 0, branch.indexOf(second));
	assert.deepEqual(
		restored.map(({ content }) => ('text' in content ? content.text : '')),
		['Pinned by the user, word for word. The user’s message:\n[shorter]'],
	);
	assert.deepEqual(pins, [{ entry: first.id }]);
});
