/**
 * The port FileScanner: starts the scanning thread, asks it, and says who may have made a change. Nothing here takes long; everything
 * that looks at files is in the thread.
 */
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { codeOf, messageOf, UserError } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import type { FileScanner, FoundChange, ScanLimits, ScanRun, WriteNotes } from '../../core/checkpoint/fileScanner.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { type Channel, openChannel } from './fileScanChannel.ts';
import {
	SCAN_THREAD_LIMITS,
	type ScanBudget,
	type ScanCalls,
	type ScanWorld,
	slashed,
	type ThreadChange,
	type ThreadRole,
} from './fileScanTypes.ts';

export type FileScannerOptions = {
	readonly roots: () => readonly WorkspaceRoot[];
	readonly isTrusted: () => boolean;
	readonly blobs: BlobStore;
	/** The storage folder that `blobs` keeps its files in: the thread then writes them itself. Undefined = they are kept in memory. */
	readonly blobFolder: string | undefined;
	/** See `findGit`. Undefined = there is none: files are copied as where there is no repository. */
	readonly gitPath: () => string | undefined;
	/** The file of the thread: `fileScanWorker.ts`, or what it was built into. */
	readonly workerFile: string;
	readonly budget?: Partial<ScanBudget>;
	readonly goOnMs?: typeof GO_ON_MS;
	readonly trace: Trace;
};
export type NodeFileScanner = FileScanner & WriteNotes & { dispose(): Promise<void> };

/**
 * Repositories say which files matter, so all of those up to the size of a big picture or a small data set are copied. Elsewhere a
 * folder may hold anything: a megabyte holds every text that a person wrote. Half of the store's default budget may be the files
 * as they are now; the other half is for what becomes of them. 50,000 copies take a thread half a minute, and ten seconds are what a
 * person waits without asking what is wrong.
 */
const defaultScanBudget: ScanBudget = {
	repositoryFileBytes: 50_000_000,
	plainFileBytes: 1_000_000,
	totalBytes: 500_000_000,
	totalFiles: 50_000,
	copyWaitMs: 10_000,
};

/**
 * For so long the look that ended a run may be the first one of the next. A look takes its time as well, and what changes behind it is
 * not seen in either case: this at most doubles that.
 */
const GO_ON_MS = { least: 100, most: 500 };

type Active = {
	readonly session: SessionId;
	/** Somebody else may have made any of its changes. */
	isShared: boolean;
	readonly noted: Set<string>;
};
/** The look at the end of a session's run, with nothing known to have been written since. */
type LastLook = { readonly session: SessionId; readonly endedMs: number; readonly tookMs: number };
type Thread = { readonly worker: Worker; readonly channel: Channel<ScanCalls> };

export function createFileScanner(options: FileScannerOptions): NodeFileScanner {
	const active = new Map<number, Active>();
	let thread: Thread | undefined;
	let lastRun = 0;
	let background = 0;
	let lastLook: LastLook | undefined;
	/** Grows with whatever may have written, or may write. */
	let writers = 0;
	const noteWriter = () => {
		writers++;
		lastLook = undefined;
	};

	const world = (): ScanWorld => ({
		roots: options.roots().map(({ name, path }) => ({ name, path })),
		gitPath: options.gitPath(),
		budget: { ...defaultScanBudget, ...options.budget },
	});
	const open = (): Channel<ScanCalls> => {
		thread ??= startThread();
		return thread.channel;
	};
	const startThread = (): Thread => {
		const role: ThreadRole = { kind: 'picture', file: options.workerFile, blobFolder: options.blobFolder };
		// Without the options of the process: some of them, as `--input-type`, keep a thread from starting.
		const worker = new Worker(options.workerFile, {
			workerData: role,
			execArgv: [],
			resourceLimits: SCAN_THREAD_LIMITS,
		});
		const channel = openChannel<ScanCalls>(worker, {
			put: (bytes: Uint8Array, mediaType: string) => options.blobs.put(bytes, mediaType),
		});
		const end = (error: Error) => {
			channel.fail(error);
			if (thread?.worker !== worker) return;
			thread = undefined;
			lastLook = undefined;
		};
		worker.once('error', (error) => {
			options.trace({ event: 'scan.failed', code: codeOf(error) });
			end(error instanceof Error ? error : new Error(messageOf(error)));
		});
		worker.once('exit', () => end(new Error('its thread ended')));
		return { worker, channel };
	};
	const unavailable = (): string | undefined => {
		if (!options.isTrusted()) return 'this workspace is not trusted';
		return options.roots().length === 0 ? 'no folder is open' : undefined;
	};

	const authorOf = ({ file }: ThreadChange, { isShared, noted }: Active) =>
		isShared || noted.has(keyOf(`${file.root}/${file.rel}`)) ? 'unknown' : 'shell';

	return {
		prepare() {
			if (unavailable() !== undefined) return;
			const startedAt = performance.now();
			open()
				.call('prepare', [world()])
				.then(
					() => options.trace({ event: 'scan.prepare', durationMs: Math.round(performance.now() - startedAt) }),
					(error) => options.trace({ event: 'scan.prepare', code: codeOf(error) }),
				);
		},
		begin(session, { mayGoOn = false } = {}): ScanRun {
			const reason = unavailable();
			if (reason !== undefined) return nothing(reason);
			const id = ++lastRun;
			const goesOn = mayGoOn && canGoOn(session);
			noteWriter();
			const run: Active = { session, isShared: background > 0, noted: new Set() };
			for (const other of active.values()) {
				if (other.session === session) continue;
				other.isShared = true;
				run.isShared = true;
			}
			active.set(id, run);
			const { channel, ready } = begun(id, session, goesOn);
			const end = () => active.delete(id);
			return {
				ready,
				goesOn,
				async *finish(signal) {
					const startedAt = performance.now();
					let files = 0;
					let endedMs = Number.NaN;
					let writersThen = -1;
					try {
						const { unavailable } = await ready;
						if (unavailable !== undefined || !channel) return;
						signal.throwIfAborted();
						await channel.call('finish', [id]);
						endedMs = performance.now();
						writersThen = writers;
						for (let part = await channel.call('next', [id]); part; part = await channel.call('next', [id])) {
							signal.throwIfAborted();
							files += part.length;
							if (part.length > 0)
								yield part.map((change): FoundChange => ({ ...change, author: authorOf(change, run) }));
						}
						if (!run.isShared && run.noted.size === 0 && writers === writersThen)
							lastLook = { session, endedMs, tookMs: endedMs - startedAt };
					} catch (error) {
						signal.throwIfAborted();
						throw scanFailed(error);
					} finally {
						end();
						// Also of one that was left early; otherwise there is nothing to end any more.
						channel?.call('cancel', [id]).catch(ignored);
						options.trace({
							event: 'scan.finish',
							durationMs: Math.round(performance.now() - startedAt),
							detail: { files },
						});
					}
				},
				cancel() {
					end();
					channel?.call('cancel', [id]).catch(ignored);
				},
			};
		},
		noteWrite(absolute, by) {
			noteWriter();
			for (const run of active.values()) if (by !== run.session) run.noted.add(keyOf(absolute));
		},
		backgroundStarted() {
			background++;
			noteWriter();
			for (const run of active.values()) run.isShared = true;
		},
		backgroundEnded() {
			background = Math.max(0, background - 1);
			noteWriter();
		},
		async dispose() {
			await thread?.worker.terminate();
		},
	};

	function canGoOn(session: SessionId): boolean {
		if (lastLook?.session !== session || active.size > 0 || background > 0) return false;
		const { least, most } = options.goOnMs ?? GO_ON_MS;
		return performance.now() - lastLook.endedMs <= Math.min(most, Math.max(least, lastLook.tookMs));
	}
	function begun(
		id: number,
		session: SessionId,
		goesOn: boolean,
	): { readonly channel: Channel<ScanCalls> | undefined; readonly ready: Promise<ScanLimits> } {
		const startedAt = performance.now();
		try {
			const channel = open();
			const ready = channel.call('begin', [id, session, world(), goesOn]).then(
				(limits) => {
					const durationMs = Math.round(performance.now() - startedAt);
					options.trace({ event: 'scan.begin', durationMs, detail: { goesOn } });
					return limits;
				},
				(error) => failedLimits(error),
			);
			return { channel, ready };
		} catch (error) {
			return { channel: undefined, ready: Promise.resolve(failedLimits(error)) };
		}
	}
	function failedLimits(error: unknown): ScanLimits {
		options.trace({ event: 'scan.begin', code: codeOf(error) });
		return { items: [], unavailable: `the files could not be looked at: ${messageOf(error)}` };
	}
}

const keyOf = (absolute: string): string => slashed(resolve(absolute));
/** The thread is gone, and with it what was to be ended. */
const ignored = () => undefined;

function nothing(reason: string): ScanRun {
	return {
		ready: Promise.resolve({ items: [], unavailable: reason }),
		async *finish() {
			yield* [];
		},
		cancel: () => undefined,
	};
}

const scanFailed = (cause: unknown): UserError =>
	new UserError(
		'scan-failed',
		`What the command changed could not be found out: ${messageOf(cause)}. The files are as it left them, and a rewind may not take that back.`,
		{ cause },
	);
