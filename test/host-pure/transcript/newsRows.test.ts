/** What came to the model beside a prompt, as rows of their own: it is nothing that the user attached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replay } from '../../../src/host/transcript/replay.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { entryBuilder } from '../../fakes/entries.ts';

test('a list of skills that changed is a row of its own', () => {
	const log = entryBuilder();
	const content = [{ type: 'text' as const, text: 'x' }];
	log.user('Go');
	log.add({ type: 'attachment', name: 'a.png', content });
	const { id } = log.add({ type: 'attachment', name: 'List of skills', content, list: { name: 'skills', hash: 'h' } });
	const inputs = createTranscriptInputs(
		() => undefined,
		(path) => path,
	);
	const [prompt, row, ...rest] = replay(log.entries, log.branch(), inputs).rows(false);
	assert.deepEqual(prompt?.kind === 'prompt' ? prompt.attachments.map(({ name }) => name) : [], ['a.png']);
	assert.equal(row?.id, id);
	assert.match(row?.kind === 'notice' ? row.text : '', /^List of skills: changed on disk/);
	assert.deepEqual(rest, []);
});
