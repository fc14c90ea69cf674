/**
 * Tells the other windows of this workspace which sessions are open here, and hears the same of them: one small file for each window
 * in `running/`, alive while its process is. No truth about a session: that is its log, and who may write it is its lease.
 */
import { randomUUID } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Emitter } from '../../base/emitter.ts';
import {
	type OtherSession,
	parseWindowFile,
	type RunningSession,
	type SessionRegistry,
	type WindowFile,
} from '../../core/session/registry.ts';
import { systemCode } from '../files/systemErrors.ts';
import { isThisMachine, isWriterAlive, STALE_AFTER_MS, thisProcess } from './lease.ts';

const BEAT_EVERY_MS = 5_000;
/** Titles and states change in bursts. */
const WRITE_AFTER_MS = 200;
const READ_AFTER_MS = 100;
/** No window is silent for so long: its machine is gone. */
const FORGET_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

export function createSessionRegistry(options: {
	/** The canonical storage folder. */
	readonly folder: string;
	/** A name for this window that a person may recognise. */
	readonly window: string;
	/** Told of what could not be read or written: nothing depends on it. */
	readonly onError: (error: unknown) => void;
}): SessionRegistry {
	const { window, onError } = options;
	const folder = join(options.folder, 'running');
	const slug = window.replaceAll(/[^0-9A-Za-z]+/g, '-').slice(0, 40);
	const ownName = `${process.pid}-${slug}-${randomUUID().slice(0, 8)}.json`;
	const own = join(folder, ownName);
	const changed = new Emitter<void>(onError);
	let others: readonly OtherSession[] = [];
	let wanted = '';
	let written = '';
	let isDone = false;
	let work: Promise<void> = Promise.resolve();
	let writeTimer: ReturnType<typeof setTimeout> | undefined;
	let readTimer: ReturnType<typeof setTimeout> | undefined;
	let watcher: { readonly path: string; readonly watcher: FSWatcher } | undefined;

	/** One after another; what fails is told and tried again with the next beat. */
	const enqueue = (task: () => Promise<void>) => {
		work = work.then(task).catch(onError);
		return work;
	};

	const write = async () => {
		if (wanted === written) return;
		const text = wanted;
		if (text === '') await removeIfThere(own);
		else {
			await mkdir(folder, { recursive: true, mode: 0o700 });
			await writeFile(`${own}.tmp`, text, { mode: 0o600 });
			await rename(`${own}.tmp`, own);
		}
		written = text;
	};

	const read = async () => {
		const found: OtherSession[] = [];
		for (const name of await namesIn(folder)) {
			if (name === ownName) continue;
			const file = await readWindow(join(folder, name));
			if (file.isGone) await removeIfThere(join(folder, name));
			else for (const session of file.sessions) found.push({ ...session, window: file.window });
		}
		watchFolder();
		if (JSON.stringify(found) === JSON.stringify(others)) return;
		others = found;
		changed.fire();
	};

	const readSoon = () => {
		readTimer ??= unrefTimeout(() => {
			readTimer = undefined;
			void enqueue(read);
		}, READ_AFTER_MS);
	};

	/** The folder comes with the first window that has something to tell; until then, its place is watched. */
	const watchFolder = () => {
		if (isDone || watcher?.path === folder) return;
		for (const path of [folder, options.folder]) {
			if (watcher?.path === path) return;
			try {
				const made = watch(path, { persistent: false }, readSoon);
				made.on('error', (error) => {
					made.close();
					if (watcher?.watcher === made) watcher = undefined;
					onError(error);
				});
				watcher?.watcher.close();
				watcher = { path, watcher: made };
				return;
			} catch (error) {
				if (systemCode(error) !== 'ENOENT') onError(error);
			}
		}
	};

	const beat = setInterval(() => {
		void enqueue(async () => {
			await write();
			const now = new Date();
			if (written !== '') await utimes(own, now, now);
			await read();
		});
	}, BEAT_EVERY_MS);
	beat.unref();
	void enqueue(read);

	const dispose = () => {
		isDone = true;
		clearInterval(beat);
		clearTimeout(writeTimer);
		clearTimeout(readTimer);
		watcher?.watcher.close();
		watcher = undefined;
		changed.dispose();
	};
	return {
		others: () => others,
		onDidChange: changed.event,
		publish(sessions) {
			const file: WindowFile = { ...thisProcess(), window, sessions: [...sessions] };
			wanted = sessions.length === 0 || isDone ? '' : JSON.stringify(file);
			if (wanted === written || isDone) return;
			writeTimer ??= unrefTimeout(() => {
				writeTimer = undefined;
				void enqueue(write);
			}, WRITE_AFTER_MS);
		},
		async close() {
			dispose();
			wanted = '';
			await enqueue(write);
		},
		dispose,
	};
}

type FoundWindow = { readonly sessions: readonly RunningSession[]; readonly window: string; readonly isGone: boolean };
const NOTHING: FoundWindow = { sessions: [], window: '', isGone: false };

async function readWindow(path: string): Promise<FoundWindow> {
	try {
		const ageMs = Date.now() - (await stat(path)).mtimeMs;
		if (!path.endsWith('.json')) return { ...NOTHING, isGone: ageMs > FORGET_AFTER_MS };
		const file = parseWindowFile(await readFile(path, 'utf8'));
		if (!file) return { ...NOTHING, isGone: ageMs > FORGET_AFTER_MS };
		if (isWriterAlive(file, ageMs < STALE_AFTER_MS)) return { ...file, isGone: false };
		// What another machine wrote stays until it is certain that nobody comes back to it.
		return { ...NOTHING, isGone: isThisMachine(file) || ageMs > FORGET_AFTER_MS };
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return NOTHING;
		throw error;
	}
}

async function namesIn(folder: string): Promise<readonly string[]> {
	try {
		return (await readdir(folder)).sort();
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return [];
		throw error;
	}
}

async function removeIfThere(path: string): Promise<void> {
	try {
		await unlink(path);
	} catch (error) {
		if (systemCode(error) !== 'ENOENT') throw error;
	}
}

function unrefTimeout(callback: () => void, delayMs: number): ReturnType<typeof setTimeout> {
	const timer = setTimeout(callback, delayMs);
	timer.unref();
	return timer;
}
