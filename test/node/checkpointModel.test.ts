/**
 * The random lives of `checkpointLife.ts` on a real disk: the real scanner finds what commands did, in a folder with a git repository and
 * in one without. The repository's own folder is never touched, nor what links point to outside. `RETRACE_DISK_RUNS` makes it more.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../src/base/errors.ts';
import { asSessionId, asSha256, asToolUseId } from '../../src/base/ids.ts';
import { withRecordedEffects } from '../../src/core/checkpoint/recordChanges.ts';
import type { Workspace } from '../../src/core/ports.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { LogFile, SessionStore } from '../../src/core/session/storePort.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { type LifeFiles, type LifeWorld, live, noSights, type Seen } from '../core/checkpoint/checkpointLife.ts';
import { type Crash, cutWrite, NAMES, type Name, step } from '../core/checkpoint/modelSteps.ts';
import { commitAll, createScanWorld, type ScanWorldFixture } from './scan/fileScanWorld.ts';

const RUNS = Number(process.env.RETRACE_DISK_RUNS ?? 120);
const { signal } = new AbortController();
const encode = (text: string) => new TextEncoder().encode(text);
const sha = (bytes: Uint8Array) => asSha256(createHash('sha256').update(bytes).digest('hex'));
const ids = createIdSource();
/** Where the links of the model point to outside. */
const OUTSIDE = '/etc/hostname';

/** A document of the editor with unsaved changes is the truth; everything else is the disk's. */
function withDocuments(disk: Workspace, documents: Map<string, string>): Workspace {
	return {
		...disk,
		roots: disk.roots,
		isTrusted: true,
		async read(absolute, options) {
			const [text, onDisk] = [documents.get(absolute), await disk.read(absolute, options)];
			if (text === undefined) return onDisk;
			return { kind: 'file', bytes: encode(text), meta: onDisk.kind === 'file' ? onDisk.meta : {}, isDirty: true };
		},
		async write(absolute, bytes, options) {
			const text = documents.get(absolute);
			if (text === undefined || options.link || options.wasLink) return await disk.write(absolute, bytes, options);
			checkSame(text, options.expected);
			documents.set(absolute, new TextDecoder().decode(bytes));
			if (options.mode !== undefined && existsSync(absolute)) await disk.setMode(absolute, options.mode, {});
			return { after: sha(bytes), isSaved: false };
		},
		async delete(absolute, options) {
			const text = documents.get(absolute);
			if (text === undefined) return await disk.delete(absolute, options);
			checkSame(text, options.expected);
			documents.delete(absolute);
			rmSync(absolute, { force: true });
		},
		async setMode(absolute, mode, options) {
			await disk.setMode(absolute, mode, documents.has(absolute) ? {} : options);
		},
	};
}

function checkSame(text: string, expected: string | undefined): void {
	if (expected !== undefined && sha(encode(text)) !== expected) throw new UserError('changed-meanwhile', 'Changed.');
}

function createDiskFiles(world: ScanWorldFixture): LifeFiles {
	const { root, scanner, at } = world;
	const documents = new Map<string, string>();
	const roots = [{ name: 'project', path: root }];
	const workspace = withDocuments(createDiskWorkspace({ roots: () => roots, isTrusted: () => true }), documents);
	let crash: Crash | undefined;
	let isDead = false;
	let halfWritten: Name | undefined;
	const mortalWork =
		<A extends unknown[], R>(work: (...args: A) => Promise<R>, tear?: (...args: A) => void) =>
		async (...args: A): Promise<R> => {
			if (isDead) throw new Error('The process died.');
			if (!crash || crash.at-- > 0) return await work(...args);
			isDead = true;
			if (crash.how === 'after') await work(...args);
			else if (crash.how !== 'before') tear?.(...args);
			throw new Error('The process died.');
		};
	const disk = (name: Name): Seen | undefined => {
		const stats = lstatSync(at(name), { throwIfNoEntry: false });
		if (stats?.isSymbolicLink()) return { text: readlinkSync(at(name)), mode: 0, isLink: true };
		return stats?.isFile()
			? { text: readFileSync(at(name), 'utf8'), mode: stats.mode & 0o777, isLink: false }
			: undefined;
	};
	const makeFolder = (name: Name) => mkdirSync(dirname(at(name)), { recursive: true });
	return {
		workspace: {
			...workspace,
			delete: mortalWork(workspace.delete),
			setMode: mortalWork(workspace.setMode),
			write: mortalWork(workspace.write, (path, bytes, options) => {
				if (options.link || options.wasLink || documents.has(path)) return;
				const old = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
				const torn = crash && cutWrite(crash, old, new TextDecoder().decode(bytes));
				if (torn === undefined) return;
				if (crash?.how === 'half') halfWritten = path.slice(root.length + 1) as Name;
				mkdirSync(dirname(path), { recursive: true });
				writeFileSync(path, torn);
			}),
		},
		root,
		seen(name) {
			const [text, onDisk] = [documents.get(at(name)), disk(name)];
			return text === undefined ? onDisk : { text, mode: onDisk?.mode ?? 0, isLink: false };
		},
		onDisk: disk,
		isDirty: (name) => documents.has(at(name)),
		type(name, text, isSaved) {
			makeFolder(name);
			documents.set(at(name), text);
			if (isSaved) this.save(name);
			return true;
		},
		save(name) {
			const text = documents.get(at(name));
			if (text === undefined) return;
			makeFolder(name);
			writeFileSync(at(name), text);
			documents.delete(at(name));
		},
		write(name, text) {
			makeFolder(name);
			writeFileSync(at(name), text);
		},
		remove: (name) => rmSync(at(name), { force: true }),
		move(name, to) {
			if (name === to || !disk(name) || documents.has(at(name)) || documents.has(at(to))) return;
			makeFolder(to);
			renameSync(at(name), at(to));
		},
		setMode(name, mode) {
			if (disk(name)?.isLink === false) chmodSync(at(name), mode);
		},
		link(name, target) {
			if (documents.has(at(name))) return;
			makeFolder(name);
			rmSync(at(name), { force: true });
			symlinkSync(target, at(name));
		},
		async shell(session, run, isUnknown) {
			const toolUseId = asToolUseId(`shell ${session.entries.length}`);
			session.append<'toolStarted'>({ type: 'toolStarted', toolUseId });
			const effects = { session, scanner, toolUseId, clock: systemClock, trace: () => undefined };
			if (isUnknown) scanner.backgroundStarted();
			await withRecordedEffects(effects, async ({ start }) => {
				await start(signal);
				run();
			});
			if (isUnknown) scanner.backgroundEnded();
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

/** Names, contents, modes and times of everything below a folder. */
function fingerprint(folder: string): string {
	const hash = createHash('sha256');
	for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
		const stats = lstatSync(join(folder, entry));
		hash.update(`${entry} ${stats.mode} ${stats.mtimeMs} ${stats.ino}\n`);
		if (stats.isFile()) hash.update(readFileSync(join(folder, entry)));
	}
	return hash.digest('hex');
}

suite('Lives on a real disk', () => {
	for (const kind of ['a git repository', 'a plain folder'] as const)
		test(`property: ${RUNS} lives in ${kind} lose nothing and restore what was recorded`, async (t) => {
			const world = createScanWorld();
			const sights = noSights();
			const outside = readFileSync(OUTSIDE);
			world.write({ a: '1\n2\n3\n4\n5\n', 'd/c': 'one\ntwo' });
			if (kind === 'a git repository') await commitAll(world.root);
			const gitFolder = join(world.root, '.git');
			const untouched = existsSync(gitFolder) ? fingerprint(gitFolder) : '';
			const { storage, blobs } = world;
			const isStored = (hash: string) =>
				['raw', 'zst', 'gz'].some((codec) => existsSync(join(storage, 'blobs', hash.slice(0, 2), `${hash}.${codec}`)));
			try {
				await fc.assert(
					fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14, size: 'max' }), async (steps) => {
						for (const name of NAMES) rmSync(world.at(name), { force: true });
						rmSync(world.at('d'), { recursive: true, force: true });
						world.write({ a: '1\n2\n3\n4\n5\n', 'd/c': 'one\ntwo' });
						const files = createDiskFiles(world);
						const store = createFileSessionStore({ folder: storage, window: 'w', trace: () => undefined });
						const sessions = [asSessionId(ids.next()), asSessionId(ids.next())] as const;
						const life: LifeWorld = {
							files,
							blobs,
							isStored,
							open: async (which) =>
								await openSession({
									...{
										store: mortal(store, () => files.isDead),
										blobs,
										clock: systemClock,
										ids,
										trace: () => undefined,
									},
									id: sessions[which === 0 ? 0 : 1],
									defaults: {
										...{ cwd: world.root, mode: 'acceptEdits', model: 'm', roots: [world.root] },
										extensionVersion: '0',
									},
								}),
							async logLines({ id }) {
								const path = join(storage, 'sessions', `${id}.jsonl`);
								return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
							},
							check() {
								if (untouched !== '') assert.equal(fingerprint(gitFolder), untouched, '.git is untouched');
								assert.deepEqual(readFileSync(OUTSIDE), outside, 'nothing is written through a link');
								const left = readdirSync(world.root, { recursive: true, encoding: 'utf8' });
								assert.deepEqual(
									left.filter((name) => name.includes('retrace-tmp')),
									[],
								);
							},
						};
						await live(life, steps, sights);
					}),
					{ numRuns: RUNS, endOnFailure: process.env.RETRACE_DISK_RUNS === undefined },
				);
			} finally {
				await world.dispose();
			}
			t.diagnostic(JSON.stringify(sights));
			assert.ok(sights.exact > RUNS / 20 && sights.crashes > RUNS / 20, JSON.stringify(sights));
		});
});
