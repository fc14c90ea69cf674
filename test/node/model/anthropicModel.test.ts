import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { CancelledError } from '../../../src/base/errors.ts';
import { ModelError, type ModelErrorKind } from '../../../src/core/model/modelError.ts';
import type { ModelEvent, ModelReply, ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { AssistantBlock } from '../../../src/core/session/content.ts';
import { type AnthropicModelOptions, createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { createFakeClock } from '../../fakes/fakeClock.ts';
import type { ScriptedReply } from '../../fakes/messagesApi/reply.ts';
import {
	type MessagesApi,
	type MessagesApiOptions,
	startMessagesApi,
} from '../../fakes/messagesApi/startMessagesApi.ts';
import { until, withMoreTime } from '../../fakes/patience.ts';

const never = new AbortController().signal;
const opened: MessagesApi[] = [];
const leaked = {
	ANTHROPIC_BASE_URL: 'http://127.0.0.1:9/leaked',
	ANTHROPIC_CUSTOM_HEADERS:
		'x-leaked: yes\nAnthropic-Version: 1999-01-01\nauthorization: Bearer leaked\nanthropic-beta: leaked',
	ANTHROPIC_API_KEY: 'leaked-key',
	ANTHROPIC_AUTH_TOKEN: 'leaked-token',
	ANTHROPIC_PROFILE: 'leaked-profile',
	ANTHROPIC_LOG: 'debug',
};

// Every test here runs with a hostile environment: none of it may reach a request.
before(() => Object.assign(process.env, leaked));
after(() => {
	for (const name of Object.keys(leaked)) delete process.env[name];
});
afterEach(async () => {
	for (const api of opened.splice(0)) await api.close();
});

async function start(script: readonly ScriptedReply[], options: MessagesApiOptions = {}): Promise<MessagesApi> {
	const api = await startMessagesApi({ script, ...options });
	opened.push(api);
	return api;
}

function modelAt(baseUrl: string, more: Partial<AnthropicModelOptions> = {}) {
	return createAnthropicModel({
		baseUrl,
		apiKeyHeader: 'authorization',
		apiKey: async () => 'test-key',
		clock: createFakeClock(),
		...more,
	});
}

function request(more: Partial<ModelRequest> = {}): ModelRequest {
	return {
		model: 'claude-opus-5-5',
		maxTokens: 1000,
		system: [{ type: 'text', text: 'You are Retrace.' }],
		tools: [{ name: 'Read', description: 'Reads a file.', input_schema: { type: 'object', properties: {} } }],
		messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
		thinking: { type: 'adaptive', display: 'summarized' },
		effort: 'high',
		betas: [],
		previousMessageId: undefined,
		...more,
	};
}

type Streamed = {
	readonly reply: ModelReply;
	readonly events: readonly ModelEvent[];
	readonly blocks: AssistantBlock[];
};

async function stream(
	api: MessagesApi,
	given: ModelRequest = request(),
	more: Partial<AnthropicModelOptions> = {},
): Promise<Streamed> {
	const events: ModelEvent[] = [];
	const reply = await modelAt(api.url, more).stream(given, (event) => events.push(event), never);
	return { reply, events, blocks: blocksIn(events) };
}

async function requestArrived(api: MessagesApi): Promise<void> {
	await until(() => api.requests.length > 0, 'the request’s arrival');
}

/** The server sees the closing a moment after the client did it. */
async function connectionClosed(api: MessagesApi): Promise<void> {
	await until(() => api.requests[0]?.wasAborted === true, 'the end of the connection');
}

function blocksIn(events: readonly ModelEvent[]): AssistantBlock[] {
	return events.flatMap((event) => (event.kind === 'blockEnded' ? [event.block] : []));
}

async function failure(run: Promise<unknown>): Promise<ModelError> {
	try {
		await run;
	} catch (error) {
		if (error instanceof ModelError) return error;
		throw error;
	}
	throw new Error('It did not fail.');
}

describe('a whole reply', () => {
	test('comes as events in order and as the blocks that were sent', async () => {
		const api = await start([
			{
				blocks: [
					{ thinking: 'Hm, a file.' },
					{ text: 'I read “ä🙂”.' },
					{ tool: 'Read', input: { path: 'a🙂.js' }, id: 'toolu_1' },
				],
				chunkChars: 3,
			},
		]);
		const { reply, events, blocks } = await stream(api);
		assert.deepEqual(api.violations, []);
		assert.equal(reply.stopReason, 'tool_use');
		assert.equal(reply.requestId, 'req_1');
		assert.equal(reply.model, 'claude-opus-5-5');
		assert.deepEqual(blocks.slice(1), [
			{ type: 'text', text: 'I read “ä🙂”.', citations: null },
			{ type: 'tool_use', id: 'toolu_1', name: 'Read', input: { path: 'a🙂.js' }, caller: { type: 'direct' } },
		]);
		assert.equal(blocks[0]?.type, 'thinking');
		const text = events.flatMap((event) => (event.kind === 'text' ? [event.text] : []));
		assert.equal(text.join(''), 'I read “ä🙂”.');
		assert.ok(text.length > 2);
		assert.deepEqual(
			events.filter((event) => event.kind === 'started' || event.kind === 'blockStarted').map((event) => event.kind),
			['started', 'blockStarted', 'blockStarted', 'blockStarted'],
		);
		const call = events.find((event) => event.kind === 'blockStarted' && event.type === 'tool_use');
		assert.deepEqual(call, {
			kind: 'blockStarted',
			index: 2,
			type: 'tool_use',
			toolName: 'Read',
			toolUseId: 'toolu_1',
		});
		assert.equal(
			events.flatMap((event) => (event.kind === 'toolInput' ? [event.partialJson] : [])).join(''),
			'{"path":"a🙂.js"}',
		);
	});

	test('of all kinds goes back byte for byte, so that the server accepts its own thinking', async () => {
		const raw = { type: 'future_block', payload: { z: 1, a: [2] } };
		const api = await start([
			{
				blocks: [{ redactedThinking: 'secret' }, { thinking: 'Let me see.' }, { raw }, { tool: 'Read', id: 'toolu_1' }],
			},
			{ text: 'Fine.' },
		]);
		const first = request();
		const { blocks } = await stream(api, first);
		assert.deepEqual(blocks[2], raw);
		const result = {
			type: 'tool_result' as const,
			tool_use_id: 'toolu_1',
			content: [{ type: 'text' as const, text: 'ok' }],
		};
		await stream(api, {
			...first,
			messages: [...first.messages, { role: 'assistant', content: blocks }, { role: 'user', content: [result] }],
		});
		assert.deepEqual(api.violations, []);
		api.assertPrefixKept();
	});

	test('has its usage with the one-hour part, and the reason of a cache miss', async () => {
		const api = await start([{ text: 'One.' }, { text: 'Two.' }, { text: 'Three.' }]);
		const marked = request({
			system: [{ type: 'text', text: 'You are Retrace. '.repeat(20), cache_control: { type: 'ephemeral', ttl: '1h' } }],
			messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } }] }],
			previousMessageId: null,
		});
		const first = await stream(api, marked);
		assert.equal(first.reply.usage.cacheReadTokens, 0);
		assert.ok(first.reply.usage.cacheWriteTokens > first.reply.usage.cacheWrite1hTokens);
		assert.ok(first.reply.usage.cacheWrite1hTokens > 0);
		assert.ok(first.reply.usage.outputTokens > 0);
		assert.equal(first.reply.diagnostics, null);
		const second = await stream(api, { ...marked, previousMessageId: first.reply.messageId });
		assert.equal(second.reply.usage.cacheReadTokens, first.reply.usage.cacheWriteTokens);
		assert.equal(second.reply.usage.inputTokens, 0);
		const third = await stream(api, { ...marked, tools: [], previousMessageId: second.reply.messageId });
		const reason = JSON.parse(JSON.stringify(third.reply.diagnostics));
		assert.equal(reason.cache_miss_reason.type, 'tools_changed');
	});

	test('that was refused carries why', async () => {
		const stopDetails = { type: 'refusal', category: 'cyber', explanation: 'No.' };
		const api = await start([{ text: 'I will', stopReason: 'refusal', stopDetails }]);
		const { reply } = await stream(api);
		assert.equal(reply.stopReason, 'refusal');
		assert.deepEqual(reply.stopDetails, stopDetails);
	});

	test('is told to nobody after a listener failed, whose error comes out as it is', async () => {
		const api = await start([{ text: 'One two three four five six seven.', chunkChars: 3 }]);
		const thrown = new RangeError('the log is full');
		let calls = 0;
		const run = modelAt(api.url).stream(
			request(),
			() => {
				calls++;
				throw thrown;
			},
			never,
		);
		await assert.rejects(run, (error) => error === thrown);
		assert.equal(calls, 1);
	});
});

describe('tool input', () => {
	const check = (json: string, expected: unknown) =>
		test(`${json || '(nothing)'} → ${JSON.stringify(expected)}`, async () => {
			const api = await start([{ blocks: [{ tool: 'Read', json, id: 'toolu_1' }], stopReason: 'max_tokens' }]);
			const { reply, blocks } = await stream(api);
			assert.equal(reply.stopReason, 'max_tokens');
			assert.deepEqual(blocks, [
				{ type: 'tool_use', id: 'toolu_1', name: 'Read', input: expected, caller: { type: 'direct' } },
			]);
		});
	check('{}', {});
	check('', {});
	check('{"a": [1, "x"]}', { a: [1, 'x'] });
	check('{"path": "a.js", "content": "cut of', { $invalidJson: '{"path": "a.js", "content": "cut of' });
	check('{not json}', { $invalidJson: '{not json}' });
	check('[1]', { $invalidJson: '[1]' });
	check('"text"', { $invalidJson: '"text"' });
});

describe('the request', () => {
	test('has fixed key order and nothing undefined', async () => {
		const api = await start([]);
		await stream(api, request({ previousMessageId: null }));
		await stream(api, request({ thinking: null, effort: null, system: [], tools: [] }));
		const [full, bare] = api.requests.map((sent) => Object.keys(sent.json ?? {}));
		assert.deepEqual(full, [
			'model',
			'max_tokens',
			'stream',
			'thinking',
			'output_config',
			'tools',
			'system',
			'messages',
			'diagnostics',
		]);
		assert.deepEqual(bare, ['model', 'max_tokens', 'stream', 'messages']);
		await stream(api, request({ previousMessageId: null }));
		assert.equal(api.requests[0]?.body, api.requests[2]?.body);
		assert.deepEqual(api.violations, []);
	});

	test('carries nothing of the environment', async () => {
		const api = await start([], { betas: ['context-1m-2025-08-07', 'b-2'] });
		await stream(api, request({ betas: ['context-1m-2025-08-07', 'b-2'] }));
		const headers = api.requests[0]?.headers ?? {};
		assert.equal(headers.authorization, 'Bearer test-key');
		assert.equal(headers['anthropic-version'], '2026-10-21');
		assert.equal(headers['anthropic-beta'], 'context-1m-2025-08-07,b-2');
		assert.equal(headers['x-leaked'], undefined);
		assert.equal(headers.traceparent, undefined);
		await stream(api);
		assert.equal(api.requests[1]?.headers['anthropic-beta'], undefined);
	});

	test('carries the key in the header the setting names, asked anew each time', async () => {
		const api = await start([], { keyHeader: 'x-api-key', keys: ['key-1', 'key-2'] });
		let asked = 0;
		const model = modelAt(`${api.url}/`, { apiKeyHeader: 'x-api-key', apiKey: async () => ` key-${++asked}\n` });
		await model.stream(request(), () => undefined, never);
		await model.stream(request(), () => undefined, never);
		assert.deepEqual(
			api.requests.map((sent) => [sent.path, sent.headers['x-api-key'], sent.headers.authorization]),
			[
				['/v1/messages', 'key-1', undefined],
				['/v1/messages', 'key-2', undefined],
			],
		);
	});

	test('carries no key for a server that wants none', async () => {
		const api = await start([{ text: 'hello' }], { keyHeader: 'none' });
		const apiKey = async () => 'test-key';
		await stream(api, request(), { apiKeyHeader: 'none', apiKey });
		assert.deepEqual(api.violations, []);
		assert.equal(api.accepted.length, 1);
	});

	test('is not made without a usable key', async () => {
		const api = await start([]);
		const keys: (() => Promise<string | undefined>)[] = [
			async () => undefined,
			async () => '  ',
			async () => 'two\nlines',
			async () => 'schlüssel',
			async () => {
				throw new Error('The key ring is locked.');
			},
		];
		for (const apiKey of keys) {
			const error = await failure(stream(api, request(), { apiKey }));
			assert.equal(error.kind, 'auth');
			assert.match(error.message, /nothing was sent/i);
			assert.equal((await failure(modelAt(api.url, { apiKey }).listModels(never))).kind, 'auth');
		}
		assert.equal(api.requests.length, 0);
	});

	for (const baseUrl of ['', 'api.example.com', 'file:///etc/passwd', 'http://'])
		test(`is not made to “${baseUrl}”`, async () => {
			const error = await failure(modelAt(baseUrl).stream(request(), () => undefined, never));
			assert.equal(error.kind, 'notFound');
		});
});

describe('an HTTP error', () => {
	type Expected = { readonly kind: ModelErrorKind; readonly retryAfterMs?: number };
	const check = (name: string, error: NonNullable<ScriptedReply['error']>, expected: Expected) =>
		test(name, async () => {
			const api = await start([{ error: { message: 'because of that', ...error } }, { text: 'never reached' }]);
			const found = await failure(stream(api));
			assert.equal(found.kind, expected.kind);
			assert.equal(found.status, error.status);
			assert.equal(found.retryAfterMs, expected.retryAfterMs);
			assert.equal(found.requestId, 'req_1');
			assert.ok(found.message.includes(error.message ?? 'because of that'), found.message);
			assert.equal(api.requests.length, 1, 'one call is one attempt');
		});
	check('401', { status: 401 }, { kind: 'auth' });
	check('402', { status: 402 }, { kind: 'billing' });
	check('403', { status: 403 }, { kind: 'auth' });
	check('404', { status: 404 }, { kind: 'notFound' });
	check('408', { status: 408 }, { kind: 'server' });
	check('409', { status: 409 }, { kind: 'server' });
	check('413', { status: 413 }, { kind: 'tooLarge' });
	check('429 without retry-after', { status: 429 }, { kind: 'rateLimit' });
	check(
		'429 with seconds',
		{ status: 429, headers: { 'retry-after': '7' } },
		{ kind: 'rateLimit', retryAfterMs: 7000 },
	);
	check(
		'429 with ms, which win',
		{ status: 429, headers: { 'retry-after': '7', 'retry-after-ms': '250' } },
		{ kind: 'rateLimit', retryAfterMs: 250 },
	);
	check(
		'429 with a past date',
		{ status: 429, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:00 GMT' } },
		{ kind: 'rateLimit', retryAfterMs: 0 },
	);
	check('429 with nonsense', { status: 429, headers: { 'retry-after': 'soon' } }, { kind: 'rateLimit' });
	for (const errorCode of ['contract_spend_limit_reached', 'enforced_spend_limit_reached', 'ramp_limit_exceeded'])
		check(`429 ${errorCode}`, { status: 429, errorCode }, { kind: 'billing' });
	check('500', { status: 500 }, { kind: 'server' });
	check('502', { status: 502 }, { kind: 'server' });
	check('503', { status: 503 }, { kind: 'server' });
	check('504', { status: 504 }, { kind: 'server' });
	check('529', { status: 529, headers: { 'retry-after': '1.5' } }, { kind: 'overloaded', retryAfterMs: 1500 });
	check('400', { status: 400 }, { kind: 'badRequest' });
	for (const message of [
		'messages.1.content.0: Invalid `signature` in `thinking` block',
		'`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.',
		'thinking block is bound to another conversation prefix',
	])
		check(`400 ${message}`, { status: 400, message }, { kind: 'thinkingBinding' });
	check(
		'400 of the thinking setting',
		{ status: 400, message: 'thinking.type: adaptive is not supported' },
		{ kind: 'badRequest' },
	);
	check('400 too long', { status: 400, message: 'prompt is too long: 9 tokens > 5 maximum' }, { kind: 'tooLarge' });
	check('400 no credit', { status: 400, message: 'Your credit balance is too low.' }, { kind: 'billing' });

	test('never shows the key, even when the endpoint repeats it', async () => {
		const api = await start([{ error: { status: 401, message: 'invalid key test-key given' } }]);
		const found = await failure(stream(api));
		assert.doesNotMatch(`${found.message} ${String(found.cause)} ${JSON.stringify(found)}`, /test-key/);
		assert.match(found.message, /invalid key … given/);
	});

	test('of a wrong key from the server itself is auth', async () => {
		const api = await start([]);
		assert.equal((await failure(stream(api, request(), { apiKey: async () => 'wrong' }))).kind, 'auth');
	});
});

describe('a fault', () => {
	const check = (reply: ScriptedReply, kind: ModelErrorKind, more: Partial<AnthropicModelOptions> = {}) =>
		test(`${reply.fault} after ${reply.afterEvents ?? 'half the'} events → ${kind}`, async () => {
			const api = await start([{ text: 'One two three four five six.', chunkChars: 4, ...reply }]);
			const found = await failure(stream(api, request(), more));
			assert.equal(found.kind, kind, found.message);
		});
	const impatient = { idleTimeoutMs: 60, headersTimeoutMs: 60 };
	check({ fault: 'overloaded' }, 'overloaded');
	check({ fault: 'overloaded', afterEvents: 0 }, 'overloaded');
	check({ fault: 'apiError' }, 'server');
	check({ fault: 'garbage' }, 'server');
	check({ fault: 'reset' }, 'network');
	check({ fault: 'reset', afterEvents: 1 }, 'network');
	check({ fault: 'eof' }, 'cutOff');
	check({ fault: 'eof', afterEvents: 0 }, 'cutOff');
	check({ fault: 'eof', afterEvents: 10 }, 'cutOff');
	check({ fault: 'stall' }, 'stalled', impatient);
	check({ fault: 'stall', afterEvents: 0 }, 'stalled', impatient);
	check({ fault: 'silence' }, 'stalled', { headersTimeoutMs: 60 });
	check({ fault: 'html' }, 'notFound');
	check({ fault: 'redirect' }, 'notFound');

	test('comes after what arrived before it', async () => {
		const api = await start([
			{ blocks: [{ text: 'Done with this.' }, { text: 'But not with that.' }], fault: 'reset', afterEvents: 6 },
		]);
		const events: ModelEvent[] = [];
		await failure(modelAt(api.url).stream(request(), (event) => events.push(event), never));
		assert.deepEqual(blocksIn(events), [{ type: 'text', text: 'Done with this.', citations: null }]);
	});

	test('of a slow listener does not hide an error event', async () => {
		const api = await start([{ text: 'One two three.', fault: 'overloaded' }]);
		const run = modelAt(api.url).stream(
			request(),
			() => {
				const untilMs = performance.now() + 5;
				while (performance.now() < untilMs);
			},
			never,
		);
		assert.equal((await failure(run)).kind, 'overloaded');
	});

	test('is not a reply that is slow but pings', async () => {
		// The pings alone take longer than the limit, each comes well within it.
		const outcome = await withMoreTime(
			async (idleTimeoutMs) => {
				const api = await start([{ text: 'Hi.', pings: 6, delayMs: idleTimeoutMs / 5 }]);
				return await stream(api, request(), { idleTimeoutMs }).then(({ reply }) => reply.stopReason, String);
			},
			(outcome) => outcome === 'end_turn',
			[500, 2_500, 6_000],
		);
		assert.equal(outcome, 'end_turn');
	});

	test('stall closes the connection', async () => {
		const api = await start([{ text: 'One two three.', fault: 'stall' }]);
		await failure(stream(api, request(), { idleTimeoutMs: 60 }));
		await connectionClosed(api);
	});

	test('no server at all → network, with the reason', async () => {
		const api = await startMessagesApi();
		await api.close();
		const found = await failure(stream(api));
		assert.equal(found.kind, 'network');
		assert.match(found.message, /nothing listens there/);
		assert.ok(found.isRetryable);
	});
});

describe('cancelling', () => {
	test('before the request sends nothing', async () => {
		const api = await start([]);
		const run = modelAt(api.url).stream(request(), () => undefined, AbortSignal.abort());
		await assert.rejects(run, CancelledError);
		assert.equal(api.requests.length, 0);
	});

	for (const fault of ['silence', 'stall'] as const)
		test(`during ${fault} ends the request, and no event comes after it`, async () => {
			const api = await start([{ text: 'One two three.', fault }]);
			const controller = new AbortController();
			const seen: ModelEvent[] = [];
			const run = modelAt(api.url).stream(
				request(),
				(event) => {
					seen.push(event);
					controller.abort();
				},
				controller.signal,
			);
			if (fault === 'silence') {
				await requestArrived(api);
				controller.abort();
			}
			await assert.rejects(run, CancelledError);
			assert.equal(seen.length, fault === 'stall' ? 1 : 0);
			await connectionClosed(api);
		});
});

describe('models', () => {
	test('come from all pages, with what the endpoint leaves open filled in', async () => {
		const many = Array.from({ length: 150 }, (_, index) => ({ ...opus, id: `claude-test-${index}` }));
		const api = await start([], {
			models: [
				...many,
				{ ...opus, lifecycle: 'retired', id: 'claude-old' },
				{
					...opus,
					lifecycle: 'deprecated',
					id: 'claude-late',
					capabilities: { thinking: { types: { adaptive: { supported: false } } } },
				},
			],
		});
		const models = await modelAt(api.url).listModels(never);
		assert.equal(models.length, 151);
		assert.deepEqual(models[0], {
			id: 'claude-test-0',
			displayName: 'Opus',
			windowTokens: 300_000,
			maxOutputTokens: 5,
			isAdaptiveThinking: true,
			isDeprecated: false,
			efforts: [],
			canDisableThinking: false,
			searchesWeb: false,
		});
		assert.deepEqual([models[150]?.isDeprecated, models[150]?.isAdaptiveThinking], [true, false]);
		assert.equal(api.requests.length, 2);
	});
	const opus = {
		type: 'model',
		id: 'claude-opus-5-5',
		display_name: 'Opus',
		lifecycle: 'active',
		max_input_tokens: 300_000,
		max_tokens: 5,
		capabilities: { thinking: { types: { adaptive: { supported: true } } } },
	};

	test('fail with a ModelError', async () => {
		const api = await start([]);
		const model = modelAt(api.url, { apiKey: async () => 'wrong' });
		assert.equal((await failure(model.listModels(never))).kind, 'auth');
	});
});

describe('counting', () => {
	test('gives the tokens that the request then has', async () => {
		const api = await start([]);
		const counted = await modelAt(api.url).countTokens(request({ previousMessageId: null }), never);
		const { reply } = await stream(api, request());
		assert.equal(counted, reply.usage.inputTokens);
		assert.deepEqual(api.violations, []);
	});

	test('is undefined where the endpoint cannot say', async () => {
		const without = await start([], { hasNoCounting: true });
		assert.equal(await modelAt(without.url).countTokens(request(), never), undefined);
		const refusing = await start([], { mayBeWrong: true });
		assert.equal(await modelAt(refusing.url).countTokens(request({ messages: [] }), never), undefined);
		const wrongKey = modelAt(refusing.url, { apiKey: async () => 'wrong' });
		assert.equal((await failure(wrongKey.countTokens(request(), never))).kind, 'auth');
	});
});
