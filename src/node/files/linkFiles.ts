/** Symbolic links, which are read, made and replaced themselves and never followed. A link is replaced in one step. */
import { randomBytes } from 'node:crypto';
import {
	closeSync,
	constants,
	fchmodSync,
	fstatSync,
	openSync,
	readlinkSync,
	renameSync,
	symlinkSync,
	unlinkSync,
	writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { isAt } from './diskPlace.ts';
import { changedMeanwhile, pathMoved, writeFailure } from './fileErrors.ts';
import { systemCode } from './systemErrors.ts';

const PERMISSION_BITS = 0o777;
const NEW_FILE_MODE = 0o666;
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** Where a link points, as bytes; undefined when there is no link. */
export function linkBytes(absolute: string): Uint8Array<ArrayBuffer> | undefined {
	try {
		return new TextEncoder().encode(readlinkSync(absolute));
	} catch (error) {
		const code = systemCode(error);
		if (code === 'EINVAL' || code === 'ENOENT' || code === 'ENOTDIR' || code === 'UNKNOWN') return undefined;
		throw error;
	}
}

/**
 * Puts a new file in the place of the link that `existing` describes. `check` is called before anything is written and when only the
 * renaming is left, and throws when the path leads elsewhere or another file stands there.
 */
export function replaceLinkByFile(
	absolute: string,
	bytes: Uint8Array,
	options: { readonly mode: number | undefined; readonly check: () => void },
): void {
	const temporary = temporaryBeside(absolute);
	const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
	try {
		const fd = openSync(temporary, flags, options.mode ?? NEW_FILE_MODE);
		try {
			const made = fstatSync(fd, { bigint: true });
			if (!isAt(temporary, made)) throw pathMoved(absolute);
			options.check();
			for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
			// The mask of the process has taken bits away that were asked for.
			if (options.mode !== undefined && (Number(made.mode) & PERMISSION_BITS) !== options.mode)
				fchmodSync(fd, options.mode);
		} finally {
			closeSync(fd);
		}
		options.check();
		renameSync(temporary, absolute);
	} catch (error) {
		removeIfThere(temporary);
		throw error instanceof UserError ? error : writeFailure(absolute, error);
	}
}

/** Makes a link, in the place of what `replaces` says; `check` as above. */
export function placeLink(
	absolute: string,
	target: Uint8Array,
	options: { readonly replaces: boolean; readonly check: () => void },
): void {
	const text = new TextDecoder().decode(target);
	try {
		if (!options.replaces) {
			options.check();
			symlinkSync(text, absolute);
			return;
		}
		const temporary = temporaryBeside(absolute);
		symlinkSync(text, temporary);
		try {
			options.check();
			renameSync(temporary, absolute);
		} catch (error) {
			removeIfThere(temporary);
			throw error;
		}
	} catch (error) {
		if (error instanceof UserError) throw error;
		const code = systemCode(error);
		throw code === 'EEXIST' ? changedMeanwhile(absolute) : writeFailure(absolute, error);
	}
}

/** Hidden, and named so that a person who ever finds one knows what it was for. */
const temporaryBeside = (absolute: string): string =>
	join(dirname(absolute), `.${basename(absolute).slice(0, 200)}.${randomBytes(4).toString('hex')}.retrace-tmp`);

function removeIfThere(path: string): void {
	try {
		unlinkSync(path);
	} catch (error) {
		const code = systemCode(error);
		if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
	}
}
