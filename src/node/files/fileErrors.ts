/** What goes wrong with a file on disk, as errors for the user: what happened, what is safe, what to do next. */
import { messageOf, UserError } from '../../base/errors.ts';
import { systemCode } from './systemErrors.ts';

/** The failure of a write or delete after which the file is as it was. */
export function writeFailure(path: string, cause: unknown): UserError {
	switch (systemCode(cause)) {
		case 'EACCES':
		case 'EPERM':
		case 'EROFS':
			return readOnlyFile(path, cause);
		case 'ENOTDIR':
		case 'EEXIST':
			return new UserError(
				'write-failed',
				`${path} could not be written: something on the way to it is a file and no folder. Nothing was changed. Use another path.`,
				{ cause },
			);
		case 'ENOSPC':
		case 'EDQUOT':
			return new UserError(
				'write-failed',
				`There is no space left for ${path}. The file is as it was. Free some space and try again.`,
				{ cause },
			);
		default:
			return new UserError(
				'write-failed',
				`${path} could not be written: ${messageOf(cause)}. The file is as it was.`,
				{
					cause,
				},
			);
	}
}

export function readOnlyFile(path: string, cause?: unknown): UserError {
	return new UserError('read-only', `${path} is read-only. Nothing was changed. Make it writable and try again.`, {
		cause,
	});
}

/** A write that failed in the middle and could not be taken back: not `write-failed`, after which nothing is changed. */
export function damagedFailure(path: string, cause: unknown): UserError {
	return new UserError(
		'file-damaged',
		`Writing ${path} failed in the middle: ${messageOf(cause)}. The file is damaged; rewinding to the last prompt offers its content from before.`,
		{ cause },
	);
}

export function changedMeanwhile(path: string): UserError {
	return new UserError('changed-meanwhile', `${path} was changed meanwhile. Nothing was written. Read it again first.`);
}

export function notAFile(path: string, what: string): UserError {
	return new UserError('write-failed', `${path} is ${what}, not a file. Nothing was changed.`);
}

/** Something on the way to the file is now a link or another folder than when the path was judged. */
export function pathMoved(path: string): UserError {
	return new UserError(
		'write-failed',
		`A folder on the way to ${path} leads elsewhere now, through a link. Nothing was changed. Use the real path.`,
	);
}

export function badPath(path: string, cause: unknown): UserError {
	return new UserError('bad-path', `“${path.slice(0, 200)}” is not a usable path: ${messageOf(cause)}.`, { cause });
}

export function readFailure(path: string, cause: unknown): UserError {
	return new UserError('read-failed', `${path} could not be read: ${messageOf(cause)}.`, { cause });
}
