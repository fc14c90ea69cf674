/** The errors of sessions and their logs that a person can do something about: one function per code. */
import { UserError } from '../../base/errors.ts';
import type { LineRange, OpenedLog } from './storePort.ts';

export const sessionReadOnly = (reason: string): UserError => new UserError('session-read-only', reason);

export const entryNotFound = (): UserError =>
	new UserError(
		'entry-not-found',
		'This place of the session could not be found in its log. Nothing was changed. Open the session again, or check it with Retrace: Doctor.',
	);

export const notInThisSession = (): UserError =>
	new UserError(
		'not-in-this-session',
		'This message is in the session that this one was forked from, so this one cannot go back to it. Nothing was changed. Fork the session from that message, or go back in the original.',
	);

export const leaseLost = (why: string): UserError =>
	new UserError('lease-lost', `${why} Nothing was lost. Open the session again to go on here, or fork it.`);

export const logUnreadable = (cause: unknown, detail: string): UserError =>
	new UserError(
		'log-unreadable',
		`This session cannot be read: ${detail}. Its file was not changed. Check the permissions of the storage folder.`,
		{ cause },
	);

export const logTooLarge = (): UserError =>
	new UserError(
		'log-too-large',
		'This session cannot be opened: its file is larger than 1 GB, and the summary at its end is missing. Its file was not changed. Save what it holds with Retrace: Doctor.',
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

/** Why a log can only be read here, as the sentence to show; undefined when it can be written. */
export function readOnlyReason(opened: OpenedLog, isNewer: boolean, takeOver: boolean): string | undefined {
	if (isNewer) {
		return 'This session was written by a newer version of Retrace, so it can only be read here. Update Retrace to go on with it.';
	}
	if (opened.isInTrash) return IN_TRASH;
	const { owner } = opened;
	if (owner?.isAlive && !owner.isOurs && !takeOver) {
		return `This session is open in another window (${owner.window}), so it can only be read here. Close it there, take it over, or fork it.`;
	}
	return undefined;
}

const IN_TRASH = 'This session is in the trash, so it can only be read here. Restore it to go on with it.';

/** Whether it was opened from the trash. */
export const isInTrash = (session: { readonly readOnlyReason: string | undefined }): boolean =>
	session.readOnlyReason === IN_TRASH;

export const sessionExists = (): UserError =>
	new UserError(
		'session-exists',
		'This session is in the list already, so nothing was restored. The one in the trash was left as it is.',
	);

export const notInTrash = (): UserError =>
	new UserError(
		'not-in-trash',
		'This session is not in the trash any more. Nothing was changed. Look for it in the list of sessions.',
	);

/** `left` says where the session is now. */
export const moveFailed = (cause: unknown, detail: string, left: 'list' | 'trash'): UserError =>
	new UserError(
		'session-not-moved',
		left === 'list'
			? `The session could not be moved to the trash: ${detail}. It is still in the list. Check the permissions of the storage folder, then try again.`
			: `The session could not be restored: ${detail}. It is still in the trash. Check the permissions of the storage folder, then try again.`,
		{ cause },
	);

export const emptyTrashFailed = (cause: unknown, detail: string, deleted: number): UserError =>
	new UserError(
		'trash-not-empty',
		`The trash could not be emptied: ${detail}. ${deleted === 0 ? 'Nothing was' : `${deleted === 1 ? '1 session was' : `${deleted} sessions were`}`} deleted. Check the permissions of the storage folder, then try again.`,
		{ cause },
	);
