import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import type { ShellOutcome } from '../../../src/core/ports.ts';
import { createShell } from '../../../src/node/process/shellProcess.ts';
import { until, withMoreTime } from '../../fakes/patience.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-shell-')));
mkdirSync(join(folder, 'sub dir'));
after(() => rmSync(folder, { recursive: true, force: true }));
const never = new AbortController().signal;
const isWindows = process.platform === 'win32';

type More = { timeoutMs?: number; cwd?: string; signal?: AbortSignal; shellPath?: string; hidden?: string[] };
async function run(command: string, more: More = {}): Promise<ShellOutcome & { heard: string }> {
	let heard = '';
	const shell = createShell({
		hiddenEnvironment: more.hidden ?? [],
		...(more.shellPath && { shellPath: more.shellPath }),
	});
	const outcome = await shell.run(
		{
			command,
			cwd: more.cwd ?? folder,
			timeoutMs: more.timeoutMs ?? 20_000,
			onOutput: (text) => {
				heard += text;
			},
		},
		more.signal ?? never,
	);
	return { ...outcome, heard };
}

/** Whether a process of this id runs, zombies not counted. */
function isRunning(pid: string): boolean {
	try {
		return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}

test('git takes no repository from a folder of the project that only looks like one', { skip: isWindows }, async () => {
	const lure = join(folder, 'lure');
	for (const name of ['objects', 'refs', 'tree']) mkdirSync(join(lure, name), { recursive: true });
	writeFileSync(join(lure, 'HEAD'), 'ref: refs/heads/main\n');
	const settings = [
		'bare = false',
		`worktree = ${join(lure, 'tree')}`,
		`fsmonitor = "echo ran > ${join(lure, 'ran')}; false"`,
	];
	writeFileSync(join(lure, 'config'), `[core]\nrepositoryformatversion = 0\n${settings.join('\n')}\n`);
	const found = await run('git -C lure status; cd lure && git status; ls', { shellPath: '/bin/bash' });
	assert.match(found.output, /safe\.bareRepository/);
	assert.ok(!found.output.split('\n').includes('ran'), found.output);
	const own = await run(
		'mkdir own && cd own && git init -q . && git status --short && git config alias.x y && git config alias.x',
	);
	assert.equal(own.output, 'y\n');
});

describe('a command', { skip: isWindows && 'written for POSIX shells' }, () => {
	for (const shellPath of ['/bin/bash', '/bin/sh']) {
		const check = (command: string, expected: Partial<ShellOutcome>) =>
			test(`${shellPath}: ${command}`, async () => {
				const outcome = await run(command, { shellPath });
				assert.equal(outcome.heard, outcome.output);
				for (const [key, value] of Object.entries(expected))
					assert.equal(outcome[key as keyof ShellOutcome], value, key);
			});
		check('echo hi', { exitCode: 0, output: 'hi\n', reason: 'exited', cwd: folder });
		check('exit 7', { exitCode: 7, output: '', cwd: folder });
		check('cd "sub dir"; exit 3', { exitCode: 3, cwd: join(folder, 'sub dir') });
		check('cd "sub dir"', { exitCode: 0, cwd: join(folder, 'sub dir') });
		check('cd "sub dir"; set -e; false; echo never', { exitCode: 1, output: '', cwd: join(folder, 'sub dir') });
		check('(cd "sub dir"; pwd >/dev/null)', { cwd: folder });
		check('exec echo replaced', { exitCode: 0, output: 'replaced\n', cwd: folder });
		check('kill -9 $$', { exitCode: null, reason: 'exited', cwd: folder });
		check('cat', { exitCode: 0, output: '' });
		check('echo out; echo err >&2; echo out; echo err >&2', { output: 'out\nerr\nout\nerr\n' });
		check('cd "sub dir"; exec 3>&1; echo x', { output: 'x\n', cwd: join(folder, 'sub dir') });
		check('cat <<EOF\na "b" $((1+1))\nEOF', { output: 'a "b" 2\n' });
		check('printf "%s" "$#"', { output: '0' });
		check('true; pwd -P >/dev/null; false', { exitCode: 1 });
	}

	test('that is no shell syntax fails with the shell’s own message', async () => {
		const outcome = await run('if then; echo "');
		assert.notEqual(outcome.exitCode, 0);
		assert.match(outcome.output, /syntax|unexpected/i);
	});

	test('sees no key and no hidden variable', async () => {
		process.env.ANTHROPIC_API_KEY = 'key-1';
		process.env.RETRACE_TEST_SECRET = 'key-2';
		process.env.VSCODE_IPC_HOOK_CLI_TEST = 'key-3';
		try {
			const { output } = await run('env', { hidden: ['RETRACE_TEST_SECRET'] });
			assert.doesNotMatch(output, /key-[123]/);
			assert.match(output, /^PATH=/m);
		} finally {
			delete process.env.ANTHROPIC_API_KEY;
			delete process.env.RETRACE_TEST_SECRET;
			delete process.env.VSCODE_IPC_HOOK_CLI_TEST;
		}
	});

	test('may write characters in pieces', async () => {
		const { output } = await run(
			"printf '\\360\\237'; sleep 0.05; printf '\\231\\202 \\303'; sleep 0.05; printf '\\244 \\377'",
		);
		assert.equal(output, '🙂 ä �');
	});

	test('may write more than is kept', async () => {
		const outcome = await run('echo first; yes 0123456789 | head -c 3000000; echo; echo last');
		assert.ok(Buffer.byteLength(outcome.output) <= 1_000_000);
		assert.ok(Buffer.byteLength(outcome.output) > 990_000);
		assert.match(outcome.output, /^first\n/);
		assert.match(outcome.output, /\nlast\n$/);
		assert.match(outcome.output, /\[… 2,0\d\d,\d{3} bytes of output left out here …\]/);
		assert.ok(outcome.heard.length > 3_000_000);
	});

	test('is not held back by what it leaves in the background', async () => {
		const outcome = await run('sleep 30 & echo $!; (while :; do echo tick; sleep 0.01; done) & echo $!');
		assert.ok(outcome.durationMs < 20_000, `${outcome.durationMs} ms`);
		assert.equal(outcome.exitCode, 0);
		const pids = outcome.output.match(/^\d+$/gm) ?? [];
		assert.equal(pids.length, 2);
		assert.ok(pids.every(isRunning), 'background processes go on');
		for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
	});

	test('in a folder that is gone is not run', async () => {
		const gone = join(folder, 'gone');
		await assert.rejects(
			run('echo x', { cwd: gone }),
			(error) => error instanceof UserError && error.code === 'no-such-folder',
		);
		mkdirSync(gone);
		assert.equal((await run('rmdir ../gone', { cwd: gone })).cwd, gone);
	});

	test('with a shell that is missing, or too long, is a UserError', async () => {
		const isNotStarted = (error: unknown) => error instanceof UserError && error.code === 'shell-not-started';
		await assert.rejects(run('echo x', { shellPath: '/nowhere/sh' }), isNotStarted);
		await assert.rejects(run(`: ${'x'.repeat(3_000_000)}`), isNotStarted);
	});
});

describe('ending a command', { skip: isWindows && 'written for POSIX shells' }, () => {
	test('at its timeout ends all that it started', async () => {
		let overMs = 0;
		const outcome = await withMoreTime(
			(timeoutMs) => run('sleep 60 & echo $!; echo $$; sleep 60', { timeoutMs }),
			({ output, durationMs }, timeoutMs) => {
				overMs = durationMs - timeoutMs;
				return /^\d+\n\d+\n$/.test(output) && overMs < 1_800;
			},
		);
		assert.equal(outcome.reason, 'timedOut');
		assert.equal(outcome.exitCode, null);
		// Nothing had to be killed.
		assert.ok(overMs < 1_800, `${overMs} ms after its time`);
		const pids = outcome.output.trim().split('\n');
		assert.equal(pids.length, 2);
		assert.deepEqual(pids.filter(isRunning), []);
	});

	test('kills what does not want to end', async () => {
		const command = "(trap '' TERM; echo $BASHPID; while :; do sleep 0.1; done)";
		const outcome = await withMoreTime(
			(timeoutMs) => run(command, { timeoutMs }),
			({ output }) => output.includes('\n'),
		);
		const pid = /^(\d+)\n/.exec(outcome.output)?.[1] ?? '';
		try {
			assert.equal(outcome.reason, 'timedOut');
			assert.notEqual(pid, '');
			await until(() => !isRunning(pid), 'its end');
		} finally {
			// So that a failure leaves nothing behind.
			if (isRunning(pid)) process.kill(Number(pid), 'SIGKILL');
		}
		// It got its time to end by itself.
		assert.ok(outcome.durationMs >= 2_000, `${outcome.durationMs} ms`);
	});

	test('when cancelled keeps what was written', async () => {
		const controller = new AbortController();
		const shell = createShell({ hiddenEnvironment: [] });
		const outcome = await shell.run(
			{ command: 'echo begun; sleep 60', cwd: folder, timeoutMs: 20_000, onOutput: () => controller.abort() },
			controller.signal,
		);
		assert.deepEqual([outcome.reason, outcome.exitCode, outcome.output], ['cancelled', null, 'begun\n']);
	});

	test('before it begins runs nothing', async () => {
		const marker = join(folder, 'marker');
		writeFileSync(marker, '');
		const outcome = await run('rm marker', { signal: AbortSignal.abort() });
		assert.equal(outcome.reason, 'cancelled');
		assert.equal(readFileSync(marker, 'utf8'), '');
	});
});
