/**
 * Sessions against a plain model in memory: random prompts, tools, rewinds, compactions, forks, crashes, takeovers and late writes. After
 * every step the laws hold: what was told is in the log, the log only grew, every call has one result once somebody went on, and the
 * session is what the model says, however much of its log was read to open it.
 */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../../src/base/errors.ts';
import { asToolUseId, type EntryId, type SessionId } from '../../../src/base/ids.ts';
import { buildContext } from '../../../src/core/context/buildContext.ts';
import { branchTo } from '../../../src/core/session/branch.ts';
import { closeOpenCalls } from '../../../src/core/session/closeOpenCalls.ts';
import { replacedEntries } from '../../../src/core/session/compaction.ts';
import { isToolUseBlock } from '../../../src/core/session/content.ts';
import { type Entry, type EntryDraft, isConversation, isType } from '../../../src/core/session/entry.ts';
import { forkSession } from '../../../src/core/session/fork.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { smallPrefix } from '../../core/context/request.ts';
import {
	call,
	ended,
	line,
	reply,
	result,
	SESSION,
	sessionOptions,
	turnEnded,
	user,
} from '../../core/session/sessionSupport.ts';

type Step =
	/** `kb` of text, so that logs get long enough to be read in part. */
	| { readonly kind: 'turn'; readonly kb: number }
	| { readonly kind: 'tools'; readonly count: number; readonly closed: number }
	| { readonly kind: 'ledger'; readonly what: number }
	| { readonly kind: 'edit' }
	| { readonly kind: 'rewind'; readonly to: number }
	| { readonly kind: 'compact'; readonly after: number; readonly until: number; readonly isWhole: boolean }
	| { readonly kind: 'fork'; readonly at: number }
	/** The window dies: nothing is closed, and a part of a line may be left. */
	| { readonly kind: 'crash'; readonly bytes: number }
	| { readonly kind: 'reopen' }
	| { readonly kind: 'takeOver' }
	/** What a paused owner had begun to write arrives after all. */
	| { readonly kind: 'late'; readonly parent: number };

const kindOf = <K extends string>(kind: K) => ({ kind: fc.constant(kind) });
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ ...kindOf('turn'), kb: fc.constantFrom(0, 1, 40, 40) }) },
	{ weight: 3, arbitrary: fc.record({ ...kindOf('tools'), count: fc.integer({ min: 1, max: 3 }), closed: fc.nat(3) }) },
	{ weight: 2, arbitrary: fc.record({ ...kindOf('ledger'), what: fc.nat(4) }) },
	{ weight: 1, arbitrary: fc.record(kindOf('edit')) },
	{ weight: 3, arbitrary: fc.record({ ...kindOf('rewind'), to: fc.nat(30) }) },
	{
		weight: 2,
		arbitrary: fc.record({ ...kindOf('compact'), after: fc.nat(30), until: fc.nat(30), isWhole: fc.boolean() }),
	},
	{ weight: 1, arbitrary: fc.record({ ...kindOf('fork'), at: fc.nat(30) }) },
	{ weight: 2, arbitrary: fc.record({ ...kindOf('crash'), bytes: fc.nat(300) }) },
	{ weight: 2, arbitrary: fc.record(kindOf('reopen')) },
	{ weight: 1, arbitrary: fc.record(kindOf('takeOver')) },
	{ weight: 1, arbitrary: fc.record({ ...kindOf('late'), parent: fc.nat(30) }) },
);

/** The simplest thing that a session can be: what was said, and where it stands. */
type Model = {
	readonly parents: Map<EntryId, EntryId | null>;
	readonly told: Set<EntryId>;
	leaf: EntryId | null;
	highestGen: number;
	lateCount: number;
	mode: string;
	model: string;
	title: string;
	costUsd: number;
	epoch: number;
	lastBytes: Buffer;
};

class Scene {
	readonly folder = mkdtempSync(join(tmpdir(), 'retrace-model-'));
	readonly base = sessionOptions(this.storeOf('window 0'));
	readonly opened: Session[] = [];
	id: SessionId = SESSION;
	windows = 0;
	calls = 0;
	model: Model = newModel();
	session: Session | undefined;

	storeOf(window: string) {
		return createFileSessionStore({ folder: this.folder, window, trace: () => undefined });
	}
	get path() {
		return join(this.folder, 'sessions', `${this.id}.jsonl`);
	}
	read = (): Buffer => (existsSync(this.path) ? readFileSync(this.path) : Buffer.alloc(0));
	get here(): Session {
		assert.ok(this.session);
		return this.session;
	}

	async open(options: { readonly takeOver?: boolean; readonly wholeUpToBytes?: number } = {}): Promise<Session> {
		const store = this.storeOf(`window ${this.windows}`);
		const session = await openSession({ ...this.base, store, id: this.id, ...options });
		this.opened.push(session);
		return session;
	}

	/** Goes on with `session`: tells are kept, and what a crash left open is closed. */
	use(session: Session) {
		this.session = session;
		session.onDidAppend((entry) => {
			this.model.told.add(entry.id);
			takeInto(this.model, entry);
		});
		closeOpenCalls(session);
		assertOneResultEach(session.branch());
	}

	/** Conversation entries of the model, oldest first. */
	get points(): readonly EntryId[] {
		return [...this.model.parents.keys()];
	}

	async close() {
		for (const session of this.opened) await session.close();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function newModel(): Model {
	return {
		...{ parents: new Map(), told: new Set(), leaf: null, highestGen: 0, lateCount: 0 },
		...{ mode: 'ask', model: 'model-a', title: 'New session', costUsd: 0, epoch: 0, lastBytes: Buffer.alloc(0) },
	};
}

function takeInto(model: Model, entry: Entry) {
	model.highestGen = Math.max(model.highestGen, entry.gen);
	if (isConversation(entry)) {
		assert.equal(entry.parentId, model.leaf, 'each entry is the child of the one before');
		model.parents.set(entry.id, entry.parentId);
		model.leaf = entry.id;
	}
	if (isType(entry, 'rewind')) model.leaf = entry.to;
	if (isType(entry, 'mode')) model.mode = entry.to;
	if (isType(entry, 'model')) model.model = entry.model;
	if (isType(entry, 'title')) model.title = entry.title;
	if (isType(entry, 'assistantEnded')) model.costUsd += entry.costUsd ?? 0;
	if (isType(entry, 'fileOperation')) model.epoch = Math.max(model.epoch, entry.epoch);
}

/** What a compaction replaced is not copied into a fork: it is read in the origin, and nothing leads back to it. */
const isOwn = (scene: Scene, id: EntryId): boolean => scene.read().includes(`"id":"${id}"`);

function branchOf(model: Model): EntryId[] {
	const branch: EntryId[] = [];
	for (let id = model.leaf; id !== null; id = model.parents.get(id) ?? null) branch.push(id);
	return branch.reverse();
}

async function run(scene: Scene, one: Step): Promise<void> {
	const { model, points } = scene;
	const session = scene.here;
	const point = (index: number): EntryId | null =>
		points.length === 0 ? null : (points[index % points.length] ?? null);
	switch (one.kind) {
		case 'turn':
			session.append<'user' | 'assistant' | 'assistantEnded' | 'turnEnded'>(
				user(`prompt ${points.length} ${'é'.repeat(one.kb * 512)}`),
				reply(`answer ${points.length}`, `m${points.length}`),
				ended(0.25, `m${points.length}`),
				turnEnded,
			);
			return;
		case 'tools': {
			const messageId = `m${points.length}`;
			const ids = Array.from({ length: one.count }, () => `toolu_${++scene.calls}`);
			session.append(user(`use ${ids.length}`));
			session.append(...ids.map((id, index) => call(id, messageId, index)));
			session.append({ type: 'toolStarted', toolUseId: asToolUseId(ids[0] ?? '') });
			// Only a crash leaves calls open.
			const closed = ids.slice(0, one.closed);
			if (closed.length > 0) session.append(...closed.map(result));
			if (closed.length < ids.length) await reopen(scene, { isCrash: true });
			return;
		}
		case 'ledger':
			if (points.length === 0) return;
			if (one.what === 0) session.setMode(session.mode === 'ask' ? 'plan' : 'ask');
			else if (one.what === 1) session.setModel(session.model === 'model-a' ? 'model-b' : 'model-a');
			else if (one.what === 2) session.append({ type: 'title', title: `title ${points.length}`, by: 'user' });
			else if (one.what === 3) session.append({ type: 'notice', level: 'info', code: 'x', text: 'y' });
			else session.append({ type: 'checkpoint', epoch: model.epoch });
			return;
		case 'edit':
			if (points.length === 0) return;
			session.append<'fileOperation' | 'fileOperationDone'>(...operation(session.newestEpoch + 1));
			return;
		case 'rewind': {
			const to = point(one.to);
			if (points.length === 0 || (to !== null && !isOwn(scene, to))) return;
			if (to !== null) assert.equal(await session.loadTo(to), true);
			session.append({ type: 'rewind', to, from: session.leaf, why: 'rewind' });
			return;
		}
		case 'compact': {
			const branch = branchOf(model);
			const until = one.isWhole ? branch.length - 1 : one.until % Math.max(1, branch.length);
			const after = one.isWhole ? -1 : (one.after % (until + 1)) - 1;
			const last = branch[until];
			const first = branch[after] ?? null;
			if (last === undefined || !isOwn(scene, last) || (first !== null && !isOwn(scene, first))) return;
			session.append(compaction(first, last));
			return;
		}
		case 'fork': {
			const at = point(one.at);
			if (at === null || !isOwn(scene, at)) return;
			await fork(scene, at);
			return;
		}
		case 'crash':
			await reopen(scene, { isCrash: true, tornBytes: one.bytes });
			return;
		case 'reopen':
			await reopen(scene, {});
			return;
		case 'takeOver': {
			scene.windows++;
			const next = await scene.open({ takeOver: true });
			const before = scene.read();
			assert.throws(() => session.append(user('too late')), UserError);
			assert.ok(scene.read().equals(before), 'who lost the session writes nothing');
			assertIsModel(next, model);
			scene.use(next);
			return;
		}
		case 'late': {
			if (model.highestGen < 2) return;
			await session.close();
			model.lateCount++;
			const text = line(`late-${model.lateCount}`, point(one.parent), 'reminder', { gen: model.highestGen - 1 });
			appendFileSync(scene.path, `${text.replaceAll(SESSION, scene.id)}\n`);
			scene.use(await scene.open());
		}
	}
}

async function reopen(scene: Scene, how: { readonly isCrash?: boolean; readonly tornBytes?: number }) {
	const { model } = scene;
	if (!how.isCrash) await scene.here.close();
	else if ((how.tornBytes ?? 0) > 0 && scene.read().length > 0) {
		const torn = line('torn', model.leaf, 'reminder', { text: 'é'.repeat(100), gen: model.highestGen });
		appendFileSync(scene.path, Buffer.from(torn).subarray(0, how.tornBytes));
	}
	await assertSameHoweverRead(scene);
	const next = await scene.open();
	assertIsModel(next, model);
	scene.use(next);
}

async function fork(scene: Scene, at: EntryId) {
	const { model } = scene;
	const origin = scene.here;
	const before = scene.read();
	const store = scene.storeOf(`window ${scene.windows}`);
	const made = await forkSession(origin, at, { ...scene.base, store });
	scene.opened.push(made);
	assert.ok(scene.read().equals(before), 'a fork changes no file of its origin');
	assert.equal(made.leaf, at);
	assert.equal(requestOf(made), requestOf(origin, at), 'a fork sends what its origin would have sent there');
	const wanted = branchOf({ ...model, leaf: at });
	while (await made.loadOlder());
	assert.deepEqual(idsOf(made.branch()), wanted, 'the whole past of a fork can be seen');
	await made.close();
	await origin.close();
	// Goes on in the fork; what is behind the point is not part of it.
	const past = new Map(wanted.map((id) => [id, model.parents.get(id) ?? null]));
	scene.id = made.id;
	scene.model = { ...newModel(), parents: past, leaf: at };
	const session = await scene.open();
	Object.assign(scene.model, {
		...{ mode: session.mode, model: session.model, title: session.title, costUsd: session.costUsd },
		...{ highestGen: 1, lastBytes: scene.read() },
	});
	scene.use(session);
}

/** Reads the log whole and in part; both give the model's session and the same next request. */
async function assertSameHoweverRead(scene: Scene) {
	const whole = await scene.open({ wholeUpToBytes: Number.POSITIVE_INFINITY });
	const part = await scene.open({ wholeUpToBytes: 0 });
	try {
		assertIsModel(whole, scene.model);
		assertIsModel(part, scene.model, { isPart: true });
		parts.total++;
		if (!part.isWhole) parts.inPart++;
		assert.equal(requestOf(part), requestOf(whole), 'the same request, however much was read');
		while (await part.loadOlder());
		while (await whole.loadOlder());
		assert.deepEqual(idsOf(part.branch()), idsOf(whole.branch()));
		assert.equal(requestOf(part), requestOf(whole), 'the same request, with older entries loaded');
	} finally {
		await part.close();
		await whole.close();
	}
}
const parts = { total: 0, inPart: 0 };

function assertIsModel(session: Session, model: Model, options: { readonly isPart?: boolean } = {}) {
	assert.equal(session.leaf, model.leaf);
	const branch = idsOf(session.branch());
	const wanted = branchOf(model);
	if (options.isPart || session.hasOlder) {
		const known = new Set(wanted);
		assert.ok(
			branch.every((id) => known.has(id)),
			'a part of the branch is of the branch',
		);
		assert.equal(branch.at(-1), wanted.at(-1));
	} else assert.deepEqual(branch, wanted);
	assert.deepEqual(
		{ ...{ mode: session.mode, model: session.model, title: session.title }, epoch: session.newestEpoch },
		{ ...{ mode: model.mode, model: model.model, title: model.title }, epoch: model.epoch },
	);
	assert.ok(Math.abs(session.costUsd - model.costUsd) < 1e-9, `${session.costUsd} = ${model.costUsd}`);
}

function assertLaws(scene: Scene) {
	const { model } = scene;
	const bytes = scene.read();
	assert.ok(bytes.subarray(0, model.lastBytes.length).equals(model.lastBytes), 'the log only grows');
	model.lastBytes = bytes;
	const text = bytes.toString('utf8');
	for (const id of model.told) assert.ok(text.includes(`"id":"${id}"`), 'what was told is in the log');
	assertIsModel(scene.here, model);
}

function assertOneResultEach(branch: readonly Entry[]) {
	const results = branch.filter((entry) => isType(entry, 'toolResult')).map((entry) => entry.toolUseId);
	const calls = branch.flatMap((entry) =>
		isType(entry, 'assistant') && isToolUseBlock(entry.block) ? [entry.block.id] : [],
	);
	for (const id of calls) assert.equal(results.filter((one) => one === id).length, 1, `${id} has one result`);
}

/** The next request, and which compactions stand in it: what they replaced may be loaded or not. */
function requestOf(session: Session, leaf: EntryId | null = session.leaf): string {
	const way = session.branch().some(({ id }) => id === leaf)
		? session.branch().slice(0, session.branch().findIndex(({ id }) => id === leaf) + 1)
		: branchTo(new Map(session.entries.map((entry) => [entry.id, entry])), leaf, session.links);
	const replaced = replacedEntries(way);
	const branch = way.filter(({ id }) => !replaced.has(id));
	const request = buildContext({ branch, prefix: smallPrefix(), blobs: new Map(), isMeasuring: true });
	return JSON.stringify([request, idsOf(branch)]);
}

const idsOf = (entries: readonly Entry[]): EntryId[] => entries.map((entry) => entry.id);

function compaction(after: EntryId | null, until: EntryId): EntryDraft<'compaction'> {
	return {
		type: 'compaction',
		replaces: { after, until },
		summary: `what was before ${until}`,
		...{ restored: [], pins: [], by: 'manual', tokensBefore: 100, tokensAfter: 10 },
	};
}

function operation(epoch: number): EntryDraft<'fileOperation' | 'fileOperationDone'>[] {
	const path = { root: '/work', rel: `file ${epoch}` };
	return [
		{
			...{ type: 'fileOperation', epoch, op: 'create', path, before: 'absent', after: 'absent' },
			...{ meta: {}, author: 'agent', state: 'intended' },
		},
		{ type: 'fileOperationDone', epoch, after: 'absent' },
	];
}

async function play(plan: readonly Step[]): Promise<void> {
	const scene = new Scene();
	try {
		scene.use(await scene.open());
		for (const one of plan) {
			await run(scene, one);
			assertLaws(scene);
		}
		await reopen(scene, {});
		assertLaws(scene);
	} finally {
		await scene.close();
	}
}

test('sessions keep the laws, and are the same however much of their log is read', async (t) => {
	const numRuns = Number(process.env.RETRACE_RUNS ?? 120);
	await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), play), { numRuns });
	t.diagnostic(`${parts.inPart} of ${parts.total} openings read a part of the log`);
	assert.ok(parts.inPart > 0, 'some logs were read in part');
});

test('a fork of a session that was reopened keeps its leaf when its past is loaded', {}, async () => {
	await play([
		{ kind: 'tools', count: 1, closed: 0 },
		{ kind: 'compact', after: 0, until: 0, isWhole: true },
		{ kind: 'fork', at: 4 },
		{ kind: 'reopen' },
	]);
});
