/** The stand-in is itself tested: a rule that it does not enforce would let the product break it unnoticed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { createAnthropicModel } from '../../../src/node/model/anthropicModel.ts';
import { createFakeClock } from '../../fakes/fakeClock.ts';
import { isRecord, type Json } from '../../fakes/messagesApi/canonical.ts';
import { checkRequest } from '../../fakes/messagesApi/checkRequest.ts';
import { scriptIn } from '../../fakes/messagesApi/reply.ts';
import { type MessagesApi, startMessagesApi } from '../../fakes/messagesApi/startMessagesApi.ts';
import { createTokenCount } from '../../fakes/messagesApi/tokenCount.ts';

const opened: MessagesApi[] = [];
afterEach(async () => {
	for (const api of opened.splice(0)) await api.close();
});

const user = (...content: unknown[]): Json => ({ role: 'user', content });
const assistant = (...content: unknown[]): Json => ({ role: 'assistant', content });
const text = (words: string, more: Json = {}): Json => ({ type: 'text', text: words, ...more });
const call = (id: string, more: Json = {}): Json => ({ type: 'tool_use', id, name: 'Read', input: {}, ...more });
const result = (id: string, more: Json = {}): Json => ({
	type: 'tool_result',
	tool_use_id: id,
	content: [text('ok')],
	...more,
});
const system = (content: unknown): Json => ({ role: 'system', content });
const tool = (name: string, more: Json = {}): Json => ({
	name,
	description: 'd',
	input_schema: { type: 'object' },
	...more,
});
const mark = (ttl?: string): Json => ({ cache_control: ttl ? { type: 'ephemeral', ttl } : { type: 'ephemeral' } });
const request = (messages: readonly Json[], more: Json = {}): Json => ({
	model: 'claude-opus-5-5',
	max_tokens: 100,
	messages,
	...more,
});
const hi = user(text('hi'));

describe('a request that keeps the rules', () => {
	const check = (name: string, sent: Json) =>
		test(name, () => assert.deepEqual(checkRequest(sent, { endpoint: 'messages', issuedBlocks: new Set() }), []));
	check('the smallest', request([hi]));
	check('text as content', request([{ role: 'user', content: 'hi' }], { system: 'be good' }));
	check('a system message at the end', request([hi, system('remember')]));
	check('an interrupted turn', request([hi, user(text('again'))]));
	check(
		'calls answered in any order',
		request([hi, assistant(call('1'), call('2')), user(result('2'), result('1'), text('and'))]),
	);
	check(
		'four marks, long ones first',
		request([user(text('a', mark('1h'))), assistant(text('b', mark())), user(text('c', mark('5m')))], {
			tools: [tool('a', mark('1h'))],
		}),
	);
	check(
		'a mark inside a result',
		request([hi, assistant(call('1')), user(result('1', { content: [text('x', mark())] }))]),
	);
	check(
		'configuration',
		request([hi], {
			thinking: { type: 'adaptive', display: 'summarized' },
			output_config: { effort: 'high' },
			diagnostics: { previous_message_id: null },
			stream: true,
		}),
	);
});

describe('a request that breaks a rule', () => {
	const check = (sent: Json, problem: RegExp, issuedBlocks: ReadonlySet<string> = new Set()) =>
		test(String(problem), () => {
			const problems = checkRequest(sent, { endpoint: 'messages', issuedBlocks });
			assert.ok(
				problems.some((found) => problem.test(found)),
				problems.join('; ') || 'nothing was said',
			);
		});
	check(request([hi], { temperature: 1 }), /^temperature: Extra/);
	check(request([hi], { top_p: 1 }), /^top_p: Extra/);
	check(request([hi], { betas: [] }), /^betas: Extra/);
	check(request([hi], { max_tokens: 0 }), /^max_tokens/);
	check(request([hi], { max_tokens: undefined }), /^max_tokens/);
	check(request([hi], { model: '' }), /^model/);
	check(request([]), /at least one message/);
	check(request([assistant(text('x')), hi]), /first message must use the "user" role/);
	check(request([hi, assistant(text('x'))]), /prefill/);
	check(request([hi, assistant(text('x')), assistant(text('y')), hi]), /two "assistant" messages/);
	check(request([hi, assistant(text('x')), system('y'), hi]), /"system" only follows a "user" message/);
	check(request([system('y'), hi]), /first message must/);
	check(request([hi, { role: 'tool', content: 'x' }]), /role: unknown/);
	check(request([user()]), /must not be empty/);
	check(request([user(text(''))]), /non-empty/);
	check(request([user(text(' \n'))]), /non-empty/);
	check(request([hi], { system: [text('')] }), /system\.0\.text: text content/);
	check(request([user(text('x', { partial: true }))]), /partial: Extra/);
	check(request([user({ type: 'thinking', thinking: 'x', signature: 'y' })]), /'thinking' is not expected/);
	check(request([hi, assistant({ type: 'future' }), hi]), /'future' is not expected/);
	check(
		request([user({ type: 'image', source: { type: 'base64', media_type: 'image/bmp', data: '' } })]),
		/image of a known type/,
	);
	check(request([hi, assistant(call('1'))]), /without `tool_result`/);
	check(request([hi, assistant(call('1')), user(text('x'))]), /without `tool_result`/);
	check(request([hi, assistant(call('1')), hi, user(result('1'))]), /without `tool_result`/);
	check(request([hi, assistant(call('1')), user(result('1'), result('1'))]), /single result/);
	check(request([hi, assistant(call('1'), call('1')), user(result('1'))]), /ids must be unique/);
	check(request([hi, assistant(call('1')), user(text('x'), result('1'))]), /before other content/);
	check(request([hi, assistant(call('1')), user(result('1'), result('2'))]), /unexpected `tool_result`.*: 2/);
	check(request([user(result('1'))]), /unexpected `tool_result`/);
	check(request([hi, assistant(call('1', { input: [] })), user(result('1'))]), /valid dictionary/);
	check(
		request([hi, assistant(call('1')), user(result('1', { content: [text('')] }))]),
		/content\.0\.text: text content/,
	);
	check(request([hi], { tools: [tool('a b')] }), /should match pattern/);
	check(request([hi], { tools: [tool('a'), tool('a')] }), /must be unique/);
	check(request([hi], { tools: [tool('a', { input_schema: { type: 'string' } })] }), /must be object/);
	check(request([hi], { tools: [tool('a', { version: 1 })] }), /version: Extra/);
	check(request([hi], { thinking: { type: 'on' } }), /^thinking: unknown/);
	check(request([hi], { thinking: { type: 'enabled', budget_tokens: 50 } }), /at least 1024/);
	check(request([hi], { output_config: { effort: 'huge' } }), /effort: unknown/);
	check(request([user(...[1, 2, 3, 4, 5].map((index) => text(`t${index}`, mark())))]), /maximum of 4 blocks/);
	check(request([user(text('a', mark('5m')), text('b', mark('1h')))]), /must not come after/);
	check(request([user(text('a', mark()))], { cache_control: { type: 'ephemeral', ttl: '1h' } }), /must not come after/);
	check(request([user(text('a', mark('2h')))]), /ttl: unknown/);
	check(
		request([hi, assistant({ type: 'thinking', thinking: 'x', signature: 'y', ...mark() }), hi]),
		/cache_control: Extra/,
	);
});

async function start(): Promise<MessagesApi> {
	const api = await startMessagesApi({ mayBeWrong: true });
	opened.push(api);
	return api;
}

async function send(url: string, sent: Json): Promise<{ status: number; body: Json }> {
	const response = await fetch(`${url}/v1/messages`, {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			'anthropic-version': '2026-10-21',
			authorization: 'Bearer test-key',
		},
		body: JSON.stringify(sent),
	});
	const body: unknown = await response.json();
	return { status: response.status, body: isRecord(body) ? body : {} };
}

const scripted = (...replies: unknown[]) => user(text(`Do it.\n\`\`\`script\n${JSON.stringify(replies)}\n\`\`\``));
const contentOf = (body: Json): Json[] => (Array.isArray(body.content) ? body.content.filter(isRecord) : []);

describe('thinking', () => {
	async function begun() {
		const api = await start();
		const prompt = scripted(
			{ blocks: [{ thinking: 'first' }, { tool: 'Read', id: 't1' }] },
			{ blocks: [{ thinking: 'second' }, { text: 'Done.' }] },
		);
		const before = request([prompt], { tools: [tool('Read')], system: [text('S', mark())] });
		const { body } = await send(api.url, before);
		const reply = contentOf(body);
		return { api, before, prompt, reply, thinking: reply[0] ?? {}, toolUse: reply[1] ?? {} };
	}
	const check = (name: string, status: number, change: (given: Awaited<ReturnType<typeof begun>>) => Json) =>
		test(`${name} → ${status}`, async () => {
			const given = await begun();
			const answer = await send(given.api.url, change(given));
			assert.equal(answer.status, status, JSON.stringify(answer.body));
			assert.equal(given.api.violations.length > 0, status !== 200);
		});
	const next = ({ before, prompt }: { before: Json; prompt: Json }, blocks: readonly Json[], more: Json = {}) => ({
		...before,
		messages: [prompt, assistant(...blocks), user(result('t1'))],
		...more,
	});
	check('as issued', 200, (given) => next(given, given.reply));
	check('with cache marks moved', 200, (given) => next(given, given.reply, { system: [text('S')] }));
	check('with a changed word', 400, (given) => next(given, [{ ...given.thinking, thinking: 'First' }, given.toolUse]));
	check('with a signature of its own', 400, (given) =>
		next(given, [{ ...given.thinking, signature: 'x' }, given.toolUse]),
	);
	check('left out of the unfinished turn', 400, (given) => next(given, [given.toolUse]));
	check('after other tools', 400, (given) => next(given, given.reply, { tools: [tool('Read'), tool('Other')] }));
	check('after another system prompt', 400, (given) => next(given, given.reply, { system: [text('T')] }));
	check('after another prompt', 400, (given) => ({
		...next(given, given.reply),
		messages: [user(text('something else')), assistant(...given.reply), user(result('t1'))],
	}));

	test('of an older turn may be left out, and later thinking stays bound', async () => {
		const given = await begun();
		const second = next(given, given.reply);
		const { body } = await send(given.api.url, second);
		const messages = [given.prompt, assistant(given.toolUse), user(result('t1')), assistant(...contentOf(body)), hi];
		assert.equal((await send(given.api.url, { ...given.before, messages })).status, 200);
		assert.deepEqual(given.api.violations, []);
	});

	test('may be left out altogether after it was refused', async () => {
		const given = await begun();
		await send(given.api.url, next(given, [{ ...given.thinking, thinking: 'First' }, given.toolUse]));
		assert.equal((await send(given.api.url, next(given, [given.toolUse]))).status, 200);
	});
});

describe('the prefix', () => {
	test('is compared without cache marks, from announced starts on', async () => {
		const api = await start();
		const one = request([user(text('one', mark()))], { system: [text('S')] });
		const two = { ...one, messages: [user(text('one')), assistant(text('r')), user(text('two', mark()))] };
		await send(api.url, one);
		await send(api.url, two);
		api.assertPrefixKept();
		await send(api.url, { ...two, messages: [user(text('other'))] });
		assert.throws(() => api.assertPrefixKept(), /request 2 .* messages block 0: was .*one.*, is .*other/);
		api.assertPrefixKept((sent) => JSON.stringify(sent).includes('one'));
		api.markNewPrefix();
		await send(api.url, request([hi]));
		assert.equal(api.prefixBreaks().length, 1);
		await send(api.url, request([hi], { system: [text('new')] }));
		assert.match(api.prefixBreaks()[1] ?? '', /system block 0/);
	});

	test('is cached up to its marks, for as long as they say', async () => {
		let now = 0;
		const api = await startMessagesApi({ now: () => now });
		opened.push(api);
		const sent = request([user(text('m'.repeat(300), mark()))], { system: [text('s'.repeat(300), mark('1h'))] });
		const usage = async () => {
			const given = (await send(api.url, sent)).body.usage;
			return isRecord(given) ? given : {};
		};
		const first = await usage();
		assert.equal(first.cache_read_input_tokens, 0);
		const second = await usage();
		assert.equal(second.cache_read_input_tokens, first.cache_creation_input_tokens);
		now += 6 * 60_000;
		const third = await usage();
		assert.deepEqual(third.cache_creation, {
			ephemeral_5m_input_tokens: third.cache_creation_input_tokens,
			ephemeral_1h_input_tokens: 0,
		});
		assert.ok(Number(third.cache_read_input_tokens) > 0);
		now += 61 * 60_000;
		assert.equal((await usage()).cache_read_input_tokens, 0);
	});
});

describe('token counts', () => {
	test('have a ratio of 2.5 to 4.5 bytes for each kind, by seed', () => {
		const ratios = [1, 2, 3].flatMap((seed) =>
			['system', 'user:text', 'assistant:text', 'user:tool_result'].map((kind) => {
				const block =
					kind === 'user:tool_result' ? result('1', { content: [text('x'.repeat(10_000))] }) : text('x'.repeat(10_000));
				return 10_000 / createTokenCount(seed)({ layer: 'messages', kind, text: '', block, mark: undefined });
			}),
		);
		assert.ok(
			ratios.every((ratio) => ratio >= 2.49 && ratio <= 4.51),
			ratios.join(' '),
		);
		assert.ok(Math.max(...ratios) - Math.min(...ratios) > 1, ratios.join(' '));
		assert.equal(new Set(ratios).size, ratios.length);
	});
});

describe('a script in a prompt', () => {
	test('is answered step by step, failures once each, and again after a rewind', async () => {
		const api = await start();
		const prompt = scripted({ error: { status: 529 } }, { error: { status: 429 } }, { text: 'A' }, { text: 'B' });
		const said = async (messages: readonly Json[]) => {
			const { status, body } = await send(api.url, request(messages));
			return status === 200 ? contentOf(body)[0]?.text : status;
		};
		assert.deepEqual([await said([prompt]), await said([prompt]), await said([prompt])], [529, 429, 'A']);
		assert.equal(await said([prompt, assistant(text('A')), hi]), 'You said: hi');
		assert.equal(await said([prompt]), 'A');
	});
	test('must be one', () => {
		assert.equal(scriptIn('no script'), undefined);
		assert.throws(() => scriptIn('```script\n[{"txt": "typo"}]\n```'));
	});
});

test('the stand-in runs as a process of its own', async () => {
	const child = spawn(process.execPath, [join(import.meta.dirname, '../../fakes/messagesApi/serve.ts'), '--key=k1'], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	try {
		const line = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
		const { url } = JSON.parse(line);
		const model = createAnthropicModel({
			baseUrl: url,
			apiKeyHeader: 'authorization',
			apiKey: async () => 'k1',
			clock: createFakeClock(),
		});
		const signal = new AbortController().signal;
		assert.ok((await model.listModels(signal)).length >= 3);
		const common = { model: 'claude-opus-5-5', maxTokens: 9, system: [], tools: [], betas: [], effort: null };
		const content = [{ type: 'text' as const, text: 'hello' }];
		await model.stream(
			{ ...common, thinking: undefined, previousMessageId: undefined, messages: [{ role: 'user', content }] },
			() => undefined,
			signal,
		);
		const log = JSON.parse(await (await fetch(`${url}/__log`)).text());
		assert.deepEqual([log.violations, log.requests.length, log.prefixBreaks], [[], 2, []]);
	} finally {
		child.kill();
	}
});
