/** Commands in a real sandbox and what is protected deeper in the workspace than where they run. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { MAX_NESTED_DEPTH, MAX_NESTED_PLACES, nestedPlaces } from '../../../src/node/sandbox/nestedPlaces.ts';
import { createSandboxScene, whyNoSandbox } from './sandboxFixture.ts';

const skip = await whyNoSandbox();

describe('below the folder that a command works in', { skip }, () => {
	const git = (folder: string, ...args: string[]) =>
		execFileSync('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' });
	const scene = createSandboxScene({
		'work/packages/app/.vscode/settings.json': '{}',
		'work/packages/app/a.txt': 'a',
		'work/packages/app/.envrc': 'x',
		'work/tools/.claude/settings.json': '{}',
		'work/one/two/three/.mcp.json': '{}',
		'work/node_modules/dep/.vscode/settings.json': '{}',
		'work/vendor/lib/b.txt': 'b',
		'other/.vscode/settings.json': '{}',
	});
	const { run, root, base } = scene;
	after(() => scene.dispose());
	const lib = join(root, 'vendor/lib');
	git(lib, 'init', '-q');
	git(lib, 'add', '.');
	git(lib, 'commit', '-qm', 'first');
	symlinkSync(join(base, 'other'), join(root, 'linked'));

	for (const path of [
		'packages/app/.vscode/settings.json',
		'packages/app/.vscode/tasks.json',
		'packages/app/.envrc',
		'tools/.claude/settings.json',
		'one/two/three/.mcp.json',
		'vendor/lib/.git/config',
		'vendor/lib/.git/hooks/pre-commit',
	])
		test(`is not written: ${path}`, async () => {
			assert.notEqual((await run(`echo evil >>${path}`)).exitCode, 0);
			assert.ok(!existsSync(join(root, path)) || !scene.read(`work/${path}`).includes('evil'));
		});
	for (const command of [
		'mv packages/app/.vscode v',
		'mv packages p && mkdir -p packages/app/.vscode',
		'rm -rf tools/.claude',
		'mv vendor/lib/.git vendor/lib/g',
		'mv packages other-packages',
		'git -C vendor/lib config core.fsmonitor ./evil',
		'echo evil >linked/.vscode/settings.json',
	])
		test(`is not moved or changed: ${command}`, async () => {
			assert.notEqual((await run(command)).exitCode, 0);
			assert.ok(existsSync(join(root, 'packages/app/.vscode/settings.json')));
			assert.ok(existsSync(join(root, 'tools/.claude/settings.json')));
			assert.ok(existsSync(join(lib, '.git/HEAD')));
		});
	test('all else is written, moved and removed, commits included', async () => {
		const commit = 'git -c user.name=A -c user.email=a@b commit -qam change';
		const { exitCode, output } = await run(
			`set -e; echo more >>packages/app/a.txt; mv packages/app/a.txt moved.txt; rm -r node_modules; cd vendor/lib; echo c >>b.txt; ${commit}; git status --porcelain`,
		);
		assert.deepEqual([exitCode, output], [0, '']);
		assert.equal(scene.read('work/moved.txt'), 'amore\n');
		assert.ok(!existsSync(join(root, 'node_modules')));
	});
	test('what is moved with it is copied before it is refused, so nothing is lost', async () => {
		scene.write('work/moving/sub/.vscode/settings.json', '{}');
		scene.write('work/moving/sub/c.txt', 'c');
		assert.notEqual((await run('mv moving/sub moved')).exitCode, 0);
		assert.equal(scene.read('work/moving/sub/.vscode/settings.json'), '{}');
		assert.equal(scene.read('work/moved/c.txt'), 'c');
	});
	test('a repository may be made, and is held from the next command on', async () => {
		const made = await run('mkdir new && git init -q new');
		assert.deepEqual([made.exitCode, made.madeProtected], [0, undefined]);
		assert.notEqual((await run('git -C new config core.fsmonitor ./evil')).exitCode, 0);
	});
	test('what makes a repository run programs is named when it is made', async () => {
		const { madeProtected } = await run('echo ../evil >vendor/lib/.git/commondir');
		assert.deepEqual(madeProtected, [join(lib, '.git/commondir')]);
		rmSync(join(lib, '.git/commondir'));
	});
	test('as many as are looked for can be held', async () => {
		for (let index = 0; index < 2 * MAX_NESTED_PLACES; index++) scene.write(`many/m${index}/.vscode/x.json`, '{}');
		const where = { writable: [join(base, 'many')], cwd: join(base, 'many') };
		const { output } = await run('for one in */; do echo evil >$one.vscode/x.json; done 2>&1 | wc -l', where);
		assert.equal(Number(output), MAX_NESTED_PLACES);
	});
});

describe('the look for what is protected', () => {
	const base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-nested-')));
	after(() => rmSync(base, { recursive: true, force: true }));
	const folders = (root: string, ...paths: string[]) => {
		for (const path of paths) mkdirSync(join(base, root, path), { recursive: true });
		return join(base, root);
	};
	test('finds it level by level, and not deeper than it says', () => {
		const deep = Array.from({ length: MAX_NESTED_DEPTH }, (_, index) => `d${index}`).join('/');
		const root = folders('deep', `${deep}/.git`, `${deep}/further/.git`, 'near/.GIT', '.vscode', 'node_modules/x/.git');
		assert.deepEqual(nestedPlaces([root]), [join(root, 'near'), join(root, deep)]);
	});
	test('does not follow links, and ends where folders cannot be read', () => {
		const root = folders('links', 'real/.claude');
		symlinkSync(join(base, 'deep'), join(root, 'away'));
		symlinkSync('.', join(root, 'round'));
		writeFileSync(join(root, 'file'), '');
		assert.deepEqual(nestedPlaces([root, join(base, 'none')]), [join(root, 'real')]);
	});
	test('counts a folder of two roots once', () => {
		const root = folders('twice', 'sub/inner/.vscode');
		assert.deepEqual(nestedPlaces([root, join(root, 'sub')]), [join(root, 'sub/inner')]);
	});
	test('stops at its limit in a workspace of very many folders', () => {
		const root = folders('wide', ...Array.from({ length: 500 }, (_, index) => `f${index}`));
		folders('wide', 'near/.vscode');
		mkdirSync(join(root, 'f1', 'x', '.git'), { recursive: true });
		assert.ok(!nestedPlaces([root]).includes(join(root, 'f1/x')));
	});
});
