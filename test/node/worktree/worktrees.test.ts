/** Worktrees with a real git: what stands in one, that the user's repository is as it was, what differs later, and that what is discarded comes back. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, suite, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { until } from '../../fakes/patience.ts';
import { commitAll, git } from '../scan/fileScanWorld.ts';
import { contents, createWorktreeWorld, gitPicture, signal, type WorktreeWorld } from './worktreeWorld.ts';

suite('Worktrees', () => {
	let world: WorktreeWorld;
	afterEach(() => world.dispose());

	/** Every kind of file, committed, changed, staged, new and ignored. */
	const fill = async () => {
		world = createWorktreeWorld();
		world.write({
			'a.txt': 'a\n',
			'gone.txt': 'g',
			'dir/ü b.txt': 'b',
			'crlf.txt': 'x\r\ny\r\n',
			'staged.txt': '1',
			run: '#!/bin/sh\n',
		});
		world.write({
			'.gitignore': 'ignored/\n',
			'.gitattributes': '*.txt text eol=lf\n*.up filter=up\n',
			'x.up': 'lower',
		});
		symlinkSync('a.txt', world.at('link'));
		chmodSync(world.at('run'), 0o755);
		await commitAll(world.repo);
		world.write({
			'a.txt': 'changed\r\n',
			'staged.txt': '2',
			'new/deep/n.bin': Buffer.from([0, 255, 13, 10]),
			'ignored/i': 'no',
		});
		git(world.repo, 'add', 'staged.txt');
		world.write({ 'staged.txt': '3' });
		unlinkSync(world.at('gone.txt'));
		// A clean filter that would change and tell.
		git(world.repo, 'config', 'filter.up.clean', `touch '${world.folder}/trap'; tr a-z A-Z`);
		git(world.repo, 'config', 'core.fsmonitor', `touch '${world.folder}/trap'`);
		world.write({ '.git/hooks/post-checkout': `#!/bin/sh\ntouch '${world.folder}/trap'\n` });
		chmodSync(world.at('.git/hooks/post-checkout'), 0o755);
	};

	test('holds every file as it is, without what git ignores, and leaves the repository as it was', async () => {
		await fill();
		const [before, files] = [gitPicture(world.repo), contents(world.repo)];
		const { ref, tree, files: count } = await world.create();
		const { 'ignored/i': ignored, ...expected } = files;
		assert.equal(ignored, 'no');
		assert.deepEqual(contents(tree), expected);
		assert.equal(count, Object.keys(expected).length);
		assert.deepEqual(await world.changes(ref), []);
		assert.deepEqual(gitPicture(world.repo), before);
		assert.deepEqual(contents(world.repo), files);
		assert.equal(existsSync(join(world.folder, 'trap')), false);
	});

	test('its git has the history, branches and staged changes, and what it writes stays in it', async () => {
		await fill();
		git(world.repo, 'branch', 'other');
		const before = gitPicture(world.repo);
		const { tree } = await world.create();
		const told = (...args: string[]) => git(tree, ...args).trim();
		assert.equal(told('log', '--format=%s'), git(world.repo, 'log', '--format=%s').trim());
		assert.match(told('branch', '--format=%(refname:short)'), /other/);
		assert.equal(told('show', ':staged.txt'), '2');
		git(tree, 'commit', '-q', '-m', 'mine');
		git(tree, 'branch', '-D', 'other');
		const now = gitPicture(world.repo).filter((line) => !/^objects\//.test(line));
		assert.deepEqual(
			now,
			before.filter((line) => !/^objects\//.test(line)),
		);
	});

	test('tells what changed since, against what it was at the start', async () => {
		await fill();
		const { ref, tree } = await world.create();
		world.write({ 'a.txt': 'agent\n', 'made.txt': 'm', 'ignored/i': 'not told' }, tree);
		unlinkSync(join(tree, 'new/deep/n.bin'));
		unlinkSync(join(tree, 'link'));
		symlinkSync('run', join(tree, 'link'));
		chmodSync(join(tree, 'run'), 0o644);
		// What the user does meanwhile is not the worktree's.
		world.write({ 'crlf.txt': 'user' });
		await commitAll(world.repo);
		assert.deepEqual(await world.changes(ref), [
			'a.txt: "changed\\r\\n" -> "agent\\n"',
			'link: "a.txt" link -> "run" link',
			'made.txt: none -> "m"',
			'new/deep/n.bin: "\\u0000ÿ\\r\\n" -> none',
			'run: "#!/bin/sh\\n" x -> "#!/bin/sh\\n"',
		]);
	});

	test('what is discarded is in a bundle that stands alone, and comes back as it was', async () => {
		await fill();
		const { ref, tree } = await world.create();
		world.write({ 'a.txt': 'agent\n', 'made.txt': 'm' }, tree);
		git(tree, 'add', 'made.txt');
		git(tree, 'commit', '-q', '-m', 'mine');
		world.write({ 'made.txt': 'again' }, tree);
		unlinkSync(join(tree, 'dir/ü b.txt'));
		const [files, changes] = [contents(tree), await world.changes(ref)];
		const kept = await world.worktrees.discard(ref, world.kept, signal);
		assert.ok(existsSync(kept.bundle) && kept.sizeBytes > 0);
		assert.equal(world.worktrees.isThere(ref), false);
		assert.deepEqual(readdirSync(join(world.folder, 'storage', 'worktrees')), []);
		// The bundle needs nothing of the user's repository.
		const alone = join(world.folder, 'alone');
		mkdirSync(alone);
		git(alone, 'init', '-q');
		git(alone, 'fetch', '-q', kept.bundle, 'refs/retrace/files:refs/heads/kept');
		git(alone, '-c', 'core.autocrlf=false', 'checkout', '-q', 'kept', '--', 'made.txt');
		assert.equal(readFileSync(join(alone, 'made.txt'), 'utf8'), 'again');
		await world.worktrees.restore(ref, world.kept, signal);
		assert.deepEqual(contents(tree), files);
		assert.deepEqual(await world.changes(ref), changes);
		assert.equal(git(tree, 'log', '-1', '--format=%s').trim(), 'mine');
		await assert.rejects(world.worktrees.restore(ref, world.kept, signal), { code: 'worktree-there' });
	});

	test('a bundle that fails leaves the worktree as it was', async () => {
		await fill();
		const { ref, tree } = await world.create();
		world.write({ 'a.txt': 'agent\n' }, tree);
		mkdirSync(join(tree, 'lib'));
		git(join(tree, 'lib'), 'init', '-q');
		world.write({ 'lib/x': 'x' }, tree);
		const files = contents(tree);
		await assert.rejects(world.worktrees.discard(ref, world.kept, signal), { code: 'has-repositories' });
		assert.deepEqual(contents(tree), files);
		assert.deepEqual(readdirSync(world.kept), []);
		rmSync(join(tree, 'lib'), { recursive: true });
		// A folder that cannot be written.
		writeFileSync(join(world.folder, 'file'), '');
		await assert.rejects(world.worktrees.discard(ref, join(world.folder, 'file'), signal), { code: 'worktree-failed' });
		assert.equal(contents(tree)['a.txt'], 'agent\n');
	});

	test('what is still being written is not taken for kept: nothing is removed then', async () => {
		world = createWorktreeWorld();
		world.write({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
		await commitAll(world.repo);
		const { ref, tree } = await world.create();
		const writer = spawn('sh', ['-c', 'while :; do echo more >>a.txt; done'], { cwd: tree, stdio: 'ignore' });
		try {
			await until(() => readFileSync(join(tree, 'a.txt'), 'utf8').includes('more'));
			await assert.rejects(world.worktrees.discard(ref, world.kept, signal), UserError);
			assert.ok(existsSync(join(tree, 'b.txt')));
			assert.deepEqual(readdirSync(world.kept), []);
		} finally {
			writer.kill('SIGKILL');
		}
	});

	test('a folder that became a link is not followed, and no hook runs of what keeps the start', async () => {
		world = createWorktreeWorld();
		world.write({ 'a.txt': 'a\n', 'd/b.txt': 'b\n' });
		await commitAll(world.repo);
		rmSync(world.at('d'), { recursive: true });
		world.write({ 'outside/b.txt': 'secret' }, world.folder);
		symlinkSync(join(world.folder, 'outside'), world.at('d'));
		const { ref, tree } = await world.create();
		assert.ok(lstatSync(join(tree, 'd')).isSymbolicLink());
		const hooks = join(`${tree}.base`, 'hooks');
		for (const name of ['post-index-change', 'reference-transaction']) {
			world.write({ [name]: `#!/bin/sh\ntouch '${world.folder}/trap'\n` }, hooks);
			chmodSync(join(hooks, name), 0o755);
		}
		world.write({ 'a.txt': 'agent\n' }, tree);
		assert.ok((await world.changes(ref)).includes('a.txt: "a\\n" -> "agent\\n"'));
		await world.worktrees.discard(ref, world.kept, signal);
		assert.ok(!existsSync(join(world.folder, 'trap')));
	});

	test('before the first commit, in a folder below the top, over several folders, with unsaved documents', async () => {
		world = createWorktreeWorld();
		git(world.repo, 'init', '-q');
		world.write({ 'app/a.txt': 'a', 'lib/b.txt': 'b', 'top.txt': 't' });
		git(world.repo, 'add', 'app', 'top.txt');
		const { ref, tree } = await world.create([world.at('app')], { 'app/a.txt': 'typed' });
		assert.match(tree, /\/shop\/app$/);
		assert.deepEqual(contents(join(tree, '..')), { 'app/a.txt': 'typed', 'top.txt': 't' });
		world.write({ 'n.txt': 'n', '../top.txt': 'T' }, tree);
		assert.deepEqual(await world.changes(ref), ['n.txt: none -> "n"', 'outside top.txt']);
		const second = join(world.folder, 'other', 'shop');
		mkdirSync(second, { recursive: true });
		git(second, 'init', '-q');
		world.write({ 'o.txt': 'o' }, second);
		const both = await world.create([world.at('app'), second]);
		assert.deepEqual(
			both.ref.roots.map(({ path, from }) => [path.split('/').slice(-2).join('/'), from]),
			[
				['shop/app', world.at('app')],
				[`${both.ref.id}/shop-2`, second],
			],
		);
		world.write({ 'o.txt': 'O' }, both.ref.roots[1]?.path);
		assert.deepEqual(await world.changes(both.ref), ['o.txt: "o" -> "O"']);
	});

	test('a sparse checkout stays one, and an unfinished merge can be worked on', async () => {
		world = createWorktreeWorld();
		world.write({ 'in/a.txt': 'a\n', 'out/b.txt': 'b\n' });
		await commitAll(world.repo);
		git(world.repo, 'sparse-checkout', 'set', 'in');
		const { ref, tree } = await world.create();
		assert.deepEqual(contents(tree), { 'in/a.txt': 'a\n' });
		assert.deepEqual(await world.changes(ref), []);
		assert.equal(git(tree, 'status', '--porcelain').trim(), '');
		git(world.repo, 'checkout', '-q', '-b', 'side');
		world.write({ 'in/a.txt': 'side\n' });
		git(world.repo, 'commit', '-qam', 'side');
		git(world.repo, 'checkout', '-q', '-');
		world.write({ 'in/a.txt': 'main\n' });
		git(world.repo, 'commit', '-qam', 'main');
		assert.throws(() => git(world.repo, 'merge', 'side'), /merge side/);
		const merging = await world.create();
		assert.match(contents(merging.tree)['in/a.txt'] ?? '', /<<<<<<</);
		assert.deepEqual(await world.changes(merging.ref), []);
		assert.match(git(merging.tree, 'status', '--porcelain'), /^UU in\/a.txt/);
	});

	test('what cannot be copied whole is refused, and nothing is left of it', async () => {
		const refused = async (code: string, roots?: readonly string[]) => {
			await assert.rejects(world.create(roots), { code });
			assert.equal(
				existsSync(join(world.folder, 'storage', 'worktrees'))
					? readdirSync(join(world.folder, 'storage', 'worktrees')).length
					: 0,
				0,
			);
			world.dispose();
		};
		world = createWorktreeWorld();
		await refused('no-repository');
		world = createWorktreeWorld();
		await refused('no-folder', []);
		world = createWorktreeWorld();
		git(world.repo, 'init', '-q');
		world.write({ 'mine/a.txt': 'a' });
		// An untracked folder in a repository that is somebody else's, such as one over the home folder.
		await refused('no-repository', [world.at('mine')]);
		world = createWorktreeWorld();
		git(world.repo, 'init', '-q');
		mkdirSync(world.at('lib'));
		git(world.at('lib'), 'init', '-q');
		world.write({ 'lib/a': 'a' });
		await refused('has-submodules');
		world = createWorktreeWorld({ isTrusted: false });
		await refused('untrusted');
		world = createWorktreeWorld({ gitPath: undefined as never });
		await refused('no-git');
		world = createWorktreeWorld();
		await assert.rejects(world.worktrees.changes({ id: 'tree-1', roots: [] }, signal), { code: 'worktree-gone' });
		await assert.rejects(world.worktrees.restore({ id: 'tree-1', roots: [] }, world.kept, signal), {
			code: 'nothing-kept',
		});
		const stopped = AbortSignal.abort();
		world.write({ 'a.txt': 'a' });
		await commitAll(world.repo);
		await assert.rejects(
			world.worktrees.create(
				{ id: 'x', roots: [{ name: 'shop', path: world.repo }], unsaved: [] },
				() => undefined,
				stopped,
			),
			{ name: 'CancelledError' },
		);
		assert.equal(existsSync(join(world.folder, 'storage', 'worktrees', 'x')), false);
	});
});
