import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CancelledError, UserError } from '../../../src/base/errors.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { BlobCache } from '../../../src/core/context/loadBlobs.ts';
import { ModelError, type ModelErrorKind } from '../../../src/core/model/modelError.ts';
import type { BlobStore } from '../../../src/core/session/storePort.ts';
import { loadedTools } from '../../../src/core/tools/registry.ts';
import { call, createScriptedModel, type ScriptedStep, text, thinking } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

async function check(
	steps: readonly ScriptedStep[],
	expected: readonly string[],
	options: Omit<FixtureOptions, 'model'> = {},
) {
	const model = createScriptedModel(steps);
	const fixture = await createFixture({ files: { '/w/a.js': 'one\ntwo\n' }, ...options, model });
	await fixture.run('do it');
	assert.deepEqual(fixture.log(), ['prefix', 'user do it', 'checkpoint 0', ...expected]);
	assert.equal(fixture.session.state, 'idle');
	return { ...fixture, model };
}

const READ = call('Read', { file_path: 'a.js' });

describe('a turn', () => {
	test('ends with the reply', async () => {
		const { session, traces } = await check(
			[{ blocks: [text('done')] }],
			['assistant text done', 'assistantEnded end_turn', 'turnEnded endTurn'],
		);
		assert.equal(session.lastExchange?.reply?.messageId, 'msg_1');
		assert.ok(traces.some((event) => event.event === 'request') && traces.some((event) => event.event === 'turn'));
	});

	test('a server that names every reply alike does not get them mixed up', async () => {
		const named = { messageId: 'chatcmpl' };
		const model = createScriptedModel([
			{ ...named, blocks: [text('First.')] },
			{ ...named, blocks: [text('Second.')] },
			{ ...named, blocks: [text('Third.')] },
		]);
		const fixture = await createFixture({ model });
		for (const prompt of ['one', 'two', 'three']) await fixture.run(prompt);
		assert.deepEqual(
			model.requests.at(-1)?.messages.map(({ role }) => role),
			['user', 'assistant', 'user', 'assistant', 'user'],
		);
		const replies = fixture.session.entries.filter((entry) => entry.type === 'assistant');
		assert.equal(new Set(replies.map(({ messageId }) => messageId)).size, 3);
		const ends = fixture.session.entries.filter((entry) => entry.type === 'assistantEnded');
		assert.deepEqual(
			ends.map(({ messageId }) => messageId),
			replies.map(({ messageId }) => messageId),
		);
		const told = fixture.events.flatMap((event) =>
			event.kind === 'model' && event.event.kind === 'started' ? [event.event.messageId] : [],
		);
		assert.deepEqual(
			told,
			replies.map(({ messageId }) => messageId),
		);
	});

	test('a prompt after a rewind to before the first one starts with the same bytes', async () => {
		let memory = 'first';
		const model = createScriptedModel([{ blocks: [text('done')] }, { blocks: [text('done')] }]);
		const fixture = await createFixture({ model, projectContext: () => memory });
		await fixture.run('one');
		fixture.session.append({ type: 'rewind', to: null, from: fixture.session.leaf, why: 'rewind' });
		memory = 'changed meanwhile';
		await fixture.run('two');
		const [first, second] = model.requests;
		assert.deepEqual(second?.system, first?.system);
		assert.deepEqual(second?.tools, first?.tools);
		assert.equal(fixture.session.entries.filter((entry) => entry.type === 'prefix').length, 1);
	});

	test('reads no blob again that an earlier one knew, and forgets what was left behind', async () => {
		const reply = { blocks: [text('done')] };
		const model = createScriptedModel([reply, reply, reply]);
		const { ports, session, abort } = await createFixture({ model });
		const reads: string[] = [];
		const loadedTexts: BlobCache = new Map();
		const blobs: BlobStore = {
			...ports.blobs,
			get: (ref) => {
				reads.push(ref.$blob);
				return ports.blobs.get(ref);
			},
		};
		const run = (words: string) =>
			runTurn(
				session,
				{ text: words, attachments: [] },
				{ ...ports, blobs, loadedTexts },
				() => undefined,
				abort.signal,
			);
		const long = 'stored apart '.repeat(5_000);
		await run(long);
		assert.equal(reads.length, 1, 'the prompt; the prefix was known when it was frozen');
		await run('second');
		assert.equal(reads.length, 1);
		assert.deepEqual(model.requests[1]?.system, model.requests[0]?.system);
		assert.ok([...loadedTexts.values()].some((one) => one.includes(long)));
		session.append({ type: 'rewind', to: null, from: session.leaf, why: 'rewind' });
		await run('third');
		assert.equal(
			[...loadedTexts.values()].some((one) => one.includes(long)),
			false,
		);
		assert.deepEqual(model.requests[2]?.system, model.requests[0]?.system);
	});

	test('a log that cannot be flushed ends the turn with an error, before anything is done to the world', async () => {
		const check = async (steps: readonly ScriptedStep[]) => {
			const fixture = await createFixture({ mode: 'auto', model: createScriptedModel(steps) });
			const { session, ports, abort } = fixture;
			const failing = new Proxy(session, {
				get(target, key) {
					if (key === 'sync') return () => Promise.reject(new UserError('log-write-failed', 'The disk is full.'));
					const member: unknown = Reflect.get(target, key, target);
					return typeof member === 'function' ? member.bind(target) : member;
				},
			});
			await runTurn(failing, { text: 'go', attachments: [] }, ports, () => undefined, abort.signal);
			assert.equal(fixture.commands.length, 0);
			assert.equal(fixture.log().at(-1), 'turnEnded error log-write-failed');
			assert.equal(session.state, 'idle');
		};
		await check([{ blocks: [text('done')] }]);
		await check([{ blocks: [call('Bash', { command: 'ls' })] }, { blocks: [text('done')] }]);
	});

	test('a stored prefix that is gone is made anew and said, and the turn runs', async () => {
		const model = createScriptedModel([{ blocks: [text('done')] }, { blocks: [text('done')] }]);
		const fixture = await createFixture({ model });
		await fixture.run('one');
		fixture.blobs.stored.clear();
		await fixture.run('two');
		assert.equal(fixture.session.newest('turnEnded')?.reason, 'endTurn');
		assert.equal(fixture.session.newest('notice')?.code, 'prefix-lost');
		assert.deepEqual(model.requests[1]?.system, model.requests[0]?.system);
	});

	test('runs tools and sends their results', async () => {
		const { model } = await check(
			[{ blocks: [thinking('hm'), text('I read.'), READ] }, { blocks: [text('ok')] }],
			[
				'assistant thinking',
				'assistant text I read.',
				'assistant tool_use Read',
				'assistantEnded tool_use',
				'toolStarted',
				'toolResult 1\tone\n2\ttwo',
				'assistant text ok',
				'assistantEnded end_turn',
				'turnEnded endTurn',
			],
		);
		const last = model.requests[1]?.messages.at(-1);
		assert.equal(last?.role, 'user');
		assert.deepEqual(JSON.stringify(last?.content).includes('tool_result'), true);
		const [first, second] = model.requests.map((request) => JSON.stringify(request.messages[0]?.content[0]));
		assert.equal(first?.slice(0, 30), second?.slice(0, 30));
	});

	test('keeps the order of the calls when later ones finish first', async () => {
		const { session } = await check(
			[
				{ blocks: [call('Grep', { pattern: 'one' }, 'slow'), call('Nope', {}, 'fast'), call('Read', {}, 'bad')] },
				{ blocks: [text('ok')] },
			],
			[
				'assistant tool_use Grep',
				'assistant tool_use Nope',
				'assistant tool_use Read',
				'assistantEnded tool_use',
				'toolStarted',
				'toolResult a.js:1: one',
				`toolResult! There is no tool named Nope. The tools are: ${loadedTools.map(({ name }) => name).join(', ')}. FindTools finds more.`,
				'toolResult! The input of Read is not valid, so nothing was run:\n- file_path is missing\nCall it again with a corrected input.',
				'assistant text ok',
				'assistantEnded end_turn',
				'turnEnded endTurn',
			],
		);
		assert.equal(session.branch().filter((entry) => entry.type === 'toolResult').length, 3);
	});

	test('syncs toolStarted before a command runs', async () => {
		const model = createScriptedModel([{ blocks: [call('Bash', { command: 'make' })] }, { blocks: [text('ok')] }]);
		const order: string[] = [];
		const fixture = await createFixture({
			model,
			shell: () => {
				order.push('run');
				return { output: 'built' };
			},
		});
		const { session } = fixture;
		const sync = session.sync.bind(session);
		session.onDidAppend((entry) => entry.type === 'toolStarted' && order.push('started'));
		session.sync = async () => {
			await sync();
			if (order.at(-1) === 'started') order.push('synced');
		};
		await fixture.run('build');
		assert.deepEqual(order, ['started', 'synced', 'run']);
	});

	test('refuses in an untrusted workspace, and runs nothing', async () => {
		const model = createScriptedModel([]);
		const fixture = await createFixture({ model, isTrusted: false });
		await fixture.run('do it');
		assert.deepEqual(fixture.log(), ['user do it', 'checkpoint 0', 'turnEnded error untrusted']);
		assert.equal(model.requests.length, 0);
	});
});

describe('stop reasons', () => {
	test('max_tokens in a call: not run, told, twice, then the end', async () => {
		const cut = (id: string) => ({ blocks: [call('Bash', { command: 'x' }, id)], stopReason: 'max_tokens' });
		const { commands } = await check(
			[cut('1'), cut('2'), cut('3')],
			[1, 2, 3]
				.flatMap(() => [
					'assistant tool_use Bash',
					'assistantEnded max_tokens',
					'toolResult! This call was cut off by the output limit (max_tokens), so it was not run. Make it again in smaller parts, for example several edits instead of one long file.',
				])
				.concat('turnEnded maxTokens'),
		);
		assert.deepEqual(commands, []);
	});

	test('max_tokens in a call that never completed: the model is told', async () => {
		const { model } = await check(
			[{ blocks: [text('I write')], cutCall: 'Write', stopReason: 'max_tokens' }, { blocks: [text('ok')] }],
			[
				'assistant text I write',
				'assistantEnded max_tokens',
				'reminder',
				'assistant text ok',
				'assistantEnded end_turn',
				'turnEnded endTurn',
			],
		);
		assert.match(JSON.stringify(model.requests[1]?.messages.at(-1)), /cut off by the output limit/);
	});

	test('max_tokens in a text ends the turn', async () => {
		await check(
			[{ blocks: [text('long')], stopReason: 'max_tokens' }],
			['assistant text long', 'assistantEnded max_tokens', 'turnEnded maxTokens'],
		);
	});

	test('pause_turn goes on', async () => {
		await check(
			[{ blocks: [text('a')], stopReason: 'pause_turn' }, { blocks: [text('b')] }],
			[
				'assistant text a',
				'assistantEnded pause_turn',
				'assistant text b',
				'assistantEnded end_turn',
				'turnEnded endTurn',
			],
		);
	});

	test('refusal says the category; its calls are closed', async () => {
		const { session } = await check(
			[
				{
					blocks: [READ],
					stopReason: 'refusal',
					stopDetails: { type: 'refusal', category: 'cyber', explanation: 'No' },
				},
			],
			[
				'assistant tool_use Read',
				'assistantEnded refusal',
				'toolResult! The reply ended before this call was run; it was not run.',
				'turnEnded refusal cyber',
			],
		);
		const end = session.branch().at(-1);
		assert.match(end?.type === 'turnEnded' ? (end.message ?? '') : '', /declined to answer \(cyber\)\. No\./);
	});

	test('a full window says so', async () => {
		await check(
			[{ blocks: [text('x')], stopReason: 'model_context_window_exceeded' }],
			['assistant text x', 'assistantEnded model_context_window_exceeded', 'turnEnded contextFull'],
			{ limits: { autoCompact: false } },
		);
	});
});

describe('failures', () => {
	const overloaded = new ModelError('overloaded', 'Overloaded');

	test('is retried, visibly, with the waits of the endpoint', async () => {
		const { events, clock } = await check(
			[
				{ error: new ModelError('rateLimit', 'Slow', { retryAfterMs: 7_000 }) },
				{ error: overloaded },
				{ blocks: [text('ok')] },
			],
			['assistant text ok', 'assistantEnded end_turn', 'turnEnded endTurn'],
		);
		const waits = events.flatMap((event) => (event.kind === 'retrying' ? [[event.attempt, event.cause]] : []));
		assert.deepEqual(waits, [
			[2, 'rateLimit'],
			[3, 'overloaded'],
		]);
		assert.equal(clock.slept[0], 7_000);
		assert.ok((clock.slept[1] ?? 0) >= 750 && (clock.slept[1] ?? 0) <= 1_000);
	});

	test('after blocks: the branch goes back, and the same request is sent again', async () => {
		const { model, session } = await check(
			[{ blocks: [text('half')], cutText: 'qua', error: new ModelError('cutOff', 'EOF') }, { blocks: [text('whole')] }],
			['assistant text half', 'rewind', 'assistant text whole', 'assistantEnded end_turn', 'turnEnded endTurn'],
		);
		assert.equal(JSON.stringify(model.requests[0]), JSON.stringify(model.requests[1]));
		const branch = session.branch().map((entry) => entry.type);
		assert.deepEqual(branch, ['user', 'assistant', 'assistantEnded', 'turnEnded']);
	});

	test('for good after blocks: text is kept, open calls are closed', async () => {
		await check(
			[{ blocks: [text('half'), READ], cutText: 'qua', error: new ModelError('badRequest', 'no') }],
			[
				'assistant text half',
				'assistant tool_use Read',
				'assistant text partial qua',
				'toolResult! The reply broke off, so this call was not run.',
				'turnEnded error badRequest',
			],
		);
	});

	for (const kind of ['overloaded', 'network', 'stalled', 'cutOff', 'server', 'rateLimit'] as const)
		test(`${kind}: eight attempts`, async () => {
			const { model } = await check(
				Array.from({ length: 8 }, () => ({ error: new ModelError(kind, 'x') })),
				[`turnEnded error ${kind}`],
			);
			assert.equal(model.requests.length, 8);
		});

	const sentences: readonly (readonly [ModelErrorKind, RegExp])[] = [
		['auth', /nope\. Your message is saved\. Set a key/],
		['billing', /credit and limits/],
		['notFound', /Choose another model/],
		['badRequest', /nope\. .*rewind/],
		['tooLarge', /Rewind/],
	];
	for (const [kind, sentence] of sentences)
		test(`${kind}: no retry, and a sentence`, async () => {
			const { session, model } = await check([{ error: new ModelError(kind, 'nope') }], [`turnEnded error ${kind}`]);
			const end = session.branch().at(-1);
			assert.match(end?.type === 'turnEnded' ? (end.message ?? '') : '', sentence);
			assert.equal(model.requests.length, 1);
		});

	test('thinking binding: once more without earlier thinking', async () => {
		const binding = new ModelError('thinkingBinding', 'prefix');
		const { model } = await check(
			[{ blocks: [thinking('hm'), READ] }, { error: binding }, { blocks: [text('ok')] }],
			[
				'assistant thinking',
				'assistant tool_use Read',
				'assistantEnded tool_use',
				'toolStarted',
				'toolResult 1\tone\n2\ttwo',
				'assistant text ok',
				'assistantEnded end_turn',
				'turnEnded endTurn',
			],
		);
		const hasThinking = model.requests.map((request) => JSON.stringify(request.messages).includes('"thinking"'));
		assert.deepEqual(hasThinking, [false, true, false]);
	});

	test('thinking binding twice ends the turn', async () => {
		await check(
			[{ error: new ModelError('thinkingBinding', 'a') }, { error: new ModelError('thinkingBinding', 'b') }],
			['turnEnded error thinkingBinding'],
		);
	});

	test('a bug ends the turn, not the session', async () => {
		const { traces, session } = await check([{ error: new TypeError('oops') }], ['turnEnded error TypeError']);
		assert.ok(traces.some((event) => event.event === 'turnFailed'));
		assert.equal(session.state, 'idle');
	});

	test('a listener that fails does not end the turn', async () => {
		const { session, ports, traces, log } = await createFixture({
			model: createScriptedModel([{ blocks: [text('ok')] }]),
		});
		const onEvent = () => {
			throw new TypeError('panel');
		};
		await runTurn(session, { text: 'go', attachments: [] }, ports, onEvent, new AbortController().signal);
		assert.equal(log().at(-1), 'turnEnded endTurn');
		assert.ok(traces.some((event) => event.event === 'turnEventFailed'));
	});

	test('a log that cannot be written does not reject', async () => {
		const fixture = await createFixture({ model: createScriptedModel([]) });
		await fixture.session.close();
		await fixture.run('x');
		assert.ok(fixture.traces.some((event) => event.event === 'turnNotClosed'));
	});
});

describe('stop', () => {
	test('keeps what is finished and the cut text', async () => {
		const fixture: { stop: () => void } = { stop: () => undefined };
		const model = createScriptedModel([
			{ blocks: [thinking('t'), text('done'), READ], cutText: 'and then', onHang: () => fixture.stop() },
		]);
		const made = await createFixture({ model });
		fixture.stop = () => made.abort.abort();
		await made.run('go');
		assert.deepEqual(made.log(), [
			'prefix',
			'user go',
			'checkpoint 0',
			'assistant thinking',
			'assistant text done',
			'assistant tool_use Read',
			'assistant text partial and then',
			'toolResult! Stopped by the user before it ran.',
			'interrupted stop',
			'turnEnded stopped',
		]);
	});

	test('in a command: its result says so, and the calls behind it are closed', async () => {
		const model = createScriptedModel([
			{ blocks: [call('Bash', { command: 'make' }, '1'), call('Bash', { command: 'test' }, '2')] },
		]);
		const made = await createFixture({
			model,
			mode: 'auto',
			shell: () => {
				made.abort.abort();
				throw new CancelledError();
			},
		});
		await made.run('go');
		assert.deepEqual(made.log().slice(-6), [
			'assistantEnded tool_use',
			'toolStarted',
			'toolResult! Stopped by the user while it ran; it may have taken effect in part.',
			'toolResult! Stopped by the user before it ran.',
			'interrupted stop',
			'turnEnded stopped',
		]);
		assert.deepEqual(made.commands, ['make']);
	});

	test('while an edit is reviewed: nothing was changed', async () => {
		const made = await createFixture({
			model: createScriptedModel([{ blocks: [call('Write', { file_path: 'b.js', content: 'b' })] }]),
			decision: () => {
				made.abort.abort();
				throw new CancelledError();
			},
		});
		await made.run('go');
		assert.ok(made.log().includes('toolResult! Stopped by the user before the file was changed.'));
		assert.deepEqual(made.workspace.log, []);
	});

	test('while asking, and while waiting for a retry', async () => {
		const asking = await createFixture({
			model: createScriptedModel([{ blocks: [call('Bash', { command: 'make' })] }]),
			permission: async () => {
				asking.abort.abort();
				throw new CancelledError();
			},
		});
		const states: string[] = [];
		asking.session.onDidChangeState(({ to }) => states.push(to));
		await asking.run('go');
		assert.equal(asking.log().at(-1), 'turnEnded stopped');
		assert.ok(states.includes('awaitingUser'));

		const retrying = await createFixture({
			model: createScriptedModel([{ error: new ModelError('overloaded', 'x') }]),
		});
		const { sleep } = retrying.clock;
		retrying.ports.clock.sleep = async (delayMs, signal) => {
			retrying.abort.abort();
			await sleep(delayMs, signal);
		};
		await retrying.run('go');
		assert.equal(retrying.log().at(-1), 'turnEnded stopped');
	});
});
