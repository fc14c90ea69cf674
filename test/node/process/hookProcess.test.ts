// Hooks as real processes: what they get, what of them comes back, and that nothing of a bad one is left.
import assert from 'node:assert/strict';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	realpathSync,
	rmSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createHookFiles } from '../../../src/node/instructions/hookFiles.ts';
import { createHookRunner } from '../../../src/node/process/hookProcess.ts';
import { endLeftProcesses } from '../../../src/node/process/processGroup.ts';
import { withMoreTime } from '../../fakes/patience.ts';

let folder = '';
before(() => {
	folder = mkdtempSync(join(tmpdir(), 'hooks-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const hook = createHookRunner({ hiddenEnvironment: ['TEST_SECRET'] });
const run = (command: string, options: { timeoutMs?: number; input?: string; signal?: AbortSignal } = {}) =>
	hook(
		{ command, cwd: folder, projectDir: folder, input: options.input ?? '{}', timeoutMs: options.timeoutMs ?? 40_000 },
		options.signal ?? never,
	);
const isAlive = (pid: number): boolean => {
	try {
		// A zombie that nobody collects does not count.
		return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0] !== 'Z';
	} catch {
		return false;
	}
};
const isWritten = (name: string) => existsSync(join(folder, name)) && readFileSync(join(folder, name), 'utf8') !== '';
const pidIn = (name: string) => Number(readFileSync(join(folder, name), 'utf8'));

describe('a hook', { skip: process.platform === 'win32' }, () => {
	test('reads its input and answers on both streams', async () => {
		const { durationMs, ...end } = await run('cat; echo problem >&2; exit 2', { input: '{"tool_name":"Bash"}' });
		assert.deepEqual(end, { reason: 'exited', exitCode: 2, stdout: '{"tool_name":"Bash"}', stderr: 'problem\n' });
		assert.ok(durationMs > 0);
	});

	test('knows its project and no key', async () => {
		process.env.ANTHROPIC_API_KEY = 'sk-hidden';
		process.env.TEST_SECRET = 'hidden too';
		try {
			const { stdout } = await run('echo "$CLAUDE_PROJECT_DIR|$RETRACE_PROJECT_DIR|$PWD"; env');
			assert.ok(stdout.startsWith(`${folder}|${folder}|`));
			assert.doesNotMatch(stdout, /hidden|ANTHROPIC/);
		} finally {
			delete process.env.ANTHROPIC_API_KEY;
			delete process.env.TEST_SECRET;
		}
	});

	test('need not read its input', async () => {
		const end = await run('exit 0', { input: 'x'.repeat(2_000_000) });
		assert.deepEqual([end.reason, end.exitCode], ['exited', 0]);
	});

	test('one that never ends is ended with all it started', async () => {
		const command = 'sleep 600 & echo $! > child; echo $$ > shell; trap "" TERM; while :; do sleep 1; done';
		const end = await withMoreTime(
			(timeoutMs) => run(command, { timeoutMs }),
			() => isWritten('child') && isWritten('shell'),
		);
		assert.deepEqual([end.reason, end.exitCode], ['timedOut', null]);
		assert.deepEqual([isAlive(pidIn('child')), isAlive(pidIn('shell'))], [false, false]);
	});

	test('one that prints without end is ended, and little of it is kept', async () => {
		const before = process.memoryUsage().rss;
		const end = await run('yes "$(head -c 1000 /dev/zero | tr "\\0" x)"');
		assert.equal(end.reason, 'flooded');
		assert.ok(end.stdout.length <= 100_000);
		assert.ok(process.memoryUsage().rss - before < 80_000_000);
	});

	test('what it leaves in the background does not outlive it, nor hold it up', async () => {
		const begun = performance.now();
		const end = await run('sleep 600 & echo $! > left; echo said');
		assert.deepEqual([end.reason, end.stdout], ['exited', 'said\n']);
		assert.ok(performance.now() - begun < 30_000);
		assert.equal(isAlive(pidIn('left')), false);
	});

	test('a daemon of one that hangs ends with it; one of a hook that ended well lives until the window closes', async () => {
		const daemon = (name: string) =>
			`(setsid sh -c 'echo $$ > ${name}; exec sleep 600' >/dev/null 2>&1 &); while [ ! -s ${name} ]; do sleep 0.01; done`;
		const hanging = await withMoreTime(
			(timeoutMs) => run(`${daemon('daemon1')}; sleep 600`, { timeoutMs }),
			() => isWritten('daemon1'),
		);
		assert.equal(hanging.reason, 'timedOut');
		assert.equal(isAlive(pidIn('daemon1')), false);
		const good = await run(`${daemon('daemon2')}; echo fine`);
		assert.deepEqual([good.reason, good.stdout], ['exited', 'fine\n']);
		assert.ok(isAlive(pidIn('daemon2')));
		await endLeftProcesses();
		assert.equal(isAlive(pidIn('daemon2')), false);
	});

	test('one that closes its input at once, and its output, is heard to its end', async () => {
		const end = await run('exec <&-; sleep 0.1; echo late; echo problem >&2; exec >&-; sleep 0.05; exit 7', {
			input: 'x'.repeat(3_000_000),
		});
		assert.deepEqual([end.reason, end.exitCode, end.stdout, end.stderr], ['exited', 7, 'late\n', 'problem\n']);
	});

	test('one that prints 100 MB on both streams and then ends is a flood, told within its bounds', async () => {
		const end = await run('head -c 50000000 /dev/zero & head -c 50000000 /dev/urandom >&2; wait');
		assert.equal(end.reason, 'flooded');
		assert.ok(end.stdout.length <= 100_000 && end.stderr.length <= 100_000);
		assert.equal(end.exitCode, null);
	});

	test('runs in the folder of its project where the session’s own is gone', async () => {
		const end = await hook(
			{ command: 'pwd', cwd: join(folder, 'gone'), projectDir: realpathSync(folder), input: '{}', timeoutMs: 40_000 },
			never,
		);
		assert.deepEqual([end.reason, end.exitCode, end.stdout], ['exited', 0, `${realpathSync(folder)}\n`]);
	});

	test('is stopped with the turn', async () => {
		const controller = new AbortController();
		const running = run('echo $$ > stopped; exec sleep 600', { signal: controller.signal });
		while (!existsSync(join(folder, 'stopped'))) await new Promise((resolve) => setImmediate(resolve));
		controller.abort();
		assert.equal((await running).reason, 'cancelled');
		assert.equal(isAlive(pidIn('stopped')), false);
		assert.equal((await run('touch never', { signal: controller.signal })).reason, 'cancelled');
		assert.equal(existsSync(join(folder, 'never')), false);
	});
});

describe('files with hooks', () => {
	test('are read in order, and again only when they changed', async () => {
		const home = join(folder, 'home');
		const root = join(folder, 'project');
		for (const place of [home, root]) mkdirSync(join(place, '.claude'), { recursive: true });
		const file = join(root, '.claude', 'settings.json');
		const read = createHookFiles(home);
		assert.deepEqual(await read([root]), []);
		writeFileSync(join(home, '.claude', 'settings.json'), '{"own":1}');
		writeFileSync(file, '{"a":1}');
		mkdirSync(join(root, '.claude', 'settings.local.json'));
		const found = await read([root]);
		assert.deepEqual(
			found.map(({ source, projectDir, text, problem }) => [source, projectDir, text, problem]),
			[
				['user', root, '{"own":1}', undefined],
				['project', root, '{"a":1}', undefined],
				['local', root, undefined, 'it is no file'],
			],
		);
		writeFileSync(file, '{"b":1}');
		utimesSync(file, 1, 1);
		assert.equal((await read([root]))[1]?.text, '{"b":1}');
		assert.deepEqual(
			(await read([home])).map(({ source }) => source),
			['user'],
		);
	});

	test('one that is too large for settings is named and not read', async () => {
		const root = join(folder, 'large');
		mkdirSync(join(root, '.claude'), { recursive: true });
		const file = join(root, '.claude', 'settings.json');
		const read = createHookFiles(join(folder, 'nobody'));
		const filled = (bytes: number) => `{}${' '.repeat(bytes - 2)}`;
		writeFileSync(file, filled(1_000_001));
		assert.deepEqual(await read([root]), [
			{ path: file, source: 'project', projectDir: root, text: undefined, problem: 'it is too large' },
		]);
		writeFileSync(file, filled(1_000_000));
		const [fits] = await read([root]);
		assert.deepEqual([fits?.text?.length, fits?.problem], [1_000_000, undefined]);
	});
});
