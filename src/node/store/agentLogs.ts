/**
 * The logs of subagents as files: `sessions/<uuid>/agents/<agentId>.jsonl`, moved to the trash and back with their session.
 * They have no lease of their own: whoever writes the session writes them. What lines mean is the core's.
 */
import { open as openFile, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SessionId } from '../../base/ids.ts';
import { type AgentLogs, isAgentId, type LeaseHolder } from '../../core/session/agentLog.ts';
import { logUnreadable, logWriteFailed } from '../../core/session/sessionErrors.ts';
import type { LogFile, LogReader } from '../../core/session/storePort.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { createFileLog } from './fileLog.ts';
import { createLogReader } from './logReader.ts';

const LOG_ENDING = '.jsonl';

/** `folder` is the canonical storage folder. */
export function createAgentLogs(folder: string): FileAgentLogs {
	const folderOf = (place: 'sessions' | 'trash', id: SessionId) =>
		join(folder, place, checked(id, isSessionName), 'agents');
	const pathsOf = (id: SessionId, agentId: string) =>
		PLACES.map((place) => join(folderOf(place, id), `${checked(agentId, isAgentId)}${LOG_ENDING}`));
	const writable = (id: SessionId, agentId: string) => pathsOf(id, agentId)[0] ?? '';

	const open = (id: SessionId, agentId: string, parent: LeaseHolder): LogFile => {
		const path = writable(id, agentId);
		const file = createFileLog({
			path,
			window: '',
			leaseFolder: '',
			readBytes: 0,
			readGeneration: 0,
			// The session's lease, looked at before each write as the session itself does.
			lease: {
				get generation() {
					return parent.generation;
				},
				assertHeld: () => void parent.append([]),
				release: () => undefined,
			},
			onBeatFailed: () => undefined,
		});
		let areFoldersSynced = false;
		const syncFolders = async () => {
			if (areFoldersSynced) return;
			// The file's own folder is new as a rule, and so is the one around it: their names must be safe, too.
			for (const folder of [dirname(dirname(path)), dirname(dirname(dirname(path)))]) await syncFolder(folder);
			areFoldersSynced = true;
		};
		return {
			append: (lines) => file.append(lines),
			get generation() {
				return parent.generation;
			},
			async sync() {
				await file.sync();
				await syncFolders();
			},
			async close() {
				await file.close();
			},
		};
	};
	const reader = (id: SessionId, agentId: string): LogReader => createLogReader(pathsOf(id, agentId));

	return {
		async list(id) {
			const found = new Set<string>();
			for (const place of PLACES) for (const name of await namesIn(folderOf(place, id))) found.add(name);
			return [...found]
				.filter((name) => name.endsWith(LOG_ENDING))
				.map((name) => name.slice(0, -LOG_ENDING.length))
				.filter(isAgentId)
				.sort();
		},
		reader,
		async open(id, agentId, parent) {
			return open(id, agentId, parent);
		},
		async read(id, agentId) {
			const log = reader(id, agentId);
			const { lines, tornTail } = await log.read({ start: 0, end: await log.size() });
			return (tornTail ? [...lines, tornTail] : lines).map(({ text }) => text);
		},
		async append(id, agentId, lines) {
			const log = open(id, agentId, { generation: 1, append: () => [] });
			try {
				log.append(lines);
				await log.sync();
			} finally {
				await log.close();
			}
		},
		async discard(id) {
			await rm(folderOf('sessions', id), { recursive: true, force: true });
		},
	};
}

/** Besides the port, what an import needs: it makes the logs of a session that nobody has opened yet. */
export type FileAgentLogs = AgentLogs & {
	/** The text of each line; a last one without a newline counts. Empty when there is no such log. */
	read(sessionId: SessionId, agentId: string): Promise<readonly string[]>;
	/** One write, flushed. Looks at no lease. */
	append(sessionId: SessionId, agentId: string, lines: readonly string[]): Promise<void>;
	/** Removes the logs of a session whose import failed half-way. */
	discard(sessionId: SessionId): Promise<void>;
};

/** In the trash only while they are not beside a session. */
const PLACES = ['sessions', 'trash'] as const;

/** Ids come from links and other programs too: none may lead out of the folder. */
const isSessionName = (id: string): boolean => /^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$/.test(id);

function checked(id: string, isSafe: (id: string) => boolean): string {
	if (!isSafe(id)) throw logUnreadable(undefined, 'its id is not a valid one');
	return id;
}

async function syncFolder(folder: string): Promise<void> {
	// Windows cannot open a folder, and keeps names safe by itself.
	if (process.platform === 'win32') return;
	try {
		const handle = await openFile(folder, 'r');
		await handle.sync().finally(() => handle.close());
	} catch (error) {
		// Nothing was written yet, so there is no folder.
		if (systemCode(error) !== 'ENOENT') throw logWriteFailed(error, describeFileError(error));
	}
}

async function namesIn(folder: string): Promise<readonly string[]> {
	try {
		return await readdir(folder);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return [];
		throw logUnreadable(error, describeFileError(error));
	}
}
