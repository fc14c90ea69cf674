// A real browser against real local servers: what the model reads and does, what is asked, what is refused, and that nothing is left running.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { BrowserAction, BrowserOutcome } from '../../../src/core/web/browserPort.ts';
import { createBrowsers } from '../../../src/node/web/browsers.ts';
import { findBrowser } from '../../../src/node/web/findBrowser.ts';
import { until } from '../../fakes/patience.ts';

const executablePath = findBrowser(process.env, process.platform);
const never = new AbortController().signal;

const PAGES: Readonly<Record<string, string>> = {
	'/': `<title>Shop</title><h1>Shop</h1><label>Name <input id=n></label>
		<button onclick="console.log('bought', n.value); document.querySelector('h1').textContent = 'Thanks ' + n.value">Buy</button>
		<button onclick="alert('Sure?'); document.title = 'told'">Ask</button>
		<a href="/next">Next</a> <a href="http://127.0.0.1:OTHER/secret">Away</a> <a href="/file" download>Get</a>
		<button onclick="fetch('http://127.0.0.1:OTHER/secret').then(r => r.text()).then(t => document.title = t, () => document.title = 'refused')">Spy</button>`,
	'/next': '<title>Next</title><p>Second page</p>',
	'/slow': '<title>Slow</title><script>for (;;);</script>',
	'/away': '',
	'/stay': `<title>Stay</title><button onclick="onbeforeunload = (e) => e.preventDefault()">Edit</button>
		<button onclick="document.title = String(confirm('Delete all?')) + String(prompt('Name?'))">Delete</button>
		<button onclick="for (let i = 0; i < 25; i++) alert(i)">Nag</button>
		<button onclick="window.open('/next')">Pop</button>
		<a target=_blank href="http://127.0.0.1:OTHER/secret">Tab</a>
		<button onclick="document.querySelector('a').click(); location = 'file:///etc/passwd'">File</button>`,
	'/metadata': '',
};

suite('Browsers', { skip: executablePath === undefined ? 'no browser is installed' : false }, () => {
	const folder = mkdtempSync(join(realpathSync(tmpdir()), 'retrace-browser-'));
	let path = executablePath;
	const browsers = createBrowsers({ folder: join(folder, 'browser'), executablePath: () => path });
	const browser = browsers.of('one');
	const closers: (() => void)[] = [];
	let secrets = 0;
	/** Told of each request for the page that never comes. */
	const hanging = new EventEmitter();
	let port = 0;

	before(async () => {
		const serve = async (listener: (request: IncomingMessage, response: ServerResponse) => void) => {
			const server = createServer(listener);
			await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
			closers.push(() => {
				server.closeAllConnections();
				server.close();
			});
			return (server.address() as AddressInfo).port;
		};
		const other = await serve((_request, response) => {
			secrets++;
			response.setHeader('access-control-allow-origin', '*').end('<title>Secret</title>secret');
		});
		port = await serve((request, response) => {
			if (request.url === '/away')
				return response.writeHead(302, { location: `http://127.0.0.1:${other}/secret` }).end();
			if (request.url === '/metadata')
				return response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
			if (request.url === '/hang') return hanging.emit('request');
			if (request.url === '/file') response.setHeader('content-disposition', 'attachment; filename=a.bin');
			const page = PAGES[request.url ?? ''] ?? '';
			return response.setHeader('content-type', 'text/html').end(page.replaceAll('OTHER', `${other}`));
		});
	});
	after(async () => {
		await browsers.closeAll();
		await harshBrowsers.closeAll();
		for (const close of closers) close();
		rmSync(folder, { recursive: true, force: true });
	});

	const at = (path: string) => `http://localhost:${port}${path}`;
	const act = (action: BrowserAction) => browser.act(action, never);
	async function page(action: BrowserAction) {
		const outcome = await act(action);
		assert.equal(outcome.kind, 'page', JSON.stringify(outcome));
		return outcome as Extract<BrowserOutcome, { kind: 'page' }>;
	}
	// Short limits, for what they are about.
	const harshFolder = join(folder, 'harsh');
	const limits = { actionMs: 3_000, callMs: 8_000, hangMs: 2_500 };
	const harshBrowsers = createBrowsers({ folder: harshFolder, executablePath: () => executablePath, limits });
	const harsh = harshBrowsers.of('one');
	const harshAct = (action: BrowserAction) => harsh.act(action, never);
	async function harshPage(url: string) {
		let outcome = await harshAct({ kind: 'open', url });
		// On a busy machine they may be too short for a page that works.
		for (let tries = 1; outcome.kind === 'failed' && tries < 4; tries++)
			outcome = await harshAct({ kind: 'open', url });
		assert.equal(outcome.kind, 'page', JSON.stringify(outcome));
		return outcome as Extract<BrowserOutcome, { kind: 'page' }>;
	}
	const refOf = (snapshot: string, name: string) =>
		new RegExp(`${name}[^\\n]*\\[ref=(\\w+)\\]`).exec(snapshot)?.[1] ?? `no ${name} in ${snapshot}`;

	test('nothing is open before open', async () => {
		assert.match(JSON.stringify(await act({ kind: 'read' })), /No page is open/);
	});

	test('a site is reached only when it is allowed, and then read, typed into and clicked', async () => {
		const blocked = await act({ kind: 'open', url: at('/') });
		assert.deepEqual(blocked, {
			kind: 'blocked',
			url: at('/'),
			host: 'localhost',
			isPrivate: true,
			isRepeatable: true,
		});
		browser.allow(at('/'), true);
		const shop = await page({ kind: 'open', url: at('/') });
		assert.equal(shop.title, 'Shop');
		await page({ kind: 'type', ref: refOf(shop.snapshot, 'textbox'), text: 'Ada', isSubmitted: false });
		const bought = await page({ kind: 'click', ref: refOf(shop.snapshot, 'button "Buy"') });
		assert.match(bought.snapshot, /Thanks Ada/);
		const console = await act({ kind: 'console' });
		assert.deepEqual(console.kind === 'console' && console.lines, ['log: bought Ada']);
		const image = await act({ kind: 'screenshot' });
		assert.equal(image.kind === 'image' && image.bytes[1], 0x50);
		const next = await page({ kind: 'click', ref: refOf(bought.snapshot, 'link "Next"') });
		assert.match(next.snapshot, /Second page/);
		assert.equal((await page({ kind: 'back' })).title, 'Shop');
	});

	test('another site is asked about before it is reached, by link, redirect and script alike', async () => {
		const shop = await page({ kind: 'open', url: at('/') });
		const away = await act({ kind: 'click', ref: refOf(shop.snapshot, 'link "Away"') });
		assert.equal(away.kind === 'blocked' && away.host, '127.0.0.1');
		const moved = await act({ kind: 'open', url: at('/away') });
		assert.equal(moved.kind === 'blocked' && moved.isPrivate, true, JSON.stringify(moved));
		const again = await page({ kind: 'open', url: at('/') });
		const spied = await page({ kind: 'click', ref: refOf(again.snapshot, 'button "Spy"') });
		assert.match(spied.notes.join(), /asked for 127\.0\.0\.1:\d+ .* refused/);
		assert.equal(secrets, 0);
	});

	test('files, downloads and dialogs do nothing but be told', async () => {
		const file = await act({ kind: 'open', url: 'file:///etc/passwd' });
		assert.notEqual(file.kind, 'page');
		const shop = await page({ kind: 'open', url: at('/') });
		const asked = await page({ kind: 'click', ref: refOf(shop.snapshot, 'button "Ask"') });
		assert.match(asked.notes.join(), /alert \(“Sure\?”\), which was dismissed/);
		const got = await page({ kind: 'click', ref: refOf(shop.snapshot, 'link "Get"') });
		assert.match(got.notes.join(), /download \(a\.bin\), which was refused/);
		assert.match(JSON.stringify(await act({ kind: 'click', ref: 'e999' })), /no element e999/);
	});

	test('a stop in the middle ends the page, and the next one works', async () => {
		const stop = new AbortController();
		const hanging = browser.act({ kind: 'open', url: at('/hang') }, stop.signal);
		void setImmediate().then(() => stop.abort());
		await assert.rejects(hanging, { name: 'CancelledError' });
		assert.equal((await page({ kind: 'open', url: at('/next') })).title, 'Next');
	});

	test('dialogs, other windows and pages that do not want to be left hold up nothing', async () => {
		const stay = await page({ kind: 'open', url: at('/stay') });
		const click = (name: string) => page({ kind: 'click', ref: refOf(stay.snapshot, name) });
		const asked = await click('button "Delete"');
		assert.equal(asked.title, 'falsenull');
		assert.match(asked.notes.join(), /confirm \(“Delete all\?”\).*dismissed.*prompt \(“Name\?”\).*dismissed/);
		const opened = await click('button "Pop"');
		assert.match(opened.notes.join(), new RegExp(`open ${at('/next')} in another window. Use open`));
		const tab = await click('link "Tab"');
		assert.match(tab.notes.join(), /open http:\/\/127\.0\.0\.1:\d+\/secret in another window/);
		assert.equal((await click('button "File"')).title, 'falsenull');
		assert.equal(secrets, 0);
		const nagged = await act({ kind: 'click', ref: refOf(stay.snapshot, 'button "Nag"') });
		assert.equal(JSON.stringify(nagged).split('dismissed').length, 21);
		await click('button "Edit"');
		const left = await page({ kind: 'open', url: at('/next') });
		assert.equal(left.title, 'Next');
		assert.match(left.notes.join(), /beforeunload, which was answered with Leave/);
	});

	test('addresses of this machine’s network are asked about whatever leads there', async () => {
		const direct = await act({ kind: 'open', url: 'http://169.254.169.254/latest/' });
		assert.deepEqual(direct.kind === 'blocked' && [direct.host, direct.isPrivate], ['169.254.169.254', true]);
		const moved = await act({ kind: 'open', url: at('/metadata') });
		assert.deepEqual(moved.kind === 'blocked' && [moved.host, moved.isPrivate], ['169.254.169.254', true]);
		// A name that was allowed as one of the web, and leads to this machine when it is resolved.
		const other = browsers.of('rebound');
		other.allow(at('/'), false);
		const rebound = await other.act({ kind: 'open', url: at('/') }, never);
		assert.deepEqual(rebound.kind === 'blocked' && [rebound.host, rebound.isPrivate], ['localhost', true]);
		await browsers.close('rebound');
	});

	test('Show opens it again where it is, with what was allowed; without a screen it goes on unseen', async (t) => {
		const { DISPLAY } = process.env;
		delete process.env.DISPLAY;
		t.after(() => {
			path = executablePath;
			if (DISPLAY !== undefined) process.env.DISPLAY = DISPLAY;
		});
		assert.equal(await browsers.show('nobody'), false);
		await page({ kind: 'open', url: at('/next') });
		await assert.rejects(browsers.show('one'), /no screen.*unseen\. It said: .*(?:display|X server)/i);
		assert.equal((await page({ kind: 'read' })).title, 'Next');
		// A browser that brings its screen along.
		path = join(folder, 'screened');
		writeFileSync(path, `#!/bin/sh\nexec '${executablePath}' --headless=new "$@"\n`, { mode: 0o755 });
		assert.equal(await browsers.show('one'), true);
		assert.equal(browser.url(), at('/next'));
		assert.equal((await page({ kind: 'read' })).title, 'Next');
	});

	test('a page that hangs is left, and the browser goes on', async () => {
		harsh.allow(at('/'), true);
		const hung = await harshAct({ kind: 'open', url: at('/slow') });
		assert.equal(hung.kind, 'failed', JSON.stringify(hung));
		assert.equal((await harshPage(at('/next'))).title, 'Next');
	});

	test('a browser that is killed in the middle of a call, or hangs as a whole, is told, cleaned up and started again', async (t) => {
		if (process.platform !== 'linux') return t.skip('processes are found by /proc');
		await harshPage(at('/next'));
		for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
			await until(() => readdirSync(harshFolder).length === 1, 'one profile');
			const profiles = readdirSync(harshFolder);
			const arrived = once(hanging, 'request');
			const running = harshAct({ kind: 'open', url: at('/hang') });
			await arrived;
			for (const pid of processesWith(profiles[0] ?? '')) process.kill(Number(pid), signal);
			const gone = await running;
			assert.match(JSON.stringify(gone), /The browser ended .* Use open to start another one/, signal);
			assert.match(JSON.stringify(await harshAct({ kind: 'read' })), /No page is open/);
			await until(() => processesWith(profiles[0] ?? '').length === 0, 'the end of its processes');
			await until(() => readdirSync(harshFolder).length === 0, 'the end of its profile');
			// The site is still allowed.
			assert.equal(harsh.allows(at('/')), false);
			assert.equal((await harshPage(at('/next'))).title, 'Next');
			assert.equal(harsh.allows(at('/')), true);
		}
	});

	test('closing leaves no process and no profile', async () => {
		const [profile = ''] = readdirSync(join(folder, 'browser'));
		assert.equal(statSync(join(folder, 'browser')).mode & 0o777, 0o700);
		assert.ok(processesWith(profile).length > 0);
		await browsers.close('one');
		assert.deepEqual(processesWith(profile), []);
		assert.deepEqual(readdirSync(join(folder, 'browser')), []);
	});

	test('without a browser it says what to do', async () => {
		const none = createBrowsers({ folder, executablePath: () => undefined }).of('x');
		assert.match(JSON.stringify(await none.act({ kind: 'open', url: at('/') }, never)), /install Google Chrome/);
		const broken = createBrowsers({ folder, executablePath: () => '/bin/false' }).of('x');
		assert.match(JSON.stringify(await broken.act({ kind: 'open', url: at('/') }, never)), /could not be started/);
	});
});

/** Where the system tells; elsewhere none. */
function processesWith(word: string): readonly string[] {
	if (process.platform !== 'linux') return [];
	return readdirSync('/proc').filter((pid) => {
		if (!/^\d+$/.test(pid)) return false;
		try {
			return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
		} catch {
			return false;
		}
	});
}
