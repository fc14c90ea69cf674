/** A call that is made as another program would make it, from the model's block to its result. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBlobRef, type ToolUseBlock } from '../../../src/core/session/content.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

async function saidTo(name: string, input: object) {
	const block: ToolUseBlock = { ...call(name, {}, 'toolu_1'), input };
	const fixture = await createFixture({
		model: createScriptedModel([{ blocks: [block] }, { blocks: [text('done')] }]),
		files: { '/w/a.txt': 'one\n' },
		mode: 'auto',
	});
	await fixture.run('go');
	const result = fixture.session.entries.find((entry) => entry.type === 'toolResult');
	assert.ok(result?.type === 'toolResult');
	const said = result.content.map((one) => (isBlobRef(one) || !('text' in one) ? '' : String(one.text))).join('\n');
	return { said, isError: result.isError, ran: fixture.commands };
}

test('a field under another name is taken as meant', async () => {
	assert.deepEqual(await saidTo('Read', { path: 'a.txt', offset: '1' }), { said: '1\tone', isError: false, ran: [] });
});

test('a field that is not known is said, so that nobody believes it counted', async () => {
	const { said, isError } = await saidTo('Read', { file_path: 'a.txt', view_range: [1, 2] });
	assert.equal(isError, false);
	assert.match(
		said,
		/^1\tone\n\(Read does not know view_range, so it was left out\. Its fields are file_path, offset, limit\.\)$/,
	);
});

test('a command is not run elsewhere than it was meant to', async () => {
	const elsewhere = await saidTo('Bash', { command: 'rm -rf build', cwd: 'packages/a' });
	assert.deepEqual([elsewhere.isError, elsewhere.ran], [true, []]);
	assert.match(elsewhere.said, /does not know cwd, so nothing was run/);
	const explained = await saidTo('Bash', { command: 'ls', explanation: 'to see' });
	assert.deepEqual([explained.isError, explained.ran], [false, ['ls']]);
});

test('a tool under another name is named', async () => {
	assert.match((await saidTo('bash', { command: 'ls' })).said, /^There is no tool named bash\. Use Bash\.$/);
	assert.match((await saidTo('TodoWrite', {})).said, /Use TaskList\./);
	assert.match((await saidTo('Nothing', {})).said, /The tools are: Agent,/);
});
