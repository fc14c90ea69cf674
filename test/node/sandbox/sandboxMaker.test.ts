/** What is put before a command, and what is said where no sandbox can be made. Nothing is held here. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { bashTool } from '../../../src/core/tools/bash.ts';
import { toolDefinitions } from '../../../src/core/tools/registry.ts';
import { createShell } from '../../../src/node/process/shellProcess.ts';
import { bubblewrapArgs } from '../../../src/node/sandbox/bubblewrap.ts';
import { createSandboxMaker } from '../../../src/node/sandbox/sandboxMaker.ts';
import { seatbeltProfile } from '../../../src/node/sandbox/seatbeltProfile.ts';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-no-sandbox-')));
after(() => rmSync(base, { recursive: true, force: true }));
const isWindows = process.platform === 'win32';
const policy = { writable: [base], hasNetwork: false };

/** A program of this name that prints and fails. */
function program(folder: string, text: string): string {
	mkdirSync(join(base, folder), { recursive: true });
	writeFileSync(join(base, folder, 'bwrap'), `#!/bin/sh\necho "${text}" >&2\nexit 1\n`);
	chmodSync(join(base, folder, 'bwrap'), 0o755);
	return join(base, folder);
}
const maker = (path: string, more: { platform?: NodeJS.Platform; folders?: readonly string[] } = {}) =>
	createSandboxMaker({
		homeFolder: base,
		platform: more.platform ?? 'linux',
		environment: { PATH: path },
		workspaceFolders: () => more.folders ?? [],
	});
const refused = (message: RegExp) => ({ code: 'no-sandbox', message });

describe('where there is no sandbox', { skip: isWindows && 'written for POSIX shells' }, () => {
	test('the program missing is said, with the next step', async () => {
		const wanted = refused(
			/bubblewrap \(bwrap\) is not installed\. Install it.*`retrace\.sandbox\.enabled` off\. Nothing was run/,
		);
		await assert.rejects(maker('/nowhere').ready(policy), wanted);
		assert.throws(() => maker('/nowhere').hold(policy, base), wanted);
	});
	test('one that cannot make it says why', async () => {
		const path = program('bin', 'bwrap: No permissions to create a new namespace');
		const own = maker(path);
		await assert.rejects(
			own.ready(policy),
			refused(/\(bwrap: No permissions to create a new namespace\).*unprivileged user namespaces/),
		);
		own.dispose();
	});
	test('one in a folder of the workspace is never taken', async () => {
		const path = program('work/node_modules/.bin', 'evil');
		await assert.rejects(maker(path, { folders: [join(base, 'work')] }).ready(policy), refused(/not installed/));
		await assert.rejects(maker('node_modules/.bin').ready(policy), refused(/not installed/));
	});
	test('nor does another system have one', async () => {
		await assert.rejects(maker('', { platform: 'win32' }).ready(policy), refused(/this system has no sandbox/));
	});
	test('a shell runs nothing', async () => {
		const shell = createShell({ hiddenEnvironment: [] });
		const request = { command: `touch ${base}/ran`, cwd: base, onOutput: () => undefined, sandbox: policy };
		await assert.rejects(shell.run({ ...request, timeoutMs: 9_000 }, new AbortController().signal), {
			code: 'no-sandbox',
		});
		assert.throws(() => shell.start(request), { code: 'no-sandbox' });
		assert.ok(!readdirSync(base).includes('ran'));
	});
});

describe('the arguments of bubblewrap', () => {
	const argsFor = (mounts: Parameters<typeof bubblewrapArgs>[0]['mounts'], hasNetwork = false) =>
		bubblewrapArgs({
			...{ mounts, hasNetwork, cwd: '/w', tmpFolder: '/p/tmp', emptyFile: '/p/empty' },
			...{ tmpPlaces: ['/tmp'], runPlaces: ['/run'], kept: [] },
		}).join(' ');
	const folder = (path: string, kind: 'writable' | 'readOnly' | 'hidden') => ({ path, kind, isFolder: true });

	test('lay the more special over the less special, whatever their order', () => {
		const args = argsFor([
			folder('/w/a/.git', 'readOnly'),
			folder('/home/u/.ssh', 'hidden'),
			folder('/w/a', 'writable'),
			folder('/home/u', 'writable'),
			{ path: '/home/u/.netrc', kind: 'hidden', isFolder: false },
		]);
		assert.match(
			args,
			/--ro-bind \/ \/ .*--bind \/w\/a \/w\/a --bind \/home\/u \/home\/u --ro-bind \/w\/a\/.git \/w\/a\/.git --tmpfs \/home\/u\/.ssh --ro-bind \/p\/empty \/home\/u\/.netrc --remount-ro \/home\/u\/.ssh /,
		);
	});
	test('say nothing of what is gone with what it lies in', () => {
		const args = argsFor([
			folder('/tmp/x/.ssh', 'hidden'),
			folder('/run/user/1/y', 'readOnly'),
			folder('/tmp/work', 'writable'),
			folder('/tmp/work/.vscode', 'readOnly'),
		]);
		assert.doesNotMatch(args, /\.ssh|\/run\/user/);
		assert.match(args, /--bind \/p\/tmp \/tmp .*--bind \/tmp\/work \/tmp\/work --ro-bind \/tmp\/work\/.vscode/);
	});
	test('leave the network alone only when it is given', () => {
		assert.match(argsFor([]), /--unshare-net /);
		assert.doesNotMatch(argsFor([], true), /--unshare-net/);
	});
});

test('the profile for macOS closes what is open in between, the later rule being the one that counts', () => {
	const mounts = [
		{ path: '/w/.git/config', kind: 'readOnly', isFolder: false },
		{ path: '/w "x"', kind: 'writable', isFolder: true },
		{ path: '/w', kind: 'writable', isFolder: true },
		{ path: '/Users/u/.ssh', kind: 'hidden', isFolder: true },
	] as const;
	const profile = seatbeltProfile({ mounts, absent: ['/w/.vscode'], hasNetwork: false, tmpFolder: '/private/t' });
	assert.equal(
		profile,
		`(version 1)
(allow default)
(deny file-write*)
(allow file-write* (subpath "/dev") (subpath "/private/t"))
(allow file-read* file-write* (subpath "/w"))
(allow file-read* file-write* (subpath "/w \\"x\\""))
(deny file-read* file-write* (subpath "/Users/u/.ssh"))
(deny file-write* (subpath "/w/.git/config"))
(deny file-write* (subpath "/w/.vscode"))
(deny appleevent-send)
(deny lsopen)
(deny job-creation)
(deny network*)
`,
	);
	const others = { mounts: [], absent: [], tmpFolder: '/t' };
	assert.doesNotMatch(seatbeltProfile({ ...others, hasNetwork: true, proxyPort: 8123 }), /network/);
	// The later rule counts: nothing but the proxy.
	assert.match(
		seatbeltProfile({ ...others, hasNetwork: false, proxyPort: 8123 }),
		/\(deny network\*\)\n\(allow network-outbound \(remote ip "localhost:8123"\)\)\n$/,
	);
});

test('the frozen list of tools does not speak of it', () => {
	assert.doesNotMatch(JSON.stringify(toolDefinitions([bashTool])), /sandbox/);
	assert.equal(bashTool.input.safeParse({ command: 'ls', outside_sandbox: 'why' }).data?.outside_sandbox, 'why');
});
