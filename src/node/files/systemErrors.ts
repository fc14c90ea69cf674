/** What the file system says, in words a person understands. */
import { messageOf } from '../../base/errors.ts';

/** The system's code, e.g. `ENOENT`; undefined for anything else that was thrown. */
export function systemCode(error: unknown): string | undefined {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const WORDS: Readonly<Record<string, string>> = {
	EACCES: 'permission was denied',
	EPERM: 'permission was denied',
	EROFS: 'the disk is read-only',
	ENOSPC: 'the disk is full',
	EDQUOT: 'the disk quota is used up',
	EISDIR: 'a folder is in its place',
	ENOTDIR: 'a file is in the place of a folder',
	EMFILE: 'too many files are open',
	EIO: 'the disk reported an error',
};

/** A part of a sentence, without a dot. */
export function describeFileError(error: unknown): string {
	const code = systemCode(error);
	return (code && WORDS[code]) ?? messageOf(error);
}
