// A question in the middle of a call is one like before a call: a card, an entry, a rule that holds.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as z from 'zod';
import type { PermissionAnswer } from '../../../src/core/permission/permissionRequest.ts';
import type { LateTool } from '../../../src/core/tools/lateTools.ts';
import type { InCallQuestion } from '../../../src/core/tools/tool.ts';
import type { WebOutcome } from '../../../src/core/web/webPort.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

const page: WebOutcome = {
	...{
		kind: 'text',
		url: 'http://dev.test/',
		status: 200,
		mediaType: 'text/plain',
		title: '',
		text: 'dev page',
		notes: [],
	},
};

/** Two calls of the same address, whose name leads to this machine. */
async function runFetches(
	answers: readonly PermissionAnswer['verdict'][],
	rules: { allow?: string[]; ask?: string[]; deny?: string[] } = {},
	url = 'http://dev.test/',
) {
	const fetches = ['1', '2'].map((id) => call('WebFetch', { url }, id));
	const model = createScriptedModel([{ blocks: fetches }, { blocks: [text('ok')] }]);
	const left = [...answers];
	const fixture = await createFixture({ model, rules, permission: async () => ({ verdict: left.shift() ?? 'deny' }) });
	const host = new URL(url).hostname;
	const web = {
		async fetch({ allowedHosts }: { allowedHosts: readonly string[] }): Promise<WebOutcome> {
			return allowedHosts.includes(host) ? page : { kind: 'private', host, address: '127.0.0.1' };
		},
	};
	Object.assign(fixture.ports, { services: { sessionId: fixture.session.id, web } });
	await fixture.run('look');
	const results = fixture.log().filter((line) => line.startsWith('toolResult'));
	return { ...fixture, results };
}

suite('A question in a call', () => {
	test('is asked beside the one before the call, and its rule holds for the next', async () => {
		const { asked, results, sessionRules } = await runFetches(['alwaysAllow', 'alwaysAllow']);
		assert.deepEqual(
			asked.map(({ toolUseId, rule }) => `${toolUseId} ${rule}`),
			['1 WebFetch(domain:dev.test)', '1 WebFetch(private:dev.test)'],
		);
		assert.deepEqual(sessionRules, ['WebFetch(domain:dev.test)', 'WebFetch(private:dev.test)']);
		assert.equal(results.filter((line) => line.includes('dev page')).length, 2);
	});

	test('a rule for the name on the web is no word about this machine', async () => {
		const { asked } = await runFetches(['deny', 'deny'], { allow: ['WebFetch(domain:dev.test)', 'WebFetch'] });
		assert.deepEqual(
			asked.map(({ rule }) => rule),
			['WebFetch(private:dev.test)', 'WebFetch(private:dev.test)'],
		);
	});

	test('is not asked again when the call itself named the place', async () => {
		const { asked, results } = await runFetches(['allowOnce', 'allowOnce'], {}, 'http://localhost/');
		assert.equal(asked.length, 2);
		assert.equal(results.filter((line) => line.includes('dev page')).length, 2);
	});

	test('a no is a result, in the log and for the model', async () => {
		const { results, log } = await runFetches(['allowOnce', 'deny', 'deny']);
		assert.match(results[0] ?? '', /^toolResult! The user denied permission for http:\/\/dev\.test\//);
		assert.ok(log().includes('permission deny'));
	});

	test('a rule that says to ask stands above one that allows', async () => {
		const ask = ['WebFetch(domain:dev.test)'];
		const { asked } = await runFetches([], { allow: ['WebFetch', 'WebFetch(private:dev.test)'], ask });
		assert.equal(asked.length, 2, 'each call asks before it runs, and is denied here');
		const yes = await runFetches(['allowOnce', 'allowOnce'], { allow: ['WebFetch(private:dev.test)'], ask });
		assert.deepEqual(
			yes.asked.map(({ toolUseId, rule }) => `${toolUseId} ${rule}`),
			['1 undefined', '1 WebFetch(private:dev.test)', '2 undefined'],
		);
	});

	test('a rule that forbids it needs no question', async () => {
		const { asked, results } = await runFetches([], { allow: ['WebFetch'], deny: ['WebFetch(domain:dev.test)'] });
		assert.deepEqual(asked, []);
		assert.match(results[0] ?? '', /forbids it/);
	});
});

suite('What a tool comes upon while it runs', () => {
	/** Two calls of a tool that asks about these in turn. */
	async function comesUpon(
		questions: readonly Partial<InCallQuestion>[],
		answers: readonly PermissionAnswer['verdict'][],
		rules: { allow?: string[]; deny?: string[] } = {},
	) {
		const [left, given] = [[...answers], [] as string[]];
		const name = 'mcp__web__look';
		const blocks = ['1', '2'].map((id) => call(name, {}, id));
		const model = createScriptedModel([{ blocks }, { blocks: [text('ok')] }]);
		const permission = async (): Promise<PermissionAnswer> => ({ verdict: left.shift() ?? 'deny' });
		const fixture = await createFixture({ model, mode: 'auto', rules, permission });
		const look: LateTool = {
			...{ name, version: 1, description: 'Looks.', input: z.object({}), effect: 'network' },
			label: () => ({ verb: 'Look', target: 'look' }),
			async run(_, { ask }) {
				for (const one of questions) {
					const host = one.host ?? 'x.test';
					const question = {
						target: `http://${host}/`,
						cause: 'It leads there',
						host,
						isPrivate: false,
						rule: `${name}(domain:${host})`,
					};
					given.push((await ask?.({ ...question, ...one }))?.kind ?? 'none');
				}
				return { isError: false, content: [{ type: 'text', text: 'looked' }], summary: '' };
			},
		};
		Object.assign(fixture.ports, { lateTools: { list: () => [look] } });
		await fixture.run('go');
		return { ...fixture, given };
	}

	test('a host that a rule forbids is not reached, and nobody is asked', async () => {
		const { asked, given } = await comesUpon([{ host: 'a.evil.test' }], [], {
			deny: ['mcp__web__look(domain:evil.test)'],
		});
		assert.deepEqual([asked.length, given], [0, ['refused', 'refused']]);
	});

	test('what the call names is asked about as well, where the call itself was not', async () => {
		const named = { isNamedInCall: true, isPrivate: true };
		const { asked, given } = await comesUpon([named], ['deny', 'allowOnce']);
		assert.deepEqual([asked.length, given], [2, ['refused', 'allowed']]);
	});

	test('a yes to one call is none to the next, and one to a host none to another', async () => {
		const once = await comesUpon([{}, { host: 'y.test' }], ['allowOnce', 'allowOnce', 'allowOnce', 'deny']);
		assert.deepEqual([once.asked.length, once.given], [4, ['allowed', 'allowed', 'allowed', 'refused']]);
		assert.deepEqual(once.sessionRules, []);
		const next = await comesUpon([{ isNamedInCall: true }], ['allowOnce', 'deny']);
		assert.deepEqual([next.asked.length, next.given], [2, ['allowed', 'refused']]);
	});
});
