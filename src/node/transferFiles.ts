/**
 * Files that the user chose for an export or an import, and the logs of subagents. A file is replaced as a whole or stays as it was.
 * Knows nothing of what is in them.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCancelled, UserError } from '../base/errors.ts';
import { logWriteFailed } from '../core/session/sessionErrors.ts';
import { badBundle, exportFailed, importUnreadable } from '../core/transfer/transferErrors.ts';
import type { AgentLogs, TransferFiles } from '../core/transfer/transferPorts.ts';
import { describeFileError, systemCode } from './systemErrors.ts';
import { readZip } from './transferUnzip.ts';
import { writeZip } from './transferZip.ts';

export const transferFiles: TransferFiles = {
	async writeText(path, chunks, signal) {
		await replaceFile(path, async (file) => {
			for await (const chunk of chunks) {
				signal.throwIfAborted();
				await file.write(chunk);
			}
		});
	},
	async writeArchive(path, parts, last, signal) {
		await replaceFile(path, (file) => writeZip(file, parts, last, signal));
	},
	async readImport(path, limits, signal) {
		try {
			if (await startsAsZip(path)) return { kind: 'archive', parts: await readZip(path, limits, signal) };
			if ((await stat(path)).size > limits.maxPartBytes) throw badBundle('it is too large');
			return { kind: 'text', text: await readFile(path, 'utf8') };
		} catch (error) {
			if (error instanceof UserError || isCancelled(error)) throw error;
			throw importUnreadable(error, describeFileError(error));
		}
	},
};

/** `folder` is the storage folder. Paths: `sessions/<session>/agents/<agent>.jsonl`. */
export function createFileAgentLogs(folder: string): AgentLogs {
	const folderOf = (sessionId: string) => {
		if (!SAFE_NAME.test(sessionId)) throw logWriteFailed(undefined, 'its id is not a valid one');
		return join(folder, 'sessions', sessionId, 'agents');
	};
	const pathOf = (sessionId: string, agentId: string) => {
		if (!SAFE_NAME.test(agentId)) throw logWriteFailed(undefined, 'the id of a subagent is not a valid one');
		return join(folderOf(sessionId), `${agentId}.jsonl`);
	};
	return {
		async list(sessionId) {
			const names = await readdir(folderOf(sessionId)).catch(noneIfMissing);
			return names
				.flatMap((name) => (name.endsWith('.jsonl') ? [name.slice(0, -'.jsonl'.length)] : []))
				.filter((name) => SAFE_NAME.test(name))
				.sort();
		},
		async read(sessionId, agentId) {
			try {
				const text = await readFile(pathOf(sessionId, agentId), 'utf8');
				return text.split(/\r?\n/).filter((line) => line.trim() !== '');
			} catch (error) {
				if (systemCode(error) === 'ENOENT') return [];
				throw importUnreadable(error, describeFileError(error));
			}
		},
		async append(sessionId, agentId, lines) {
			if (lines.length === 0) return;
			const path = pathOf(sessionId, agentId);
			try {
				await mkdir(dirname(path), { recursive: true, mode: 0o700 });
				const file = await open(path, 'a', 0o600);
				try {
					await file.writeFile(lines.map((line) => `${line}\n`).join(''));
					await file.datasync();
				} finally {
					await file.close();
				}
			} catch (error) {
				throw logWriteFailed(error, describeFileError(error));
			}
		},
		async discard(sessionId) {
			await rm(dirname(folderOf(sessionId)), { recursive: true, force: true });
		},
	};
}

/** Sessions that are not kept on disk have no logs beside theirs. */
export const noAgentLogs: AgentLogs = {
	list: async () => [],
	read: async () => [],
	append: async () => undefined,
	discard: async () => undefined,
};

const SAFE_NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$/;

function noneIfMissing(error: unknown): string[] {
	if (systemCode(error) === 'ENOENT') return [];
	throw importUnreadable(error, describeFileError(error));
}

async function startsAsZip(path: string): Promise<boolean> {
	const file = await open(path, 'r');
	try {
		const start = new Uint8Array(4);
		await file.read(start, 0, 4, 0);
		return start[0] === 0x50 && start[1] === 0x4b;
	} finally {
		await file.close();
	}
}

/** Into a temporary file beside it, then renamed over it. */
async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
	const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
	try {
		const file = await open(temporary, 'wx', 0o600);
		try {
			await write(file);
			await file.datasync();
		} finally {
			await file.close();
		}
		await rename(temporary, path);
	} catch (error) {
		await rm(temporary, { force: true });
		if (error instanceof UserError || isCancelled(error)) throw error;
		throw exportFailed(error, describeFileError(error));
	}
}
