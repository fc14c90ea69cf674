/**
 * Watches the log of one session that another window may write: how large it is and who holds its lease. Reads no line.
 * The notice of the file system is quick and not certain everywhere, so it looks by itself as well.
 */
import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disposable } from '../../base/disposable.ts';
import type { LogNow, WatchLog } from '../../core/session/registry.ts';
import { systemCode } from '../files/systemErrors.ts';
import { readOwner } from './lease.ts';

const LOOK_EVERY_MS = 500;

export function createWatchLog(options: {
	/** The canonical storage folder. */
	readonly folder: string;
	/** The name of this window, as in its leases. */
	readonly window: string;
	readonly onError: (error: unknown) => void;
}): WatchLog {
	const { folder, window, onError } = options;
	return (id, onChange, { everyMs = LOOK_EVERY_MS } = {}): Disposable => {
		const log = join(folder, 'sessions', `${id}.jsonl`);
		const lease = join(folder, 'sessions', `${id}.lease`);
		let last: LogNow | undefined;
		let isLooking = false;
		let isDue = false;
		let isDone = false;

		const look = async () => {
			// The holder first: what it wrote before it left is then in the size.
			const owner = readOwner(lease, window);
			const holder = !owner?.isAlive ? 'nobody' : owner.isOurs ? 'us' : 'other';
			const now: LogNow = { holder, sizeBytes: await sizeOf(log) };
			if (isDone || (last?.sizeBytes === now.sizeBytes && last.holder === now.holder)) return;
			last = now;
			await onChange(now);
		};
		/** Its own barrier. One look at a time; a notice that comes meanwhile leads to another. */
		const lookSoon = async () => {
			if (isLooking) {
				isDue = true;
				return;
			}
			isLooking = true;
			try {
				do {
					isDue = false;
					await look();
				} while (isDue && !isDone);
			} catch (error) {
				onError(error);
			} finally {
				isLooking = false;
			}
		};

		const watcher = watchFile(log, () => void lookSoon(), onError);
		const timer = setInterval(() => void lookSoon(), everyMs);
		timer.unref();
		void lookSoon();
		return {
			dispose() {
				isDone = true;
				clearInterval(timer);
				watcher?.close();
			},
		};
	};
}

/** Undefined when there is no such file yet or the system has no more watchers to give. */
function watchFile(path: string, onNotice: () => void, onError: (error: unknown) => void) {
	try {
		const watcher = watch(path, { persistent: false }, onNotice);
		watcher.on('error', (error) => {
			watcher.close();
			onError(error);
		});
		return watcher;
	} catch (error) {
		if (systemCode(error) !== 'ENOENT') onError(error);
		return undefined;
	}
}

async function sizeOf(path: string): Promise<number> {
	try {
		return (await stat(path)).size;
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return 0;
		throw error;
	}
}
