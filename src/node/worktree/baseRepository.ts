/**
 * What the files of a worktree were at the start: an index over all of them in a repository of our own, in which no attribute changes a
 * byte. It holds the contents of changed and new files itself; of the others it knows the names that the user's repository has them under.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { lstat, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorktreeSide } from '../../core/worktree/worktreePort.ts';
import { runGit } from '../scan/fileScanGit.ts';
import type { CopiedFile } from './copyFiles.ts';
import { type OwnRepository, ownGit, ownGitSucceeds, zeroSplit } from './ownGit.ts';
import type { CopiedRepository } from './worktreeFolder.ts';

/** Stands above the attributes of every file. */
const AS_IT_IS = '* -text -eol -filter -ident -working-tree-encoding\n';

export async function initBase(base: OwnRepository, copied: CopiedRepository, signal: AbortSignal): Promise<void> {
	await ownGit(base, ['init', '-q', '--template=', `--object-format=${copied.objectFormat}`], { signal });
	mkdirSync(join(base.gitDir, 'info'), { recursive: true });
	writeFileSync(join(base.gitDir, 'info', 'attributes'), AS_IT_IS);
	writeFileSync(join(base.gitDir, 'info', 'exclude'), copied.exclude);
}

/** `known` are contents (by path and name) that the user's repository has. */
export async function recordBase(
	base: OwnRepository,
	files: readonly CopiedFile[],
	known: ReadonlySet<string>,
	signal: AbortSignal,
): Promise<void> {
	const isKnown = ({ path, oid }: CopiedFile) => known.has(knownKey(path, oid));
	const lines = files.filter(isKnown).map(({ mode, oid, path }) => `${mode} ${oid}\t${path}\0`);
	if (lines.length > 0) await ownGit(base, ['update-index', '-z', '--index-info'], { input: lines.join(''), signal });
	await addFiles(
		base,
		files.filter((file) => !isKnown(file)).map(({ path }) => path),
		signal,
	);
	await refresh(base, signal);
}

export const knownKey = (path: string, oid: string): string => `${oid} ${path}`;

/** Stores the files as they are in the worktree now, and lists them in the index. */
export async function addFiles(base: OwnRepository, paths: readonly string[], signal: AbortSignal): Promise<void> {
	if (paths.length === 0) return;
	await ownGit(base, [...IN_ONE_PACK, 'update-index', '--add', '-z', '--stdin'], { input: paths.join('\0'), signal });
}

/** What is larger than this git writes into one pack; a file for each of thousands takes four times as long, and again to be removed. */
const IN_ONE_PACK = ['-c', 'core.bigFileThreshold=1'];

/** Its exit code says that files changed. */
async function refresh(base: OwnRepository, signal: AbortSignal): Promise<void> {
	await ownGitSucceeds(base, ['update-index', '-q', '--refresh'], { signal });
}

/** A file that is another one than at the start. Modes are git's; `000000`: there is none. */
export type ChangedPath = {
	readonly path: string;
	readonly baseMode: string;
	readonly baseOid: string;
	readonly isThere: boolean;
};

/** `nested`: new folders that are repositories of their own. */
export async function changedPaths(
	base: OwnRepository,
	signal: AbortSignal,
): Promise<{ readonly changed: readonly ChangedPath[]; readonly nested: readonly string[] }> {
	await refresh(base, signal);
	const parts = zeroSplit(await ownGit(base, ['diff-files', '-z', '--ignore-submodules=none'], { signal }));
	const changed: ChangedPath[] = [];
	for (let index = 0; index + 1 < parts.length; index += 2) {
		const [fields = '', path = ''] = [parts[index], parts[index + 1]];
		const [baseMode = '', , baseOid = '', , status = ''] = fields.slice(1).split(' ');
		changed.push({ path, baseMode, baseOid, isThere: status !== 'D' });
	}
	const others = zeroSplit(await ownGit(base, ['ls-files', '-z', '--others', '--exclude-standard'], { signal }));
	const isNested = (path: string) => path.endsWith('/');
	for (const path of others.filter((one) => !isNested(one)))
		changed.push({ path, baseMode: NONE, baseOid: '', isThere: true });
	return { changed, nested: others.filter(isNested) };
}

const NONE = '000000';
const LINK = '120000';

/** The file as it was at the start. */
export function baseSide(
	base: OwnRepository,
	{ top }: CopiedRepository,
	{ baseMode, baseOid }: ChangedPath,
): WorktreeSide {
	if (baseMode === NONE) return { kind: 'absent' };
	return {
		kind: 'file',
		meta: baseMode === LINK ? { link: true } : { mode: baseMode === '100755' ? 0o755 : 0o644 },
		bytes: () => baseBytes(base, top, baseOid),
	};
}

/** From our own repository, else from the user's. Undefined when neither has it any more. */
export async function baseBytes(
	base: OwnRepository,
	top: string,
	oid: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
	const own = (await ownGitSucceeds(base, ['cat-file', '-e', oid])) && (await ownGit(base, ['cat-file', 'blob', oid]));
	const found = own || (await runGit(base.gitPath, top, 'cat-file', ['blob', oid]));
	return found === undefined ? undefined : new Uint8Array(found);
}

/** The file as it is in the worktree now. */
export async function currentSide(base: OwnRepository, { path, isThere }: ChangedPath): Promise<WorktreeSide> {
	if (!isThere) return { kind: 'absent' };
	const absolute = join(base.workTree, path);
	const stats = await lstat(absolute);
	const isLink = stats.isSymbolicLink();
	return {
		kind: 'file',
		meta: isLink ? { link: true } : { mode: stats.mode & 0o777 },
		bytes: async () => new Uint8Array(isLink ? await readlink(absolute, 'buffer') : await readFile(absolute)),
	};
}
