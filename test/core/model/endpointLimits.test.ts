// An endpoint that refuses parts of a request is asked without them, once told and from then on; nothing else is tried again.
import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import {
	type EndpointFeature,
	type EndpointSeen,
	refusedIn,
	withinLimits,
	withoutFeatures,
} from '../../../src/core/model/endpointLimits.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { systemClock } from '../../../src/node/systemClock.ts';
import type { Json } from '../../fakes/messagesApi/canonical.ts';
import {
	type MessagesApi,
	type MessagesApiOptions,
	startMessagesApi,
} from '../../fakes/messagesApi/startMessagesApi.ts';

const opened: MessagesApi[] = [];
afterEach(async () => {
	for (const api of opened.splice(0)) await api.close();
});
const never = new AbortController().signal;
const mark = { type: 'ephemeral' as const };
const request: ModelRequest = {
	model: 'claude-sonnet-5-5',
	maxTokens: 1_000,
	system: [{ type: 'text', text: 'Be good.', cache_control: mark }],
	tools: [
		{
			name: 'Edit',
			description: 'x',
			input_schema: { type: 'object' },
			eager_input_streaming: true,
			cache_control: mark,
		},
	],
	messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi.', cache_control: mark }] }],
	thinking: { type: 'adaptive', display: 'summarized' },
	effort: 'high',
	betas: [],
	previousMessageId: undefined,
};

async function start(options: MessagesApiOptions) {
	const api = await startMessagesApi(options);
	opened.push(api);
	const known = new Map<string, Set<EndpointFeature>>();
	const told: string[] = [];
	const seen: EndpointSeen = { accepted: new Set(), isTriedInVain: false };
	const options_ = { baseUrl: api.url, apiKeyHeader: 'authorization', apiKey: async () => 'test-key' } as const;
	const model = withinLimits(createAnthropicModel({ ...options_, clock: systemClock }), {
		refused: (id) => known.get(id) ?? new Set(),
		seen: () => seen,
		remember(id, feature, said) {
			told.push(`${feature}: ${said}`);
			known.set(id, new Set([...(known.get(id) ?? []), feature]));
		},
	});
	const send = (part: Partial<ModelRequest> = {}) => model.stream({ ...request, ...part }, () => undefined, never);
	return { api, model, told, send };
}

const bodies = (api: MessagesApi) => api.accepted.map((one: Json) => JSON.stringify(one));

suite('Endpoint limits', () => {
	for (const [field, feature] of [
		['cache_control', 'cache'],
		['thinking', 'thinking'],
		['output_config', 'effort'],
		['eager_input_streaming', 'eagerInput'],
	] as const)
		test(`an endpoint without ${field} gets requests without it, told once, and the same bytes later`, async () => {
			const { api, told, send } = await start({ refusedFields: [field] });
			await send();
			await send();
			assert.equal(api.requests.length, 3);
			assert.equal(told.length, 1);
			assert.match(told[0] ?? '', new RegExp(`^${feature}: .*${field}`));
			const [first, second] = bodies(api);
			assert.equal(first, second);
			assert.ok(!first?.includes(field));
			assert.deepEqual(api.violations, []);
		});

	const json = (body: unknown, status = 400) => ({
		status,
		contentType: 'application/json',
		body: JSON.stringify(body),
	});
	const WORDS: readonly (readonly [
		string,
		(field: string) => { status?: number; contentType: string; body: string },
	])[] = [
		[
			'a sentence in the form of another API',
			(field) =>
				json({ error: { message: `Unrecognized request argument supplied: ${field}`, type: 'invalid_request_error' } }),
		],
		['the field beside the sentence', (field) => json({ error: { message: 'Unsupported parameter', param: field } })],
		[
			'a list of problems, as 422',
			(field) =>
				json(
					{ detail: [{ type: 'extra_forbidden', loc: ['body', field], msg: 'Extra inputs are not permitted' }] },
					422,
				),
		],
		['a plain string', (field) => json({ error: `${field} is not supported by this model` })],
		['a message without an error', (field) => json({ message: `invalid field ${field}` })],
		['text', (field) => ({ contentType: 'text/plain', body: `json: unknown field "${field}"` })],
	];
	for (const [what, refusal] of WORDS)
		test(`a gateway that refuses with ${what} is understood`, async () => {
			for (const [field, feature] of [
				['cache_control', 'cache'],
				['thinking', 'thinking'],
				['output_config', 'effort'],
				['eager_input_streaming', 'eagerInput'],
			] as const) {
				const { api, told, send } = await start({ refusedFields: [field], refusal });
				await send();
				assert.equal(api.requests.length, 2, field);
				assert.equal(told.length, 1);
				assert.match(told[0] ?? '', new RegExp(`^${feature}: `));
				assert.deepEqual(api.violations, []);
			}
		});

	const MUTE: readonly (readonly [string, () => { contentType: string; body: string }])[] = [
		['an empty body', () => ({ contentType: 'application/json', body: '' })],
		[
			'a web page',
			() => ({
				contentType: 'text/html',
				body: '<html><title>400 Bad Request</title><p>thinking is not allowed</p></html>',
			}),
		],
		['words that say nothing', () => json({ error: { type: 'invalid_request_error', message: 'Bad Request' } })],
		['an empty object', () => json({})],
	];
	for (const [what, refusal] of MUTE)
		test(`a gateway that refuses with ${what} is found out by leaving out, once`, async () => {
			for (const [field, feature, requests] of [
				['eager_input_streaming', 'eagerInput', 2],
				['output_config', 'effort', 3],
				['thinking', 'thinking', 4],
				['cache_control', 'cache', 5],
			] as const) {
				const { api, told, send } = await start({ refusedFields: [field], refusal });
				await send();
				assert.equal(api.requests.length, requests);
				assert.deepEqual(
					told.map((one) => one.split(':')[0]),
					[feature],
				);
				await send();
				assert.equal(api.requests.length, requests + 1);
				const [first, second] = bodies(api);
				assert.equal(first, second);
			}
		});

	test('an effort that only goes with thinking is left out while thinking is off, and no other time', async () => {
		const said = "output_config.effort: 'max' is not supported when thinking is disabled";
		const { api, told, send } = await start({ script: [{ error: { status: 400, message: said } }] });
		const off = { thinking: { type: 'disabled' }, effort: 'max' };
		await send(off);
		await send(off);
		await send();
		assert.deepEqual(
			told.map((one) => one.split(':')[0]),
			['effortUnthinking'],
		);
		assert.deepEqual(
			api.accepted.map(({ thinking, output_config }) => [thinking, output_config]),
			[
				[{ type: 'disabled' }, undefined],
				[{ type: 'disabled' }, undefined],
				[request.thinking, { effort: 'high' }],
			],
		);
	});

	test('several parts that are refused without a word are left out together', async () => {
		const { api, told, send } = await start({ refusedFields: ['thinking', 'cache_control'], refusal: () => json({}) });
		await send();
		assert.equal(api.requests.length, 6);
		assert.deepEqual(
			told.map((one) => one.split(':')[0]),
			['eagerInput', 'effort', 'thinking', 'cache'],
		);
	});

	test('a refusal without a word is about something else when all went through before, or when nothing helped', async () => {
		const mute = { error: { status: 400, message: 'Bad Request' } };
		const proven = await start({ script: [{ text: 'Yes.' }, mute, mute] });
		await proven.send();
		await assert.rejects(proven.send(), ModelError);
		assert.equal(proven.api.requests.length, 2);
		// `max_tokens` stands in every request.
		const vain = await start({ refusedFields: ['max_tokens'], refusal: () => json({}) });
		await assert.rejects(vain.send(), ModelError);
		assert.equal(vain.api.requests.length, 6);
		await assert.rejects(vain.send(), ModelError);
		assert.equal(vain.api.requests.length, 7);
		assert.deepEqual([...proven.told, ...vain.told], []);
	});

	test('another failure in the middle of finding out stays what it is', async () => {
		let count = 0;
		const { api, told, send } = await start({
			refusedFields: ['thinking'],
			refusal: () => (++count === 1 ? json({}) : json({ error: { type: 'overloaded_error', message: 'busy' } }, 529)),
		});
		await assert.rejects(send(), { kind: 'overloaded' });
		assert.equal(api.requests.length, 2);
		assert.deepEqual(told, []);
	});

	test('several refusals come one after the other', async () => {
		const { api, told, send } = await start({ refusedFields: ['thinking', 'cache_control', 'eager_input_streaming'] });
		await send();
		assert.equal(told.length, 3);
		assert.equal(api.requests.length, 4);
	});

	test('an endpoint that cannot count is asked no more', async () => {
		const { api, model, told } = await start({ hasNoCounting: true });
		for (const _ of [1, 2]) assert.equal(await model.countTokens(request, never), undefined);
		assert.equal(api.requests.length, 2);
		assert.deepEqual(told, ['counting: undefined']);
	});

	test('a refusal of a single request says nothing about counting', async () => {
		const { model, told } = await start({ refusedFields: ['cache_control'] });
		assert.equal(await model.countTokens(request, never), undefined);
		assert.deepEqual(told, []);
	});

	test('other failures stay what they are', async () => {
		const { api, told, send } = await start({
			script: [{ error: { status: 400, message: 'thinking.budget_tokens: must be at least 1024' } }],
		});
		await assert.rejects(send(), /budget_tokens/);
		assert.equal(api.requests.length, 1);
		assert.deepEqual(told, []);
	});

	test('what was left out already is not what a refusal is about', () => {
		const error = new ModelError('badRequest', 'thinking: Extra inputs are not permitted');
		assert.deepEqual(refusedIn(error, request), ['thinking']);
		assert.deepEqual(refusedIn(error, withoutFeatures(request, new Set(['thinking']))), []);
		assert.deepEqual(refusedIn(new ModelError('server', error.message), request), []);
		assert.equal(withoutFeatures(request, new Set(['counting'])), request);
	});
});
