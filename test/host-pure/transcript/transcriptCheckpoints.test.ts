import assert from 'node:assert/strict';
import test from 'node:test';
import { replay } from '../../../src/host/transcript/replay.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { entryBuilder } from '../../fakes/entries.ts';

test('the user’s checkpoints stand in the transcript; those of prompts and restores do not', () => {
	const log = entryBuilder();
	const prompt = log.user('Go');
	log.add({ type: 'checkpoint', epoch: 0, prompt: prompt.id });
	log.turnEnded();
	log.add({ type: 'checkpoint', epoch: 0, label: 'Before the rewind' });
	const { id } = log.add({ type: 'checkpoint', epoch: 0, label: 'Tests\u202e pass', by: 'user' });
	const inputs = createTranscriptInputs(
		() => undefined,
		(path) => path,
	);
	const rows = replay(log.entries, log.branch(), inputs).rows(false);
	assert.deepEqual(
		rows.filter((row) => row.kind === 'checkpoint'),
		[{ kind: 'checkpoint', id, label: 'Tests pass' }],
	);
	assert.equal(rows.length, 3);
});

test('a turn that was taken back alone says so', () => {
	const log = entryBuilder();
	const prompt = log.user('Go');
	log.turnEnded();
	const plan = { $blob: 'a'.repeat(64), size: 1, mediaType: 'application/json', head: '' } as never;
	const files = [{ path: { root: '/w', rel: 'a' }, outcome: 'restore' }];
	log.add({ type: 'restore', plan, files, safety: 0, turn: prompt.id });
	const inputs = createTranscriptInputs(
		() => undefined,
		(path) => path,
	);
	const row = replay(log.entries, log.branch(), inputs).rows(false).at(-1);
	assert.match(row?.kind === 'rewound' ? row.text : '', /^One turn taken back: 1 file restored/);
});
