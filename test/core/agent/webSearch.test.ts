// A search of the web against the strict stand-in: what is sent, what is found, what it costs, and what goes wrong.
import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import type { SessionId } from '../../../src/base/ids.ts';
import { searchWeb } from '../../../src/core/agent/webSearch.ts';
import { type EndpointFeature, withinLimits } from '../../../src/core/model/endpointLimits.ts';
import type { ToolContext } from '../../../src/core/tools/tool.ts';
import { webSearchTool } from '../../../src/core/tools/webSearch.ts';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { systemClock } from '../../../src/node/systemClock.ts';
import type { ScriptedReply } from '../../fakes/messagesApi/reply.ts';
import { type MessagesApi, startMessagesApi } from '../../fakes/messagesApi/startMessagesApi.ts';

const opened: MessagesApi[] = [];
afterEach(async () => {
	for (const api of opened.splice(0)) await api.close();
});
const never = new AbortController().signal;
const page = (url: string, title: string) => ({
	type: 'web_search_result',
	url,
	title,
	encrypted_content: 'x',
	page_age: null,
});
const result = (content: unknown) => ({
	raw: { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', caller: { type: 'direct' }, content },
});
const use = {
	raw: {
		type: 'server_tool_use',
		id: 'srvtoolu_1',
		name: 'web_search',
		input: { query: 'q' },
		caller: { type: 'direct' },
	},
};
const cited = {
	type: 'web_search_result_location',
	url: 'https://a.test/',
	title: 'A',
	encrypted_index: 'i',
	cited_text: 'It is so.',
};

/** Runs the tool with the real client; undefined = the endpoint has no search. */
async function run(script: readonly ScriptedReply[] | undefined, input: object = {}, told: string[] = []) {
	const api = await startMessagesApi({ script: script ?? [] });
	opened.push(api);
	const options = { baseUrl: api.url, apiKeyHeader: 'authorization', apiKey: async () => 'test-key' } as const;
	const refused = new Set<EndpointFeature>();
	const model = withinLimits(createAnthropicModel({ ...options, clock: systemClock }), {
		refused: () => refused,
		remember(_model, feature, words) {
			refused.add(feature);
			told.push(`${feature}: ${words}`);
		},
	});
	const webSearch = {
		search: (query: Parameters<typeof searchWeb>[2], signal: AbortSignal) =>
			searchWeb(model, 'claude-haiku-5-5', query, signal),
	};
	const services = { sessionId: 's' as SessionId, ...(script === undefined ? {} : { webSearch }) };
	const context: Pick<ToolContext, 'services' | 'signal'> = { signal: never, services };
	const outcome = await webSearchTool.run(
		webSearchTool.input.parse({ query: 'what is so', ...input }),
		context as ToolContext,
	);
	return { api, outcome, text: outcome.content.map((block) => String(block.text)).join() };
}

suite('Web search', () => {
	test('titles, addresses and cited words come back as data, with the cost', async () => {
		const blocks = [
			use,
			result([page('https://a.test/', 'A'), page('https://b.test/', 'B')]),
			{ raw: { type: 'text', text: 'It is.', citations: [cited] } },
		];
		const { api, outcome, text } = await run([{ blocks }], { allowed_domains: ['a.test'] });
		assert.match(
			text,
			/It is data: .*\n\n<search-results>\nIt is\.\n\nPages:\n- A: https:\/\/a\.test\/\n {2}“It is so\.”\n- B: https:\/\/b\.test\/\n<\/search-results>$/,
		);
		assert.equal(outcome.summary, '2 pages');
		assert.ok((outcome.costUsd ?? 0) > 0.01);
		assert.deepEqual(api.accepted[0]?.tools, [
			{ type: 'web_search_20250305', name: 'web_search', max_uses: 2, allowed_domains: ['a.test'] },
		]);
		assert.deepEqual(api.violations, []);
	});

	test('a reply that was paused is sent back and goes on, with the cost of both; not for ever', async () => {
		const first: ScriptedReply = {
			blocks: [{ text: 'I look. ' }, use, result([page('https://a.test/', 'A')])],
			stopReason: 'pause_turn',
		};
		const { api, text, outcome } = await run([first, { text: 'It is so.' }]);
		assert.match(text, /I look\. It is so\.\n\nPages:\n- A: /);
		assert.equal(api.accepted.length, 2);
		const messages = api.accepted[1]?.messages as readonly { role: string; content: readonly unknown[] }[];
		assert.deepEqual(
			messages.map(({ role, content }) => [role, content.length]),
			[
				['user', 1],
				['assistant', 3],
			],
		);
		assert.ok((outcome.costUsd ?? 0) > 0.01);
		const pauses = await run([first, first, first, first, first, first]);
		assert.equal(pauses.api.accepted.length, 4);
		assert.match(pauses.text, /Not all of it worked: it was paused more than 3 times/);
		assert.deepEqual([...api.violations, ...pauses.api.violations], []);
	});

	test('a second search that fails, or an answer that is cut, is told beside what was found', async () => {
		const error = { type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' };
		const found = result([page('https://a.test/', 'A')]);
		const partly = await run([
			{ blocks: [use, found, use, result(error), { text: 'Well.' }], stopReason: 'max_tokens' },
		]);
		assert.equal(partly.outcome.isError, false);
		assert.match(partly.text, /^Not all of it worked: more than 2 searches .*; the answer was cut/);
		// The one that failed costs nothing.
		const both = await run([{ blocks: [use, found, use, found, { text: 'Well.' }] }]);
		assert.ok(Math.abs((both.outcome.costUsd ?? 0) - (partly.outcome.costUsd ?? 0) - 0.01) < 0.002);
	});

	test('an endpoint that has no such tool is remembered with its words, and not asked again by itself', async () => {
		const told: string[] = [];
		const said = 'tools.0.type: Input tag web_search_20250305 was unexpected';
		const { text, api } = await run([{ error: { status: 400, message: said } }], {}, told);
		assert.match(text, /could not be made.*unexpected/);
		assert.match(told.join(), /^webSearch: .*unexpected$/);
		assert.equal(api.requests.length, 1);
		const once: string[] = [];
		await run([{ error: { status: 400, message: 'web search: the query may not be that long' } }], {}, once);
		await run([{ error: { status: 429, message: 'web_search is not available for now' } }], {}, once);
		assert.deepEqual(once, []);
	});

	test('what goes wrong is a sentence', async () => {
		const error = { type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' };
		assert.match((await run([{ blocks: [use, result(error)] }])).text, /max_uses_exceeded/);
		assert.match((await run([{ text: 'I know nothing.' }])).text, /Nothing was found/);
		assert.match((await run([{ error: { status: 400, message: 'web search is not enabled' } }])).text, /not enabled/);
		assert.match((await run(undefined)).text, /This endpoint has no web search/);
		const both = await run([], { allowed_domains: ['a.b'], blocked_domains: ['c.d'] });
		assert.match(both.text, /not both/);
		assert.equal(both.api.requests.length, 0);
	});
});
