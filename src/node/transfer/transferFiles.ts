/**
 * Files that the user chose for an export or an import. A file is replaced as a whole or stays as it was.
 * Knows nothing of what is in them.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { isCancelled, UserError } from '../../base/errors.ts';
import { badBundle, exportFailed, importUnreadable } from '../../core/transfer/transferErrors.ts';
import type { AgentLines, TransferFiles } from '../../core/transfer/transferPorts.ts';
import { describeFileError } from '../files/systemErrors.ts';
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

/** Sessions that are not kept on disk have no logs beside theirs. */
export const noAgentLines: AgentLines = {
	list: async () => [],
	read: async () => [],
	append: async () => undefined,
	discard: async () => undefined,
};

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
