/**
 * The laws of the design over random lives of a session: an agent in real turns, a user, stops, crashes, reloads, forks, rewinds, their
 * undo and a second window, on a real session, the recording workspace and restores. After every step the laws are looked at.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/base/errors.ts';
import type { SessionId } from '../../src/base/ids.ts';
import { createPromptQueue } from '../../src/core/agent/promptQueue.ts';
import { runTurn } from '../../src/core/agent/runTurn.ts';
import type { TurnPorts } from '../../src/core/agent/turnTypes.ts';
import { settleIntents } from '../../src/core/checkpoint/restore.ts';
import { newestEpoch } from '../../src/core/checkpoint/timeline.ts';
import { buildContext } from '../../src/core/context/buildContext.ts';
import { loadBranchBlobs } from '../../src/core/context/loadBlobs.ts';
import { loadPrefix } from '../../src/core/context/prefix.ts';
import type { ModelRequest, StreamModel } from '../../src/core/model/modelPort.ts';
import { closeOpenCalls } from '../../src/core/session/closeOpenCalls.ts';
import { isToolUseBlock } from '../../src/core/session/content.ts';
import type { Entry } from '../../src/core/session/entry.ts';
import { forkSession } from '../../src/core/session/fork.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { Session } from '../../src/core/session/sessionTypes.ts';
import type { LogFile, SessionStore } from '../../src/core/session/storePort.ts';
import { Approvals } from '../../src/host/asking/approvals.ts';
import { applyRewind, undoRewind } from '../../src/host/rewind/rewindFlow.ts';
import { OpenSession } from '../../src/host/session/openSession.ts';
import { createTranscriptInputs } from '../../src/host/transcript/transcriptInputs.ts';
import { createMemorySessionStore } from '../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../fakes/memoryBlobStore.ts';
import { createMemoryWorkspace } from '../fakes/memoryWorkspace.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';
import { createFixture } from './agent/turnFixture.ts';
import { linesOf } from './session/sessionSupport.ts';

const { signal } = new AbortController();
const PATHS = ['/w/a', '/w/b', '/w/ü %#x'] as const;

type AgentAct = { readonly path: string; readonly at: number; readonly how: 'insert' | 'change' | 'cut' | 'empty' };
const path = fc.constantFrom('/w/a', '/w/a', ...PATHS);
const agentAct = fc.record({
	path,
	at: fc.nat(40),
	how: fc.constantFrom('insert' as const, 'insert' as const, 'change' as const, 'cut' as const, 'empty' as const),
});
const scope = fc.constantFrom('both' as const, 'both' as const, 'code' as const, 'conversation' as const);
const step = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			kind: fc.constant('prompt' as const),
			acts: fc.array(agentAct, { maxLength: 3 }),
			end: fc.constantFrom('end', 'end', 'end', 'stop', 'crash', 'crashBeforeWrite', 'crashAfterWrite'),
			after: fc.integer({ min: 1, max: 16 }),
		}),
	},
	{ weight: 5, arbitrary: fc.record({ kind: fc.constant('type' as const), path, at: fc.nat(40) }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('userDelete' as const), path }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('reload' as const) }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('fork' as const), share: fc.nat(100) }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('takeOver' as const) }) },
	{
		weight: 4,
		arbitrary: fc.record({
			...{ kind: fc.constant('rewind' as const), share: fc.nat(99), scope, overwrite: fc.boolean() },
			/** The user has just typed something. */
			isAfterTyping: fc.boolean(),
		}),
	},
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant('undo' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A store whose process dies: after so many more appends, or after one with these words, nothing of it reaches the log. */
function mortal(store: SessionStore): SessionStore & { dieAfter(when: number | string | undefined): void } {
	let left: number | undefined;
	let words: string | undefined;
	const wrap = (file: LogFile): LogFile => ({
		get generation() {
			return file.generation;
		},
		append(lines) {
			if (left !== undefined && left <= 0) throw new UserError('log-write-failed', 'The process died.');
			if (left !== undefined && lines.length > 0) left--;
			if (words !== undefined && lines.some((line) => line.includes(words ?? ''))) left = 0;
			return file.append(lines);
		},
		sync: () => file.sync(),
		close: () => file.close(),
	});
	return {
		...store,
		async open(id, options) {
			const opened = await store.open(id, options);
			return { ...opened, file: wrap(opened.file) };
		},
		dieAfter(when) {
			left = typeof when === 'number' ? when : undefined;
			words = typeof when === 'string' ? when : undefined;
		},
	};
}

/** How often the property saw what it is about. */
type Seen = { exact: number; undone: number; settled: number; kept: number };

async function createLife(seen: Seen) {
	const files = { '/w/a': Array.from({ length: 40 }, (_, line) => `${line}\n`).join(''), '/w/b': 'one\ntwo' };
	const fixture = await createFixture({ model: createScriptedModel([]) });
	const workspace = createMemoryWorkspace(files);
	const blobs = createMemoryBlobStore();
	const memory = createMemorySessionStore();
	const store = mortal(memory);
	const [clock, ids] = [createFakeClock(), createFakeIds()];
	const options = {
		...{ store, blobs, clock, ids, trace: () => undefined },
		defaults: { cwd: '/w', mode: 'acceptEdits' as const, model: 'm', roots: ['/w'], extensionVersion: '0' },
	};
	const sha = (words: string) => createHash('sha256').update(words).digest('hex');
	const lines = async (id: SessionId) => (await linesOf(memory, id)).map((line) => line.text);
	let session = await openSession(options);
	let open = openOf(session);
	const logs = new Map<SessionId, readonly string[]>();
	let lastRequest: ModelRequest | undefined;
	let words = 0;
	/** When each line of the user was typed, each prompt sent, each restore made; and the moment that the last restore went back to. */
	let moment = 0;
	let target = 0;
	/** Laws broken where what is thrown is caught: inside of a turn and of a restore. */
	const broken: unknown[] = [];
	const typedAt = new Map<string, number>();
	const madeAt = new Map<string, number>();
	const filesAt = new Map<string, ReadonlyMap<string, string | undefined>>();
	let userActedAt = 0;
	let forkedAt = 0;

	function openOf(of: Session) {
		const approvals = new Approvals(of.id, {
			proposeEdit: (_, proposal) => fixture.ports.approver.proposeEdit(proposal, signal),
		});
		const inputs = createTranscriptInputs(
			() => undefined,
			(absolute) => absolute,
		);
		return new OpenSession(
			of,
			createPromptQueue(ids),
			approvals,
			{ text: () => undefined, load: async () => undefined },
			inputs,
		);
	}
	const use = (next: Session) => {
		session = next;
		open = openOf(next);
	};
	const now = () => new Map(PATHS.map((one) => [one, workspace.text(one)]));

	// Law 4: at the moment of a write, the log names what is there and its bytes are kept.
	const write = workspace.write.bind(workspace);
	let isWriting = true;
	const remove = workspace.delete.bind(workspace);
	const told = (check: () => void) => {
		try {
			check();
		} catch (error) {
			broken.push(error);
		}
	};
	const checkAnnounced = (absolute: string) => {
		// A restore announces several files at once, so this one's need not be the last.
		const rel = absolute.slice('/w/'.length);
		const announced = session.entries.findLast((entry) => entry.type === 'fileOperation' && entry.path.rel === rel);
		const before = workspace.text(absolute);
		assert.ok(announced?.type === 'fileOperation', 'a write is announced');
		const isOver = session.entries.some(
			(entry) => entry.type === 'fileOperationDone' && entry.epoch === announced.epoch,
		);
		assert.ok(!isOver, 'and what is announced is this write');
		const said = typeof announced.before === 'string' ? announced.before : announced.before.$blob;
		if (before === undefined) return;
		assert.equal(said, sha(before), 'the before-image is what is there');
		assert.ok(blobs.stored.has(sha(before)), 'and it is stored');
	};
	workspace.write = async (absolute, ...rest) => {
		told(() => checkAnnounced(absolute));
		if (!isWriting) throw new Error('The process died.');
		return await write(absolute, ...rest);
	};
	workspace.delete = async (absolute, ...rest) => {
		told(() => checkAnnounced(absolute));
		await remove(absolute, ...rest);
	};

	const agentText = (act: AgentAct): string => {
		const old = (workspace.text(act.path) ?? '').split('\n');
		const at = act.at % old.length;
		if (act.how === 'empty') return '';
		if (act.how === 'insert') old.splice(at, 0, `agent ${++words}`);
		if (act.how === 'change') old[at] = `agent ${++words}`;
		if (act.how === 'cut') old.splice(at, 1);
		return old.join('\n');
	};
	const modelOf = (acts: readonly AgentAct[]): StreamModel => {
		const scripted = createScriptedModel([
			...acts.map((act) => () => ({
				// The same id each time, as some servers send it.
				blocks: [text('Now this.'), call('Write', { file_path: act.path, content: agentText(act) }, 'call_0')],
			})),
			{ blocks: [text('Done.')] },
		]);
		return {
			...scripted,
			async stream(request, onEvent, aborted) {
				told(() => checkSameStart(request));
				lastRequest = request;
				return await scripted.stream(request, onEvent, aborted);
			},
		};
	};
	/** Law 5: as long as nothing is rewound, a request starts with the one before it. */
	const checkSameStart = (request: ModelRequest) => {
		const bytes = bytesOf(request);
		if (lastRequest) assert.ok(bytes.startsWith(bytesOf(lastRequest)), 'a request starts with the one before it');
	};

	const settle = async () => {
		closeOpenCalls(session);
		const entries = session.entries.length;
		await settleIntents({ session, workspace, blobs });
		if (session.entries.length > entries) seen.settled++;
	};
	const reopen = async () => {
		store.dieAfter(undefined);
		use(await openSession({ ...options, id: session.id }));
	};

	const take = async (one: Step): Promise<void> => {
		switch (one.kind) {
			case 'prompt': {
				await settle();
				const controller = new AbortController();
				const sent = now();
				const promptSent = session.onDidAppend((entry) => {
					if (entry.type === 'user') filesAt.set(entry.id, sent);
				});
				let appends = 0;
				const stopping = session.onDidAppend(() => {
					if (one.end === 'stop' && ++appends >= one.after) controller.abort();
				});
				const isCrash = one.end.startsWith('crash');
				if (isCrash) store.dieAfter(one.end === 'crash' ? one.after : '"type":"fileOperation"');
				isWriting = one.end !== 'crashBeforeWrite';
				const ports: TurnPorts = { ...fixture.ports, clock, ids, blobs, workspace, model: modelOf(one.acts) };
				await runTurn(session, { text: `Do ${++words}`, attachments: [] }, ports, () => undefined, controller.signal);
				stopping.dispose();
				promptSent.dispose();
				isWriting = true;
				if (isCrash) await reopen();
				return;
			}
			case 'type': {
				const old = (workspace.text(one.path) ?? '').split('\n');
				old.splice(one.at % old.length, 0, `user ${++words}`);
				typedAt.set(`user ${words}`, moment);
				workspace.set(one.path, old.join('\n'));
				return;
			}
			case 'userDelete':
				workspace.files.delete(one.path);
				return;
			case 'crash':
				return await reopen();
			case 'reload':
				await session.close();
				return await reopen();
			case 'fork': {
				const branch = session.branch();
				const at = branch[Math.floor((branch.length * one.share) / 101)]?.id ?? null;
				const next = await forkSession(session, at, options);
				const copied = branch.slice(0, at === null ? 0 : branch.findIndex((entry) => entry.id === at) + 1);
				assert.deepEqual(idsOf(next.branch()), idsOf(copied));
				const [old, own] = [session.newest('prefix'), next.newest('prefix')];
				if (own) assert.equal(own.id, old?.id, 'a fork sends the same prefix');
				await session.close();
				use(next);
				lastRequest = undefined;
				forkedAt = moment;
				return;
			}
			case 'takeOver': {
				const second = await openSession({ ...options, id: session.id, takeOver: true });
				if (second.entries.length === 0) return;
				second.append({ type: 'notice', level: 'info', code: 'taken', text: 'Taken over' });
				const before = await lines(session.id);
				const late = { type: 'notice', level: 'info', code: 'late', text: 'Late' } as const;
				assert.throws(() => session.append(late), { code: 'lease-lost' });
				assert.deepEqual(await lines(session.id), before);
				use(second);
				return;
			}
			case 'rewind': {
				const prompts = session.branch().filter((entry) => entry.type === 'user');
				const prompt = prompts[Math.floor((prompts.length * one.share) / 100)];
				if (!prompt) return;
				const world = { workspace, blobs, codeReason: () => null };
				target = madeAt.get(prompt.id) ?? 0;
				const overwrite = one.overwrite ? PATHS.map((absolute) => `/w\n${absolute.slice('/w/'.length)}`) : [];
				const then = filesAt.get(prompt.id);
				await applyRewind(open, { entryId: prompt.id, scope: one.scope, overwrite }, world, signal);
				if (one.scope !== 'code') lastRequest = undefined;
				const isExact = one.scope !== 'conversation' && one.overwrite && target > Math.max(forkedAt, userActedAt);
				if (isExact) assert.deepEqual(now(), then, 'every file is as it was at the prompt');
				if (isExact) seen.exact++;
				return;
			}
			case 'undo':
				try {
					await undoRewind(open, { workspace, blobs, codeReason: () => null }, signal);
					seen.undone++;
					lastRequest = undefined;
				} catch (error) {
					assert.ok(error instanceof UserError && error.code === 'nothing-to-undo', String(error));
				}
		}
	};

	const checkLogs = async () => {
		// Law 2, for this session and for all it was forked from.
		for (const id of new Set([...logs.keys(), session.id])) {
			const is = await lines(id);
			assert.deepEqual(is.slice(0, logs.get(id)?.length ?? 0), logs.get(id) ?? [], 'the log only grew');
			logs.set(id, is);
		}
	};
	const checkReopened = async () => {
		const again = await openSession({ ...options, store: memory, id: session.id });
		if (again.entries.length === 0) return;
		assert.equal(again.leaf, session.leaf);
		assert.deepEqual(idsOf(again.branch()), idsOf(session.branch()));
		assert.equal(newestEpoch(again.entries), newestEpoch(session.entries));
		assert.equal(await contextBytes(again), await contextBytes(session), 'a reopened session sends the same bytes');
	};
	const contextBytes = async (of: Session): Promise<string> => {
		const prefix = of.newest('prefix');
		if (!prefix) return '';
		const branch = of.branch();
		const loaded = await loadBranchBlobs(branch, blobs, new Map());
		return bytesOf(buildContext({ branch, prefix: await loadPrefix(prefix, blobs), blobs: loaded, isMeasuring: true }));
	};
	/** Law 6. While a crash is not settled a call may be open; it never has two results. */
	const checkCalls = (isSettled: boolean) => {
		const results = new Map<string, number>();
		for (const entry of session.branch())
			if (entry.type === 'toolResult') results.set(entry.toolUseId, (results.get(entry.toolUseId) ?? 0) + 1);
		const ids = new Set<string>();
		for (const entry of session.branch()) {
			if (entry.type !== 'assistant' || !isToolUseBlock(entry.block)) continue;
			assert.equal(ids.has(entry.block.id), false, 'no id stands for two calls');
			ids.add(entry.block.id);
			const count = results.get(entry.block.id) ?? 0;
			assert.ok(count === 1 || (!isSettled && count === 0), `${entry.block.id} has ${count} results`);
		}
	};
	/** Law 3. */
	const checkUser = (one: Step, before: ReturnType<typeof now>) => {
		if (one.kind === 'type' || one.kind === 'userDelete') return;
		const operated = new Set(
			session.entries.flatMap((entry) => (entry.type === 'fileOperation' ? [entry.path.rel] : [])),
		);
		for (const [absolute, was] of before) {
			const is = workspace.text(absolute);
			if (is === was) continue;
			assert.ok(one.kind === 'prompt' || one.kind === 'rewind' || one.kind === 'undo', `${one.kind} touches no file`);
			assert.ok(operated.has(absolute.slice('/w/'.length)), 'a file that changed is in the log');
			if (was !== undefined) assert.ok(blobs.stored.has(sha(was)), 'what was there is kept');
			if (one.kind === 'prompt' || (one.kind === 'rewind' && one.overwrite)) continue;
			for (const line of was?.split('\n') ?? [])
				if ((typedAt.get(line) ?? 0) > target && ++seen.kept)
					assert.ok(is?.split('\n').includes(line), `“${line}” was not asked about`);
		}
	};

	return {
		async live(one: Step) {
			const before = now();
			const entriesBefore = new Set(session.entries.map((entry) => entry.id));
			moment++;
			if (one.kind === 'type' || one.kind === 'userDelete') userActedAt = moment;
			await take(one);
			for (const entry of session.entries) {
				if (entriesBefore.has(entry.id) || madeAt.has(entry.id)) continue;
				if (entry.type === 'restore' || entry.type === 'user') madeAt.set(entry.id, moment);
				if (entry.type === 'restore' && entry.undoOf !== undefined) target = madeAt.get(entry.undoOf) ?? 0;
			}
			assert.ifError(broken[0]);
			await checkLogs();
			await checkReopened();
			checkCalls(one.kind === 'prompt' && !one.end.startsWith('crash'));
			checkUser(one, before);
		},
	};
}

const idsOf = (entries: readonly Entry[]) => entries.map((entry) => entry.id);
/** What the model is sent, without the marks that move on, and open at its end. */
const bytesOf = (request: ModelRequest): string =>
	JSON.stringify([request.model, request.tools, request.system, request.messages], (key, value: unknown) =>
		key === 'cache_control' ? undefined : value,
	).replace(/[\]}]+$/, '');

test('property: whatever agent, user, crashes, forks and rewinds do, the laws hold', async (t) => {
	const seen: Seen = { exact: 0, undone: 0, settled: 0, kept: 0 };
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16, size: 'max' }), async (steps) => {
			const life = await createLife(seen);
			for (const one of steps) {
				if (one.kind === 'rewind' && one.isAfterTyping) await life.live({ kind: 'type', path: '/w/a', at: one.share });
				await life.live(one);
			}
		}),
		{ numRuns: 100 },
	);
	t.diagnostic(JSON.stringify(seen));
	assert.ok(Math.min(...Object.values(seen)) > 0, JSON.stringify(seen));
});
