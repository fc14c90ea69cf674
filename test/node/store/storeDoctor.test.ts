import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CancelledError } from '../../../src/base/errors.ts';
import { asSessionId } from '../../../src/base/ids.ts';
import type { BlobRef } from '../../../src/core/session/content.ts';
import { renderReport, summaryOf } from '../../../src/core/session/doctorReport.ts';
import { walkLog } from '../../../src/core/session/logSlices.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { DoctorProgress, StoreExamination } from '../../../src/core/session/storeExamination.ts';
import { createFileBlobStore } from '../../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../../src/node/store/fileSessionStore.ts';
import { createLogReader } from '../../../src/node/store/logReader.ts';
import { createStoreDoctor } from '../../../src/node/store/storeDoctor.ts';
import { SESSION, sessionOptions, turnEnded, user } from '../../core/session/sessionSupport.ts';

function scene(t: TestContext) {
	const root = mkdtempSync(join(tmpdir(), 'retrace-doctor-'));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	const folder = join(root, 'workspaceStorage', 'abc', 'retrace.retrace');
	const store = createFileSessionStore({ folder, window: 'w', trace: () => undefined });
	const blobs = createFileBlobStore(folder);
	const base = { ...sessionOptions(store), blobs };
	const { clock, ids } = base;
	const doctor = createStoreDoctor({ folder, window: 'w', sessions: store, blobs, clock, ids, extensionVersion: '0' });
	const blobPath = (ref: BlobRef, codec: string) =>
		join(folder, 'blobs', ref.$blob.slice(0, 2), `${ref.$blob}.${codec}`);
	return {
		...{ root, folder, store, blobs, base, doctor, blobPath },
		log: join(folder, 'sessions', `${SESSION}.jsonl`),
		put: async (text: string) => await blobs.put(new TextEncoder().encode(text), 'text/plain'),
		examine: async (onProgress: (progress: DoctorProgress) => void = () => undefined) =>
			await doctor.examine(onProgress, new AbortController().signal),
		/** A session with one turn, and a content for each reference. */
		async written(...content: BlobRef[]) {
			const session = await openSession({ ...base, id: SESSION });
			session.append(user('hello'), turnEnded);
			if (content.length > 0) session.append({ type: 'attachment', name: 'pasted', content });
			await session.close();
		},
	};
}

const findingsOf = (examination: StoreExamination) =>
	Object.fromEntries(
		examination.store.map(({ kind, count, detail }) => [kind, detail ? `${count}: ${detail}` : `${count}`]),
	);

test('a sound store has no finding, and examining it changes nothing', async (t) => {
	const { examine, written, put, folder } = scene(t);
	await written(await put('a'), await put('b'.repeat(5000)));
	const before = readdirSync(folder, { recursive: true }).sort();
	const examination = await examine();
	assert.deepEqual(examination.store, []);
	assert.deepEqual(
		examination.logs.map(({ findings, title, place }) => ({ findings, title, place })),
		[{ findings: [], title: 'hello', place: 'sessions' }],
	);
	assert.deepEqual(examination.blobs.checked, 2);
	assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), before);
	assert.match(summaryOf(examination), /Everything can be read/);
	assert.match(renderReport(examination), /\*\*Everything can be read\.\*\*/);
	const onMachine = renderReport(examination, ['bwrap is not installed.']);
	assert.match(onMachine, /## On this machine\n\n- bwrap is not installed\./);
});

test('what was asked beside the conversation counts as paid, in the tail as in the check', async (t) => {
	const { base, examine } = scene(t);
	const session = await openSession({ ...base, id: SESSION });
	session.append(user('hello'), turnEnded);
	session.append({ type: 'title', title: 'Named', by: 'model', costUsd: 0.01 });
	session.append({ type: 'continuedIn', other: asSessionId('next'), costUsd: 0.02 });
	session.append(user('more'), turnEnded);
	assert.equal(session.costUsd.toFixed(2), '0.03');
	await session.close();
	assert.deepEqual((await examine()).logs[0]?.findings, []);
});

test('an empty store, and one that is not there yet', async (t) => {
	const { examine } = scene(t);
	const examination = await examine();
	assert.deepEqual([examination.logs, examination.store], [[], []]);
});

test('contents that are missing, damaged, cut or named by nobody', async (t) => {
	const { examine, written, put, blobPath } = scene(t);
	const [missing, damaged, cut] = [await put('gone'), await put('x'.repeat(9000)), await put('cut')];
	await written(missing, damaged, cut, await put('whole'));
	const unused = await put('nobody');
	rmSync(blobPath(missing, 'raw'));
	const bytes = readFileSync(blobPath(damaged, 'zst'));
	writeFileSync(blobPath(damaged, 'zst'), bytes.fill(0, 8));
	truncateSync(blobPath(cut, 'raw'), 1);
	const found = findingsOf(await examine());
	assert.deepEqual(Object.keys(found), ['blobMissing', 'blobDamaged', 'blobUnused']);
	assert.equal(found.blobMissing, `1: ${missing.$blob.slice(0, 12)}`);
	assert.match(found.blobDamaged ?? '', /^2: /);
	assert.equal(found.blobUnused, `1: ${unused.size} bytes`);
});

test('the content of a trashed session is not called unused', async (t) => {
	const { examine, written, put, store } = scene(t);
	await written(await put('kept'));
	await store.trash(SESSION);
	const examination = await examine();
	assert.equal(examination.logs[0]?.place, 'trash');
	assert.deepEqual(examination.store, []);
});

test('a content that only a restore’s plan names is not called unused', async (t) => {
	const { examine, put, base } = scene(t);
	const inner = await put('as it was');
	const plan = await put(JSON.stringify({ files: [{ target: inner.$blob }] }));
	const session = await openSession({ ...base, id: SESSION });
	session.append(user('hello'));
	session.append({ type: 'restore', plan, files: [], safety: 0 });
	await session.close();
	assert.deepEqual((await examine()).store, []);
});

test('leases, temporary files, a twin folder and a wrong index', async (t) => {
	const { examine, written, folder, root } = scene(t);
	await written();
	const lease = join(folder, 'sessions', `${SESSION}.lease`);
	mkdirSync(lease);
	writeFileSync(join(lease, '1'), JSON.stringify({ host: 'h', bootId: 'b', pid: 1, window: 'gone', claimedAt: 0 }));
	// Nobody has beaten for an hour.
	const { utimesSync } = await import('node:fs');
	utimesSync(join(lease, '1'), Date.now() / 1000 - 3600, Date.now() / 1000 - 3600);
	mkdirSync(join(folder, 'blobs', 'ab'), { recursive: true });
	writeFileSync(join(folder, 'blobs', 'ab', 'x.raw.1234.tmp'), 'half');
	writeFileSync(join(folder, 'index.json'), '{ not json');
	const twin = join(root, 'workspaceStorage', 'abc-1', 'retrace.retrace', 'sessions');
	mkdirSync(twin, { recursive: true });
	writeFileSync(join(twin, 'one.jsonl'), '');
	const examination = await examine();
	assert.deepEqual(Object.keys(findingsOf(examination)), ['storageTwin', 'indexWrong', 'leaseLeft', 'temporaryFile']);
	const report = renderReport(examination);
	assert.ok(report.indexOf('## Cannot be read') < report.indexOf('## Not as it should be'));
	assert.match(report, /Offered: \*\*Rebuild index\*\*/);
});

test('a rebuilt index is right again', async (t) => {
	const { examine, written, doctor, folder, store } = scene(t);
	await written();
	writeFileSync(join(folder, 'index.json'), '{ not json');
	await doctor.rebuildIndex();
	assert.deepEqual((await examine()).store, []);
	assert.equal((await store.list()).sessions[0]?.title, 'hello');
});

test('progress goes from nothing to all, and it can be stopped', async (t) => {
	const { examine, written, put, doctor } = scene(t);
	await written(await put('a'), await put('b'));
	const shares: number[] = [];
	await examine(({ share }) => shares.push(share));
	assert.ok(shares.every((share, index) => share >= (shares[index - 1] ?? 0) && share <= 1));
	assert.equal(shares.at(-1), 1);
	await assert.rejects(
		doctor.examine(() => undefined, AbortSignal.abort()),
		CancelledError,
	);
});

test('the report cannot be made into links or headings by a session’s name', async (t) => {
	const { examine, base, log } = scene(t);
	const session = await openSession({ ...base, id: SESSION });
	session.append({ type: 'title', title: '[x](command:evil)\n# <b>`|', by: 'user' });
	await session.close();
	writeFileSync(log, Buffer.concat([readFileSync(log), Buffer.from('broken\n')]));
	const report = renderReport(await examine());
	assert.ok(report.includes(String.raw`\[x\](command:evil) \# \<b\>\`\|`), report);
});

test('a log is walked in slices of any size, long lines too', async (t) => {
	const { folder } = scene(t);
	mkdirSync(folder, { recursive: true });
	const path = join(folder, 'x.jsonl');
	const lines = ['a', '', 'é'.repeat(100), 'b', 'x'.repeat(1000), 'torn'];
	writeFileSync(path, lines.join('\n'));
	const reader = createLogReader([path]);
	for (const sliceBytes of [1, 2, 7, 64, 10_000]) {
		const seen: unknown[] = [];
		const onLine: Parameters<typeof walkLog>[2] = ({ text, lineNumber, isTorn }) =>
			seen.push([lineNumber, text, isTorn]);
		await walkLog(reader, await reader.size(), onLine, { sliceBytes });
		assert.deepEqual(seen, [
			[1, 'a', false],
			[3, lines[2], false],
			[4, 'b', false],
			[5, lines[4], false],
			[6, 'torn', true],
		]);
	}
});
