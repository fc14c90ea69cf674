/** Where a path on the disk leads, and whether it still leads there: what keeps every read and write inside the workspace. */
import { lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { ResolvedPath, WorkspaceRoot } from '../../core/ports.ts';
import { badPath, notAFile, pathMoved, writeFailure } from './fileErrors.ts';
import { realLocation, wayBelow } from './realPath.ts';
import { systemCode } from './systemErrors.ts';

/** Links in folders are followed before the path is judged, so neither `..` nor a link leads out unnoticed. */
export async function resolvePath(path: string, cwd: string, roots: readonly WorkspaceRoot[]): Promise<ResolvedPath> {
	try {
		const real = await realLocation(resolve(cwd, expandHome(path)));
		const own = rootOf(real, roots);
		if (!own) return { kind: 'outside', absolute: real };
		// Named as the user opened the folder, so that the editor finds its open documents.
		const absolute = join(own.root.path, own.way);
		const isLink = own.way !== '' && (statOf(real)?.isSymbolicLink() ?? false);
		return { kind: 'inside', file: { root: own.root.path, rel: own.way.split(sep).join('/') }, absolute, isLink };
	} catch (error) {
		throw badPath(path, error);
	}
}

/**
 * A name that a model cannot write as it is on the disk: it gives accents as one character, and a narrow space (of a screenshot of macOS) as
 * a plain one. Only where nothing has the very name, and one file has this one.
 */
export function asOnDisk(absolute: string): string {
	const name = basename(absolute);
	if (/^[!-~]*$/.test(name) || statOf(absolute)) return absolute;
	const wanted = asTyped(name);
	const found = namesIn(dirname(absolute)).filter((one) => asTyped(one) === wanted);
	return found.length === 1 && found[0] !== undefined ? join(dirname(absolute), found[0]) : absolute;
}

const asTyped = (name: string): string => name.normalize('NFC').replace(/[\u00a0\u2000-\u200a\u202f\u3000]/g, ' ');

function namesIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

/** The innermost root that holds the real path. A root is often opened through a link itself, and may be the link's end. */
function rootOf(
	real: string,
	roots: readonly WorkspaceRoot[],
): { readonly root: WorkspaceRoot; readonly way: string } | undefined {
	let best: { root: WorkspaceRoot; way: string } | undefined;
	for (const root of roots) {
		const realRoot = realPathNow(root.path);
		if (realRoot === undefined) continue;
		// The root itself may be given by its linked name, which is not followed as a last name.
		const way = wayBelow(realRoot, real) ?? (realPathNow(real) === realRoot ? '' : undefined);
		if (way !== undefined && (!best || way.length < best.way.length)) best = { root, way };
	}
	return best;
}

function expandHome(path: string): string {
	return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

/** The innermost root that the path, as it is written, lies below. */
export function rootAbove(absolute: string, roots: readonly WorkspaceRoot[]): WorkspaceRoot | undefined {
	let best: WorkspaceRoot | undefined;
	for (const root of roots)
		if (wayBelow(root.path, absolute) !== undefined && root.path.length > (best?.path.length ?? -1)) best = root;
	return best;
}

function realPathNow(path: string): string | undefined {
	try {
		return realpathSync.native(path);
	} catch {
		return undefined;
	}
}

/** Where a path that was judged leads when nothing on the way has become a link. */
function expectedPlace(absolute: string, roots: readonly WorkspaceRoot[]): string {
	const root = rootAbove(absolute, roots);
	return root ? join(realPathNow(root.path) ?? root.path, wayBelow(root.path, absolute) ?? '') : absolute;
}

/** The same as `requireRealPath`, at once, for a path whose folder is there. */
export function isRealPath(absolute: string, roots: readonly WorkspaceRoot[]): boolean {
	const folder = realPathNow(dirname(absolute));
	return folder !== undefined && join(folder, basename(absolute)) === expectedPlace(absolute, roots);
}

/** A path that was judged must still lead to the same place: below its root, or as it stands outside of all. */
export async function requireRealPath(absolute: string, roots: readonly WorkspaceRoot[]): Promise<void> {
	if (isRealPath(absolute, roots)) return;
	const expected = expectedPlace(absolute, roots);
	const real = await realLocation(absolute).catch((error: unknown) => {
		throw badPath(absolute, error);
	});
	if (real !== expected) throw pathMoved(absolute);
}

/**
 * A folder on the way may have been exchanged for a link between the check and the opening: what was opened must be what the checked
 * path names. Nothing is written before.
 */
export async function requireOpened(
	opened: FileIdentity,
	absolute: string,
	roots: readonly WorkspaceRoot[],
): Promise<void> {
	await requireRealPath(absolute, roots);
	if (!isAt(absolute, opened)) throw pathMoved(absolute);
}

export type FileIdentity = { readonly dev: bigint; readonly ino: bigint };

export function isAt(absolute: string, file: FileIdentity): boolean {
	const named = identityAt(absolute);
	return named !== undefined && named.dev === file.dev && named.ino === file.ino;
}

/** Which very file has this name now; undefined when none. */
export function identityAt(absolute: string): FileIdentity | undefined {
	try {
		return lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
	} catch {
		return undefined;
	}
}

export function requireFile(absolute: string, stats: Stats): void {
	if (!stats.isFile()) throw notAFile(absolute, kindOf(stats));
}

export function kindOf(stats: Stats): string {
	if (stats.isSymbolicLink()) return 'a link';
	if (stats.isDirectory()) return 'a folder';
	if (stats.isFIFO()) return 'a named pipe';
	if (stats.isSocket()) return 'a socket';
	return 'a device';
}

/** What the path itself names, a link not followed; undefined when there is nothing. */
export function statOf(path: string): Stats | undefined {
	try {
		return lstatSync(path, { throwIfNoEntry: false });
	} catch (error) {
		const code = systemCode(error);
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw writeFailure(basename(path), error);
	}
}
