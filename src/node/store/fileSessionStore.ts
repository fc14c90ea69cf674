/**
 * The sessions of a workspace as files: `sessions/<uuid>.jsonl`, its lease beside it, `trash/` for what was deleted, `index.json` for a
 * quick list. Reading changes no session. What lines mean is the core's.
 */
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { Trace } from '../../base/trace.ts';
import { logUnreadable } from '../../core/session/sessionErrors.ts';
import type { OpenedLog, SessionStore } from '../../core/session/storePort.ts';
import { systemCode } from '../files/systemErrors.ts';
import { createSessionLister, LOG_ENDING } from './listSessions.ts';
import { createLogReader } from './logReader.ts';
import { openLog } from './openLog.ts';
import { createTrashFolder } from './trashFolder.ts';

export type FileSessionStoreOptions = {
	/** The canonical storage folder; created with the first session. */
	readonly folder: string;
	/** A name for this window that a person may recognise. */
	readonly window: string;
	readonly trace: Trace;
};

export function createFileSessionStore({ folder, window, trace }: FileSessionStoreOptions): SessionStore {
	const sessions = join(folder, 'sessions');
	const trash = join(folder, 'trash');
	const pathsOf = (id: string) => ({
		log: join(sessions, `${id}${LOG_ENDING}`),
		lease: join(sessions, `${id}.lease`),
	});
	const readerOf = (id: string) => createLogReader([pathsOf(id).log, join(trash, `${id}${LOG_ENDING}`)]);
	const onBeatFailed = (error: unknown) =>
		trace({ event: 'lease.beatFailed', code: systemCode(error) ?? codeOf(error) });

	const lister = createSessionLister({ folder, window, trace });
	const trashFolder = createTrashFolder({ folder, window, trace });

	return {
		folder,
		async open(id, options): Promise<OpenedLog> {
			if (!isSafeName(id)) throw logUnreadable(undefined, 'its id is not a valid one');
			const { log, lease } = pathsOf(id);
			const opened = await openLog({ log, lease }, { window, takeOver: options?.takeOver ?? false, onBeatFailed });
			if (opened.sizeBytes > 0) return opened;
			const reader = readerOf(id);
			const sizeBytes = await reader.size();
			return sizeBytes === 0 ? opened : { ...opened, reader, sizeBytes, isInTrash: true };
		},
		reader(id) {
			if (!isSafeName(id)) throw logUnreadable(undefined, 'its id is not a valid one');
			return readerOf(id);
		},
		list: (options) => lister.list(options),
		...trashFolder,
	};
}

/** Ids come from links and other programs too: none may lead out of the folder. */
const isSafeName = (id: string): boolean => /^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$/.test(id);
