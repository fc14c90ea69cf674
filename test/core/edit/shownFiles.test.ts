/** A whole file is not written over what came after it was read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBlobRef } from '../../../src/core/session/content.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type Fixture } from '../agent/turnFixture.ts';

type Call = readonly [tool: string, input: Readonly<Record<string, unknown>>];

/** A call of Bash stands for somebody else who changes `a.txt` meanwhile. */
async function turnWith(calls: readonly Call[]) {
	const steps = calls.map(([tool, input], index) => ({ blocks: [call(tool, input, `toolu_${index}`)] }));
	const fixture: Fixture = await createFixture({
		model: createScriptedModel([...steps, { blocks: [text('done')] }]),
		files: { '/w/a.txt': 'one\n' },
		mode: 'auto',
		shell: () => {
			fixture.workspace.set('/w/a.txt', 'the user was here\n');
			return {};
		},
	});
	await fixture.run('go');
	const results = fixture.session.entries.flatMap((entry) => {
		if (entry.type !== 'toolResult') return [];
		const [first] = entry.content;
		return [{ isError: entry.isError, said: first && !isBlobRef(first) && 'text' in first ? String(first.text) : '' }];
	});
	return { results, left: fixture.workspace.text('/w/a.txt') };
}
const read: Call = ['Read', { file_path: 'a.txt' }];
const write: Call = ['Write', { file_path: 'a.txt', content: 'two\n' }];
const other: Call = ['Bash', { command: 'x' }];

test('what somebody wrote since is kept until it was read as well', async () => {
	const refused = await turnWith([read, other, write]);
	assert.equal(refused.left, 'the user was here\n');
	assert.match(refused.results[2]?.said ?? '', /a\.txt was changed since you read it.*Read it again, then write it/);
	const again = await turnWith([read, other, write, read, write]);
	assert.deepEqual([again.left, again.results[4]?.isError], ['two\n', false]);
});

test('what was not read, or changed by the session itself, is written', async () => {
	assert.equal((await turnWith([write])).left, 'two\n');
	assert.equal((await turnWith([read, write])).left, 'two\n');
	const own: Call = ['Edit', { file_path: 'a.txt', old_string: 'one', new_string: 'own' }];
	assert.equal((await turnWith([read, own, write])).left, 'two\n');
});

test('a folder is not taken for a file, nor a file for a folder', async () => {
	const { results } = await turnWith([['Write', { file_path: 'made/', content: 'x' }]]);
	assert.match(results[0]?.said ?? '', /made\/ ends with a slash, so it names a folder\. Nothing was written/);
});
