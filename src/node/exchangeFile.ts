/**
 * Exchanging what stands at a path in one step, for restores: the new content is complete beside it before it takes the name, so that a
 * crash or a full disk leaves one content or the other. Also symbolic links, which are made and replaced themselves and never followed.
 */
import { randomBytes } from 'node:crypto';
import {
	closeSync,
	constants,
	fchmodSync,
	fchownSync,
	fstatSync,
	linkSync,
	lstatSync,
	openSync,
	readlinkSync,
	renameSync,
	type Stats,
	symlinkSync,
	unlinkSync,
	writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../base/errors.ts';
import { changedMeanwhile, pathMoved, writeFailure } from './fileErrors.ts';
import { systemCode } from './systemErrors.ts';

const PERMISSION_BITS = 0o777;
const NEW_FILE_MODE = 0o666;
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** Above this a write in one go would be felt. */
export const SMALL_BYTES = 512 * 1024;

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

/** A file that has one name and is ours can be exchanged for another one without losing its owner or another name of it. */
export function isExchangeable(stats: Stats): boolean {
	return stats.nlink === 1 && (process.getuid === undefined || stats.uid === process.getuid());
}

/**
 * Puts a new file in the place of the one that `existing` describes; `check` is called before anything is written and when only the renaming
 * is left, and throws when the path leads elsewhere or another file stands there. Returns false, having changed nothing, when it cannot be done this way but perhaps in place.
 */
export function exchangeFile(
	absolute: string,
	bytes: Uint8Array,
	options: { readonly existing: Stats; readonly mode: number | undefined; readonly check: () => void },
): boolean {
	const { existing } = options;
	const temporary = temporaryBeside(absolute);
	try {
		const isLink = existing.isSymbolicLink();
		const mode = options.mode ?? (isLink ? undefined : existing.mode & PERMISSION_BITS);
		writeNew(temporary, bytes, mode, isLink ? undefined : existing, options.check);
		options.check();
		renameSync(temporary, absolute);
		return true;
	} catch (error) {
		removeIfThere(temporary);
		if (!(error instanceof UserError) && IN_PLACE_CODES.has(systemCode(error) ?? '')) return false;
		throw error;
	}
}

/** What a folder that takes no new file, or a file that another process holds, says; writing in place may still work. */
const IN_PLACE_CODES: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EBUSY', 'ETXTBSY', 'ENAMETOOLONG']);

/**
 * Makes a file that is complete as soon as it has its name, which nothing else may have. Returns false, having changed nothing, where the
 * disk cannot do that. Throws with EEXIST when the name is taken.
 */
export function createWhole(
	absolute: string,
	bytes: Uint8Array,
	options: { readonly mode: number | undefined; readonly check: () => void },
): boolean {
	const temporary = temporaryBeside(absolute);
	try {
		writeNew(temporary, bytes, options.mode, undefined, options.check);
		options.check();
		linkSync(temporary, absolute);
		return true;
	} catch (error) {
		if (!(error instanceof UserError) && NO_LINK_CODES.has(systemCode(error) ?? '')) return false;
		throw error;
	} finally {
		removeIfThere(temporary);
	}
}

/** Disks without hard links. */
const NO_LINK_CODES: ReadonlySet<string> = new Set([
	'EPERM',
	'ENOTSUP',
	'EOPNOTSUPP',
	'ENOSYS',
	'EMLINK',
	'ENAMETOOLONG',
]);

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

/** A folder on the way may have been exchanged for a link: nothing is written before what was opened is where it should be. */
function writeNew(
	path: string,
	bytes: Uint8Array,
	mode: number | undefined,
	owner: Stats | undefined,
	check: () => void,
): void {
	const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
	const fd = openSync(path, flags, mode ?? NEW_FILE_MODE);
	try {
		const made = fstatSync(fd);
		if (!isStillAt(path, made)) throw pathMoved(path);
		check();
		for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
		if (owner && made.gid !== owner.gid) fchownSync(fd, owner.uid, owner.gid);
		// The mask of the process has taken bits away that were asked for.
		if (mode !== undefined && (made.mode & PERMISSION_BITS) !== mode) fchmodSync(fd, mode);
	} catch (error) {
		removeIfThere(path);
		throw error;
	} finally {
		closeSync(fd);
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

/** Whether the very file that `stats` describes still has this name. */
export function isStillAt(absolute: string, stats: { readonly dev: number; readonly ino: number }): boolean {
	try {
		const named = lstatSync(absolute);
		return named.dev === stats.dev && named.ino === stats.ino;
	} catch {
		return false;
	}
}
