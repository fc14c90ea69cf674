/** Opening a session: its log is read, whole or in part, and the session object (loggedSession.ts) stands on it. */
import { asSessionId, type SessionId } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import type { Clock, IdSource } from '../ports.ts';
import { type LoadedLog, loadLog } from './loadLog.ts';
import { LoggedSession } from './loggedSession.ts';
import { readOnlyReason } from './sessionErrors.ts';
import { SessionLog } from './sessionLog.ts';
import type { Session, SessionDefaults } from './sessionTypes.ts';
import type { BlobStore, SessionStore } from './storePort.ts';

export type OpenSessionOptions = {
	readonly store: SessionStore;
	/** Where the entries' blob references point. */
	readonly blobs: BlobStore;
	/** A session to resume; a new one without it. */
	readonly id?: SessionId;
	/** Takes the session from a window that is alive and holds it. */
	readonly takeOver?: boolean;
	/** Logs up to this size are read whole; default 4 MB. */
	readonly wholeUpToBytes?: number;
	readonly clock: Clock;
	readonly ids: IdSource;
	readonly defaults: SessionDefaults;
	readonly trace: Trace;
};

/**
 * Opens a session, `ready` to be used. Touches no file: a new one appears on the disk with its first entry.
 * Rejects with UserError `log-unreadable`. The caller runs `closeOpenCalls` before the first prompt.
 */
export async function openSession(options: OpenSessionOptions): Promise<Session> {
	const startedAt = options.clock.now();
	const id = options.id ?? asSessionId(options.ids.next());
	const opened = await options.store.open(id, options.takeOver ? { takeOver: true } : {});
	const { reader, sizeBytes, file } = opened;
	let loaded: LoadedLog;
	try {
		loaded = await loadLog(reader, sizeBytes, options);
	} catch (error) {
		await file.close();
		throw error;
	}
	const { entries, problems, isNewer } = loaded;
	const session = new LoggedSession({
		...options,
		id,
		log: new SessionLog(loaded, sizeBytes, reader, options.store),
		problems,
		file,
		readOnlyReason: readOnlyReason(opened, isNewer, options.takeOver === true),
		bytesSinceTail: sizeBytes - (entries.findLast(({ entry }) => entry.type === 'tail')?.range.end ?? 0),
	});
	const durationMs = Math.max(0, options.clock.now() - startedAt);
	const isReadOnly = session.readOnlyReason !== undefined;
	const detail = { entries: entries.length, isWhole: session.isWhole, problems: problems.length, isReadOnly };
	options.trace({ event: 'session.opened', sessionId: id, durationMs, detail });
	session.setState('ready');
	return session;
}
