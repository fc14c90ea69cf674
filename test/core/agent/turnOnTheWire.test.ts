/** Whole turns through the real client against the strict stand-in: whatever happens, the next request keeps the API's rules. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import type { ScriptedReply } from '../../fakes/messagesApi/reply.ts';
import { type MessagesApi, startMessagesApi } from '../../fakes/messagesApi/startMessagesApi.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

const opened: MessagesApi[] = [];
afterEach(async () => {
	for (const api of opened.splice(0)) await api.close();
});

async function start(script: readonly ScriptedReply[], options: Omit<FixtureOptions, 'model'> = {}) {
	const api = await startMessagesApi({ script });
	opened.push(api);
	const fixture = await createFixture({
		files: { '/w/a.js': 'one\n' },
		mode: 'auto',
		...options,
		model: (clock) =>
			createAnthropicModel({ baseUrl: api.url, apiKeyHeader: 'authorization', apiKey: async () => 'test-key', clock }),
	});
	return { ...fixture, api };
}

const READ = { tool: 'Read', input: { file_path: 'a.js' } };

/** Plays the replies over as many prompts; the last prompt must be accepted, and no request may break a rule. */
function check(
	name: string,
	script: readonly ScriptedReply[],
	ends: readonly string[],
	options: { changesPrefix?: boolean } = {},
) {
	test(name, async () => {
		const { api, run, session } = await start(script);
		for (const [index] of ends.entries()) await run(`prompt ${index + 1}`);
		const reasons = session
			.branch()
			.flatMap((entry) => (entry.type === 'turnEnded' ? [entry.code ?? entry.reason] : []));
		assert.deepEqual(reasons, ends);
		assert.deepEqual(api.violations, []);
		if (!options.changesPrefix) api.assertPrefixKept();
	});
}

describe('on the wire', () => {
	check(
		'thinking, parallel tools, two prompts',
		[
			{ blocks: [{ thinking: 'hm' }, { text: 'I look.' }, READ, { tool: 'Bash', input: { command: 'ls' } }] },
			{ text: 'ok' },
			{ text: 'yes' },
		],
		['endTurn', 'endTurn'],
	);
	check(
		'unknown tool, bad input, input that is no JSON',
		[
			{
				blocks: [
					{ tool: 'Fly', input: {} },
					{ tool: 'Read', input: {} },
					{ tool: 'Read', json: '{"file_' },
				],
				stopReason: 'tool_use',
			},
			{ text: 'sorry' },
		],
		['endTurn'],
	);
	check(
		'calls cut by max_tokens',
		[
			{ blocks: [READ, { tool: 'Write', json: '{"file_path": "b', input: {} }], stopReason: 'max_tokens' },
			{ text: 'ok' },
		],
		['endTurn'],
	);
	check(
		'a text cut by max_tokens, then on',
		[{ text: 'half', stopReason: 'max_tokens' }, { text: 'rest' }],
		['maxTokens', 'endTurn'],
	);
	check('a paused turn', [{ text: 'wait', stopReason: 'pause_turn' }, { text: 'done' }], ['endTurn']);
	check(
		'paused twice, then a call, then paused again',
		[
			{ blocks: [{ thinking: 'hm' }, { text: 'one' }], stopReason: 'pause_turn' },
			{ blocks: [{ thinking: 'still' }, { text: 'two' }], stopReason: 'pause_turn' },
			{ blocks: [{ thinking: 'now' }, { text: 'three' }, READ] },
			{ text: 'four', stopReason: 'pause_turn' },
			{ text: 'done' },
			{ text: 'next' },
		],
		['endTurn', 'endTurn'],
	);
	test('a paused reply goes back as it came, with nothing behind it', async () => {
		const { api, run, session } = await start([{ text: 'wait', stopReason: 'pause_turn' }, { text: 'done' }]);
		await run('go');
		const sent = api.requests.at(-1)?.json as { messages: { role: string; content: { text: string }[] }[] };
		assert.deepEqual(
			sent.messages.slice(-1).map(({ role, content }) => [role, content.map((block) => block.text)]),
			[['assistant', ['wait']]],
		);
		assert.ok(!session.branch().some(({ type }) => type === 'reminder'));
	});
	check(
		'the window is full in the middle of a reply, and stays full',
		[
			{ blocks: [{ text: 'so far' }, READ], stopReason: 'model_context_window_exceeded' },
			{ text: 'There is a summary now.' },
			{ text: 'ok', stopReason: 'model_context_window_exceeded' },
			{ text: 'next' },
		],
		['contextFull', 'endTurn'],
		{ changesPrefix: true },
	);
	for (const category of ['cyber', 'bio', 'frontier_llm', 'reasoning_extraction', 'general_harms', null])
		check(
			`a refusal for ${category}`,
			[
				{ blocks: [READ] },
				{ text: 'I', stopReason: 'refusal', stopDetails: { type: 'refusal', category, explanation: null } },
				{ text: 'ok' },
			],
			[category ?? 'refusal', 'endTurn'],
		);
	check(
		'a refusal is left out',
		[
			{
				blocks: [{ text: 'No' }, READ],
				stopReason: 'refusal',
				stopDetails: { type: 'refusal', category: 'bio', explanation: null },
			},
			{ text: 'ok' },
		],
		['bio', 'endTurn'],
	);
	check(
		'breaks in the middle are retried with the same bytes',
		[
			{ blocks: [{ text: 'first' }, READ], fault: 'reset', afterEvents: 5 },
			{ blocks: [{ text: 'second' }, READ], fault: 'overloaded', afterEvents: 5 },
			{ blocks: [{ thinking: 'hm' }, READ] },
			{ text: 'long enough to be cut in the middle, please', fault: 'eof' },
			{ text: 'ok' },
			{ text: 'next' },
		],
		['endTurn', 'endTurn'],
	);
	check(
		'errors that end the turn, then a prompt that works',
		[
			{ error: { status: 401, type: 'authentication_error', message: 'bad key' } },
			{ error: { status: 400, message: 'odd' } },
			{ text: 'ok' },
		],
		['auth', 'badRequest', 'endTurn'],
	);

	test('stopped in the middle of a text, then a prompt that works', async () => {
		const { api, run, session, ports, abort, log } = await start([
			{ text: 'a text that is stopped before it has come to its end', delayMs: 5 },
			{ text: 'ok' },
		]);
		const { runTurn } = await import('../../../src/core/agent/runTurn.ts');
		const onEvent = (event: { kind: string; event?: { kind: string } }) => {
			if (event.event?.kind === 'text') abort.abort();
		};
		await runTurn(session, { text: 'go', attachments: [] }, ports, onEvent, abort.signal);
		assert.match(log().at(-3) ?? '', /^assistant text partial a text/);
		const made = new AbortController();
		await runTurn(session, { text: 'again', attachments: [] }, ports, () => undefined, made.signal);
		assert.equal(log().at(-1), 'turnEnded endTurn');
		assert.deepEqual(api.violations, []);
		assert.ok(run);
	});
});
