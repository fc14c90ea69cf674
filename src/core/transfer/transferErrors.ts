/** The errors of import and export that a person can do something about: one function per code. */
import { UserError } from '../../base/errors.ts';

/** `detail` is a sentence part: what is wrong with the file. */
export const badBundle = (detail: string, cause?: unknown): UserError =>
	new UserError(
		'bad-bundle',
		`This file cannot be imported: ${detail}. Nothing was imported and nothing was changed. Export the session again where it came from, then import the new file.`,
		{ cause },
	);

export const newerBundle = (): UserError =>
	new UserError(
		'newer-bundle',
		'This file was made by a newer version of Retrace. Nothing was imported. Update Retrace, then import it again.',
	);

export const importUnreadable = (cause: unknown, detail: string): UserError =>
	new UserError(
		'import-unreadable',
		`The file cannot be read: ${detail}. Nothing was imported and nothing was changed. Check that it is there and may be read.`,
		{ cause },
	);

export const importFailed = (cause: unknown, detail: string): UserError =>
	new UserError(
		'import-failed',
		`The session could not be stored: ${detail}. What was begun was taken back; the file you imported from is untouched. Free some disk space or check the permissions of the storage folder, then try again.`,
		{ cause },
	);

export const exportFailed = (cause: unknown, detail: string): UserError =>
	new UserError(
		'export-failed',
		`The export could not be written: ${detail}. The session is untouched. Choose another folder or free some disk space, then try again.`,
		{ cause },
	);

export const bundleTooLarge = (): UserError =>
	new UserError(
		'bundle-too-large',
		'This session is too large for a portable bundle, so none was written. The session is untouched. Export it as JSON or Markdown instead.',
	);
