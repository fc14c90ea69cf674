// What hooks change in files, with real processes and a real look at the folder: recorded once, as an effect of their own.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Hook, Hooks } from '../../../src/core/hooks/hookTypes.ts';
import { createHookRunner } from '../../../src/node/process/hookProcess.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createScanWorld } from '../scan/fileScanWorld.ts';

describe('files that a hook changes', { skip: process.platform === 'win32' }, () => {
	const world = createScanWorld();
	after(() => world.dispose());

	const turnWith = async (command: string, calls: readonly ReturnType<typeof call>[]) => {
		const hook: Hook = {
			point: 'PostToolUse',
			matcher: '',
			command,
			timeoutMs: 20_000,
			source: 'user',
			projectDir: world.root,
		};
		const hooks: Hooks = {
			list: () => [hook],
			run: createHookRunner({ hiddenEnvironment: [] }),
			transcriptPath: '',
			life: { isStarted: true },
		};
		const model = createScriptedModel([{ blocks: calls }, { blocks: [text('ok')] }]);
		const fixture = await createFixture({ model, mode: 'auto', files: { '/w/a.js': 'a', '/w/b.js': 'b' } });
		Object.assign(fixture.ports, { hooks, scanner: world.scanner, blobs: world.blobs });
		fixture.session.setCwd(world.root);
		await fixture.run('go');
		const { entries } = fixture.session;
		return {
			operations: entries.flatMap((entry) => (entry.type === 'fileOperation' ? [entry] : [])),
			hooks: entries.flatMap((entry) => (entry.type === 'hook' ? [entry] : [])),
		};
	};

	test('are in the log before the hook, with what they were', async () => {
		world.write({ 'a.txt': 'one\n' });
		const { operations, hooks } = await turnWith('echo two > a.txt', [call('Read', { file_path: '/w/a.js' }, 'r1')]);
		assert.deepEqual(
			operations.map(({ op, path, author, toolUseId, state }) => [op, path.rel, author, toolUseId, state]),
			[['change', 'a.txt', 'shell', undefined, 'done']],
		);
		const [operation] = operations;
		assert.ok(operation && typeof operation.before !== 'string');
		assert.equal(new TextDecoder().decode(await world.blobs.get(operation.before)), 'one\n');
		assert.deepEqual(
			hooks.map(({ point, changedFiles, outcome }) => [point, changedFiles, outcome]),
			[['PostToolUse', 1, 'ok']],
		);
	});

	test('are told once, also when calls run beside each other', async () => {
		world.write({ 'count.txt': '' });
		const reads = ['r1', 'r2', 'r3'].map((id) => call('Read', { file_path: '/w/b.js' }, id));
		const { operations } = await turnWith('echo x >> count.txt', reads);
		assert.deepEqual(
			operations.map(({ path, epoch }) => [path.rel, epoch]),
			[1, 2, 3].map((epoch) => ['count.txt', epoch]),
		);
	});
});
