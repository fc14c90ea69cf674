/** Commands in a real sandbox: what they can reach, what they cannot, and that a shell is otherwise what it was. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { until, withMoreTime } from '../../fakes/patience.ts';
import { createSandboxScene, outcomeOf, processesWith, whyNoSandbox } from './sandboxFixture.ts';

const skip = await whyNoSandbox();

describe('a command in the sandbox', { skip }, () => {
	const scene = createSandboxScene({
		'work/a.txt': 'a',
		'work/sub/b.txt': 'b',
		'work/.vscode/settings.json': '{}',
		'work/.mcp.json': '{}',
		'work/sub/.claude/settings.json': '{}',
		'home/.ssh/id_rsa': 'key',
		'home/.netrc': 'machine x password secret',
		'home/.bashrc': 'rc',
		'home/plain.txt': 'plain',
		'editor/state.vscdb': 'state',
		'editor/inside/project/c.txt': 'c',
		'outside/x.txt': 'x',
	});
	const { run, base, root } = scene;
	after(() => scene.dispose());

	test('is as it would be without: output, exit code, folder', async () => {
		const { exitCode, output, cwd, reason } = await run('cd sub; cat b.txt; echo err >&2; exit 3');
		assert.deepEqual([exitCode, output, cwd, reason], [3, 'berr\n', join(root, 'sub'), 'exited']);
	});
	test('writes in the workspace', async () => {
		assert.deepEqual(outcomeOf(await run('echo new >sub/new.txt && mkdir made && mv a.txt made/ && cat made/a.txt')), {
			exitCode: 0,
			output: 'a',
		});
		assert.equal(scene.read('work/sub/new.txt'), 'new\n');
	});
	for (const path of ['outside/new.txt', 'outside/x.txt', 'home/new.txt', 'home/.bashrc'])
		test(`does not write ${path}`, async () => {
			const { exitCode, output } = await run(`echo evil >>${join(base, path)}`);
			assert.notEqual(exitCode, 0);
			assert.match(output, /Read-only file system/);
			assert.ok(!existsSync(join(base, path)) || !scene.read(path).includes('evil'));
		});
	for (const path of ['work/.vscode/settings.json', 'work/.vscode/tasks.json', 'work/.mcp.json'])
		test(`does not write what is protected: ${path}`, async () => {
			const { exitCode } = await run(`echo evil >>${join(base, path)}`);
			assert.notEqual(exitCode, 0);
			assert.ok(!existsSync(join(base, path)) || !scene.read(path).includes('evil'));
		});
	test('does not move what is protected out of the way', async () => {
		for (const command of ['mv .vscode v', 'rm -rf .vscode', 'mv .mcp.json m', 'rm .mcp.json'])
			assert.notEqual((await run(command)).exitCode, 0, command);
		assert.equal(scene.read('work/.vscode/settings.json'), '{}');
		// Below the folder it works in as well, with the folder itself.
		assert.notEqual((await run('echo evil >.claude/settings.json', { cwd: join(root, 'sub') })).exitCode, 0);
		assert.notEqual((await run('mv ../sub ../other', { cwd: join(root, 'sub') })).exitCode, 0);
		assert.equal(scene.read('work/sub/.claude/settings.json'), '{}');
	});
	test('does not write through a link', async () => {
		symlinkSync(join(base, 'outside'), join(root, 'way-out'));
		symlinkSync('.vscode', join(root, 'editor-settings'));
		assert.notEqual((await run('echo evil >way-out/x.txt')).exitCode, 0);
		assert.notEqual((await run('echo evil >editor-settings/settings.json')).exitCode, 0);
		assert.equal(scene.read('outside/x.txt'), 'x');
	});
	test('reads the disk, but no places of secrets', async () => {
		assert.equal((await run(`cat ${base}/home/plain.txt`)).output, 'plain');
		assert.doesNotMatch((await run(`cat ${base}/home/.ssh/id_rsa ${base}/home/.netrc`)).output, /key|secret/);
		assert.equal((await run(`ls ${base}/home/.ssh ${base}/editor`)).output.match(/id_rsa|state/), null);
		// Nothing seems to be written there that is lost.
		assert.notEqual((await run(`echo x >${base}/home/.ssh/new`)).exitCode, 0);
	});
	test('works in a folder that lies in a hidden place', async () => {
		const project = join(base, 'editor', 'inside', 'project');
		const { output, exitCode } = await run('cat c.txt; echo d >d.txt; ls ../..', { writable: [project], cwd: project });
		assert.deepEqual([output, exitCode], ['cinside\n', 0]);
		assert.equal(scene.read('editor/inside/project/d.txt'), 'd\n');
	});
	test('has temporary files of its own, which the next command sees', async () => {
		writeFileSync(join(scene.tmp, 'ours'), 'ours');
		assert.equal((await run(`ls ${scene.tmp}; echo mine >${scene.tmp}/a; echo more >>"$TMPDIR/a"`)).output, '');
		assert.equal((await run(`cat ${scene.tmp}/a; mktemp >/dev/null`)).output, 'mine\nmore\n');
		assert.deepEqual(readdirSync(scene.tmp), ['ours']);
	});
	test('sees no other processes, and none of the sockets that do things for others', async () => {
		assert.ok(Number((await run('ls -d /proc/[0-9]* | wc -l')).output) < 8);
		assert.equal((await run(`cat /proc/${process.ppid}/environ`)).exitCode, 1);
		assert.doesNotMatch((await run('ls -A /run')).output, /docker|dbus|user|systemd/);
	});
	test('has no network, unless the user gives it', async () => {
		const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
		await new Promise((resolve) => server.once('listening', resolve));
		const address = server.address();
		assert.ok(typeof address === 'object' && address);
		const ask = `exec 5<>/dev/tcp/127.0.0.1/${address.port} && cat <&5`;
		try {
			const without = await run(ask);
			assert.notEqual(without.exitCode, 0);
			assert.doesNotMatch(without.output, /hello/);
			assert.equal((await run(ask, { hasNetwork: true })).output, 'hello');
		} finally {
			server.close();
		}
	});
	test('tells what is protected and was made where there was nothing to hold', async () => {
		const { exitCode, madeProtected } = await run('mkdir .husky; echo x >.envrc');
		assert.equal(exitCode, 0);
		assert.deepEqual([...(madeProtected ?? [])].sort(), [join(root, '.envrc'), join(root, '.husky')]);
		// From then on it is there, and held.
		const later = await run('echo evil >>.envrc');
		assert.notEqual(later.exitCode, 0);
		assert.equal(later.madeProtected, undefined);
	});
	test('where the program for it cannot start says so as its output', async () => {
		mkdirSync(join(scene.tmp, 'gone'));
		const { exitCode, output } = await run('true', { cwd: join(scene.tmp, 'gone') });
		assert.notEqual(exitCode, 0);
		assert.match(output, /^bwrap: /);
	});
});

describe('a repository in the sandbox', { skip }, () => {
	const git = (folder: string, ...args: string[]) =>
		execFileSync('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' });
	const COMMIT = 'git -c user.name=A -c user.email=a@b commit -qam change';
	const scene = createSandboxScene({ 'work/a.txt': 'a' });
	const { run, base, root } = scene;
	after(() => scene.dispose());
	git(root, 'init', '-q');
	git(root, 'add', '.');
	git(root, 'commit', '-qm', 'first');

	test('takes commits', async () => {
		const { exitCode, output } = await run(`echo more >>a.txt; ${COMMIT}; git status --porcelain`);
		assert.deepEqual([exitCode, output], [0, '']);
		assert.match(git(root, 'log', '--format=%s'), /^change/);
	});
	for (const command of [
		'git config core.fsmonitor ./evil',
		'echo "[core]" >>.git/config',
		'echo x >.git/hooks/pre-commit',
		'mv .git g',
		'rm -rf .git/hooks',
		'mv .git/info i && mkdir .git/info',
	])
		test(`cannot be made to run programs: ${command}`, async () => {
			const before = readFileSync(join(root, '.git/config'), 'utf8');
			assert.notEqual((await run(command)).exitCode, 0);
			assert.equal(readFileSync(join(root, '.git/config'), 'utf8'), before);
			assert.ok(!existsSync(join(root, '.git/hooks/pre-commit')));
		});
	test('with hooks elsewhere, as its configuration says', async () => {
		mkdirSync(join(root, 'githooks'));
		git(root, 'config', 'core.hooksPath', 'githooks');
		assert.notEqual((await run('echo x >githooks/pre-commit')).exitCode, 0);
		assert.notEqual((await run('mv githooks h')).exitCode, 0);
		git(root, 'config', '--unset', 'core.hooksPath');
	});
	test('that is told where its common folder is says so', async () => {
		const { madeProtected } = await run('echo ../evil >.git/commondir');
		assert.deepEqual(madeProtected, [join(root, '.git/commondir')]);
		execFileSync('rm', [join(root, '.git/commondir')]);
	});
	test('as a worktree takes commits, and opens nothing else of the repository', async () => {
		const tree = join(base, 'tree');
		git(root, 'worktree', 'add', '-q', tree);
		const where = { writable: [tree], cwd: tree };
		const { exitCode, output } = await run(`echo tree >>a.txt; ${COMMIT}; git status --porcelain`, where);
		assert.deepEqual([exitCode, output], [0, '']);
		for (const path of [
			'.git/config',
			'.git/hooks/post-commit',
			'a.txt',
			'.git/worktrees/tree/commondir',
			'.git/worktrees/x',
		])
			assert.notEqual((await run(`echo evil >>${join(root, path)}`, where)).exitCode, 0, path);
		assert.notEqual((await run('echo evil >.git', where)).exitCode, 0);
	});
	test('a .git file that the repository does not know opens nothing', async () => {
		const other = join(base, 'other');
		for (const [path, text] of [
			['.git', `gitdir: ${join(base, 'home')}\n`],
			['.git2', `gitdir: ${join(root, '.git/worktrees/tree')}\n`],
		] as const) {
			scene.write(`other/${path}`, text);
			if (path === '.git2') execFileSync('mv', [join(other, '.git2'), join(other, '.git')]);
			const where = { writable: [other], cwd: other };
			assert.notEqual((await run(`touch ${join(base, 'home', 'evil')}`, where)).exitCode, 0);
			assert.notEqual((await run(`touch ${join(root, '.git', 'evil')}`, where)).exitCode, 0);
		}
		// Nor one whose repository knows it, and that a command made to lead elsewhere.
		scene.write('other/made/gitdir', join(other, '.git'));
		scene.write('other/made/commondir', join(base, 'home'));
		scene.write('other/.git', `gitdir: ${join(other, 'made')}\n`);
		scene.write('home/HEAD', 'ref: refs/heads/main');
		assert.notEqual((await run(`touch ${join(base, 'home', 'evil')}`, { writable: [other], cwd: other })).exitCode, 0);
		assert.ok(!readdirSync(join(base, 'home')).includes('evil'));
	});
});

/** Ways to get out of the shell's reach, with a name to be found by. */
const ESCAPES: Readonly<Record<string, string>> = {
	'a child': 'sleep NAME & sleep 60',
	'a child that ignores the signal': "(trap '' TERM; while :; do sleep NAME; done) & sleep 60",
	'a session of its own': 'setsid sleep NAME & sleep 60',
	'one with an environment of its own making': '(env -i setsid sleep NAME >/dev/null 2>&1 &) ; sleep 60',
};

describe('the end of a command in the sandbox', { skip, concurrency: true }, () => {
	const scene = createSandboxScene();
	after(() => scene.dispose());
	/** Killed, they end in their own time. */
	const gone = async (name: string, what: string) => {
		await until(() => processesWith(`sleep ${name}`).length === 0, what);
	};
	let names = 0;
	const named = (command: string) => {
		const name = `6${process.pid}.${++names}`;
		return { name, command: command.replaceAll('NAME', name) };
	};

	/** Whether it was seen to run, how it ended, and that nothing of it is left. */
	const ended = async (text: string, what: string, timeoutMs: number, stop?: AbortController) => {
		const { name, command } = named(text);
		let isOver = false;
		const running = scene.run(`echo begun; ${command}`, { timeoutMs, ...(stop && { signal: stop.signal }) });
		const done = running.finally(() => {
			isOver = true;
		});
		let hasBegun = false;
		await until(() => {
			hasBegun ||= processesWith(`sleep ${name}`).length > 0;
			return hasBegun || isOver;
		});
		stop?.abort();
		const outcome = await done;
		await gone(name, what);
		return { ...outcome, hasBegun };
	};

	test('at its timeout is the end of all that it started', async () => {
		const [[what, text] = ['', '']] = Object.entries(ESCAPES);
		const outcome = await withMoreTime(
			(timeoutMs) => ended(text, what, timeoutMs),
			({ hasBegun }) => hasBegun,
		);
		assert.deepEqual([outcome.reason, outcome.exitCode, outcome.output], ['timedOut', null, 'begun\n']);
	});
	test('when it is stopped is the end of all that it started', async () => {
		await Promise.all(
			Object.entries(ESCAPES).map(async ([what, text]) => {
				const outcome = await ended(text, what, 50_000, new AbortController());
				assert.deepEqual([outcome.reason, outcome.exitCode, outcome.output], ['cancelled', null, 'begun\n']);
			}),
		);
	});
	test('in the background likewise', async () => {
		await Promise.all(
			Object.entries(ESCAPES).map(async ([what, text]) => {
				const { name, command } = named(text);
				const { stop, ended } = scene.start(command);
				await until(() => processesWith(`sleep ${name}`).length > 0);
				await stop();
				assert.deepEqual(await ended, { exitCode: null, isStopped: true });
				await gone(name, what);
			}),
		);
	});
	test('in the background tells what it printed and how it ended', async () => {
		let heard = '';
		const { ended } = scene.start('echo out; echo err >&2; exit 3', (text) => {
			heard += text;
		});
		assert.deepEqual(await ended, { exitCode: 3, isStopped: false });
		assert.equal(heard, 'out\nerr\n');
	});
});

describe('what a command in the sandbox left in the background', { skip }, () => {
	const scene = createSandboxScene();
	after(() => scene.dispose());

	test('runs until the window closes', async () => {
		const name = `7${process.pid}`;
		const outcome = await scene.run(`setsid sleep ${name} >/dev/null 2>&1 &`);
		assert.equal(outcome.exitCode, 0);
		await until(() => processesWith(`sleep ${name}`).length > 0);
		await scene.shell.endLeft();
		await until(() => processesWith(`sleep ${name}`).length === 0);
	});
});
