/** The git state of a brief: what is told, and that asking writes nothing and starts no program of the repository. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, suite, test } from 'node:test';
import { findGit } from '../../../src/node/scan/fileScanGit.ts';
import { readGitState } from '../../../src/node/scan/gitState.ts';
import { commitAll, createScanWorld, git, type ScanWorldFixture } from './fileScanWorld.ts';

suite('Git state of a brief', () => {
	let world: ScanWorldFixture;
	afterEach(() => world.dispose());
	const read = async (path = world.root) => (await readGitState([{ name: 'shop', path }], findGit(process.env, [])))[0];
	const told = (state: Awaited<ReturnType<typeof read>>) => state?.changes.map(({ path, what }) => `${what} ${path}`);

	test('the branch, and every kind of change by its path from the folder on', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a', 'b.txt': 'b', 'c/d.txt': 'd', 'staged.txt': 's' });
		await commitAll(world.root);
		await git(world.root, 'checkout', '-q', '-b', 'feature/tax');
		world.write({ 'a.txt': 'changed', 'c/new ü.txt': 'n', 'added.txt': '1', 'staged.txt': 'staged' });
		unlinkSync(world.at('b.txt'));
		await git(world.root, 'add', 'added.txt', 'staged.txt');
		world.write({ 'added.txt': '12', 'many/1': '1', 'many/2': '2' });
		const state = await read();
		assert.equal(state?.branch, 'feature/tax');
		assert.deepEqual(told(state), [
			'changed a.txt',
			'added added.txt',
			'deleted b.txt',
			'new c/new ü.txt',
			'new many/',
			'changed staged.txt',
		]);
		assert.deepEqual(told(await read(world.at('c'))), ['new new ü.txt']);
	});

	test('before the first commit, detached, and outside of any repository', async () => {
		world = createScanWorld();
		assert.equal(await read(), undefined);
		await git(world.root, 'init', '-q');
		world.write({ 'a.txt': 'a' });
		const unborn = await read();
		assert.deepEqual([unborn?.branch, told(unborn)], [undefined, ['new a.txt']]);
		await commitAll(world.root);
		await git(world.root, 'checkout', '-q', '--detach');
		assert.match((await read())?.branch ?? '', /^none \(at commit [0-9a-f]{12}\)$/);
		assert.deepEqual(await readGitState([{ name: 'shop', path: world.root }], undefined), []);
	});

	test('nothing below .git changes, and neither hooks, monitors nor filters of the repository run', async () => {
		world = createScanWorld();
		world.write({ 'a.txt': 'a', '.gitattributes': '* filter=mine\n' });
		await commitAll(world.root);
		const trap = join(world.storage, 'trap');
		mkdirSync(world.storage, { recursive: true });
		world.write({ 'run.sh': `#!/bin/sh\ntouch '${trap}'\ncat\n` });
		chmodSync(world.at('run.sh'), 0o755);
		await git(world.root, 'config', 'core.fsmonitor', world.at('run.sh'));
		await git(world.root, 'config', 'filter.mine.clean', world.at('run.sh'));
		await git(world.root, 'config', 'diff.external', world.at('run.sh'));
		// The same size, so that only the content would tell.
		world.write({ 'a.txt': 'b' });
		const times = () =>
			readdirSync(world.at('.git'), { recursive: true, encoding: 'utf8' }).map(
				(path) => `${path} ${statSync(world.at(`.git/${path}`)).mtimeMs}`,
			);
		const before = times();
		assert.deepEqual(told(await read()), ['changed a.txt', 'new run.sh']);
		assert.deepEqual(times(), before);
		assert.equal(existsSync(trap), false);
	});
});
