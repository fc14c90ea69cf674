/** Thousands of random lives of two sessions on files in memory. `RETRACE_RUNS` makes it more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../../src/base/errors.ts';
import { asSessionId } from '../../../src/base/ids.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { LogFile, SessionStore } from '../../../src/core/session/storePort.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';
import { createMemoryWorkspace, type MemoryFile } from '../../fakes/memoryWorkspace.ts';
import { diskPicture, recordShell } from '../../fakes/shellEffects.ts';
import { linesOf } from '../session/sessionSupport.ts';
import { type LifeFiles, type LifeWorld, live, noSights, type Seen } from './checkpointLife.ts';
import { type Crash, cutWrite, type Name, step } from './modelSteps.ts';

const RUNS = Number(process.env.RETRACE_RUNS ?? 2_000);
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const pathOf = (name: Name) => `/w/${name}`;

function createMemoryFiles(world: Pick<LifeWorld, 'blobs'>): LifeFiles {
	const workspace = createMemoryWorkspace({ '/w/a': '1\n2\n3\n4\n5\n', '/w/d/c': 'one\ntwo' });
	const { files, links } = workspace;
	let crash: Crash | undefined;
	let isDead = false;
	let halfWritten: Name | undefined;
	const change =
		<A extends unknown[], R>(work: (...args: A) => Promise<R>, tear?: (...args: A) => void) =>
		async (...args: A): Promise<R> => {
			if (isDead) throw new Error('The process died.');
			if (!crash || crash.at-- > 0) return await work(...args);
			isDead = true;
			if (crash.how === 'after') await work(...args);
			else if (crash.how !== 'before') tear?.(...args);
			throw new Error('The process died.');
		};
	workspace.delete = change(workspace.delete);
	workspace.setMode = change(workspace.setMode);
	workspace.write = change(workspace.write, (path, bytes, options) => {
		const file = files.get(path);
		if (options.link || options.wasLink || file?.isDirty) return;
		const torn = crash && cutWrite(crash, file && decode(file.bytes), decode(bytes));
		if (torn === undefined) return;
		if (crash?.how === 'half') halfWritten = path.slice('/w/'.length) as Name;
		files.set(path, { mode: 0o644, isDirty: false, isReadOnly: false, ...file, bytes: encode(torn) });
	});
	const put = (name: Name, bytes: Uint8Array<ArrayBuffer>) => {
		const file = files.get(pathOf(name));
		const rest: MemoryFile = file ?? { bytes, mode: 0o644, isDirty: false, isReadOnly: false };
		files.set(pathOf(name), rest.isDirty ? { ...rest, saved: bytes } : { ...rest, bytes });
	};
	const onDisk = (name: Name): Seen | undefined => {
		const seen = diskPicture(workspace).get(pathOf(name));
		return seen && { text: decode(seen.bytes), mode: seen.meta.mode ?? 0, isLink: seen.meta.link ?? false };
	};
	const remove = (name: Name) => {
		const file = files.get(pathOf(name));
		links.delete(pathOf(name));
		if (file?.isDirty) files.set(pathOf(name), { ...file, saved: undefined });
		else files.delete(pathOf(name));
	};
	const link = (name: Name, target: string) => {
		if (files.get(pathOf(name))?.isDirty) return;
		remove(name);
		links.set(pathOf(name), target);
	};
	return {
		workspace,
		root: '/w',
		onDisk,
		seen(name) {
			const file = files.get(pathOf(name));
			return file?.isDirty ? { text: decode(file.bytes), mode: file.mode, isLink: false } : onDisk(name);
		},
		isDirty: (name) => files.get(pathOf(name))?.isDirty ?? false,
		type(name, text, isSaved) {
			const file = files.get(pathOf(name));
			const saved = file?.isDirty ? file.saved : file?.bytes;
			const rest = { mode: file?.mode ?? 0o644, isReadOnly: false };
			files.set(pathOf(name), { ...rest, bytes: encode(text), isDirty: !isSaved, ...(isSaved ? {} : { saved }) });
			return true;
		},
		save(name) {
			const file = files.get(pathOf(name));
			if (file?.isDirty) files.set(pathOf(name), { ...file, isDirty: false, saved: undefined });
		},
		write: (name, text) => put(name, encode(text)),
		remove,
		move(name, to) {
			const [path, target] = [pathOf(name), links.get(pathOf(name))];
			const file = files.get(path);
			if (name === to || file?.isDirty || files.get(pathOf(to))?.isDirty || (!file && target === undefined)) return;
			remove(to);
			remove(name);
			if (target !== undefined) links.set(pathOf(to), target);
			else if (file) files.set(pathOf(to), file);
		},
		setMode(name, mode) {
			const file = files.get(pathOf(name));
			if (file) files.set(pathOf(name), { ...file, mode });
		},
		link,
		async shell(session, run, isUnknown) {
			await recordShell({ session, workspace, blobs: world.blobs }, run, { author: isUnknown ? 'unknown' : 'shell' });
		},
		dieAt(next) {
			crash = next && { ...next };
			isDead = false;
			halfWritten = undefined;
		},
		get isDead() {
			return isDead;
		},
		get halfWritten() {
			return halfWritten;
		},
	};
}

/** A store whose logs take nothing more once the process is dead. */
function mortal(store: SessionStore, isDead: () => boolean): SessionStore {
	const wrap = (file: LogFile): LogFile => ({
		get generation() {
			return file.generation;
		},
		append(lines) {
			if (isDead()) throw new UserError('log-write-failed', 'The process died.');
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
	};
}

function createWorld(): LifeWorld {
	const blobs = createMemoryBlobStore();
	const files = createMemoryFiles({ blobs });
	const memory = createMemorySessionStore();
	const [clock, ids] = [createFakeClock(), createFakeIds()];
	const sessions = [asSessionId(ids.next()), asSessionId(ids.next())];
	return {
		files,
		blobs,
		isStored: (hash) => blobs.stored.has(hash),
		open: (which) =>
			openSession({
				...{ store: mortal(memory, () => files.isDead), blobs, clock, ids, trace: () => undefined },
				...(sessions[which] === undefined ? {} : { id: sessions[which] }),
				defaults: { cwd: '/w', mode: 'acceptEdits', model: 'm', roots: ['/w'], extensionVersion: '0' },
			}),
		logLines: async ({ id }) => (await linesOf(memory, id)).map(({ text }) => text),
	};
}

test(`property: ${RUNS} lives of two sessions, their users, commands and crashes lose nothing and restore what was recorded`, async (t) => {
	const sights = noSights();
	await fc.assert(
		fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16, size: 'max' }), async (steps) => {
			await live(createWorld(), steps, sights);
		}),
		{ numRuns: RUNS },
	);
	t.diagnostic(JSON.stringify(sights));
	for (const [what, times] of Object.entries(sights))
		assert.ok(times > RUNS / 200, `the lives saw ${what}: ${JSON.stringify(sights)}`);
});
