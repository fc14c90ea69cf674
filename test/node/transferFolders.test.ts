/** What an import finds on the disk: the logs of Claude Code, and the stores of folders that were moved. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { asSessionId } from '../../src/base/ids.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { createClaudeCodeLogs, slugOf } from '../../src/node/transfer/transferClaudeCode.ts';
import { createMovedFolders } from '../../src/node/transfer/transferMoved.ts';
import { turn } from '../core/transfer/transferSupport.ts';

const folder = await mkdtemp(join(tmpdir(), 'retrace-transfer-'));
after(() => rm(folder, { recursive: true }));
const { signal } = new AbortController();
const FIXTURES = join(import.meta.dirname, '../fixtures/claudeCode');

test('lists the sessions of this folder first, each with its name, and reads one with its subagents', async () => {
	const home = join(folder, 'home');
	const projects = join(home, '.claude', 'projects');
	await cp(FIXTURES, join(projects, slugOf('/home/dev/shop')), { recursive: true });
	await mkdir(join(projects, '-home-dev-other'), { recursive: true });
	const other =
		'{"type":"user","uuid":"1","parentUuid":null,"cwd":"/home/dev/other","message":{"role":"user","content":"A question"}}\n';
	await writeFile(join(projects, '-home-dev-other', 'x.jsonl'), other);
	await writeFile(join(projects, '-home-dev-other', 'empty.jsonl'), '{"type":"summary","summary":"Only a name"}\n');
	await writeFile(join(projects, '-home-dev-other', 'agent-1.jsonl'), other);
	const logs = createClaudeCodeLogs(home);
	const listed = await logs.list(['/home/dev/shop'], signal);
	assert.deepEqual(
		listed
			.filter((one) => one.isOfWorkspace)
			.map((one) => one.title)
			.sort(),
		['Cart rounding', 'Explore the code', 'Fix the build', 'My long talk', 'Shop checkout'],
	);
	assert.deepEqual(listed.at(-1), {
		path: join(projects, '-home-dev-other', 'x.jsonl'),
		title: 'A question',
		cwd: '/home/dev/other',
		sizeBytes: other.length,
		modifiedMs: (await stat(join(projects, '-home-dev-other', 'x.jsonl'))).mtimeMs,
		isOfWorkspace: false,
	});
	const withAgents = listed.find((one) => one.title === 'Explore the code');
	assert.ok(withAgents);
	const beside = join(projects, slugOf('/home/dev/shop'), 'agent-old.jsonl');
	await writeFile(beside, '{"sessionId":"6b1f0a52-4444-4c3e-9d52-aa0000000004","type":"user"}\n');
	const { lines, agents } = await logs.read(withAgents.path, signal);
	assert.ok(lines.length >= 10);
	assert.deepEqual(agents.map(({ name }) => name).sort(), ['agent-a7f3c2e', 'agent-old']);
});

test('without Claude Code there is nothing to list', async () => {
	assert.deepEqual(await createClaudeCodeLogs(join(folder, 'nobody')).list(['/x'], signal), []);
});

const workspaceStorage = join(folder, 'workspaceStorage');

async function makeStore(key: string, address: string | undefined, prompts: readonly string[]) {
	const storage = join(workspaceStorage, key, 'retrace.retrace');
	await mkdir(storage, { recursive: true });
	if (address !== undefined)
		await writeFile(
			join(workspaceStorage, key, 'workspace.json'),
			JSON.stringify({ folder: pathToFileURL(address).href }),
		);
	const store = createFileSessionStore({ folder: storage, window: 'w', trace: () => undefined });
	const blobs = createFileBlobStore(storage);
	const sessions = [];
	for (const prompt of prompts) {
		const session = await openSession({
			store,
			blobs,
			clock: systemClock,
			ids: createIdSource(),
			defaults: { cwd: address ?? '/', mode: 'ask', model: 'm', roots: [address ?? '/'], extensionVersion: '1' },
			trace: () => undefined,
		});
		session.append(...turn(prompt, 'reply'));
		const before = await blobs.put(new TextEncoder().encode(`before ${prompt}`), 'text/plain');
		session.append({
			type: 'fileOperation',
			epoch: 1,
			op: 'change',
			path: { root: '/', rel: 'x' },
			before,
			after: before.$blob,
			meta: {},
			author: 'agent',
			state: 'intended',
		});
		sessions.push(session);
	}
	return { storage, store, blobs, sessions };
}

test('finds the stores of folders that are gone or alike, and copies sessions out of them', async () => {
	const here = join(folder, 'new', 'shop');
	const stays = join(folder, 'stays', 'elsewhere');
	await mkdir(here, { recursive: true });
	await mkdir(stays, { recursive: true });
	const alike = join(folder, 'alike', 'shop');
	await mkdir(alike, { recursive: true });
	const gone = await makeStore('aaa', join(folder, 'old', 'shop'), ['one', 'two']);
	const other = await makeStore('bbb', stays, ['not mine']);
	const similar = await makeStore('ccc', alike, ['a copy']);
	const own = await makeStore('ddd', here, []);
	for (const { sessions } of [gone, other, similar]) for (const session of sessions.slice(1)) await session.close();
	await mkdir(join(gone.storage, 'sessions', String(gone.sessions[1]?.id), 'agents'), { recursive: true });
	await writeFile(join(gone.storage, 'sessions', String(gone.sessions[1]?.id), 'agents', 'a1.jsonl'), '{}\n');

	const moved = createMovedFolders({ folder: own.storage, window: 'w' });
	const found = await moved.find([here], signal);
	assert.deepEqual(
		found.map(({ folder: path, fit, sessionIds }) => [path, fit, sessionIds.length]),
		[
			[join(folder, 'old', 'shop'), 'gone', 2],
			[alike, 'similar', 1],
		],
	);
	const [first] = found;
	assert.ok(first);
	const before = await sums(gone.storage);
	// The first session is still open: another window writes to it.
	const outcome = await moved.adopt(first, first.sessionIds, signal);
	const [open, closed] = gone.sessions;
	assert.ok(open && closed);
	assert.deepEqual(outcome.adopted, [closed.id]);
	assert.deepEqual(
		outcome.skipped.map(({ id, why }) => [id, why]),
		[[open.id, 'it is open in another window']],
	);
	await open.close();
	const again = await moved.adopt(first, first.sessionIds, signal);
	assert.deepEqual(again.adopted, [open.id]);
	assert.deepEqual(again.skipped, [{ id: closed.id, why: 'it is here already' }]);

	const { sessions } = await own.store.list();
	assert.deepEqual(sessions.map(({ title }) => title).sort(), ['one', 'two']);
	const log = (storage: string) => readFile(join(storage, 'sessions', `${closed.id}.jsonl`));
	assert.ok((await log(own.storage)).equals(await log(gone.storage)));
	const operation = closed.entries.find((entry) => entry.type === 'fileOperation');
	assert.ok(operation?.type === 'fileOperation' && typeof operation.before !== 'string');
	assert.equal(new TextDecoder().decode(await own.blobs.get(operation.before)), 'before two');
	assert.deepEqual(await readdir(join(own.storage, 'sessions', closed.id, 'agents')), ['a1.jsonl']);
	const kept = [...before].filter(([name]) => !name.includes('.lease'));
	for (const [name, sum] of kept) assert.equal((await sums(gone.storage)).get(name), sum, name);
	for (const session of [...other.sessions, ...similar.sessions]) await session.close();
});

test('an id that leads out of the folder is never copied', async () => {
	const own = await makeStore('eee', undefined, []);
	const moved = createMovedFolders({ folder: own.storage, window: 'w' });
	const from = {
		storage: join(workspaceStorage, 'aaa', 'retrace.retrace'),
		folder: undefined,
		fit: 'gone',
		sessionIds: [],
		newestMs: 0,
	} as const;
	await assert.rejects(moved.adopt(from, [asSessionId('../../x')], signal), { code: 'import-failed' });
});

async function sums(path: string): Promise<ReadonlyMap<string, string>> {
	const found = new Map<string, string>();
	for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		const file = join(entry.parentPath, entry.name);
		found.set(
			file,
			createHash('sha256')
				.update(await readFile(file))
				.digest('hex'),
		);
	}
	return found;
}
