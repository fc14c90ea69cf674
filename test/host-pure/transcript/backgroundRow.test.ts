/** The row of a command that went on in the background says how it ended, live and after a reload; a rewind says what it stops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { BACKGROUND_ENDED } from '../../../src/core/background/backgroundEntries.ts';
import { runningWarnings } from '../../../src/host/rewind/rewindWarnings.ts';
import { Transcript } from '../../../src/host/transcript/transcript.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { entryBuilder } from '../../fakes/entries.ts';
import { call } from '../../fakes/scriptedModel.ts';

const toolUseId = asToolUseId('toolu_bg0001');

function rowsAfter(
	how: 'exited' | 'stopped' | 'lost',
	exitCode: number | null,
	sites?: { reached: string[]; refused: string[] },
) {
	const log = entryBuilder();
	log.user('go');
	const block = call('Bash', { command: 'npm run dev', run_in_background: true }, toolUseId);
	log.add({ type: 'assistant', messageId: 'm', index: 0, block });
	const content = [{ type: 'text' as const, text: 'Started in the background as bg0001.' }];
	log.add({
		type: 'toolResult',
		toolUseId,
		isError: false,
		content,
		durationMs: 3,
		summary: 'in the background (bg0001)',
	});
	log.add({
		type: 'notice',
		level: 'info',
		code: BACKGROUND_ENDED,
		text: 'It ended.',
		background: { toolUseId, exitCode, how, ...(sites === undefined ? {} : { sites }) },
	});
	const transcript = new Transcript(
		createTranscriptInputs(
			() => undefined,
			(path) => path,
		),
	);
	for (const entry of log.entries) transcript.apply(entry);
	return transcript
		.rows(false)
		.flatMap((row) =>
			row.kind === 'tool' ? [`${row.state}: ${row.summary}`] : row.kind === 'notice' ? [row.text] : [],
		);
}

test('its row says how it ended, and so does a line of its own', () => {
	assert.deepEqual(rowsAfter('exited', 0), ['done: exit 0', 'It ended.']);
	assert.deepEqual(rowsAfter('exited', 3), ['failed: exit 3', 'It ended.']);
	assert.deepEqual(rowsAfter('stopped', null), ['done: stopped', 'It ended.']);
	assert.deepEqual(rowsAfter('lost', null), ['failed: gone with its window', 'It ended.']);
});

test('its row says which sites it reached from the sandbox, and which it was kept from', () => {
	const reached = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'];
	const [row] = rowsAfter('exited', 0, { reached, refused: ['evil.test'] });
	assert.equal(row, 'done: exit 0, reached a.test b.test c.test and 2 more, refused evil.test');
});

test('a site that was denied is what the row of the answer names, not the command', () => {
	const log = entryBuilder();
	log.user('go');
	const block = call('Bash', { command: 'npm ci' }, toolUseId);
	log.add({ type: 'assistant', messageId: 'm', index: 0, block });
	log.add({ type: 'permission', toolUseId, tool: 'Bash', verdict: 'deny', cause: 'It waits', site: 'evil.test' });
	const transcript = new Transcript(
		createTranscriptInputs(
			() => undefined,
			(path) => path,
		),
	);
	for (const entry of log.entries) transcript.apply(entry);
	const targets = transcript.rows(false).flatMap((row) => (row.kind === 'permission' ? [row.target] : []));
	assert.deepEqual(targets, ['evil.test']);
});

test('a rewind says what it stops', () => {
	assert.deepEqual(runningWarnings([]), []);
	assert.deepEqual(runningWarnings([{ command: 'npm run dev' }, { command: 'x'.repeat(200) }]), [
		`2 commands in the background will be stopped: npm run dev · ${'x'.repeat(80)}`,
	]);
});
