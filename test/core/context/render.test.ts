/**
 * What each version of the rendering makes of a session, byte for byte. A session keeps the version that it began with, so a file here is
 * never rewritten: another rendering is another version with files of its own.
 */
import { it } from 'node:test';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { type EntryBuilder, entryBuilder, text, thinking, toolUse } from '../../fakes/entries.ts';
import { checkGolden } from './golden.ts';
import { smallPrefix } from './request.ts';

/** Something of everything that is sent. */
function fill(b: EntryBuilder): void {
	const first = b.user('Find out what add does');
	b.reply([thinking('Look.'), text('I look.'), toolUse('t1', 'Read', { path: 'a.js' })]);
	b.result('t1', 'the old text of a.js');
	b.reply([text('It adds.')]);
	b.turnEnded();
	const until = b.branch().at(-1)?.id ?? first.id;
	b.add({
		type: 'compaction',
		replaces: { after: null, until },
		summary: 'This is the summary of the conversation so far.',
		restored: [{ what: 'a.js', content: { type: 'text', text: 'a.js as it is now' } }],
		pins: [],
		by: 'manual',
		tokensBefore: 100,
		tokensAfter: 50,
	});
	b.user('Rename it');
	b.add({ type: 'attachment', name: 'b.js', content: [{ type: 'text', text: 'the text of b.js' }] });
	b.add({ type: 'reminder', text: 'The user undid your change to a.js.', hasOtherWords: true });
	b.reminder('The user switched plan mode on.');
	b.reply([thinking('Both.'), toolUse('t2', 'Read', { path: 'a.js' }), toolUse('t3', 'Grep', { pattern: 'add' })]);
	const read = b.result('t2', 'a long text of a.js');
	b.result('t3', 'no such thing', true);
	b.reply([thinking('Lost.'), text('A failed attempt')], { stopReason: null });
	b.reply([thinking('So.'), text('Here is the plan.')]);
	b.turnEnded();
	b.add({
		type: 'contextEdit',
		edits: [
			{ ref: { entry: read.id, toolUseId: read.toolUseId }, op: 'fold', text: '[a.js was read]' },
			{ ref: { entry: read.id }, op: 'stripThinking' },
		],
		cause: 'user',
	});
	b.user('Do it');
	b.reminder('The user switched plan mode off.');
	b.reply([text('I will not')], { stopReason: 'refusal' });
	b.turnEnded('refusal');
	b.user('Please');
	b.reply([thinking('Cut.'), text('On my w')], { stopReason: null, isPartial: true });
	b.interrupted();
	b.turnEnded('stopped');
	b.user('Go on');
}

for (const reminderForm of ['user', 'system'] as const)
	it(`render 1, reminders as ${reminderForm}`, () => {
		const b = entryBuilder();
		fill(b);
		const prefix = smallPrefix({ reminderForm, render: 1 });
		checkGolden(`render1-${reminderForm}`, buildContext({ branch: b.branch(), prefix, blobs: new Map() }));
	});
