/**
 * Each damaged log opens with what it holds, says what is wrong, is changed by nobody, and goes on; and what the doctor saves from it
 * is a sound session with the same branch.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openSession } from '../../../src/core/session/session.ts';
import type { StoreExamination } from '../../../src/core/session/storeExamination.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createStoreDoctor } from '../../../src/node/store/storeDoctor.ts';
import { SESSION, sessionOptions, user } from '../../core/session/sessionSupport.ts';
import { type DamagedLog, damagedLogs } from '../../fakes/damagedLogs.ts';

const folders: string[] = [];
after(() => {
	for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test('there are enough of them, each with a name of its own', () => {
	assert.ok(damagedLogs.length >= 30);
	assert.equal(new Set(damagedLogs.map((one) => one.name)).size, damagedLogs.length);
});

for (const damaged of damagedLogs) {
	test(damaged.name, async () => {
		const scene = sceneOf(damaged);
		const before = scene.print();
		const listed = await scene.store.list();
		assert.equal(listed.sessions.length, 1);
		const session = await openSession(scene.options());
		assert.deepEqual(idsOf(session.branch()), damaged.branch);
		assert.equal(session.leaf, damaged.branch.at(-1) ?? null);
		assert.deepEqual(kindsOf(session.problems), damaged.problems);
		for (const problem of session.problems) {
			assert.ok(problem.lineNumber >= 1 && problem.message.length > 10, problem.message);
			assert.ok(problem.range.end <= damaged.bytes.length);
		}
		assert.equal(session.readOnlyReason !== undefined, damaged.isReadOnly === true);

		const part = await openSession({ ...scene.options(), wholeUpToBytes: 0 });
		assert.equal(part.leaf, session.leaf, 'the same leaf when little is read');
		while (await part.loadOlder());
		assert.deepEqual(idsOf(part.branch()), damaged.branch);
		await part.close();

		const examination = await examine(scene);
		assert.deepEqual(kindsOf(examination.logs[0]?.findings ?? []), damaged.findings);
		assert.deepEqual(scene.print(), before, 'listing, opening and examining change nothing');

		if (damaged.isReadOnly) {
			assert.throws(() => session.append(user('more')));
			await session.close();
		} else {
			const [added] = session.append(user('more'));
			await session.close();
			assert.ok(scene.read().subarray(0, damaged.bytes.length).equals(damaged.bytes), 'the file only grows');
			const again = await openSession(scene.options());
			assert.deepEqual(idsOf(again.branch()), [...damaged.branch, added?.id]);
			await again.close();
		}
	});

	test(`${damaged.name}: what can be saved is a sound session`, async () => {
		const scene = sceneOf(damaged);
		const before = scene.print();
		const examination = await examine(scene);
		const [log] = examination.logs;
		assert.ok(log);
		const saved = await scene.doctor.salvage(log, new AbortController().signal);
		const copy = await openSession({ ...scene.options(), id: saved.id });
		assert.deepEqual(copy.problems, []);
		// A newer version's lines are not ours to copy.
		if (!damaged.isReadOnly) assert.deepEqual(idsOf(copy.branch()), damaged.saved ?? damaged.branch);
		await copy.close();
		assert.equal(scene.print()[`sessions/${SESSION}.jsonl`], before[`sessions/${SESSION}.jsonl`]);
		const again = (await examine(scene)).logs.find(({ sessionId }) => sessionId === saved.id);
		const KEPT = new Set([
			'resultWithoutCall',
			'secondResult',
			'openCall',
			'epochOrder',
			'openFileOperation',
			'unknownType',
		]);
		assert.deepEqual(
			kindsOf(again?.findings ?? []).filter((kind) => !KEPT.has(kind)),
			[],
		);
	});
}

type Scene = ReturnType<typeof sceneOf>;

function sceneOf(damaged: DamagedLog) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-damaged-'));
	folders.push(folder);
	const path = join(folder, 'sessions', `${SESSION}.jsonl`);
	mkdirSync(join(folder, 'sessions'));
	writeFileSync(path, damaged.bytes);
	const store = createFileSessionStore({ folder, window: 'w', trace: () => undefined });
	const base = sessionOptions(store);
	const doctor = createStoreDoctor({
		...{ folder, window: 'w', sessions: store, blobs: base.blobs, clock: base.clock, ids: base.ids },
		extensionVersion: '0',
	});
	return {
		store,
		doctor,
		options: () => ({ ...base, id: SESSION }),
		read: () => readFileSync(path),
		print: () => printOf(folder),
	};
}

const examine = async ({ doctor }: Scene): Promise<StoreExamination> =>
	await doctor.examine(() => undefined, new AbortController().signal);

/** Name → hash of every file; folders as well. The list's own cache may be made. */
function printOf(folder: string): Record<string, string> {
	const files = readdirSync(folder, { recursive: true, withFileTypes: true })
		.map((item) => ({ item, path: join(item.parentPath, item.name) }))
		.map(({ item, path }) => [
			path.slice(folder.length + 1),
			item.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'folder',
		])
		.filter(([path]) => path !== 'index.json');
	return Object.fromEntries(files);
}

const idsOf = (entries: readonly { readonly id: string }[]) => entries.map((entry) => entry.id);
const kindsOf = (found: readonly { readonly kind: string }[]) => found.map((one) => one.kind);
