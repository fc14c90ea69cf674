/** Copies files byte for byte, with their permissions, and tells of each what git would call its content. Follows no link. */
import { createHash } from 'node:crypto';
import { constants, createReadStream, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { chmod, copyFile, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CancelledError } from '../../base/errors.ts';
import { inParallel } from '../../core/checkpoint/inParallel.ts';
import { systemCode } from '../files/systemErrors.ts';

/** As in an index: `mode` is git's. */
export type CopiedFile = { readonly path: string; readonly mode: string; readonly oid: string };

const MAX_AT_ONCE = 8;
/** Above it a file is copied by the system and read in pieces. */
const WHOLE_UP_TO_BYTES = 32_000_000;
const OWNER_EXECUTE = 0o100;

/**
 * Copies those of the paths that are files or links below `from`; others (gone, folders, behind a link) are left out. `instead` gives other
 * bytes for a path.
 */
export async function copyFiles(
	work: {
		readonly from: string;
		readonly to: string;
		readonly paths: readonly string[];
		readonly objectFormat: string;
		instead(path: string): Uint8Array | undefined;
	},
	onProgress: (copied: number) => void,
	signal: AbortSignal,
): Promise<CopiedFile[]> {
	const { from, to, paths } = work;
	const folders = realFolders(from);
	const hash = hashOf(work.objectFormat);
	let copied = 0;
	const made = await inParallel(paths, MAX_AT_ONCE, async (path): Promise<CopiedFile | undefined> => {
		if (signal.aborted) throw new CancelledError();
		onProgress(++copied);
		if (!folders.has(dirname(path))) return undefined;
		const source = join(from, path);
		const stats = lookAt(source);
		if (!stats || !(stats.isFile() || stats.isSymbolicLink())) return undefined;
		const target = join(to, path);
		mkdirSync(dirname(target), { recursive: true });
		if (stats.isSymbolicLink()) {
			const bytes = Buffer.from(await readlink(source, 'buffer'));
			await symlink(bytes, target);
			return { path, mode: '120000', oid: hash(bytes) };
		}
		const instead = work.instead(path);
		const oid = instead === undefined ? await copyOne(source, target, stats, work.objectFormat) : hash(instead);
		if (instead !== undefined) await writeFile(target, instead);
		await chmod(target, stats.mode & 0o777);
		return { path, mode: (stats.mode & OWNER_EXECUTE) === 0 ? '100644' : '100755', oid };
	});
	return made.filter((one) => one !== undefined);
}

async function copyOne(source: string, target: string, stats: Stats, objectFormat: string): Promise<string> {
	if (stats.size <= WHOLE_UP_TO_BYTES) {
		const bytes = await readFile(source);
		await writeFile(target, bytes);
		return hashOf(objectFormat)(bytes);
	}
	await copyFile(source, target, constants.COPYFILE_FICLONE);
	const { size } = lstatSync(target);
	const hash = createHash(objectFormat).update(`blob ${size}\0`);
	for await (const chunk of createReadStream(target)) hash.update(chunk as Buffer);
	return hash.digest('hex');
}

const hashOf =
	(objectFormat: string) =>
	(bytes: Uint8Array): string =>
		createHash(objectFormat).update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Which folders below `top` are real ones, all the way down. */
function realFolders(top: string): { has(folder: string): boolean } {
	const known = new Map<string, boolean>([['.', true]]);
	const has = (folder: string): boolean => {
		const found = known.get(folder);
		if (found !== undefined) return found;
		const isReal = has(dirname(folder)) && (lookAt(join(top, folder))?.isDirectory() ?? false);
		known.set(folder, isReal);
		return isReal;
	};
	return { has };
}

export function lookAt(path: string): Stats | undefined {
	try {
		return lstatSync(path, { throwIfNoEntry: false });
	} catch (error) {
		if (systemCode(error) === 'ENOTDIR') return undefined;
		throw error;
	}
}
