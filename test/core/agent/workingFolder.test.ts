import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleWorkingFolder } from '../../../src/core/agent/workingFolder.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

const files = { '/w/a.txt': 'A', '/w/sub/b.txt': 'B' };

test('a session whose folder is gone goes on in the first root, and the model is told after what it knew', async () => {
	const model = createScriptedModel([
		{ blocks: [text('Fine.')] },
		{ blocks: [call('Read', { file_path: 'a.txt' })] },
		{ blocks: [text('It says A.')] },
	]);
	const fixture = await createFixture({ model, files });
	fixture.session.setCwd('/moved/away');
	await fixture.run('First');
	await settleWorkingFolder(fixture.session, fixture.workspace);
	await settleWorkingFolder(fixture.session, fixture.workspace);
	assert.equal(fixture.session.cwd, '/w');
	await fixture.run('Read it');
	assert.ok(fixture.log().some((line) => line.startsWith('toolResult') && line.includes('A')));
	const [first, second] = model.requests.map((request) => JSON.stringify(request.messages));
	assert.doesNotMatch(first ?? '', /does not exist any more/);
	assert.equal((second ?? '').match(/does not exist any more/g)?.length, 1);
});

test('a folder that is there stays, inside of a root or not; a session that nobody used yet is only moved', async () => {
	const fixture = await createFixture({ model: createScriptedModel([]), files });
	const { session, workspace } = fixture;
	workspace.set('/elsewhere/x', '');
	for (const folder of ['/w', '/w/sub', '/elsewhere']) {
		session.setCwd(folder);
		await settleWorkingFolder(session, workspace);
		assert.equal(session.cwd, folder);
	}
	session.setCwd('/gone');
	await settleWorkingFolder(session, workspace);
	assert.equal(session.cwd, '/w');
	assert.deepEqual(fixture.log(), []);
});
