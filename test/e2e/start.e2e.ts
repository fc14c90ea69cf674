// `npm start` really started: what it prints opens the workbench, on this machine only and for nobody without the password.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { readEnvironment } from '../../scripts/setup/environment.mjs';
import { projectFolder } from '../../scripts/setup/paths.mjs';
import { missingBrowser } from './support/environment.ts';
import { until } from './support/until.ts';

interface Started {
	readonly child: ChildProcess;
	readonly ended: Promise<number | null>;
	readonly url: string;
	readonly password: string;
	readonly folder: string;
}

async function start(): Promise<Started> {
	const child = spawn(process.execPath, [join(projectFolder, 'scripts', 'start.mjs')], {
		cwd: projectFolder,
		env: { ...process.env, PASSWORD: 'of-the-environment', ANTHROPIC_API_KEY: '' },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
	let output = '';
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
	const printed = (name: string) => new RegExp(`^  ${name} +(\\S+)`, 'm').exec(output)?.[1];
	const found = await until(
		'npm start says where to go',
		() => {
			const [url, password, folder] = ['Open', 'Password', 'Folder'].map(printed);
			return url && password && folder ? { url, password, folder } : undefined;
		},
		90_000,
	);
	return { child, ended, ...found };
}

const isListening = (host: string, port: number) =>
	new Promise<boolean>((resolve) => {
		const socket = createConnection({ host, port, timeout: 2_000 });
		const answer = (is: boolean) => {
			socket.destroy();
			resolve(is);
		};
		socket.once('connect', () => answer(true));
		socket.once('error', () => answer(false));
		socket.once('timeout', () => answer(false));
	});

/** A desktop VS Code of whoever runs the tests is left alone. */
const isDesktop = () => readEnvironment().vscode.kind === 'desktop' && 'npm start opens the desktop VS Code here';

suite('npm start', { skip: missingBrowser() || isDesktop() }, () => {
	let first: Started;
	let second: Started;
	before(async () => {
		[first, second] = await Promise.all([start(), start()]);
	});
	after(async () => {
		for (const { child, ended } of [first, second].filter((one) => one !== undefined)) {
			child.kill('SIGTERM');
			await ended;
		}
	});

	const login = (password: string) =>
		fetch(new URL('login', first.url), {
			method: 'POST',
			redirect: 'manual',
			headers: { 'content-type': 'application/x-www-form-urlencoded' },
			body: new URLSearchParams({ password, base: '.', href: first.url }),
		});

	test('listens on the loopback address and on no other of this machine', async () => {
		const url = new URL(first.url);
		assert.equal(url.hostname, '127.0.0.1');
		const port = Number(url.port);
		assert.equal(await isListening('127.0.0.1', port), true);
		const others = Object.values(networkInterfaces())
			.flatMap((addresses) => addresses ?? [])
			.filter(({ address }) => address !== '127.0.0.1')
			.map(({ address, scopeid }) => (scopeid ? `${address}%${scopeid}` : address));
		// Any other name of the loopback is refused as well, so that this does not hang on a network being there.
		for (const address of ['127.0.0.2', ...others]) assert.equal(await isListening(address, port), false, address);
	});

	test('shows nothing but a login page without the password', async () => {
		for (const path of [
			'',
			'?folder=/',
			'vscode-remote-resource?path=/etc/passwd',
			'proxy/22/',
			'stable-x/static/out/x',
		]) {
			const response = await fetch(new URL(path, new URL('/', first.url)), { redirect: 'manual' });
			const text = await response.text();
			const isAtLogin = response.status === 302 && (response.headers.get('location') ?? '').includes('login');
			assert.ok(isAtLogin || response.status === 401 || response.status === 404, `${path}: ${response.status}`);
			assert.doesNotMatch(text, /workbench-web-configuration|root:/);
		}
	});

	test('opens with the printed password only: not with a wrong, an empty or the environment’s one', async () => {
		for (const wrong of ['', 'wrong', 'of-the-environment', second.password, first.password.slice(1)]) {
			const refused = await login(wrong);
			assert.equal(refused.status, 200, wrong);
			assert.equal(refused.headers.get('set-cookie'), null, wrong);
		}
		const accepted = await login(first.password);
		assert.equal(accepted.status, 302);
		const cookie = (accepted.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
		const page = await fetch(first.url, { headers: { cookie } });
		assert.match(await page.text(), /vscode-workbench-web-configuration/);
	});

	test('makes another long password each time, and shows it to no other user of the machine', () => {
		assert.notEqual(first.password, second.password);
		assert.notEqual(new URL(first.url).port, new URL(second.url).port);
		for (const { password } of [first, second]) assert.match(password, /^[\w-]{16,}$/);
		const commandLines = execFileSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' });
		assert.ok(!commandLines.includes(first.password) && !commandLines.includes(second.password));
	});

	test('keeps the sample and its profile to this user', () => {
		assert.equal(statSync(join(first.folder, '..')).mode & 0o777, 0o700);
		assert.equal(statSync(join(first.folder, '..', 'profile')).mode & 0o777, 0o700);
	});
});
