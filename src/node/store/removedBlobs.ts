/** The list of contents that were removed to keep within the storage limit, so that they are not taken for lost. Only grows. */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../files/systemErrors.ts';

const NAME = 'blobs.removed';

/** On the disk before the first of them goes. */
export function noteRemoved(folder: string, shas: readonly string[]): void {
	const fd = openSync(join(folder, NAME), 'a', 0o600);
	try {
		writeSync(fd, `${shas.join('\n')}\n`);
		fdatasyncSync(fd);
	} finally {
		closeSync(fd);
	}
}

export function wasRemoved(folder: string, sha: string): boolean {
	try {
		return readFileSync(join(folder, NAME), 'latin1').includes(sha);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return false;
		throw error;
	}
}
