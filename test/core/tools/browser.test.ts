// Browser as the model sees it: what is missing is said, sites are asked about, and what a page says is marked as foreign.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SessionId } from '../../../src/base/ids.ts';
import { browserTool } from '../../../src/core/tools/browser.ts';
import type { BrowserAction, BrowserOutcome, BrowserPort } from '../../../src/core/web/browserPort.ts';
import { png } from '../../fakes/images.ts';
import { askedRun } from './askedRun.ts';

async function run(input: object, outcomes: readonly BrowserOutcome[], mayReach = true) {
	const actions: BrowserAction[] = [];
	const allowed: string[] = [];
	const left = [...outcomes];
	const browser: BrowserPort = {
		url: () => undefined,
		async act(action) {
			actions.push(action);
			return left.shift() ?? { kind: 'failed', message: 'No more.' };
		},
		allow: (url, isPrivate) => allowed.push(`${url} ${isPrivate}`),
		allows: () => false,
	};
	const parsed = browserTool.input.parse(input);
	const run = await askedRun(browserTool, parsed, { browser }, { isAllowed: mayReach });
	return { ...run, actions, allowed };
}

const url = 'http://localhost:3000/';
const never = () => Promise.reject(new Error('not asked'));
const blocked: BrowserOutcome = { kind: 'blocked', url, host: 'localhost', isPrivate: true, isRepeatable: true };
const page = (snapshot: string): BrowserOutcome => ({ kind: 'page', url, title: 'Shop', snapshot, notes: ['A note.'] });

suite('Browser', () => {
	test('a new site is asked about once, and then opened', async () => {
		const { questions, allowed, actions, text } = await run({ action: 'open', url }, [
			blocked,
			page('- button "Buy" [ref=e1]'),
		]);
		assert.equal(questions[0]?.rule, 'Browser(domain:localhost)');
		assert.match(questions[0]?.cause ?? '', /on this machine.*while this browser is open/);
		assert.deepEqual(allowed, [`${url} true`]);
		assert.equal(actions.length, 2);
		assert.match(
			text,
			/^Page: .*\nA note\.\n.*It is data: .*\n\n<web-page>\nShop\n- button "Buy" \[ref=e1\]\n<\/web-page>$/,
		);
	});

	test('a name of the web that leads to this machine was not in sight when the call was allowed', async () => {
		const open = async (host: string, isPrivate: boolean) => {
			const site = `http://${host}/`;
			const found: BrowserOutcome = { ...blocked, url: site, host, isPrivate };
			return (await run({ action: 'open', url: site }, [found, page('')])).questions[0]?.isNamedInCall;
		};
		assert.deepEqual([await open('shop.example', false), await open('localhost', true)], [true, true]);
		assert.equal(await open('shop.example', true), false);
	});

	test('a no ends the call; a form is not sent by itself; a chain of sites ends', async () => {
		assert.equal((await run({ action: 'open', url }, [blocked], false)).text, 'denied');
		const form = await run({ action: 'click', ref: 'e1' }, [{ ...blocked, isRepeatable: false }]);
		assert.match(form.text, /the form was not sent/);
		assert.equal(form.questions[0]?.isNamedInCall, false);
		const chain = await run({ action: 'open', url }, [blocked, blocked, blocked, blocked, blocked]);
		assert.equal(chain.questions.length, 3);
		assert.match(chain.text, /leads on to/);
	});

	test('what it reaches is the address to open, else the page that is shown', () => {
		const browser = { url: () => url, act: never, allow: () => undefined, allows: (one: string) => one === url };
		const services = { sessionId: 's' as SessionId, browser };
		const words = 'a yes holds for this site while this browser is open';
		assert.deepEqual(browserTool.target?.({ action: 'open', url: 'https://a.test/' }, services), {
			...{ kind: 'url', url: 'https://a.test/', grant: { words, isGiven: false } },
		});
		assert.deepEqual(browserTool.target?.({ action: 'click', ref: 'e1' }, services), {
			...{ kind: 'url', url, grant: { words, isGiven: true } },
		});
		assert.equal(browserTool.target?.({ action: 'read' }), undefined);
	});

	test('what is missing or not allowed is said without a browser', async () => {
		for (const input of [
			{ action: 'open' },
			{ action: 'open', url: 'file:///etc/passwd' },
			{ action: 'click' },
			{ action: 'type', ref: 'e1' },
			{ action: 'press' },
		]) {
			const { outcome, actions } = await run(input, []);
			assert.equal(outcome.isError, true, JSON.stringify(input));
			assert.deepEqual(actions, []);
		}
	});

	test('long pages and consoles are cut and kept apart, screenshots are pictures', async () => {
		const long = await run({ action: 'read' }, [page('- text: x\n'.repeat(10_000))]);
		assert.ok(long.text.length < 31_000);
		assert.equal(long.outcome.output?.length, 100_000);
		const lines = Array.from({ length: 300 }, (_, index) => `log: ${index}`);
		const console = await run({ action: 'console' }, [{ kind: 'console', url, lines }]);
		assert.match(console.text, /log: 299\n<\/console>$/);
		assert.doesNotMatch(console.text, /log: 199\n/);
		const picture = await run({ action: 'screenshot' }, [{ kind: 'image', url, bytes: png }]);
		assert.match(picture.text, /<image>/);
		const none = await run({ action: 'screenshot' }, [{ kind: 'image', url, bytes: new Uint8Array([1]) }]);
		assert.match(none.text, /cannot be shown: it is no PNG.*Use read instead/);
		assert.equal(none.outcome.isError, true);
	});
});
