/** That old results were folded is one quiet row, from which the context can be opened to bring them back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MICROCOMPACTION } from '../../../src/core/agent/microcompact.ts';
import { Transcript } from '../../../src/host/transcript/transcript.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { entryBuilder } from '../../fakes/entries.ts';

test('the row of folded results, and none for an edit by hand', () => {
	const log = entryBuilder();
	const prompt = log.user('go');
	log.add({
		type: 'contextEdit',
		edits: [{ ref: { entry: prompt.id }, op: 'fold', text: '[folded]' }],
		cause: MICROCOMPACTION,
	});
	log.add({ type: 'notice', level: 'info', code: MICROCOMPACTION, text: '2 old results were folded to notes.' });
	log.add({ type: 'notice', level: 'info', code: 'other', text: 'Something else.' });
	const transcript = new Transcript(
		createTranscriptInputs(
			() => undefined,
			(path) => path,
		),
	);
	for (const entry of log.entries) transcript.apply(entry);
	const rows = transcript.rows(false).flatMap((row) => (row.kind === 'notice' ? [row] : []));
	assert.deepEqual(
		rows.map(({ text, level, actions }) => [text, level, actions.map(({ label, action }) => `${label}: ${action}`)]),
		[
			['2 old results were folded to notes.', 'info', ['Show Context: showContext']],
			['Something else.', 'info', []],
		],
	);
});
