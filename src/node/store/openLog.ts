/**
 * Opens the log of one session for reading and, later, writing: who holds it, how large it is, and which generation comes next.
 * Reads only its end. Creates nothing, unless the session is taken over: then the lease.
 */
import { open } from 'node:fs/promises';
import { codeOf } from '../../base/errors.ts';
import { logUnreadable } from '../../core/session/sessionErrors.ts';
import type { OpenedLog } from '../../core/session/storePort.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { createFileLog } from './fileLog.ts';
import { claimLease, type Lease, readOwner } from './lease.ts';
import { createLogReader } from './logReader.ts';

/** Generations only grow, so the end of a log has the highest; a batch that came late is far smaller than this. */
const GENERATION_BYTES = 256 * 1024;
/** The generation stands in the first bytes of a line. */
const GENERATION_HEAD_BYTES = 400;

export type LogPaths = { readonly log: string; readonly lease: string };

/** Rejects with UserError `log-unreadable`, or `lease-lost` when another window takes it at the same moment. */
export async function openLog(
	paths: LogPaths,
	options: { readonly window: string; readonly takeOver: boolean; readonly onBeatFailed: (error: unknown) => void },
): Promise<OpenedLog> {
	const { window, onBeatFailed } = options;
	const reader = createLogReader([paths.log]);
	let lease: Lease | undefined;
	try {
		const owner = readOwner(paths.lease, window);
		if (options.takeOver) {
			// Fence the other window off first, so that what is read next is all that it wrote.
			const minGeneration = (await readEnd(paths.log)).generation + 1;
			lease = claimLease(paths.lease, { window, minGeneration, onBeatFailed });
		}
		const { sizeBytes, generation } = await readEnd(paths.log);
		const file = createFileLog({
			path: paths.log,
			leaseFolder: paths.lease,
			window,
			readBytes: sizeBytes,
			readGeneration: generation,
			...(lease ? { lease } : {}),
			onBeatFailed,
		});
		return { file, reader, sizeBytes, owner };
	} catch (error) {
		lease?.release();
		if (codeOf(error) === 'lease-lost') throw error;
		throw logUnreadable(error, describeFileError(error));
	}
}

/** Size and highest generation; zeros for a file that is not there. */
async function readEnd(path: string): Promise<{ readonly sizeBytes: number; readonly generation: number }> {
	let file: Awaited<ReturnType<typeof open>>;
	try {
		file = await open(path, 'r');
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return { sizeBytes: 0, generation: 0 };
		throw error;
	}
	try {
		const { size } = await file.stat();
		const start = Math.max(0, size - GENERATION_BYTES);
		const buffer = Buffer.allocUnsafe(size - start);
		const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
		const text = buffer.toString('latin1', 0, bytesRead);
		// The first line is cut somewhere: what stands there may be the input of a tool.
		const from = start === 0 ? 0 : text.indexOf('\n') + 1;
		const end = start > 0 && from === 0 ? 0 : highestGeneration(text.slice(from));
		// One line can be longer than what was read, so that no start of a line is in it.
		const generation = end > 0 || start === 0 ? end : await scanGeneration(path, size);
		return { sizeBytes: size, generation };
	} finally {
		await file.close();
	}
}

/** Generations stand near the start of each line, before any text of a user, so no line is parsed for them. */
function highestGeneration(text: string): number {
	let highest = 0;
	for (let at = 0; at !== -1; ) {
		highest = Math.max(highest, generationIn(text.slice(at, at + GENERATION_HEAD_BYTES)));
		const next = text.indexOf('\n', at);
		at = next === -1 || next + 1 >= text.length ? -1 : next + 1;
	}
	return highest;
}

const generationIn = (head: string): number => Number(/^[^\n]*?"gen":(\d{1,15})[,}]/.exec(head)?.[1] ?? 0);

async function scanGeneration(path: string, sizeBytes: number): Promise<number> {
	let highest = 0;
	await createLogReader([path]).scan({ start: 0, end: sizeBytes }, GENERATION_HEAD_BYTES, (head) => {
		highest = Math.max(highest, generationIn(head));
	});
	return highest;
}
