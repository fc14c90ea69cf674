/** The key of an endpoint goes to that endpoint only: not after a redirect, and not into what is said about a failure. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { systemClock } from '../../../src/node/systemClock.ts';

const KEY = 'sk-test-0123456789abcdef';
const never = new AbortController().signal;
const request: ModelRequest = {
	model: 'm',
	maxTokens: 100,
	tools: [],
	system: [],
	messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
	thinking: undefined,
	effort: null,
	betas: [],
	previousMessageId: undefined,
};

const closing: (() => void)[] = [];
after(() => {
	for (const close of closing) close();
});
async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
	const server = createServer(answer);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	closing.push(() => server.close().closeAllConnections());
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureAt(
	baseUrl: string,
	apiKeyHeader: 'authorization' | 'x-api-key',
	what: 'stream' | 'listModels' | 'countTokens',
) {
	const model = createAnthropicModel({ baseUrl, apiKeyHeader, apiKey: async () => KEY, clock: systemClock });
	const run = {
		stream: () => model.stream(request, () => undefined, never),
		listModels: () => model.listModels(never),
		countTokens: () => model.countTokens(request, never),
	};
	return await run[what]().then(
		() => assert.fail('It should have failed.'),
		(error: unknown) => error,
	);
}

describe('a redirect', () => {
	for (const status of [301, 302, 303, 307, 308])
		for (const header of ['authorization', 'x-api-key'] as const)
			test(`${status} to another origin is not followed (${header})`, async () => {
				let received = 0;
				const elsewhere = await listen((_request, response) => {
					received += 1;
					response.end('{}');
				});
				const home = await listen((_request, response) => {
					// Repeating the key in the target would put it into the sentence that names the target.
					response.writeHead(status, { location: `${elsewhere}/v1?key=${KEY}` }).end();
				});
				for (const what of ['stream', 'listModels', 'countTokens'] as const) {
					const error = await failureAt(home, header, what);
					assert.match(String(error), /redirects to/);
					assert.doesNotMatch(inspect(error, { depth: 8 }), new RegExp(KEY), what);
				}
				assert.equal(received, 0);
			});
});

describe('what is said about a failure never holds the key', () => {
	const check = (name: string, answer: (request: IncomingMessage, response: ServerResponse) => void) =>
		test(name, async () => {
			const error = await failureAt(await listen(answer), 'x-api-key', 'stream');
			assert.doesNotMatch(
				`${error instanceof Error ? error.stack : ''}${inspect(error, { depth: 8 })}`,
				new RegExp(KEY),
			);
		});
	const json = (body: object) => JSON.stringify(body);
	check('message', (_, response) =>
		response
			.writeHead(401)
			.end(json({ type: 'error', error: { type: 'authentication_error', message: `bad ${KEY}` } })),
	);
	check('another field of the body', (_, response) =>
		response
			.writeHead(401)
			.end(json({ type: 'error', error: { type: 'authentication_error', message: 'bad' }, sent: KEY })),
	);
	check('plain text', (_, response) => response.writeHead(403, { 'content-type': 'text/plain' }).end(`no ${KEY}`));
	check('request id', (_, response) => response.writeHead(500, { 'request-id': KEY }).end('{}'));
	check('a header', (_, response) => response.writeHead(401, { 'x-echo': KEY }).end('{}'));
	check('content type', (_, response) => response.writeHead(200, { 'content-type': `text/${KEY}` }).end('x'));
});

test('an address with a name and password in it is refused without repeating them', async () => {
	const error = await failureAt('http://someone:hidden-word@127.0.0.1:9', 'authorization', 'stream');
	assert.doesNotMatch(inspect(error, { depth: 8 }), /hidden-word/);
});
