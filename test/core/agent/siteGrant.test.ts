// A yes to a site of the browser holds for the calls after it, for that site and no other, and never against a rule.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionId } from '../../../src/base/ids.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { BrowserPort } from '../../../src/core/web/browserPort.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

/** A browser whose sites are pages without content. */
function createBrowser(): BrowserPort {
	const allowed = new Set<string>();
	let shown: string | undefined;
	const originOf = (url: string) => new URL(url).origin;
	return {
		url: () => shown,
		allow: (url) => void allowed.add(originOf(url)),
		allows: (url) => allowed.has(originOf(url)),
		async act(action) {
			const url = action.kind === 'open' ? action.url : (shown ?? '');
			const { host } = new URL(url);
			if (!allowed.has(originOf(url))) return { kind: 'blocked', url, host, isPrivate: false, isRepeatable: true };
			shown = url;
			return { kind: 'page', url, title: host, snapshot: '- text', notes: [] };
		},
	};
}

async function browse(inputs: readonly object[], options: Partial<FixtureOptions> = {}) {
	const calls = inputs.map((input, index) => ({ blocks: [call('Browser', { ...input }, `toolu_${index}`)] }));
	const model = createScriptedModel([...calls, { blocks: [text('done')] }]);
	const { session, ports, asked } = await createFixture({ model, ...options });
	const services = { sessionId: session.id as SessionId, browser: createBrowser() };
	const prompt = { text: 'go', attachments: [] };
	await runTurn(session, prompt, { ...ports, services }, () => undefined, new AbortController().signal);
	const errors = session.entries.flatMap((entry) => (entry.type === 'toolResult' ? [entry.isError] : []));
	return { asked: asked.map(({ target, cause }) => `${target}: ${cause}`), errors };
}

const open = (url: string) => ({ action: 'open', url });
const click = { action: 'click', ref: 'e1' };

test('one yes to a site holds while the browser is open; another port or host is another site', async () => {
	const inputs = [open('http://a.test:3000/'), click, { action: 'read' }, open('http://a.test:3000/other'), click];
	const { asked, errors } = await browse([...inputs, open('http://a.test:4000/'), open('https://b.test/'), click]);
	assert.deepEqual(asked, [
		'open http://a.test:3000/: Browser reaches a.test; a yes holds for this site while this browser is open',
		'open http://a.test:4000/: Browser reaches a.test; a yes holds for this site while this browser is open',
		'open https://b.test/: Browser reaches b.test; a yes holds for this site while this browser is open',
	]);
	assert.deepEqual(new Set(errors), new Set([false]));
});

test('a no is no yes for later, and a rule that asks or denies stands above a yes', async () => {
	const url = 'http://a.test/';
	const denied = await browse([open(url), open(url)], { permission: async () => ({ verdict: 'deny' }) });
	assert.equal(denied.asked.length, 2);
	assert.deepEqual(denied.errors, [true, true]);
	const ask = ['Browser(domain:a.test)'];
	assert.equal((await browse([open(url), click, click], { rules: { ask } })).asked.length, 3);
	const deny = ['Browser(domain:a.test)'];
	assert.deepEqual((await browse([open(url), click], { rules: { deny } })).errors, [true, true]);
});
