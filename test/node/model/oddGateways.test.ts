// Gateways and local servers that answer in their own way: late, or in one piece.
import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelEvent, ModelRequest } from '../../../src/core/model/modelPort.ts';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { createFakeClock } from '../../fakes/fakeClock.ts';
import { withMoreTime } from '../../fakes/patience.ts';

const closes: (() => void)[] = [];
afterEach(() => {
	for (const close of closes.splice(0)) close();
});

const request: ModelRequest = {
	model: 'local',
	maxTokens: 100,
	system: [],
	tools: [],
	messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
	thinking: null,
	effort: null,
	betas: [],
	previousMessageId: undefined,
};

async function ask(respond: (response: ServerResponse) => void, limits = {}) {
	const server = createServer((incoming, response) => {
		incoming.resume();
		incoming.once('end', () => respond(response));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	closes.push(() => {
		server.closeAllConnections();
		server.close();
	});
	const model = createAnthropicModel({
		baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		apiKeyHeader: 'none',
		apiKey: async () => undefined,
		clock: createFakeClock(),
		...limits,
	});
	const events: ModelEvent[] = [];
	const reply = await model.stream(request, (event) => events.push(event), new AbortController().signal);
	return { reply, blocks: events.flatMap((event) => (event.kind === 'blockEnded' ? [event.block] : [])) };
}

async function failure(run: Promise<unknown>): Promise<ModelError> {
	const thrown = await run.then(
		() => undefined,
		(error: unknown) => error,
	);
	assert.ok(thrown instanceof ModelError);
	return thrown;
}

const usage = { input_tokens: 7, output_tokens: 3 };
const start = { id: 'm', type: 'message', role: 'assistant', model: 'local', content: [], stop_reason: null, usage };
const events = [
	{ type: 'message_start', message: start },
	{ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
	{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
	{ type: 'content_block_stop', index: 0 },
	{ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
	{ type: 'message_stop' },
];
const streamed = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
const json = { 'content-type': 'application/json' };

describe('a server that reads the whole prompt behind its headers', () => {
	const silentFor = (ms: number) => (response: ServerResponse) => {
		response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
		setTimeout(() => response.end(streamed), ms).unref();
	};

	test('has the time of a reply that has not begun', async () => {
		const read = await withMoreTime(
			async (idleTimeoutMs) => {
				const limits = { idleTimeoutMs, headersTimeoutMs: 60_000 };
				return await ask(silentFor(idleTimeoutMs * 2), limits).then(({ blocks }) => blocks, String);
			},
			(read) => typeof read !== 'string',
		);
		assert.deepEqual(read, [{ type: 'text', text: 'Hi' }]);
	});

	test('and not for ever', async () => {
		const stalled = await failure(ask(silentFor(60_000), { idleTimeoutMs: 90_000, headersTimeoutMs: 1_000 }));
		assert.equal(stalled.kind, 'stalled');
		assert.match(stalled.message, /Nothing arrived for 1 s/);
	});
});

describe('an answer in one piece', () => {
	const whole = (body: unknown) => (response: ServerResponse) =>
		void response.writeHead(200, json).end(typeof body === 'string' ? body : JSON.stringify(body));

	test('is the message that it holds', async () => {
		const content = [
			{ type: 'text', text: 'Reading it.' },
			{ type: 'tool_use', id: 't1', name: 'Read', input: { path: 'a' } },
		];
		const { reply, blocks } = await ask(whole({ ...start, content, stop_reason: 'tool_use' }));
		assert.deepEqual(blocks, content);
		assert.equal(reply.stopReason, 'tool_use');
		assert.deepEqual([reply.usage.inputTokens, reply.usage.outputTokens], [7, 3]);
	});

	test('with an error in it is that error, also in other words than ours', async () => {
		const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Come back later' } };
		const first = await failure(ask(whole(overloaded)));
		assert.deepEqual([first.kind, /Come back later/.test(first.message)], ['overloaded', true]);
		const second = await failure(ask(whole({ error: { message: 'model not loaded' } })));
		assert.deepEqual([second.kind, /model not loaded/.test(second.message)], ['server', true]);
	});

	for (const body of ['{"hello":"there"}', '[]', '{"type":"message","content":', 'null', '{"type":"message"}'])
		test(`that is no message is no Messages API: ${body}`, async () => {
			const found = await failure(ask(whole(body)));
			assert.equal(found.kind, 'notFound');
			assert.match(found.message, /application\/json instead of a stream/);
		});

	test('of a message that broke off is none', async () => {
		const found = await failure(ask(whole({ ...start, content: [{ type: 'text', text: 'Hi' }] })));
		assert.equal(found.kind, 'cutOff');
	});
});
