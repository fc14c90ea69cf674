/** Export and import of bundles: the same conversation comes back, and nothing but it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asEntryId, type SessionId } from '../../../src/base/ids.ts';
import { isBlobRef } from '../../../src/core/session/content.ts';
import { type Entry, isConversation } from '../../../src/core/session/entry.ts';
import { readBundle } from '../../../src/core/transfer/bundleContent.ts';
import { importBundle } from '../../../src/core/transfer/importBundle.ts';
import { writeImported } from '../../../src/core/transfer/importedSession.ts';
import { jsonExport } from '../../../src/core/transfer/jsonExport.ts';
import { makeBundle } from '../../../src/core/transfer/makeBundle.ts';
import {
	AS_IT_IS,
	archiveOf,
	createTransferWorld,
	REDACTED,
	ROOTS,
	signal,
	type TransferTestWorld,
	textOf,
	turn,
} from './transferSupport.ts';

const IDS_THERE = Date.UTC(2027, 0, 1);
const hash = createTransferWorld().blobs.hash;

async function exported(world: TransferTestWorld, id: SessionId, how: 'bundle' | 'json', options = REDACTED) {
	const session = { id, title: 'A title' };
	if (how === 'bundle') return await archiveOf(makeBundle([session], world, options));
	return { kind: 'text' as const, text: await textOf(jsonExport(session, world, options, signal)) };
}

async function imported(
	there: TransferTestWorld,
	file: Parameters<typeof readBundle>[0],
	roots = ROOTS,
	home = '/home/ann',
) {
	const sessions = importBundle(readBundle(file, hash), { ids: there.ids, roots, home, cwd: roots[0]?.path ?? '/' });
	for (const session of sessions) await writeImported(session, there);
	const [session] = sessions;
	assert.ok(session);
	return { session, open: await there.open(session.id) };
}

/** What a person sees of it: no ids, no clocks, no folder. Thinking has lost its signature. */
function conversation(entries: readonly Entry[]) {
	return entries.filter(isConversation).map((entry) => {
		const { id: _, parentId: _parent, sessionId: _session, gen: _gen, cwd: _cwd, mode: _mode, ...rest } = entry;
		if (rest.type !== 'assistant' || rest.block.type !== 'thinking') return rest;
		const { partial: _partial, ...own } = rest;
		return { ...own, block: { ...own.block, signature: '' } };
	});
}

for (const how of ['bundle', 'json'] as const) {
	describe(`a ${how}`, () => {
		test('brings the same conversation back, branches and leaf included', async () => {
			const word = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `x${text}`);
			const step = fc.oneof(
				{
					weight: 4,
					arbitrary: fc.record({
						kind: fc.constant('turn' as const),
						prompt: word,
						answer: word,
						output: fc.option(word),
					}),
				},
				{ weight: 1, arbitrary: fc.record({ kind: fc.constant('rewind' as const), to: fc.nat() }) },
			);
			const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.boolean(), async (steps, isRedacted) => {
				const here = createTransferWorld();
				const session = await here.open();
				session.append(...turn('first', 'reply'));
				for (const one of steps) {
					if (one.kind === 'turn') {
						const tool =
							one.output === null ? undefined : { name: 'Bash', input: { command: one.prompt }, output: one.output };
						session.append(...turn(one.prompt, one.answer, tool));
					} else {
						const targets = session.entries.filter(isConversation);
						const to = targets[one.to % targets.length]?.id ?? null;
						session.append({ type: 'rewind', to, from: session.leaf, why: 'rewind' });
					}
				}
				await session.close();
				const there = createTransferWorld(IDS_THERE);
				const { open } = await imported(there, await exported(here, session.id, how, isRedacted ? REDACTED : AS_IT_IS));
				assert.deepEqual(conversation(open.branch()), conversation(session.branch()));
				const all = (entries: readonly Entry[]) =>
					entries.filter(isConversation).map(({ id, parentId }) => [id, parentId]);
				assert.deepEqual(all(open.entries), all(session.entries));
				assert.equal(open.leaf, session.leaf);
				assert.equal(open.title, session.title);
			});
			await fc.assert(property, { numRuns: 60 });
		});

		test('brings big contents and the logs of subagents', async () => {
			const here = createTransferWorld();
			const session = await here.open();
			const big = 'line with /home/ann/app/x\n'.repeat(4_000);
			const [content] = await Promise.all([
				here.blobs.put(new TextEncoder().encode(JSON.stringify({ type: 'text', text: big })), 'application/json'),
			]);
			session.append({ type: 'user', content: [content] });
			session.append({ type: 'subagent', subagentId: 'a1', name: 'explore', prompt: 'look' });
			const [entry] = session.entries.filter((one) => one.type === 'user');
			assert.ok(entry);
			await here.agentLogs.append(session.id, 'a1', [JSON.stringify({ ...entry, agentId: 'a1' })]);
			await session.close();
			const there = createTransferWorld(IDS_THERE);
			const { open, session: made } = await imported(there, await exported(here, session.id, how), [
				{ name: 'app', path: '/other/app' },
			]);
			const user = open.branch().find((one) => one.type === 'user');
			assert.ok(user?.type === 'user');
			const [first] = user.content;
			assert.ok(first && isBlobRef(first));
			const stored = JSON.parse(new TextDecoder().decode(await there.blobs.get(first)));
			assert.equal(stored.text, big.replaceAll('/home/ann/app', '/other/app'));
			const lines = await there.agentLogs.read(made.id, 'a1');
			assert.equal(lines.length, 1);
			assert.equal(JSON.parse(lines[0] ?? '').sessionId, made.id);
		});

		test('holds no credential and no folder of the user when it is redacted', async () => {
			const here = createTransferWorld();
			const session = await here.open();
			const key = `sk-ant-${'a1B2'.repeat(10)}`;
			session.append(
				...turn(`${key} my-configured-key-1`, 'see /home/ann/app/src/a.ts and /home/ann/.ssh', {
					name: 'Bash',
					input: { command: 'cat /home/ann/app/.env' },
					output: `K=${key}`,
				}),
			);
			await session.close();
			const file = await exported(here, session.id, how);
			const text =
				file.kind === 'text'
					? file.text
					: [...file.parts.values()].map((bytes) => new TextDecoder().decode(bytes)).join('\n');
			assert.doesNotMatch(text, /sk-ant-a1B2|my-configured-key|\/home\/ann/);
			assert.match(text, /will therefore not repeat the same bytes/);
			assert.match(text, /\{folder:app\}\/src\/a\.ts/);
		});

		test('holds no configured credential even as it is', async () => {
			const here = createTransferWorld();
			const session = await here.open();
			session.append(...turn('my-configured-key-1', 'in /home/ann/app'));
			await session.close();
			const file = await exported(here, session.id, how, AS_IT_IS);
			const text =
				file.kind === 'text'
					? file.text
					: [...file.parts.values()].map((bytes) => new TextDecoder().decode(bytes)).join('\n');
			assert.doesNotMatch(text, /my-configured-key/);
			assert.match(text, /\/home\/ann\/app/);
		});
	});
}

test('an imported session is inert: ask mode, this folder, nothing about files, rules or the frozen prefix', async () => {
	const here = createTransferWorld();
	const session = await here.open();
	session.append(...turn('go', 'done'));
	session.setMode('plan');
	session.setMode('auto');
	session.append({ type: 'checkpoint', epoch: 0 });
	const blob = await here.blobs.put(new TextEncoder().encode('[]'), 'application/json');
	session.append({
		type: 'fileOperation',
		epoch: 1,
		op: 'delete',
		path: { root: '/home/ann/app', rel: 'x' },
		before: blob,
		after: 'absent',
		meta: {},
		author: 'agent',
		state: 'intended',
	});
	session.append({ type: 'fileOperationDone', epoch: 1, after: 'absent' });
	session.append({ type: 'reminder', text: 'words for the system role' });
	await session.close();
	const there = createTransferWorld(IDS_THERE);
	const { open, session: made } = await imported(there, await exported(here, session.id, 'bundle'), [
		{ name: 'else', path: '/new/else' },
	]);
	assert.equal(open.mode, 'ask');
	assert.equal(open.cwd, '/new/else');
	assert.notEqual(open.id, session.id);
	const types = new Set(open.entries.map((entry) => entry.type));
	for (const type of [
		'fileOperation',
		'fileOperationDone',
		'checkpoint',
		'prefix',
		'mode',
		'permission',
		'reminder',
	] as const)
		assert.ok(!types.has(type), type);
	assert.match(made.leftOut[0]?.what ?? '', /^entries about files/);
	assert.ok(open.entries.some((entry) => entry.type === 'notice' && entry.code === 'imported'));
	assert.deepEqual(open.problems, []);
});

test('what a stale window wrote late is not the leaf after an import either', async () => {
	const here = createTransferWorld();
	const session = await here.open();
	session.append(...turn('one', 'reply'));
	const first = session.leaf;
	await session.close();
	const again = await here.open(session.id);
	again.append(...turn('two', 'reply'));
	const leaf = again.leaf;
	await again.close();
	const { file } = await here.sessions.open(session.id);
	const [late] = turn('late', '');
	const base = {
		v: 1,
		id: '019b76da-a800-7000-8000-00000000ffff',
		parentId: first,
		sessionId: session.id,
		agentId: 'main',
		gen: 1,
	};
	file.append([JSON.stringify({ ...base, timestamp: 1, cwd: '/', mode: 'ask', ...late })]);
	await file.close();
	const there = createTransferWorld(IDS_THERE);
	const { open } = await imported(there, await exported(here, session.id, 'bundle'));
	assert.equal(open.leaf, leaf);
	assert.ok(open.find(asEntryId('019b76da-a800-7000-8000-00000000ffff')));
});

test('a write that fails leaves nothing in the list', async () => {
	const here = createTransferWorld();
	const session = await here.open();
	session.append(...turn('go', 'done'));
	await session.close();
	const there = createTransferWorld(IDS_THERE);
	const file = await exported(here, session.id, 'bundle');
	const [made] = importBundle(readBundle(file, hash), { ids: there.ids, roots: ROOTS, home: '/h', cwd: '/c' });
	assert.ok(made);
	const failing = {
		...there.store,
		open: async (...parameters: Parameters<typeof there.store.open>) => {
			const opened = await there.store.open(...parameters);
			const append = (lines: readonly string[]) => {
				if (lines.length > 0) throw new Error('disk full');
				return opened.file.append(lines);
			};
			return { ...opened, file: { ...opened.file, append, generation: 1 } };
		},
	};
	await assert.rejects(writeImported(made, { ...there, store: failing }), { code: 'import-failed' });
	assert.deepEqual((await there.store.list()).sessions, []);
});
