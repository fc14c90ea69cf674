/** The start of a regular file, read without ever waiting for one that is none. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

export type FileStart = { readonly bytes: Uint8Array; readonly sizeBytes: number };

/** At most `maxBytes` + 1 bytes, so that a caller sees that there is more; `special` for what is no regular file. Rejects as `open` does. */
export async function readStart(path: string, maxBytes: number): Promise<FileStart | 'special'> {
	// Without waiting, since a named pipe under this name would otherwise never answer.
	const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
	try {
		const stat = await handle.stat();
		if (!stat.isFile()) return 'special';
		const buffer = new Uint8Array(maxBytes + 1);
		let filled = 0;
		for (;;) {
			const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
			filled += bytesRead;
			if (bytesRead === 0 || filled === buffer.length)
				return { bytes: buffer.subarray(0, filled), sizeBytes: stat.size };
		}
	} finally {
		await handle.close();
	}
}

/** Drops a byte order mark; with `stream` also a character that a cut has torn. */
export function decode(bytes: Uint8Array, options?: { stream: boolean }): string {
	return new TextDecoder().decode(bytes, options);
}
