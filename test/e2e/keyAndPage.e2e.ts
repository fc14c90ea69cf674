// The key of the user and the page of the panel, in the packaged product: after a refusal the key stands nowhere on disk and no command
// sees it; another address gets none; the page runs no script but its own, loads nothing from elsewhere and cannot talk its way out.
import assert from 'node:assert/strict';
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type MessagesApi, startMessagesApi } from '../fakes/messagesApi/startMessagesApi.ts';
import { missingBrowser } from './support/environment.ts';
import { postToHost } from './support/pageApi.ts';
import { permissionCard, send, turnEnds } from './support/panelActions.ts';
import { repliesByPrompt } from './support/scriptedConversation.ts';
import { storageFolders } from './support/sessionLogs.ts';
import { until } from './support/until.ts';
import { openWorkbench, type Workbench } from './support/workbench.ts';

const wrongKey = 'sk-wrong-4f1c7a90d2';
const rightKey = 'sk-right-93b0e6a1c5';
/** Of another tool: neither sent nor handed on. */
const foreignToken = 'sk-foreign-77d2e4b8f6';

suite('The key and the page', { skip: missingBrowser() }, () => {
	let workbench: Workbench;
	let home: MessagesApi;
	let elsewhere: Server;
	const heard: string[] = [];
	let elsewhereUrl = '';
	const panel = () => workbench.panel();

	before(async () => {
		elsewhere = createServer((request, response) => {
			heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
			response.writeHead(200, { 'access-control-allow-origin': '*' }).end('{}');
		});
		await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
		elsewhereUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
		home = await startMessagesApi({
			keys: [rightKey],
			script: repliesByPrompt({
				'Show the environment.': [
					{
						blocks: [
							{
								tool: 'Bash',
								input: { command: 'env > seen.txt; tr "\\\\0" "\\\\n" < /proc/self/environ >> seen.txt' },
							},
						],
					},
					{ text: 'Done.' },
				],
				'Show me links.': [
					{ text: `[out](${elsewhereUrl}/x) ![i](${elsewhereUrl}/i.png) <img src="${elsewhereUrl}/h.png">` },
				],
			}),
		});
		workbench = await openWorkbench({
			name: 'key-and-page',
			tapsPageApi: true,
			env: { RETRACE_PROVIDER: undefined, ANTHROPIC_AUTH_TOKEN: foreignToken },
			settings: { 'retrace.baseUrl': home.url, 'retrace.trace': true },
		});
	});
	after(async () => {
		await workbench?.close();
		await home?.close();
		elsewhere?.close();
	});

	const setKey = async (key: string) => {
		await workbench.runCommand('Retrace: Set API Key');
		const widget = workbench.page.locator('.quick-input-widget:visible');
		await widget.getByText('only. Leave empty').waitFor();
		const input = widget.locator('input').first();
		assert.equal(await input.getAttribute('type'), 'password');
		await input.fill(key);
		await input.press('Enter');
		await widget.waitFor({ state: 'hidden' });
	};
	const prompts = () => home.requests.filter(({ method }) => method === 'POST');

	test('without a key nothing is sent, also no other tool’s', async () => {
		await send(panel(), 'First try.');
		await panel().getByText('No API key is set for this endpoint').first().waitFor();
		assert.deepEqual(prompts(), []);
	});

	test('a key that is refused is named in no message', async () => {
		await setKey(wrongKey);
		await send(panel(), 'Second try.');
		await panel().getByText('did not accept').first().waitFor();
		await turnEnds(panel());
		assert.equal(prompts().at(-1)?.headers.authorization, `Bearer ${wrongKey}`);
		assert.ok(!(await panel().locator('body').innerText()).includes(wrongKey));
	});

	test('a key that is accepted is used from then on', async () => {
		await setKey(rightKey);
		await send(panel(), 'Show the environment.');
		const card = permissionCard(panel(), 'Bash');
		await card.getByRole('button', { name: 'Allow once' }).click();
		await panel().getByText('Done.').first().waitFor();
		assert.equal(prompts().at(-1)?.headers.authorization, `Bearer ${rightKey}`);
	});

	test('a command sees no key', () => {
		const seen = workbench.readFile('seen.txt');
		assert.match(seen, /^PATH=/m);
		assert.doesNotMatch(seen, /ANTHROPIC|sk-(?:wrong|right|foreign)/i);
	});

	test('Markdown loads nothing', async () => {
		await send(panel(), 'Show me links.');
		await panel().getByText('[image: i]').waitFor();
		await turnEnds(panel());
	});

	test('a script that gets into the page does not run, and nothing is loaded or sent from it', async () => {
		const directives = ['script-src-elem', 'img-src', 'frame-src', 'style-src-elem', 'connect-src'];
		const violated = await panel()
			.locator('body')
			.evaluate(
				async (body, { url, directives }) => {
					const blocked = new Set<string>();
					document.addEventListener('securitypolicyviolation', (event) => blocked.add(event.effectiveDirective));
					const add = (html: string) => body.append(document.createRange().createContextualFragment(html));
					add('<script>globalThis.ranInline = true</script>');
					add(
						'<a id="click" href="javascript:globalThis.ranAddress = true" onclick="globalThis.ranHandler = true">x</a>',
					);
					document.getElementById('click')?.click();
					add(
						`<script src="${url}/script.js"></script><img src="${url}/image.png"><iframe src="${url}/frame"></iframe>`,
					);
					add(`<link rel="stylesheet" href="${url}/style.css"><object data="${url}/object"></object>`);
					add(`<video src="${url}/video"></video>`);
					await fetch(`${url}/fetch`).catch(() => undefined);
					navigator.sendBeacon(`${url}/beacon`);
					try {
						new WebSocket(`${url.replace('http', 'ws')}/socket`);
					} catch {
						// Some browsers throw instead of telling.
					}
					const endMs = performance.now() + 20_000;
					while (directives.some((directive) => !blocked.has(directive)) && performance.now() < endMs)
						await new Promise((resolve) => setTimeout(resolve, 50));
					return { blocked: [...blocked], ran: Object.keys(globalThis).filter((name) => name.startsWith('ran')) };
				},
				{ url: elsewhereUrl, directives },
			);
		assert.deepEqual(violated.ran, []);
		for (const directive of directives)
			assert.ok(violated.blocked.includes(directive), `${directive} of ${violated.blocked}`);
	});

	test('a page that says what was not agreed, or asks for what is closed, gets a refusal', async () => {
		await postToHost(panel(), { kind: 'command.run', command: 'workbench.action.closeWindow' });
		await panel().getByText('The panel sent something unexpected').first().waitFor();
		for (const href of ['command:workbench.action.newWindow', 'file:///etc/passwd', '/etc/passwd', '../../etc/passwd'])
			await postToHost(panel(), { kind: 'link.open', href });
		await panel().getByText('This link was not opened: ../../etc/passwd').first().waitFor();
		assert.equal(await workbench.page.locator('.tab').filter({ hasText: 'passwd' }).count(), 0);
	});

	test('another address gets no stored key, and the panel asks for one', async () => {
		// Another name of the same machine; that another port or scheme counts as well is a matter of test/host-pure/secrets.test.ts.
		const before = home.requests.length;
		workbench.changeSettings({ 'retrace.baseUrl': home.url.replace('127.0.0.1', 'localhost') });
		await workbench.reload();
		await workbench.runCommand('Retrace: New Session');
		await panel().getByRole('heading', { name: 'What should we change?' }).waitFor();
		await send(panel(), 'To whom?');
		await panel().getByText('No API key is set for this endpoint').first().waitFor();
		await panel().getByRole('button', { name: 'Set API Key' }).first().waitFor();
		assert.equal(home.requests.length, before);
		// A machine of one's own may want no key; any other is not even tried without.
		workbench.changeSettings({ 'retrace.baseUrl': 'https://gateway.invalid' });
		await workbench.reload();
		await panel().getByRole('textbox', { name: 'Message Retrace' }).fill('To whom?');
		await panel().getByRole('button', { name: 'Send', exact: true }).click();
		await panel().getByText('Your prompt is back in the input. Set a key').first().waitFor();
		assert.deepEqual(heard, []);
	});

	test('no key stands anywhere on disk, and what the extension stores is for this user alone', async () => {
		await until('the log of the extension is written', () =>
			filesOf(workbench.userDataDir).some((path) => /Retrace\.log$/.test(path)),
		);
		for (const path of filesOf(workbench.userDataDir)) {
			const bytes = ifThere(() => readFileSync(path)) ?? Buffer.alloc(0);
			for (const key of [wrongKey, rightKey, foreignToken]) assert.ok(!bytes.includes(key), `a key stands in ${path}`);
		}
		const stored = storageFolders(workbench.userDataDir).filter((folder) => folder.includes('workspaceStorage'));
		assert.ok(stored.length > 0);
		for (const folder of stored)
			for (const entry of entriesOf(folder)) {
				const path = join(entry.parentPath, entry.name);
				assert.equal((ifThere(() => statSync(path))?.mode ?? 0) & 0o077, 0, path);
			}
	});
});

/** What is asked of a file that VS Code may have taken away since it was listed. */
function ifThere<T>(ask: () => T): T | undefined {
	try {
		return ask();
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw error;
	}
}

function entriesOf(folder: string): Dirent[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true });
}

function filesOf(folder: string): string[] {
	return entriesOf(folder)
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
}
