/** Facts: what a model's section is read as, what merging keeps, and what the user's edits make of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FACTS_QUESTION, placeFacts, readFacts, splitFacts } from '../../../src/core/context/factLines.ts';
import {
	deletedTexts,
	type FactEdit,
	factChangesText,
	factsOf,
	factsText,
	mergeFacts,
	nextFactId,
} from '../../../src/core/context/facts.ts';
import type { Fact } from '../../../src/core/session/compactionFields.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import { entryBuilder } from '../../fakes/entries.ts';

const fact = (id: string, text: string, more: Partial<Fact> = {}): Fact => ({
	id,
	kind: 'decision',
	topic: 'storage',
	text,
	by: 'model',
	...more,
});
const merge = (known: readonly Fact[], more: Partial<Parameters<typeof mergeFacts>[0]>) =>
	mergeFacts({ known, drawn: [], gone: [], deleted: [], firstId: 'f9', ...more });
const drawn = (text: string) => ({ kind: 'cause' as const, topic: 'tests', text });

test('a section is read line by line, and lines of another form are passed over', () => {
	const answer = `<summary>\nAll of it.\n</summary>\n<facts>
- decision | storage | Use SQLite, not files | “we go with SQLite”
* Cause | tests | The port 5433 was taken | port was taken
- constraint | style | Pipe the output: a | b | always pipe it
- opinion | style | Tabs are nicer | tabs are nicer
decision without bars
- decision | only a topic
- gone | f3
- gone | everything
</facts>`;
	const { rest, section } = splitFacts(answer);
	assert.equal(rest.trim(), '<summary>\nAll of it.\n</summary>');
	const { facts, gone } = readFacts(section);
	assert.deepEqual(
		facts.map(({ kind, topic, text, quote }) => [kind, topic, text, quote]),
		[
			['decision', 'storage', 'Use SQLite, not files', '“we go with SQLite”'],
			['cause', 'tests', 'The port 5433 was taken', 'port was taken'],
			['constraint', 'style', 'Pipe the output: a | b', 'always pipe it'],
		],
	);
	assert.deepEqual(gone, ['f3']);
});

test('a section that was cut off counts up to its last whole line, and one that is spoken of in a summary is none', () => {
	const cut = splitFacts('<summary>S</summary><facts>\n- decision | a | Whole | quote\n- decision | b | Cut of');
	assert.equal(cut.rest, '<summary>S</summary>');
	assert.deepEqual(
		readFacts(cut.section).facts.map(({ text }) => text),
		['Whole'],
	);
	const spoken = '<summary>They write <facts> after it.</summary>';
	assert.deepEqual(splitFacts(spoken), { rest: spoken, section: '' });
	assert.match(FACTS_QUESTION, /<facts>/);
});

test('a fact stands where its quote was said, whatever the case and the marks around it', () => {
	const entries = entryBuilder();
	entries.add({ type: 'user', content: [{ type: 'text', text: 'We go with SQLite: it is one file.' }] });
	entries.add({ type: 'user', content: [{ type: 'text', text: 'Fine.' }] });
	const { facts } = readFacts(
		'- decision | db | Use SQLite | "we go with sqlite"\n- decision | db | Other | never said this',
	);
	const placed = placeFacts(facts, entries.branch());
	assert.deepEqual(
		placed.map(({ ref }) => ref?.entry),
		[entries.branch()[0]?.id, undefined],
	);
});

test('what says the same is kept once; a number or a “not” makes it another fact', () => {
	const known = [fact('f1', 'Use port 5432.')];
	const merged = merge(known, {
		drawn: [drawn('use the port 5432'), drawn('Use port 5433'), drawn('Do not use port 5432'), drawn('Use port 5433!')],
	});
	assert.deepEqual(
		merged.map(({ id, text }) => [id, text]),
		[
			['f1', 'Use port 5432.'],
			['f9', 'Use port 5433'],
			['f10', 'Do not use port 5432'],
		],
	);
});

test('a model takes out what it drew and nothing that the user pinned, worded or deleted', () => {
	const known = [fact('f1', 'One'), fact('f2', 'Two', { isPinned: true }), fact('f3', 'Three', { by: 'user' })];
	const merged = merge(known, { gone: ['f1', 'f2', 'f3'], drawn: [drawn('Four')], deleted: ['four'] });
	assert.deepEqual(
		merged.map(({ id }) => id),
		['f2', 'f3'],
	);
});

test('too many: the oldest that nobody holds on to go first; each is short and of one line', () => {
	const known = Array.from({ length: 60 }, (_, index) => fact(`f${index}`, `Fact ${index}`, { isPinned: index === 0 }));
	const merged = merge(known, { drawn: [drawn(`Long\n${'x'.repeat(500)}`)], firstId: 'f60' });
	assert.equal(merged.length, 60);
	assert.deepEqual(
		merged.slice(0, 2).map(({ id }) => id),
		['f0', 'f2'],
	);
	assert.equal(merged.at(-1)?.text.length, 200);
	assert.doesNotMatch(merged.at(-1)?.text ?? '', /\n/);
});

test('edits count in branch order from the newest compaction on, and the model is told of them once', () => {
	const entries = entryBuilder();
	const edit = (...edits: FactEdit[]) => entries.add({ type: 'factEdit', edits });
	const branch = () => entries.branch() as readonly Entry[];
	entries.add({ type: 'user', content: [{ type: 'text', text: 'Hello' }] });
	edit({ fact: 'f1', op: 'add', kind: 'constraint', topic: 'style', text: 'Use tabs' });
	edit({ fact: 'f1', op: 'change', text: 'Use spaces' }, { fact: 'f1', op: 'pin' });
	assert.deepEqual(factsOf(branch()), [
		{ id: 'f1', kind: 'constraint', topic: 'style', text: 'Use spaces', by: 'user', isPinned: true },
	]);
	assert.equal(nextFactId(branch()), 'f2');
	assert.equal(
		factChangesText(branch()),
		'The user changed what is kept as facts:\n- [f1] constraint, style: Use spaces',
	);
	entries.add({ type: 'user', content: [{ type: 'text', text: 'On.' }] });
	assert.equal(factChangesText(branch()), undefined);
	edit({ fact: 'f1', op: 'unpin' });
	assert.equal(factChangesText(branch()), undefined, 'a pin is no word for the model');
	edit({ fact: 'f1', op: 'delete' }, { fact: 'f7', op: 'change', text: 'Of nothing' });
	assert.deepEqual(factsOf(branch()), []);
	assert.deepEqual(deletedTexts(branch()), ['Use spaces']);
	assert.match(factChangesText(branch()) ?? '', /no longer: \[f1\]/);
	assert.equal(factsText(factsOf(branch())), undefined);
});
