// Turns through a language model and tools that another extension really brings to VS Code (test/fixtures/lmSample): what reaches the model,
// what comes back, how it is stopped, and what its failures are to a turn.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { asToolUseId } from '../../src/base/ids.ts';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import { ModelError } from '../../src/core/model/modelError.ts';
import type { ModelEvent, ModelRequest } from '../../src/core/model/modelPort.ts';
import type { ToolContext } from '../../src/core/tools/tool.ts';
import { editorTools } from '../../src/host/editor/editorTools.ts';
import { createLmModel } from '../../src/host/model/lmModel.ts';
import { systemClock } from '../../src/node/systemClock.ts';
import { createFixture, type FixtureOptions } from '../core/agent/turnFixture.ts';
import { hostTest } from './support/hostTest.ts';
import { until } from './support/until.ts';

const MODEL = 'vscode-lm:retrace-sample/parrot';

type Seen = {
	readonly requests: {
		readonly messages: readonly { readonly role: number; readonly parts: readonly Record<string, unknown>[] }[];
		readonly tools: readonly { readonly name: string; readonly inputSchema: unknown }[];
	}[];
	readonly cancelled: number;
	readonly toolCalls: readonly unknown[];
	readonly toolsBegun: number;
	readonly toolsCancelled: number;
};
const sample = async (): Promise<Seen> => {
	const found = vscode.extensions.getExtension<Seen>('retrace-test.lm-sample');
	assert.ok(found, 'the sample extension is installed');
	return await found.activate();
};
const model = createLmModel(systemClock);
const never = new AbortController().signal;

/** A turn with this prompt through the real model. `stopAt`: stopped when this much was said. */
async function turn(prompt: string, options: Partial<FixtureOptions> & { readonly stopAt?: string } = {}) {
	const fixture = await createFixture({ ...options, model });
	const { session, ports, asked } = fixture;
	session.setModel(MODEL);
	const stop = new AbortController();
	const lateTools = editorTools(
		() => vscode.lm,
		() => ['sample_ticket', 'sample_slow'],
	);
	let said = '';
	await runTurn(
		session,
		{ text: prompt, attachments: [] },
		{ ...ports, lateTools },
		(event) => {
			if (event.kind === 'model' && event.event.kind === 'text') said += event.event.text;
			if (options.stopAt !== undefined && said.includes(options.stopAt)) stop.abort();
		},
		stop.signal,
	);
	const texts = session.entries.flatMap((entry) =>
		entry.type === 'assistant' && entry.block.type === 'text' ? [String(entry.block.text)] : [],
	);
	const end = session.entries.findLast((entry) => entry.type === 'turnEnded');
	const results = session.entries.filter((entry) => entry.type === 'toolResult');
	return { session, asked, texts, results, end };
}

hostTest('the model is listed with its window and no thinking, and counts', async () => {
	await sample();
	await until(async () => (await model.listModels(never)).some(({ id }) => id === MODEL));
	const info = (await model.listModels(never)).find(({ id }) => id === MODEL);
	assert.deepEqual([info?.displayName, info?.windowTokens, info?.isAdaptiveThinking], ['Parrot', 9_000, false]);
	const request: ModelRequest = {
		...{ model: MODEL, maxTokens: 1, thinking: null, effort: null, betas: [], previousMessageId: undefined },
		system: [{ type: 'text', text: 'one two three' }],
		tools: [],
		messages: [{ role: 'user', content: [{ type: 'text', text: 'four' }] }],
	};
	assert.equal(await model.countTokens(request, never), 4);
	const uncounted = { ...request, system: [{ type: 'text' as const, text: 'cannot be counted' }] };
	assert.ok(((await model.countTokens(uncounted, never)) ?? 0) >= 4);
});

hostTest(
	'a turn runs through it: words as they come, tools with their results, system prompt and schemas',
	async () => {
		const seen = await sample();
		const from = seen.requests.length;
		const files = { '/w/a.txt': 'alpha', '/w/b.txt': 'beta' };
		const { texts, results, end } = await turn('Please read two files.', { files });
		assert.equal(end?.type === 'turnEnded' && end.reason, 'endTurn');
		assert.equal(texts[0], 'I look at both.');
		assert.match(texts[1] ?? '', /alpha.*beta/);
		assert.deepEqual(
			results.map((entry) => entry.type === 'toolResult' && [entry.toolUseId, entry.isError]),
			[
				['c1', false],
				['c2', false],
			],
		);
		const [first, second] = seen.requests.slice(from);
		const read = first?.tools.find(({ name }) => name === 'Read');
		assert.match(JSON.stringify(read?.inputSchema), /file_path/);
		assert.match(JSON.stringify(first?.messages[0]?.parts[0]), /Retrace/);
		const roles = second?.messages.map(({ role }) => role);
		assert.deepEqual(roles, [1, 2, 1]);
		assert.deepEqual(
			second?.messages
				.at(-1)
				?.parts.map(({ result }) => result)
				.filter(Boolean),
			['c1', 'c2'],
		);
	},
);

hostTest('calls without ids, or with the same ones again and again, each get one result', async () => {
	const files = { '/w/a.txt': 'alpha', '/w/b.txt': 'beta' };
	const { session, results, end } = await turn('Always use the same ids.', { files });
	assert.equal(end?.type === 'turnEnded' && end.reason, 'endTurn');
	const calls = session.entries.flatMap((entry) =>
		entry.type === 'assistant' && entry.block.type === 'tool_use' ? [String(entry.block.id)] : [],
	);
	assert.ok(calls.length >= 6);
	assert.equal(new Set(calls).size, calls.length, calls.join());
	assert.deepEqual(
		results.flatMap((entry) => (entry.type === 'toolResult' ? [String(entry.toolUseId)] : [])).sort(),
		calls.sort(),
	);
});

hostTest('a stop reaches the model, and what was said is kept', async () => {
	const seen = await sample();
	const before = seen.cancelled;
	const { texts, end } = await turn('Go on for ever.', { stopAt: 'I begin' });
	await until(() => seen.cancelled > before);
	assert.equal(end?.type === 'turnEnded' && end.reason, 'stopped');
	assert.deepEqual(texts, ['I begin']);
});

for (const [what, kind, words] of [
	['no permission', 'auth', /Manage Language Model Access.*ask the user first/],
	['is blocked', 'billing', /quota/],
	['is gone', 'notFound', /not there any more/],
	['rate limit', 'rateLimit', /429/],
	['too long', 'tooLarge', /too long/],
	['breaks down', 'server', /oops/],
	['breaks off', 'server', /the line is dead/],
] as const)
	hostTest(`a model that fails (${what}) is a failure of its kind`, async () => {
		const request: ModelRequest = {
			...{ model: MODEL, maxTokens: 1, thinking: null, effort: null, betas: [], previousMessageId: undefined },
			...{ system: [], tools: [] },
			messages: [{ role: 'user', content: [{ type: 'text', text: what }] }],
		};
		const events: ModelEvent[] = [];
		const failed = await model.stream(request, (event) => events.push(event), never).catch((error: unknown) => error);
		assert.ok(failed instanceof ModelError, String(failed));
		assert.equal(failed.kind, kind, failed.message);
		assert.match(failed.message, words);
	});

hostTest('a model that says nothing ends the turn', async () => {
	const { end, texts } = await turn('Say nothing.');
	assert.deepEqual(texts, []);
	assert.ok(end?.type === 'turnEnded', JSON.stringify(end));
});

hostTest('a tool of another extension is called by the model after the user’s word, and not without', async () => {
	const seen = await sample();
	const allowed = await turn('What is the ticket?', { permission: async () => ({ verdict: 'allowOnce' }) });
	assert.deepEqual(seen.toolCalls, [{ number: 7 }]);
	assert.equal(allowed.asked.length, 1);
	assert.equal(allowed.asked[0]?.tool, 'vscode__sample_ticket');
	assert.match(allowed.texts.join(), /the door is too narrow/);
	const denied = await turn('What is the ticket?', { permission: async () => ({ verdict: 'deny' }) });
	assert.equal(seen.toolCalls.length, 1);
	assert.match(denied.texts.join(), /denied/);
	const planned = await turn('What is the ticket?', { mode: 'plan' });
	assert.equal(seen.toolCalls.length, 1);
	assert.match(planned.texts.join(), /Plan mode is on/);
});

hostTest('a real tool that fails says why, and one that hangs is left and told', async () => {
	const seen = await sample();
	const tools = editorTools(
		() => vscode.lm,
		() => ['sample_ticket', 'sample_slow'],
	).list();
	const [ticket, slow] = ['vscode__sample_ticket', 'vscode__sample_slow'].map((name) =>
		tools.find((tool) => tool.name === name),
	);
	const contextWith = (signal: AbortSignal) => ({ toolUseId: asToolUseId('t'), signal }) as ToolContext;
	const failed = await ticket?.run({ number: 13 }, contextWith(never));
	assert.equal(failed?.isError, true);
	assert.match(JSON.stringify(failed?.content), /no such ticket/);
	assert.match(JSON.stringify(ticket?.inputSchema), /number/);
	const stop = new AbortController();
	const running = slow?.run({}, contextWith(stop.signal)) ?? Promise.resolve();
	await until(() => seen.toolsBegun === 1);
	stop.abort();
	await assert.rejects(running, { name: 'CancelledError' });
	await until(() => seen.toolsCancelled === 1);
});
