/** Sites that commands in a real sandbox reach: with the programs that people use, and with what goes around them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SiteGate } from '../../../src/core/sandbox/siteGate.ts';
import { until } from '../../fakes/patience.ts';
import { createSandboxScene, processesWith, whyNoSandbox } from './sandboxFixture.ts';
import { gateWith, here, startSite } from './siteProxyFixture.ts';

const skip = await whyNoSandbox();

describe('a command in the sandbox', { skip }, () => {
	const scene = createSandboxScene({ 'origin/a.txt': 'a' }, { resolve: here });
	const { root, base } = scene;
	let site: Awaited<ReturnType<typeof startSite>>;
	before(async () => {
		site = await startSite(({ url = '' }, response) => {
			if (url === '/elsewhere') response.writeHead(302, { location: `http://evil.test:${site.port}/x` }).end();
			else if (url === '/thing') response.end(npmPackage());
			else if (url.startsWith('/repo.git/')) serveFile(url.slice('/repo.git'.length), response);
			else return false;
			return true;
		});
	});
	after(async () => {
		site.close();
		await scene.dispose();
	});
	const place = (host = 'site.test') => `${host}:${site.port}`;
	const npmPackage = () =>
		JSON.stringify({
			...{ name: 'thing', 'dist-tags': { latest: '1.2.3' } },
			versions: { '1.2.3': { name: 'thing', version: '1.2.3', dist: { tarball: `http://${place()}/t.tgz` } } },
		});
	function serveFile(path: string, response: { end(bytes?: Buffer): void; statusCode: number }): void {
		const file = join(base, 'origin', '.git', path.replace(/\?.*$/, ''));
		const isThere = existsSync(file);
		if (!isThere) response.statusCode = 404;
		response.end(isThere ? readFileSync(file) : undefined);
	}
	const runWith = async (gate: SiteGate, command: string, timeoutMs = 20_000) =>
		await scene.run(command, { sites: gate, timeoutMs });

	test('reaches what is allowed, with curl, wget’s variables and Node, and nothing around the proxy', async () => {
		const { gate } = gateWith(({ host }) => host === 'site.test');
		const { output, exitCode } = await runWith(
			gate,
			[
				`curl -sS http://${place()}/plain`,
				`curl -sS --proxytunnel http://${place()}/tunnel`,
				`node -e "fetch('http://${place()}/node').then((r) => r.text()).then((t) => process.stdout.write(t))"`,
				`curl -sS --noproxy '*' -m 5 http://127.0.0.1:${site.port}/around`,
				`curl -sS http://${place('evil.test')}/no; exit 7`,
			].join('\n'),
		);
		assert.match(output, /the page \/plain\nthe page \/tunnel\nthe page \/node\n/);
		assert.match(output, /does not let this command reach evil\.test/);
		assert.doesNotMatch(output, /around\n|could not open its network/);
		assert.equal(exitCode, 7);
		assert.deepEqual(gate.use(), { reached: ['site.test'], refused: ['evil.test'] });
	});
	test('fetches with git and asks a registry with npm, whatever proxy the repository names', async () => {
		const git = (...args: string[]) =>
			execFileSync('git', ['-C', join(base, 'origin'), '-c', 'user.name=A', '-c', 'user.email=a@b', ...args]);
		git('init', '-q', '-b', 'main');
		git('add', '.');
		git('commit', '-qm', 'first');
		git('update-server-info');
		writeFileSync(join(root, '.npmrc'), 'proxy=http://127.0.0.1:9\nupdate-notifier=false\n');
		const { gate } = gateWith(true);
		const { output, exitCode } = await runWith(
			gate,
			`git -c http.proxy= ls-remote http://${place()}/repo.git 2>&1 | tail -1; git clone -q http://${place()}/repo.git copy && cd copy && git config http.proxy http://127.0.0.1:9 && git fetch -q && cat a.txt && npm view --cache "$TMPDIR/npm" --registry http://${place()}/ thing version 2>npm.log`,
		);
		assert.match(output, /a1\.2\.3\n$/);
		// Told to go without, it has no network.
		assert.match(output, /unable to access/);
		assert.equal(exitCode, 0, output);
	});
	test('that is redirected is asked about the other site', async () => {
		const { gate, asked } = gateWith(({ host }) => host === 'site.test');
		const { output } = await runWith(gate, `curl -sSL http://${place()}/elsewhere`);
		assert.match(output, /reach evil\.test/);
		assert.deepEqual(asked.at(-1), place('evil.test'));
	});
	test('has servers of its own as ever, and no process of ours beside it', async () => {
		const { gate, asked } = gateWith(false);
		const server = "require('http').createServer((q, r) => r.end('own')).listen(8123)";
		const { output } = await runWith(
			gate,
			`node -e "${server}" & until curl -sf http://localhost:8123/; do sleep 0.05; done; kill $!; ls -d /proc/[0-9]* | wc -l; echo "\${NODE_CHANNEL_FD-none}"; { true <&4; } 2>/dev/null || echo closed`,
		);
		assert.match(output, /^own[\s\S]*none\nclosed\n$/);
		assert.deepEqual(asked, []);
	});
	test('has all its time, however long the user takes, and no more', async () => {
		const { gate } = gateWith(true);
		const waited = (ms: number): SiteGate => ({ ...gate, waitedMs: () => ms });
		assert.equal((await runWith(waited(60_000), `curl -sS http://${place()}/late`, 1)).output, 'the page /late\n');
		const { reason } = await runWith({ ...gateWith(true).gate, waitedMs: () => 1 }, 'sleep 7301', 1_000);
		assert.deepEqual([reason, processesWith('sleep 7301')], ['timedOut', []]);
	});
	test('that is stopped while the user is asked is over, and so is the question', async () => {
		const stop = new AbortController();
		let isWithdrawn = false;
		const { gate } = gateWith(
			(_site, signal) =>
				new Promise((_resolve, reject) => {
					signal.addEventListener('abort', () => {
						isWithdrawn = true;
						reject(signal.reason);
					});
					stop.abort();
				}),
		);
		const command = `curl -sS http://${place('waits.test')}/never`;
		const { reason } = await scene.run(command, { sites: gate, signal: stop.signal });
		assert.deepEqual([reason, isWithdrawn, gate.use()], ['cancelled', true, { reached: [], refused: [] }]);
	});
	test('that leaves something behind leaves it without a network', async () => {
		const { gate } = gateWith(true);
		const later = `(until [ -e go ]; do sleep 0.02; done; curl -sS -m 20 http://${place()}/left; echo "code $?" >left.txt) >/dev/null 2>&1 &`;
		assert.equal((await runWith(gate, `curl -sS http://${place()}/first; ${later}`)).output, 'the page /first\n');
		writeFileSync(join(root, 'go'), '');
		await until(() => existsSync(join(root, 'left.txt')) && scene.read('work/left.txt') !== '');
		assert.notEqual(scene.read('work/left.txt'), 'code 0\n');
		assert.ok(!site.heard.some((one) => one.includes('/left')));
	});
	test('in the background reaches sites as long as it runs', async () => {
		const { gate, asked } = gateWith(true);
		let output = '';
		const loop = `curl -sS http://${place()}/one; until [ -e more ]; do sleep 0.02; done; curl -sS http://${place()}/two; sleep 7302`;
		const running = scene.shell.start({
			...{ command: loop, cwd: root, sandbox: scene.policyOf({ sites: gate }) },
			onOutput: (text) => {
				output += text;
			},
		});
		await until(() => output.includes('/one'));
		writeFileSync(join(root, 'more'), '');
		await until(() => output.includes('/two'));
		await running.stop();
		assert.deepEqual([output, processesWith('sleep 7302')], ['the page /one\nthe page /two\n', []]);
		assert.deepEqual(asked, [place(), `${place()} at 127.0.0.1`]);
		assert.equal(await gate.mayReach({ host: 'site.test', port: 80 }), false);
	});
	test('without a gate has no network, and no variable for one', async () => {
		const { output } = await scene.run('env | grep -ci "_proxy="; exec 5<>/dev/tcp/127.0.0.1/61280', {
			asksForSites: true,
		});
		assert.match(output, /^0\n[\s\S]*Connection refused/);
	});
});
