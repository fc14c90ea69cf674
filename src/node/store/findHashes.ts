/**
 * Finds content hashes in the bytes of logs, wherever they stand: in a reference, as a plain hash, or inside a string. Parses nothing, so a
 * damaged line and an entry of a newer version count too. Finds too much rather than too little.
 */
import { open } from 'node:fs/promises';
import { CancelledError } from '../../base/errors.ts';

const HASH_CHARS = 64;
/** Looking through one chunk takes about a millisecond. */
const CHUNK_BYTES = 1024 * 1024;

const isHex = new Uint8Array(256);
for (const char of '0123456789abcdef') isHex[char.charCodeAt(0)] = 1;

/** Calls `onHash` for each 64 lower-case hex characters in a row, overlapping ones included. */
export function findHashes(bytes: Buffer, onHash: (hash: string) => void): void {
	let start = 0;
	/** From `start` up to here all are known to be hex. */
	let known = 0;
	while (start + HASH_CHARS <= bytes.length) {
		// From the back: a character that is not hex rules out all places up to it, so most bytes are never looked at.
		let at = start + HASH_CHARS - 1;
		while (at >= known && isHex[bytes[at] ?? 0] === 1) at--;
		const end = start + HASH_CHARS;
		if (at < known) {
			onHash(bytes.toString('latin1', start, end));
			start++;
		} else start = at + 1;
		known = Math.max(end, start);
	}
}

/** Calls `onHash` for each hash in the file. Rejects with the system's error or CancelledError. */
export async function findHashesInFile(
	path: string,
	onHash: (hash: string) => void,
	signal: AbortSignal,
): Promise<void> {
	const file = await open(path, 'r');
	try {
		const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
		/** The end of the chunk before: a hash may be cut between two. */
		let kept = 0;
		for (;;) {
			if (signal.aborted) throw new CancelledError();
			const { bytesRead } = await file.read(buffer, kept, CHUNK_BYTES - kept, null);
			if (bytesRead === 0) return;
			const bytes = buffer.subarray(0, kept + bytesRead);
			findHashes(bytes, onHash);
			kept = Math.min(bytes.length, HASH_CHARS - 1);
			buffer.copyWithin(0, bytes.length - kept, bytes.length);
		}
	} finally {
		await file.close();
	}
}
