/** Models of VS Code behind the port: what is sent, what comes back, what is refused and how it stops. The classes of `vscode` are stand-ins. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { suite, test } from 'node:test';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelEvent, ModelRequest } from '../../../src/core/model/modelPort.ts';
import { createFakeClock } from '../../fakes/fakeClock.ts';

const stand = `
export class LanguageModelTextPart { constructor(value) { this.value = value; } }
export class LanguageModelToolCallPart { constructor(callId, name, input) { Object.assign(this, { callId, name, input }); } }
export class LanguageModelToolResultPart { constructor(callId, content) { Object.assign(this, { callId, content }); } }
export class LanguageModelDataPart { static image(data, mime) { return Object.assign(new LanguageModelDataPart(), { bytes: data.length, mime }); } }
export class LanguageModelChatMessage { constructor(role, content) { Object.assign(this, { role, content }); } }
export const LanguageModelChatMessageRole = { User: 1, Assistant: 2 };
export class LanguageModelError extends Error { constructor(code, message) { super(message); this.code = code; } }
export class CancellationTokenSource {
	token = { isCancellationRequested: false, listeners: [] };
	cancel() { this.token.isCancellationRequested = true; for (const one of this.token.listeners) one(); }
	dispose() {}
}
export const lm = {};`;
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: `data:text/javascript,${encodeURIComponent(stand)}`, shortCircuit: true }
			: next(specifier, context),
});
const vscode = await import('vscode');
const { createLmModel } = await import('../../../src/host/model/lmModel.ts');

type Token = { readonly isCancellationRequested: boolean; readonly listeners: (() => void)[] };
type Reply = (token: Token) => AsyncIterable<unknown>;

function openModel(
	reply: Reply,
	facts: { sendError?: Error; countTokens?: () => Promise<number>; partMs?: number; emptyTimes?: number } = {},
) {
	let timesEmpty = facts.emptyTimes ?? 0;
	const sent: { messages: unknown; options: unknown }[] = [];
	const chat = {
		...{ vendor: 'copilot', id: 'big', name: 'Big', family: 'f', version: '1', maxInputTokens: 64_000 },
		async sendRequest(messages: unknown, options: unknown, token: Token) {
			sent.push({ messages, options });
			if (facts.sendError) throw facts.sendError;
			return { stream: reply(token) };
		},
		countTokens: facts.countTokens ?? (async (text: string) => text.length),
	};
	const selectChatModels = async () => (timesEmpty-- > 0 ? [] : [chat]);
	const limits = { partMs: facts.partMs ?? 60_000, countMs: 200 };
	const model = createLmModel(createFakeClock(), { selectChatModels } as never, limits);
	return { model, sent };
}

const request: ModelRequest = {
	...{
		model: 'vscode-lm:copilot/big',
		maxTokens: 1,
		thinking: null,
		effort: null,
		betas: [],
		previousMessageId: undefined,
	},
	system: [{ type: 'text', text: 'Be good.' }],
	tools: [{ name: 'Read', description: 'Reads.', input_schema: { type: 'object' } }],
	messages: [
		{ role: 'user', content: [{ type: 'text', text: 'Hi.' }] },
		{ role: 'assistant', content: [{ type: 'tool_use', id: 't0' as never, name: 'Read', input: {} }] },
		{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't0', content: [{ type: 'text', text: 'x' }] }] },
	],
};
const never = new AbortController().signal;
async function* parts(...all: readonly unknown[]) {
	yield* all;
}

suite('Language models of VS Code', () => {
	test('text and calls come as blocks, usage is counted', async () => {
		const reply = () =>
			parts(
				new vscode.LanguageModelTextPart('I '),
				new vscode.LanguageModelTextPart('look.'),
				{ odd: 'part' },
				new vscode.LanguageModelToolCallPart('c1', 'Read', { file_path: 'a' }),
			);
		const { model, sent } = openModel(reply);
		const events: ModelEvent[] = [];
		const answer = await model.stream(request, (event) => events.push(event), never);
		assert.deepEqual(
			events.flatMap((event) => (event.kind === 'blockEnded' ? [event.block] : [])),
			[
				{ type: 'text', text: 'I look.' },
				{ type: 'tool_use', id: 'c1', name: 'Read', input: { file_path: 'a' } },
			],
		);
		assert.deepEqual(events.map((event) => event.kind).slice(0, 4), ['started', 'blockStarted', 'text', 'text']);
		assert.equal(answer.stopReason, 'tool_use');
		assert.ok(answer.usage.inputTokens > 0 && answer.usage.outputTokens > 0);
		const plain = JSON.parse(JSON.stringify(sent[0]));
		assert.deepEqual(plain.messages, [
			{ role: 1, content: [{ value: 'Be good.' }, { value: 'Hi.' }] },
			{ role: 2, content: [{ callId: 't0', name: 'Read', input: {} }] },
			{ role: 1, content: [{ callId: 't0', content: [{ value: 'x' }] }] },
		]);
		assert.deepEqual(plain.options.tools, [{ name: 'Read', description: 'Reads.', inputSchema: { type: 'object' } }]);
	});

	test('the list has ids that no endpoint has, and the window', async () => {
		const [info] = await openModel(() => parts()).model.listModels(never);
		assert.deepEqual(
			[info?.id, info?.windowTokens, info?.isAdaptiveThinking],
			['vscode-lm:copilot/big', 64_000, false],
		);
	});

	for (const [code, said, kind] of [
		['NoPermissions', 'no', 'auth'],
		['Blocked', 'no', 'billing'],
		['NotFound', 'no', 'notFound'],
		['Unknown', 'Rate limit exceeded', 'rateLimit'],
		['Unknown', 'prompt is too long', 'tooLarge'],
		['Unknown', 'invalid tool', 'badRequest'],
		['Unknown', 'oops', 'server'],
	] as const)
		test(`${code} “${said}” is ${kind}`, async () => {
			// The stand-in can be made; the real class cannot.
			const Failure = vscode.LanguageModelError as never as new (code: string, message: string) => Error;
			const { model } = openModel(() => parts(), { sendError: new Failure(code, said) });
			const failed = await model.stream(request, () => undefined, never).catch((error: unknown) => error);
			assert.ok(failed instanceof ModelError);
			assert.equal(failed.kind, kind);
		});

	test('a model that is gone is said', async () => {
		const { model } = openModel(() => parts());
		await assert.rejects(
			model.stream({ ...request, model: 'vscode-lm:x/y' }, () => undefined, never),
			/no language model x\/y now/,
		);
	});

	test('a model that VS Code does not name yet is asked for again', async () => {
		const { model } = openModel(() => parts(new vscode.LanguageModelTextPart('there')), { emptyTimes: 2 });
		assert.equal((await model.stream(request, () => undefined, never)).stopReason, 'end_turn');
		const listing = openModel(() => parts(), { emptyTimes: 2 });
		assert.deepEqual(
			(await listing.model.listModels(never)).map(({ id }) => id),
			['vscode-lm:copilot/big'],
		);
		const none = openModel(() => parts(), { emptyTimes: 1_000 });
		assert.deepEqual(await none.model.listModels(never), []);
	});

	test('a list that hangs ends with the signal', async () => {
		const hanging = { selectChatModels: () => new Promise(() => undefined) } as never;
		const model = createLmModel(createFakeClock(), hanging, { partMs: 60_000, countMs: 200 });
		const stop = new AbortController();
		const listing = model.listModels(stop.signal);
		stop.abort();
		await assert.rejects(listing);
	});

	test('one that cannot count is estimated', async () => {
		const { model } = openModel(() => parts(), { countTokens: () => Promise.reject(new Error('no')) });
		assert.ok(((await model.countTokens(request, never)) ?? 0) > 5);
	});

	test('one that never counts is estimated', async () => {
		const { model } = openModel(() => parts(), { countTokens: () => new Promise(() => undefined) });
		assert.ok(((await model.countTokens(request, never)) ?? 0) > 5);
	});

	test('a stop is heard also when the model does not hear it', async () => {
		const deaf: Reply = async function* () {
			yield new vscode.LanguageModelTextPart('a');
			await new Promise(() => undefined);
		};
		const stop = new AbortController();
		const { model } = openModel(deaf);
		const running = model.stream(
			request,
			(event) => event.kind === 'text' && setImmediate(() => stop.abort()),
			stop.signal,
		);
		await assert.rejects(running, { name: 'CancelledError' });
	});

	test('one that goes silent is told as that, and its request is cancelled', async () => {
		let isCancelled = false;
		const silent: Reply = async function* (token) {
			token.listeners.push(() => {
				isCancelled = true;
			});
			yield new vscode.LanguageModelTextPart('a');
			await new Promise(() => undefined);
		};
		const { model } = openModel(silent, { partMs: 100 });
		await assert.rejects(
			model.stream(request, () => undefined, never),
			{ kind: 'stalled', isRetryable: true },
		);
		assert.ok(isCancelled);
	});

	test('a call without an input is one of an empty input', async () => {
		const { model } = openModel(() => parts(new vscode.LanguageModelToolCallPart('c', 'Read', undefined as never)));
		const blocks: unknown[] = [];
		await model.stream(request, (event) => event.kind === 'blockEnded' && blocks.push(event.block), never);
		assert.deepEqual(blocks, [{ type: 'tool_use', id: 'c', name: 'Read', input: {} }]);
	});

	test('a stop cancels the request', async () => {
		const stop = new AbortController();
		const reply: Reply = async function* (token) {
			yield new vscode.LanguageModelTextPart('a');
			await new Promise<void>((resolve) => token.listeners.push(resolve));
		};
		const { model } = openModel(reply);
		const running = model.stream(
			request,
			(event) => event.kind === 'text' && setImmediate(() => stop.abort()),
			stop.signal,
		);
		await assert.rejects(running, { name: 'CancelledError' });
	});
});
