/**
 * Runs something that may change files in ways nobody can see beforehand (a command, a hook, a foreign tool) and records what it changed:
 * a picture before, a picture after, and `fileOperation` entries for the difference. Asks nobody and judges no command.
 *
 * The order in the log is `toolStarted`, the effects, their operations, the result. A crash between the first and the last leaves a call
 * without a result: it did start, and what it changed until then is on the disk, but not in the log, or in part. Such a call is closed
 * on the next start as one whose effect is not known, and a rewind over it says so; the files themselves stay as they are.
 */
import { codeOf, messageOf, UserError } from '../../base/errors.ts';
import type { ToolUseId } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import { unlessAborted } from '../../base/unlessAborted.ts';
import type { Clock } from '../ports.ts';
import type { CallLimits } from '../session/callLimits.ts';
import type { EntryDraft } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { FileScanner, FoundChange, ScanLimits } from './fileScanner.ts';

/** Entries made and written in one go: a few milliseconds. */
const MAX_BATCH = 64;
/** What a log line names of them; the card has them all. */
const MAX_LOGGED_LIMITS = 12;
/** A run that goes on where the last one ended must start within this time: what others write meanwhile would be taken for its own. */
const START_WITHIN_MS = 100;

export type EffectsWorld = {
	readonly session: Session;
	/** Without it nothing is looked for. */
	readonly scanner: FileScanner | undefined;
	readonly toolUseId?: ToolUseId;
	/** Right behind other effects of the session, a hook's or a call's, with nothing of ours in between. */
	readonly mayGoOn?: boolean;
	readonly clock: Clock;
	readonly trace: Trace;
};

export type Effects = {
	/**
	 * What could not be brought back, for a question to the user, as soon as it is known; undefined when nobody looks. Never rejects.
	 * An answer takes time, so the files are looked at now if the last look was to do.
	 */
	limits(): Promise<ScanLimits> | undefined;
	/**
	 * Resolves when everything is captured, so that the effects may begin; before it, nothing may be changed. Rejects when the signal aborts
	 * first. What was changed is recorded from here on, however `run` ends.
	 */
	start(signal: AbortSignal): Promise<CallLimits | undefined>;
	/** How long the effects themselves did not run: the waits for both pictures, as far as they are over. */
	waitedMs(): number;
};

/**
 * The first picture begins at once, so `run` can ask the user meanwhile. What `run` returns or throws comes through, once its effects are in
 * the log. Rejects otherwise only when the log cannot be written.
 */
export async function withRecordedEffects<T>(world: EffectsWorld, run: (effects: Effects) => Promise<T>): Promise<T> {
	const { session, scanner, clock, mayGoOn = false } = world;
	let scan = scanner?.begin(session.id, { mayGoOn });
	const begunAt = clock.now();
	let isStarted = false;
	let waitedMs = 0;
	const lookNow = () => {
		if (isStarted || scan?.goesOn !== true) return;
		scan.cancel();
		scan = scanner?.begin(session.id);
	};
	const timed = async <R>(work: () => Promise<R>): Promise<R> => {
		const since = clock.now();
		try {
			return await work();
		} finally {
			waitedMs += Math.max(0, clock.now() - since);
		}
	};
	const effects: Effects = {
		limits() {
			lookNow();
			return scan?.ready;
		},
		async start(signal) {
			if (clock.now() - begunAt > START_WITHIN_MS) lookNow();
			const ready = scan?.ready;
			const limits = ready && (await timed(() => unlessAborted(ready, signal)));
			signal.throwIfAborted();
			isStarted = true;
			return limits && loggedLimits(limits);
		},
		waitedMs: () => waitedMs,
	};
	try {
		return await run(effects);
	} finally {
		// Also after a stop: what the command did until then is done.
		const found = isStarted ? scan?.finish(new AbortController().signal) : undefined;
		if (found) await timed(() => recordFound(found, world));
		else scan?.cancel();
	}
}

/** Appends what a picture found, as operations that are done. Rejects only when the log cannot be written. */
export async function recordFound(found: AsyncIterable<readonly FoundChange[]>, world: EffectsWorld): Promise<void> {
	const { session, clock, trace } = world;
	const startedAt = clock.now();
	let files = 0;
	try {
		for await (const part of found) {
			for (let start = 0; start < part.length; start += MAX_BATCH) {
				if (files > 0) await otherWork();
				files += append(part.slice(start, start + MAX_BATCH), world);
			}
		}
		if (files > 0) await session.sync();
	} catch (error) {
		if (session.readOnlyReason !== undefined || isLogFailure(error)) throw error;
		trace({ event: 'effectsNotRecorded', sessionId: session.id, code: codeOf(error) });
		session.append({
			type: 'notice',
			level: 'warning',
			code: 'effects-not-recorded',
			text: `Not all that the last command changed could be recorded, so a rewind may not take it back: ${messageOf(error)}`,
		});
	}
	const durationMs = Math.max(0, clock.now() - startedAt);
	trace({ event: 'effects', sessionId: session.id, durationMs, detail: { files } });
}

/** Epochs follow each other without a wait in between, so that no other operation gets one of them. */
function append(changes: readonly FoundChange[], { session, toolUseId }: EffectsWorld): number {
	let epoch = session.newestEpoch;
	session.append<'fileOperation'>(...changes.map((change) => operation(change, ++epoch, toolUseId)));
	return changes.length;
}

/** Thousands may follow each other: nothing stands in a line that is not needed to restore the file. */
function operation(change: FoundChange, epoch: number, toolUseId: ToolUseId | undefined): EntryDraft<'fileOperation'> {
	const { op, file, from, before, after, meta, metaAfter, reason, author } = change;
	return {
		type: 'fileOperation',
		epoch,
		op,
		path: file,
		before: typeof before === 'string' ? before : { ...before, head: '' },
		after,
		meta,
		author,
		state: 'done',
		...(metaAfter === undefined ? {} : { metaAfter }),
		...(from === undefined ? {} : { from }),
		...(reason === undefined ? {} : { reason }),
		...(toolUseId === undefined ? {} : { toolUseId }),
	};
}

function loggedLimits({ items, more = 0, unavailable }: ScanLimits): CallLimits {
	const named = items.slice(0, MAX_LOGGED_LIMITS).map(({ path, reason }) => ({ path, reason }));
	const unnamed = items.length - named.length + more;
	return {
		items: named,
		...(unnamed > 0 ? { more: unnamed } : {}),
		...(unavailable === undefined ? {} : { unavailable }),
	};
}

/** Lets the editor draw and answer between two batches. */
const otherWork = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const LOG_FAILURES: ReadonlySet<string> = new Set(['lease-lost', 'session-read-only', 'log-write-failed']);
/** The log itself cannot be written, so there is nowhere to say anything. */
export const isLogFailure = (thrown: unknown): boolean => thrown instanceof UserError && LOG_FAILURES.has(thrown.code);
