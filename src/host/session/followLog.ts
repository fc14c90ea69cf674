/**
 * Keeps an open session in step with its log while another window may write it: one that is read-only here takes in what is new,
 * one that can be written and is idle is read again. Who may write is the lease's to say; nothing is written here.
 */
import type { Disposable } from '../../base/disposable.ts';
import type { LogNow, WatchLog } from '../../core/session/registry.ts';
import type { OpenSession } from './openSession.ts';

export type FollowWorld = {
	readonly watchLog: WatchLog;
	/** Reads the session again, in place. */
	reopen(): Promise<void>;
	/** The log is not there any more: another window moved the session to the trash. */
	onGone(): Promise<void>;
	onError(event: string, error: unknown, sessionId?: string): void;
};

/** Nobody waits for what another window starts in a session that is idle here. */
const IDLE_LOOK_EVERY_MS = 2_000;

export function followLog(open: OpenSession, world: FollowWorld): Disposable {
	const { session } = open;
	const isReadOnly = session.readOnlyReason !== undefined;
	const isIdle = () => !open.isRunning && !open.needsUser && open.queue.items.length === 0;

	/** The log of a new session is not there yet: a look that began before its first append says nothing. */
	let wasThere = session.sizeBytes > 0;

	const onChange = async (now: LogNow) => {
		const isGone = now.sizeBytes === 0 && wasThere;
		wasThere ||= now.sizeBytes > 0;
		// A log never gets shorter: one that is smaller than what was read was looked at before our own last append.
		if (isGone) {
			if (isReadOnly || isIdle()) await world.onGone();
		} else if (isReadOnly) {
			await session.follow();
			// After its last entries, so that they do not come below the offer to go on.
			open.holderChanged(now.holder);
		} else if (now.holder !== 'us' && isIdle()) {
			// A session that nobody holds and that did not grow is as it was read.
			if (now.holder === 'other' || now.sizeBytes > session.sizeBytes) await world.reopen();
		}
	};
	return world.watchLog(
		session.id,
		async (now) => {
			try {
				await onChange(now);
			} catch (error) {
				world.onError('follow', error, session.id);
			}
		},
		isReadOnly ? {} : { everyMs: IDLE_LOOK_EVERY_MS },
	);
}
