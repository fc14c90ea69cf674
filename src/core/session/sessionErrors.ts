/** The errors of sessions and their logs that a person can do something about: one function per code. */
import { UserError } from '../../base/errors.ts';
import type { LineRange } from '../ports.ts';

export const sessionReadOnly = (reason: string): UserError => new UserError('session-read-only', reason);

export const leaseLost = (why: string): UserError =>
	new UserError('lease-lost', `${why} Nothing was lost. Open the session again to go on here, or fork it.`);

export const logUnreadable = (cause: unknown, detail: string): UserError =>
	new UserError(
		'log-unreadable',
		`This session cannot be read: ${detail}. Its file was not changed. Check the permissions of the storage folder.`,
		{ cause },
	);

export const logWriteFailed = (cause: unknown, detail: string): UserError =>
	new UserError('log-write-failed', writeFailedText(detail), { cause });

/** A batch of which the disk took a part: the first `landed.length` lines are in the log for good, since nothing is taken out of it. */
export class CutWriteError extends UserError {
	readonly landed: readonly LineRange[];

	constructor(cause: unknown, detail: string, landed: readonly LineRange[]) {
		super('log-write-failed', writeFailedText(detail), { cause });
		this.landed = landed;
	}
}

const writeFailedText = (detail: string): string =>
	`The session could not be saved: ${detail}. What was saved before is safe. Free some disk space or check the permissions of the storage folder, then try again.`;

export const sessionInUse = (window: string): UserError =>
	new UserError(
		'session-in-use',
		`This session is open in another window (${window}). It was left where it is. Close it there first.`,
	);
