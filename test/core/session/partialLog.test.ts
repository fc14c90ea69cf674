/** A big log opened by parts is the session that reading it whole gives; what is left out can be loaded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { EntryId } from '../../../src/base/ids.ts';
import { activeEdits } from '../../../src/core/context/contextEdits.ts';
import { measureContext } from '../../../src/core/context/meter.ts';
import { replacedEntries } from '../../../src/core/session/compaction.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { forkSession } from '../../../src/core/session/fork.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { call, ended, reply, result, sessionOptions, turnEnded, user } from './sessionSupport.ts';

const pad = 'x'.repeat(3_000);
const compaction = (after: EntryId | null, until: EntryId): EntryDraft<'compaction'> => ({
	type: 'compaction',
	replaces: { after, until },
	summary: 'What happened so far.',
	restored: [],
	pins: [],
	by: 'manual',
	tokensBefore: 10,
	tokensAfter: 1,
});
const operation = (epoch: number): EntryDraft<'fileOperation' | 'fileOperationDone'>[] => [
	{
		type: 'fileOperation',
		epoch,
		op: 'create',
		path: { root: '/work', rel: `f${epoch}` },
		before: 'absent',
		after: 'absent',
		meta: {},
		author: 'agent',
		state: 'intended',
	},
	{ type: 'fileOperationDone', epoch, after: 'absent' },
];

type World = ReturnType<typeof createWorld>;
function createWorld() {
	const options = sessionOptions(createMemorySessionStore());
	return {
		options,
		whole: (id: Session['id']) => openSession({ ...options, id, wholeUpToBytes: Number.POSITIVE_INFINITY }),
		part: (id: Session['id']) => openSession({ ...options, id, wholeUpToBytes: 0 }),
	};
}

/** What a context and a list are made from. */
function seen(session: Session) {
	const branch = session.branch();
	const replaced = replacedEntries(branch);
	return {
		leaf: session.leaf,
		context: branch.filter(({ id }) => !replaced.has(id)).map(({ id }) => id),
		edits: [...activeEdits(branch).replaced.keys()],
		pins: activeEdits(branch).pins,
		prefix: session.newest('taskList')?.tasks[0]?.text,
		title: [session.title, session.titleBy],
		mode: session.mode,
		model: session.model,
		cwd: session.cwd,
		costUsd: session.costUsd.toFixed(4),
		epoch: session.newestEpoch,
		flags: [session.isPinned, session.isArchived],
		usedTokens: usedTokens(session),
	};
}

/**
 * What the meter shows once a reply was counted behind the newest compaction or edit; before, it is an estimate, at ratios that are learned
 * from what is loaded.
 */
function usedTokens(session: Session): number | undefined {
	const { leaf, entries, links } = session;
	const newest = session
		.branch()
		.findLast(({ type }) => ['assistantEnded', 'compaction', 'contextEdit'].includes(type));
	if (newest?.type !== 'assistantEnded') return undefined;
	const limits = { windowTokens: 200_000, maxOutputTokens: 32_000, isAdaptiveThinking: true, isDeprecated: false };
	const modelInfo = { id: 'model-a', displayName: 'Model A', ...limits };
	const { usedTokens, cacheShare, estimatedTokens } = measureContext({
		entries,
		leaf,
		links,
		modelInfo,
		rotTokens: 100_000,
	});
	assert.equal(cacheShare, 0);
	return usedTokens - estimatedTokens;
}

let messages = 0;
function turn(session: Session, text: string) {
	const messageId = `m${messages++}`;
	const id = `t${messages}`;
	session.append(user(text));
	session.append(call(id, messageId), ended(0.25, messageId));
	session.append({ type: 'toolStarted', toolUseId: result(id).type === 'toolResult' ? idOf(id) : idOf(id) });
	session.append(...operation(session.newestEpoch + 1));
	session.append(result(id), reply(`${text} ${pad}`, `${messageId}b`), ended(0.25, `${messageId}b`), turnEnded);
}
const idOf = (id: string) => {
	const draft = result(id);
	if (draft.type !== 'toolResult') throw new Error('no result');
	return draft.toolUseId;
};

async function bothWays({ whole, part }: World, session: Session) {
	await session.close();
	const all = await whole(session.id);
	const some = await part(session.id);
	assert.deepEqual(seen(some), seen(all));
	assert.equal(all.isWhole, true);
	await all.close();
	return some;
}

test('after a rewind to the beginning only the new branch is loaded, and the old one can be', async () => {
	const world = createWorld();
	const session = await openSession(world.options);
	for (let index = 0; index < 40; index++) turn(session, `old ${index}`);
	const [first] = session.branch();
	const left = session.leaf;
	session.append({ type: 'rewind', to: first?.id ?? null, from: left, why: 'rewind' });
	const some = await bothWays(world, session);
	assert.equal(some.isWhole, false);
	assert.ok(some.entries.length < 40, `${some.entries.length} entries`);
	// What *Undo rewind* needs is here.
	assert.equal(some.entries.at(-2)?.type, 'rewind');
	const outline = await some.outline();
	assert.equal(outline.entries.filter(({ type }) => type === 'user').length, 40);
	assert.equal((await some.history(['fileOperation'])).length, 40);
	assert.throws(() => some.append({ type: 'rewind', to: left, from: some.leaf, why: 'undo' }), /not loaded/);
	assert.ok(left !== null && (await some.loadTo(left)));
	some.append({ type: 'rewind', to: left, from: some.leaf, why: 'undo' });
	const back = await bothWays(world, some);
	assert.equal(back.branch().filter(({ type }) => type === 'user').length, 40);
});

test('behind a compaction only what it kept is loaded; older rows come by pages', async () => {
	const world = createWorld();
	const session = await openSession(world.options);
	turn(session, 'first');
	const kept = session.leaf;
	session.append({ type: 'taskList', tasks: [{ text: 'held', state: 'pending' }] });
	for (let index = 0; index < 600; index++) turn(session, `old ${index}`);
	const until = session.leaf;
	assert.ok(until);
	session.append(compaction(kept, until));
	turn(session, 'new');
	const some = await bothWays(world, session);
	assert.equal(some.hasOlder, true);
	const before = some.branch().length;
	assert.ok(before < 40, `${before} entries`);
	let loads = 0;
	some.onDidLoad(() => {
		loads++;
	});
	assert.equal(await some.loadOlder(), true);
	assert.ok(some.branch().length > before);
	while (await some.loadOlder());
	assert.ok(loads > 1, `${loads} pages`);
	assert.equal(some.hasOlder, false);
	assert.equal(some.branch().filter(({ type }) => type === 'user').length, 602);
	const all = await world.whole(some.id);
	assert.deepEqual(seen(some), seen(all));
	assert.deepEqual(
		some.branch().map(({ id }) => id),
		all.branch().map(({ id }) => id),
	);
});

test('a fork carries the context and reads the rest in its origin', async () => {
	const world = createWorld();
	const session = await openSession(world.options);
	for (let index = 0; index < 5; index++) turn(session, `old ${index}`);
	const until = session.leaf;
	assert.ok(until);
	session.append(compaction(null, until));
	turn(session, 'new');
	const fork = await forkSession(session, session.leaf, world.options);
	assert.equal(fork.branch().filter(({ type }) => type === 'user').length, 1);
	assert.equal(fork.hasOlder, true);
	assert.equal(await fork.loadOlder(), true);
	assert.equal(fork.branch().filter(({ type }) => type === 'user').length, 6);
	assert.equal(fork.newestEpoch, 0);
	turn(fork, 'more');
	// What was read elsewhere is not in this file.
	const again = await bothWays(world, fork);
	assert.equal(again.branch().filter(({ type }) => type === 'user').length, 2);
});

test('a window that only reads follows what another one writes', async () => {
	const world = createWorld();
	const session = await openSession(world.options);
	turn(session, 'one');
	const owner = { isOurs: false, isAlive: true, window: 'there', pid: 7 };
	const store = {
		...world.options.store,
		open: async (id: Session['id']) => ({ ...(await world.options.store.open(id)), owner }),
	};
	const reading = await openSession({ ...world.options, store, id: session.id });
	const told: string[] = [];
	reading.onDidAppend((entry) => {
		told.push(entry.type);
	});
	assert.equal(await reading.follow(), false);
	turn(session, 'two');
	assert.equal(await reading.follow(), true);
	assert.deepEqual(seen(reading), seen(session));
	assert.equal(told.filter((type) => type === 'user').length, 1);
	assert.equal(await reading.follow(), false);
});

test('however a session went on, opening it by parts gives what reading it whole gives', async () => {
	const step = fc.oneof(
		{ weight: 6, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
		{ weight: 3, arbitrary: fc.record({ kind: fc.constant('rewind' as const), at: fc.nat() }) },
		{ weight: 2, arbitrary: fc.record({ kind: fc.constant('compact' as const), from: fc.nat(), until: fc.nat() }) },
		{ weight: 2, arbitrary: fc.record({ kind: fc.constant('edit' as const), at: fc.nat() }) },
		{
			weight: 1,
			arbitrary: fc.record({
				kind: fc.constantFrom('state' as const, 'title' as const, 'tasks' as const, 'mode' as const),
			}),
		},
		{ weight: 2, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
		{ weight: 1, arbitrary: fc.record({ kind: fc.constant('fork' as const), at: fc.nat() }) },
	);
	let parts = 0;
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 40 }), async (steps) => {
			const world = createWorld();
			let session = await openSession(world.options);
			turn(session, 'first');
			for (const [index, one] of steps.entries()) {
				const branch = session.branch();
				const pick = (at: number) => branch[at % Math.max(1, branch.length)]?.id;
				if (one.kind === 'turn') turn(session, `prompt ${index}`);
				else if (one.kind === 'rewind') {
					// Anywhere in the log, on whatever branch.
					const all = (await session.outline()).entries.filter((entry) => entry.isConversation);
					const to = all[one.at % Math.max(1, all.length)]?.id ?? null;
					if (to !== null) await session.loadTo(to);
					session.append({ type: 'rewind', to, from: session.leaf, why: 'switch' });
				} else if (one.kind === 'compact') {
					const until = pick(Math.max(one.from, one.until));
					const after = one.from % 3 === 0 ? null : pick(Math.min(one.from, one.until));
					const order = branch.map(({ id }) => id);
					if (until && (after === null || (after && order.indexOf(after) < order.indexOf(until))))
						session.append(compaction(after ?? null, until));
				} else if (one.kind === 'edit') {
					const entry = pick(one.at);
					if (entry)
						session.append({
							type: 'contextEdit',
							edits: [
								{ ref: { entry }, op: 'fold', text: `folded ${index}` },
								{ ref: { entry }, op: 'pin' },
							],
							cause: 'user',
						});
				} else if (one.kind === 'state')
					session.append({ type: 'state', isPinned: index % 2 === 0, isArchived: index % 3 === 0 });
				else if (one.kind === 'title') session.append({ type: 'title', title: `T${index}`, by: 'user' });
				else if (one.kind === 'tasks')
					session.append({ type: 'taskList', tasks: [{ text: `task ${index}`, state: 'pending' }] });
				else if (one.kind === 'mode') session.setMode(index % 2 === 0 ? 'plan' : 'ask');
				else if (one.kind === 'fork') session = await forkSession(session, pick(one.at) ?? null, world.options);
				else {
					session = await bothWays(world, session);
					if (!session.isWhole) parts++;
				}
			}
			await (await bothWays(world, session)).close();
		}),
		{ numRuns: Number(process.env.RETRACE_RUNS ?? 60) },
	);
	// Far below what comes at random, so that only a generator that makes no such logs is found here.
	assert.ok(parts > 5, `only ${parts} logs were opened by parts`);
});
