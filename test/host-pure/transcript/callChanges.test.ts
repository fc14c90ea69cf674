/** What the row of a command shows of its changes, from the entries of its log. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asSha256, asToolUseId } from '../../../src/base/ids.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { Transcript } from '../../../src/host/transcript/transcript.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import type { ShownChanges } from '../../../src/protocol/callEffects.ts';
import { transcriptItemSchema } from '../../../src/protocol/transcriptItem.ts';
import { entryBuilder, toolUse } from '../../fakes/entries.ts';

const sha = (text: string) => asSha256(Buffer.from(text).toString('hex').padStart(64, '0'));
const textOf = (hash: string) => Buffer.from(hash.replace(/^(?:00)+/, ''), 'hex').toString();
const ref = (text: string) => ({ $blob: sha(text), size: text.length, mediaType: 'x', head: '' });
type Operation = EntryDraft<'fileOperation'>;

function operation(rel: string, more: Partial<Operation> = {}): Operation {
	return {
		type: 'fileOperation',
		epoch: 1,
		op: 'change',
		path: { root: '/w', rel },
		before: ref('a\n'),
		after: sha('b\n'),
		meta: { mode: 0o644 },
		author: 'shell',
		toolUseId: asToolUseId('t'),
		state: 'done',
		...more,
	};
}

/** The command's row after these operations, with all lines counted. */
function rowAfter(
	operations: readonly Operation[],
	hasResult = true,
	text: (hash: string) => string | undefined = textOf,
) {
	const transcript = new Transcript(createTranscriptInputs(text, (path) => path));
	const log = entryBuilder();
	log.user('go');
	log.reply([toolUse('t', 'Bash', { command: 'make' })], { stopReason: 'tool_use' });
	log.add({
		type: 'toolStarted',
		toolUseId: asToolUseId('t'),
		limits: { items: [{ path: 'dist/', reason: 'ignored by git' }], more: 2 },
	});
	for (const one of operations) log.add(one);
	if (hasResult) log.result('t', 'ok');
	const told = log.entries.flatMap((entry) => transcript.apply(entry));
	while (transcript.countNext('t'));
	transcript.refresh('t');
	const row = transcript.rows(hasResult).find(({ id }) => id === 't');
	assert.ok(row?.kind === 'tool');
	assert.deepEqual(transcriptItemSchema.parse(row), row);
	return { row, told, contents: transcript.contentsOf('t') };
}
const namesOf = (changes: ShownChanges | undefined) =>
	changes?.items.map(({ op, from, path }) => `${op} ${from === undefined ? '' : `${from} → `}${path}`);

describe('the changes of a command', () => {
	test('are counted and listed', () => {
		const { row } = rowAfter([
			operation('a'),
			operation('b', { op: 'create', before: 'absent', after: sha('1\n2\n') }),
			operation('c', { op: 'delete', after: 'absent' }),
		]);
		assert.deepEqual(namesOf(row.changes), ['change a', 'create b', 'delete c']);
		const { fileCount, lostCount, addedLines, removedLines } = row.changes ?? {};
		assert.deepEqual([fileCount, lostCount, addedLines, removedLines], [3, 0, 3, 2]);
		assert.deepEqual(row.limits, { items: [{ path: 'dist/', reason: 'ignored by git' }], more: 2 });
	});

	test('a rename is one change, compared with what was there before', () => {
		const { row } = rowAfter([
			operation('old', { op: 'delete', after: 'absent', before: ref('a\nb\n') }),
			operation('new', { op: 'rename', before: 'absent', after: sha('a\nc\n'), from: { root: '/w', rel: 'old' } }),
		]);
		assert.deepEqual(namesOf(row.changes), ['rename old → new']);
		assert.deepEqual([row.changes?.addedLines, row.changes?.removedLines], [1, 1]);
	});

	test('what cannot be taken back is named with the reason, and is not counted', () => {
		const { row, contents } = rowAfter([
			operation('video', { before: 'notCaptured', after: 'notCaptured', reason: 'larger than 50 MB' }),
			operation('run.sh', { op: 'chmod', after: sha('a\n'), metaAfter: { mode: 0o755 }, author: 'unknown' }),
		]);
		assert.deepEqual(
			row.changes?.items.map(({ note, hasDiff }) => [note, hasDiff]),
			[
				['cannot be taken back: larger than 50 MB', false],
				['mode 644 → 755, may have been changed by something else meanwhile', false],
			],
		);
		assert.deepEqual([row.changes?.lostCount, row.changes?.addedLines], [1, undefined]);
		assert.deepEqual(contents, []);
	});

	test('a file without lines leaves the sum of the others', () => {
		const isText = (hash: string) => (hash === sha('b\n') || hash === sha('a\n') ? textOf(hash) : undefined);
		const { row } = rowAfter([operation('a'), operation('b.png', { after: sha('PNG') })], true, isText);
		assert.deepEqual([row.changes?.addedLines, row.changes?.removedLines], [1, 1]);
		const long = 'x\n'.repeat(100_000);
		const texts = (hash: string) => (hash === sha('long') ? long : textOf(hash));
		const { row: other } = rowAfter([operation('a'), operation('b', { after: sha('long') })], true, texts);
		assert.equal(other.changes?.addedLines, undefined, 'a part would look like the whole');
	});

	test('thousands change one row once', () => {
		const { row, told, contents } = rowAfter(Array.from({ length: 3_000 }, (_, index) => operation(`f${index}`)));
		assert.deepEqual([row.changes?.fileCount, row.changes?.items.length], [3_000, 50]);
		assert.equal(told.filter(({ id }) => id === 't').length, 3, 'call, start and result');
		assert.deepEqual(contents, []);
	});

	test('of a call that a crash cut off are shown too', () => {
		const { row } = rowAfter([operation('a')], false);
		assert.deepEqual([row.state, namesOf(row.changes)], ['interrupted', ['change a']]);
	});

	test('in several folders have the name of their folder', () => {
		const { row } = rowAfter([operation('a'), operation('a', { path: { root: '/x/lib', rel: 'a' } })]);
		assert.deepEqual(namesOf(row.changes), ['change w/a', 'change lib/a']);
	});
});
