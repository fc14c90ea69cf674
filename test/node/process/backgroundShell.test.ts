/** Commands in the background: what they print and how they end, and that nothing of them is left over. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createShell } from '../../../src/node/process/shellProcess.ts';
import { until } from '../../fakes/patience.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-background-')));
after(() => rmSync(folder, { recursive: true, force: true }));
const isLinux = process.platform === 'linux';

function isRunning(pid: string): boolean {
	try {
		return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}
function start(command: string, shellPath = '/bin/bash') {
	const heard = { text: '' };
	const shell = createShell({ hiddenEnvironment: [], shellPath });
	const running = shell.start({
		command,
		cwd: folder,
		onOutput: (text) => {
			heard.text += text;
		},
	});
	return { ...running, heard, shell };
}

/** Ways to get out of the shell's reach; each writes the number of the process that must go to `$1`. */
const ESCAPES: Readonly<Record<string, string>> = {
	'a child': 'sleep 300 & echo $! >FILE; wait',
	'a child that ignores the signal': "(trap '' TERM; echo $BASHPID >FILE; while :; do sleep 0.1; done) & wait",
	'a child without a hang-up': 'nohup sleep 300 >/dev/null 2>&1 & echo $! >FILE; wait',
	'a session of its own': "setsid sh -c 'echo $$ >FILE; exec sleep 300' & wait",
	'a session of its own, whose parent is gone':
		"(setsid sh -c 'echo $$ >FILE; exec sleep 300' >/dev/null 2>&1 &) ; sleep 300",
};

describe('a command in the background', { skip: !isLinux && 'looks into /proc' }, () => {
	for (const shellPath of ['/bin/bash', '/bin/sh']) {
		it(`tells what it prints and how it ends (${shellPath})`, async () => {
			const { ended, heard } = start('echo out; echo err >&2; sleep 0.05; printf end; exit 3', shellPath);
			assert.deepEqual(await ended, { exitCode: 3, isStopped: false });
			assert.equal(heard.text, 'out\nerr\nend');
		});
	}
	it('waits for its own children and not for ours', async () => {
		const { ended, heard } = start('(sleep 0.05; echo child) & wait; echo done');
		assert.deepEqual(await ended, { exitCode: 0, isStopped: false });
		assert.equal(heard.text, 'child\ndone\n');
	});
	it('goes on as long as somebody holds its output', async () => {
		const { ended, heard } = start('(sleep 0.2; echo late) & exit 0');
		assert.equal((await ended).exitCode, 0);
		assert.equal(heard.text, 'late\n');
	});
	for (const [name, command] of Object.entries(ESCAPES))
		it(`ends whole when it is stopped: ${name}`, async () => {
			const file = join(folder, `pid-${name.replaceAll(/\W/g, '')}`);
			const { stop, ended } = start(command.replace('FILE', file));
			await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
			const pid = readFileSync(file, 'utf8').trim();
			assert.ok(isRunning(pid));
			await Promise.all([stop(), stop()]);
			assert.deepEqual(await ended, { exitCode: null, isStopped: true });
			await until(() => !isRunning(pid));
		});
	it('ends with the window that it belongs to, however that ends', async () => {
		const file = join(folder, 'orphan');
		const script = join(folder, 'host.mjs');
		const module = pathToFileURL(join(import.meta.dirname, '../../../src/node/process/shellProcess.ts')).href;
		writeFileSync(
			script,
			`import { createShell } from ${JSON.stringify(module)};
			createShell({ hiddenEnvironment: [] }).start({ command: 'sleep 300 & echo $! >${file}; wait', cwd: ${JSON.stringify(folder)}, onOutput() {} });
			setInterval(() => {}, 1000);`,
		);
		const host = spawn(process.execPath, [script], { stdio: 'ignore' });
		await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
		const pid = readFileSync(file, 'utf8').trim();
		assert.ok(isRunning(pid));
		host.kill('SIGKILL');
		await until(() => !isRunning(pid));
	});
	it('and what commands of before left running ends when the window closes', async () => {
		const file = join(folder, 'left');
		const shell = createShell({ hiddenEnvironment: [] });
		const command = `setsid sh -c 'echo $$ >${file}; exec sleep 300' >/dev/null 2>&1 &`;
		const never = new AbortController().signal;
		await shell.run({ command, cwd: folder, timeoutMs: 40_000, onOutput: () => undefined }, never);
		await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
		assert.equal(await shell.endLeft(), 1);
		await until(() => !isRunning(readFileSync(file, 'utf8').trim()));
		assert.equal(await shell.endLeft(), 0);
	});
	it('that cannot be started says why', () => {
		assert.throws(
			() =>
				createShell({ hiddenEnvironment: [] }).start({ command: 'true', cwd: '/nowhere', onOutput: () => undefined }),
			{
				code: 'no-such-folder',
			},
		);
	});
});
