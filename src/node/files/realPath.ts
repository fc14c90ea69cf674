/**
 * Where a path leads when every link in its folders is followed, also for files that do not exist yet.
 * The last name itself is not followed: what is there is told, not where it points.
 */
import { realpathSync } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { systemCode } from './systemErrors.ts';

/** As many links as the kernel follows. */
const MOST_LINKS = 40;

/** The absolute path with all folders resolved. Rejects with ELOOP or another file system error. */
export async function realLocation(absolute: string): Promise<string> {
	const parent = dirname(absolute);
	if (parent === absolute) return absolute;
	return join(await realFolder(parent, MOST_LINKS), basename(absolute));
}

/** The way from `folder` down to `path`; undefined when `path` is not `folder` or below it. */
export function wayBelow(folder: string, path: string): string | undefined {
	const way = relative(folder, path);
	return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : way;
}

async function realFolder(folder: string, linksLeft: number): Promise<string> {
	try {
		// In one go: small steps take a tenth of a trip to the thread pool, and every read and write asks this.
		return realpathSync.native(folder);
	} catch (error) {
		const code = systemCode(error);
		if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
	}
	const parent = dirname(folder);
	if (parent === folder) return folder;
	// A link to a folder that does not exist leads where that folder would be made.
	const target = await linkTarget(folder);
	if (target === undefined) return join(await realFolder(parent, linksLeft), basename(folder));
	if (linksLeft === 0) throw Object.assign(new Error(`too many links at ${folder}`), { code: 'ELOOP' });
	return realFolder(resolve(await realFolder(parent, linksLeft), target), linksLeft - 1);
}

async function linkTarget(path: string): Promise<string | undefined> {
	try {
		return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
	} catch (error) {
		const code = systemCode(error);
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw error;
	}
}
