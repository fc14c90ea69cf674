/**
 * Every call has exactly one result and every request keeps the rules of the API, whatever happens in a turn: tools that work, fail, throw or hang,
 * beside each other or in order, hooks that stop, interceptors that refuse, throw or hang, replies that are cut, paused or refused, ids that come
 * twice, a stop or the death of the process at any moment, and what the user says next.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { SessionClosedError, UserError } from '../../../src/base/errors.ts';
import type { Interceptor } from '../../../src/core/agent/interceptors.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { TurnPorts } from '../../../src/core/agent/turnTypes.ts';
import type { Hooks } from '../../../src/core/hooks/hookTypes.ts';
import { parseHooks } from '../../../src/core/hooks/parseHooks.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { closeOpenCalls } from '../../../src/core/session/closeOpenCalls.ts';
import { type AssistantBlock, INVALID_JSON_KEY, isToolUseBlock } from '../../../src/core/session/content.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import type { LogFile, SessionStore } from '../../../src/core/session/storePort.ts';
import type { LateTool } from '../../../src/core/tools/lateTools.ts';
import { createParams } from '../../../src/node/model/requestBody.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { canonicalJson, type Json } from '../../fakes/messagesApi/canonical.ts';
import { checkRequest } from '../../fakes/messagesApi/checkRequest.ts';
import { call, createScriptedModel, type ScriptedStep, text, thinking } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

const RUNS = Number(process.env.RETRACE_RUNS ?? 150);

const CALLS: Readonly<Record<string, readonly [name: string, input: unknown]>> = {
	read: ['Read', { file_path: 'a.js' }],
	missing: ['Read', { file_path: 'no.js' }],
	wrongInput: ['Read', { file: 7 }],
	noJson: ['Write', { [INVALID_JSON_KEY]: '{"file_' }],
	unknown: ['Fly', { high: true }],
	edit: ['Edit', { file_path: 'a.js', old_string: 'one', new_string: 'one' }],
	write: ['Write', { file_path: 'b.js', content: 'new' }],
	run: ['Bash', { command: 'make' }],
	fails: ['Bash', { command: 'fails' }],
	throws: ['Bash', { command: 'throws' }],
	hangs: ['Bash', { command: 'hangs' }],
	late: ['mcp__s__read', {}],
	lateThrows: ['mcp__s__throws', {}],
	lateHangs: ['mcp__s__hangs', {}],
	through: ['CallTool', { name: 'mcp__s__throws', input: {} }],
	throughItself: ['CallTool', { name: 'CallTool', input: {} }],
	asks: ['AskUser', { questions: [] }],
	agent: ['Agent', { description: 'x', prompt: 'y' }],
};

const ENDS = ['calls', 'calls', 'calls', 'maxTokens', 'cut', 'refusal', 'paused', 'broken', 'retried', 'full'] as const;
const DEEDS = ['none', 'none', 'none', 'refuse', 'throw', 'badInput', 'hang', 'note', 'ask'] as const;
const HOOKS = ['none', 'none', 'none', 'none', 'stop', 'deny', 'hang', 'fail', 'block'] as const;
const ANSWERS = ['allowOnce', 'allowOnce', 'alwaysAllow', 'deny', 'hang'] as const;

const plan = fc.record({
	replies: fc.array(
		fc.record({
			calls: fc.array(fc.constantFrom(...Object.keys(CALLS)), { maxLength: 5 }),
			end: fc.constantFrom(...ENDS),
			hasThinking: fc.boolean(),
		}),
		{ minLength: 1, maxLength: 5 },
	),
	/** Taken one after the other, by whoever comes to them. */
	before: fc.array(fc.constantFrom(...DEEDS), { maxLength: 8 }),
	after: fc.array(fc.constantFrom('none', 'none', 'throw', 'hang', 'note'), { maxLength: 6 }),
	hooks: fc.array(fc.constantFrom(...HOOKS), { maxLength: 8 }),
	answers: fc.array(fc.constantFrom(...ANSWERS), { maxLength: 6 }),
	mode: fc.constantFrom('plan' as const, 'ask' as const, 'acceptEdits' as const, 'auto' as const),
	/** The same ids in every reply, as some servers give them. */
	hasSameIds: fc.boolean(),
	/** What cuts it off, after so many moments; and in the second turn as well. */
	cuts: fc.array(fc.record({ how: fc.constantFrom('stop', 'close', 'death'), after: fc.nat(60) }), { maxLength: 2 }),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

/** A log whose process can die: from then on nothing reaches it. */
function mortal(store: SessionStore) {
	let isDead = false;
	const wrap = (file: LogFile): LogFile => ({
		get generation() {
			return file.generation;
		},
		append(lines) {
			if (isDead) throw new UserError('log-write-failed', 'The process died.');
			return file.append(lines);
		},
		sync: () => (isDead ? Promise.reject(new UserError('log-write-failed', 'The process died.')) : file.sync()),
		close: () => file.close(),
	});
	return {
		die: (): void => {
			isDead = true;
		},
		live: (): void => {
			isDead = false;
		},
		store: {
			...store,
			async open(id, options) {
				const opened = await store.open(id, options);
				return { ...opened, file: wrap(opened.file) };
			},
		} satisfies SessionStore,
	};
}

function stepOf({ calls, end, hasThinking }: Plan['replies'][number], at: number, hasSameIds: boolean): ScriptedStep {
	const made = calls.map((kind, index): AssistantBlock => {
		const [name = '', input] = CALLS[kind] ?? [];
		return call(name, input, hasSameIds ? `c${index}` : `c${at}_${index}`);
	});
	const said: AssistantBlock[] = [...(hasThinking ? [thinking('Hm.')] : []), text(`Step ${at}.`)];
	const blocks = [...said, ...made];
	switch (end) {
		case 'calls':
			return { blocks };
		case 'maxTokens':
			return { blocks, stopReason: 'max_tokens' };
		case 'cut':
			return { blocks, stopReason: 'max_tokens', cutCall: 'Write' };
		case 'refusal':
			return { blocks, stopReason: 'refusal' };
		case 'full':
			return { blocks, stopReason: 'model_context_window_exceeded' };
		case 'paused':
			return { blocks: said, stopReason: 'pause_turn' };
		case 'broken':
			return { blocks, error: new ModelError('badRequest', 'No.') };
		case 'retried':
			return { blocks, error: new ModelError('network', 'Reset.') };
	}
}

async function live(planned: Plan): Promise<{ requests: number; results: number }> {
	const { replies, hasSameIds, mode } = planned;
	const take = <T>(list: readonly T[]) => {
		const left = [...list];
		return (): T | undefined => left.shift();
	};
	const [before, after] = [take(planned.before), take(planned.after)];
	const [said, answer] = [take(planned.hooks), take(planned.answers)];
	/** The user stops what hangs, if they stop anything in this turn. */
	let cutNow: (() => void) | undefined;
	let moment = (): void => undefined;
	const hang = (signal: AbortSignal): Promise<void> =>
		new Promise((resolve, reject) => {
			if (!cutNow) return resolve();
			signal.addEventListener('abort', () => reject(signal.reason), { once: true });
			setImmediate(cutNow);
			if (signal.aborted) reject(signal.reason);
		});
	const steps = Array.from({ length: 60 }, (_, at) => (): ScriptedStep => {
		moment();
		const reply = replies[at];
		return reply ? stepOf(reply, at, hasSameIds) : { blocks: [text('Done.')] };
	});
	const model = createScriptedModel(steps);
	const fixture = await createFixture({
		...{ model, mode, files: { '/w/a.js': 'one\n' } },
		async shell(command, signal) {
			moment();
			if (command === 'throws') throw new Error('spawn failed');
			if (command === 'hangs') await hang(signal);
			return { exitCode: command === 'fails' ? 1 : 0, output: 'out' };
		},
		async permission(_, signal) {
			moment();
			const verdict = answer() ?? 'allowOnce';
			if (verdict !== 'hang') return { verdict };
			await hang(signal);
			return { verdict: 'deny' };
		},
	});
	const lateTool = (name: string, run: LateTool['run'], effect: LateTool['effect'] = 'read'): LateTool => ({
		...{ name, version: 1, description: 'Late.', input: z.object({}), effect, run },
		label: () => ({ verb: 'Use', target: name }),
	});
	const late = [
		lateTool('mcp__s__read', async () => ({ isError: false, content: [{ type: 'text', text: 'late' }], summary: '' })),
		// What is thrown need not be an error.
		lateTool('mcp__s__throws', () => Promise.reject(undefined), 'network'),
		lateTool('mcp__s__hangs', async (_, { signal }) => {
			await hang(signal);
			return { isError: true, content: [], summary: '' };
		}),
	];
	const interceptor: Interceptor = {
		name: 'A check',
		async before(_, signal) {
			moment();
			const deed = before();
			if (deed === 'throw') throw new TypeError('undefined is not a function');
			if (deed === 'hang') await hang(signal);
			if (deed === 'refuse') return { kind: 'refuse', text: 'No.', summary: 'refused' };
			if (deed === 'badInput') return { kind: 'goOn', input: { nothing: 'fits' } };
			if (deed === 'ask') return { kind: 'goOn', permission: { kind: 'ask', cause: 'It wants to know' } };
			return deed === 'note' ? { kind: 'goOn', note: 'Seen.' } : undefined;
		},
		async after(_, outcome, signal) {
			moment();
			const deed = after();
			if (deed === 'throw') throw 'not even an error';
			if (deed === 'hang') await hang(signal);
			return deed === 'note' ? { ...outcome, summary: 'noted' } : undefined;
		},
	};
	const command = [{ hooks: [{ type: 'command', command: 'hook' }] }];
	const points = { PreToolUse: command, PostToolUse: command, Stop: command, UserPromptSubmit: command };
	let mayHooksSpeak = true;
	const hooks: Hooks = {
		list: () => parseHooks(points, { source: 'user', projectDir: '/w' }).hooks,
		async run(_, signal) {
			moment();
			const ended = { reason: 'exited', exitCode: 0, stdout: '', stderr: '', durationMs: 1 } as const;
			const words = mayHooksSpeak ? said() : undefined;
			if (words === 'hang') await hang(signal).catch(() => undefined);
			if (signal.aborted) return { ...ended, reason: 'cancelled', exitCode: null };
			if (words === 'fail') return { ...ended, exitCode: 1 };
			if (words === 'stop') return { ...ended, stdout: JSON.stringify({ continue: false, stopReason: 'enough' }) };
			if (words === 'block') return { ...ended, stdout: JSON.stringify({ decision: 'block', reason: 'not yet' }) };
			return words === 'deny' ? { ...ended, exitCode: 2, stderr: 'no' } : ended;
		},
		...{ transcriptPath: '', life: { isStarted: false } },
	};
	const ports: TurnPorts = { ...fixture.ports, lateTools: { list: () => late }, interceptors: [interceptor], hooks };

	const log = mortal(createMemorySessionStore());
	const options = {
		...{ store: log.store, blobs: fixture.blobs, clock: fixture.clock, ids: ports.ids, trace: () => undefined },
		defaults: { cwd: '/w', mode, model: 'claude-sonnet-5-5', roots: ['/w'], extensionVersion: '0' },
	};
	let session = await openSession(options);
	const turn = async (words: string, cut?: Plan['cuts'][number]) => {
		const controller = new AbortController();
		let left = cut?.after ?? -1;
		const stop = () => controller.abort(cut?.how === 'close' ? new SessionClosedError() : undefined);
		cutNow = cut === undefined || cut.how === 'death' ? undefined : stop;
		moment = () => {
			if (left-- === 0) (cutNow ?? log.die)();
		};
		const listening = session.onDidAppend(moment);
		await runTurn(session, { text: words, attachments: [] }, ports, () => undefined, controller.signal);
		listening.dispose();
		assert.equal(session.state, 'idle');
	};
	for (const [index, cut] of [...planned.cuts, undefined].entries()) {
		await turn(`Prompt ${index}`, cut);
		if (session.readOnlyReason !== undefined || cut?.how === 'death') {
			log.live();
			session = await openSession({ ...options, id: session.id });
			closeOpenCalls(session);
		}
		assertAnswered(session);
	}
	mayHooksSpeak = false;
	// Whatever it was: what the user says next is answered.
	for (let index = 0; index < 12 && session.branch().at(-1)?.type !== 'turnEnded'; index++) await turn('Once more');
	for (let index = 0; index < 12; index++) {
		await turn(`Go on ${index}`);
		assertAnswered(session);
		const end = session.branch().findLast((entry) => entry.type === 'turnEnded');
		if (end?.reason === 'endTurn' && model.requests.length > replies.length) break;
	}
	assert.equal(session.branch().findLast((entry) => entry.type === 'turnEnded')?.reason, 'endTurn');
	assertAccepted(model.requests, planned);
	const results = session.entries.filter((entry) => entry.type === 'toolResult').length;
	return { requests: model.requests.length, results };
}

function assertAnswered(session: Session): void {
	const branch = session.branch();
	const made = branch.flatMap((entry) =>
		entry.type === 'assistant' && isToolUseBlock(entry.block) ? [String(entry.block.id)] : [],
	);
	const answered = branch.flatMap((entry) => (entry.type === 'toolResult' ? [String(entry.toolUseId)] : []));
	assert.deepEqual(answered.toSorted(), made.toSorted());
	assert.equal(new Set(made).size, made.length, 'an id is one call’s');
	// What never began has no result that says it ran, and nothing began twice.
	const started = session.entries.flatMap((entry) => (entry.type === 'toolStarted' ? [String(entry.toolUseId)] : []));
	assert.equal(new Set(started).size, started.length);
}

function assertAccepted(requests: readonly ModelRequest[], planned: Plan): void {
	const pausedEnds = new Set(
		planned.replies.flatMap((reply, at) => {
			const { blocks = [], stopReason } = stepOf(reply, at, planned.hasSameIds);
			return stopReason === 'pause_turn' ? [canonicalJson(blocks.at(-1))] : [];
		}),
	);
	for (const [index, request] of requests.entries()) {
		const body = JSON.parse(JSON.stringify(createParams(request))) as Json;
		assert.deepEqual(
			checkRequest(body, { endpoint: 'messages', issuedBlocks: new Set(), pausedEnds }),
			[],
			`request ${index}`,
		);
	}
}

test('property: whatever happens in a turn, every call has its one result and the session goes on', async () => {
	const seen = { requests: 0, results: 0 };
	await fc.assert(
		fc.asyncProperty(plan, async (planned) => {
			const { requests, results } = await live(planned);
			seen.requests += requests;
			seen.results += results;
		}),
		{ numRuns: RUNS },
	);
	assert.ok(seen.results > RUNS, `${seen.results} results in ${seen.requests} requests`);
});
