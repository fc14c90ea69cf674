/**
 * Keeps a worktree that is discarded, and makes it again: a git bundle of all its files as they are and as they were at the start, which needs
 * no other repository, and a copy of its own `.git` with the commits that were made there.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { cp, open } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import type { KeptWorktree } from '../../core/worktree/worktreePort.ts';
import { addFiles, baseBytes, changedPaths, initBase } from './baseRepository.ts';
import { lookAt } from './copyFiles.ts';
import { type OwnRepository, ownGit, ownGitSucceeds, worktreeFailed, zeroSplit } from './ownGit.ts';
import {
	baseOf,
	type CopiedRepository,
	readDescription,
	requireDescription,
	type WorktreeDescription,
	writeDescription,
} from './worktreeFolder.ts';

const FILES_REF = 'refs/retrace/files';
const BASE_REF = 'refs/retrace/base';
const KEPT_NAME = /^discarded-(\d+)$/;

/** `into` is the folder of the session. Removes nothing of the worktree; leaves nothing behind when it rejects. */
export async function keepWorktree(
	gitPath: string,
	folder: string,
	into: string,
	signal: AbortSignal,
): Promise<KeptWorktree> {
	const description = requireDescription(folder);
	const name = `discarded-${String(newestKept(into) + 1).padStart(4, '0')}`;
	const building = join(into, `${name}.part`);
	rmSync(building, { recursive: true, force: true });
	mkdirSync(building, { recursive: true, mode: 0o700 });
	try {
		const bundles: string[] = [];
		for (const copied of description.repositories) {
			const bundle = `${copied.name}.bundle`;
			await bundleOne(baseOf(gitPath, folder, copied), copied, join(building, bundle), signal);
			const git = join(folder, copied.name, '.git');
			if (existsSync(git)) await cp(git, join(building, `${copied.name}.git`), { recursive: true });
			bundles.push(bundle);
		}
		writeDescription(building, description);
		const sizeBytes = bundles.reduce((sum, one) => sum + statSync(join(building, one)).size, 0);
		signal.throwIfAborted();
		renameSync(building, join(into, name));
		const [first = ''] = bundles;
		return { folder: join(into, name), bundle: join(into, name, first), sizeBytes };
	} catch (error) {
		rmSync(building, { recursive: true, force: true });
		throw error;
	}
}

/** Of a folder that was begun and not ended nothing counts. */
function newestKept(into: string): number {
	if (!existsSync(into)) return 0;
	return Math.max(0, ...readdirSync(into).map((name) => Number(KEPT_NAME.exec(name)?.[1] ?? 0)));
}

async function bundleOne(
	base: OwnRepository,
	copied: CopiedRepository,
	bundle: string,
	signal: AbortSignal,
): Promise<void> {
	const { changed, nested } = await changedPaths(base, signal);
	if (nested.length > 0)
		throw new UserError(
			'has-repositories',
			`The worktree has another repository in it (${nested[0]}), which cannot be kept with it. Nothing was removed. Move it elsewhere first.`,
		);
	// Of an index without times every file is read and stored, so that the bundle stands without the user's repository.
	const now: OwnRepository = { ...base, index: join(base.gitDir, 'now.index') };
	rmSync(now.index ?? '', { force: true });
	const listed = zeroSplit(
		await ownGit(base, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { signal }),
	);
	const isFile = (path: string) => {
		const stats = lookAt(join(base.workTree, path));
		return stats !== undefined && (stats.isFile() || stats.isSymbolicLink());
	};
	const present = listed.filter(isFile);
	await addFiles(now, present, signal);
	await commitIndex(now, FILES_REF, signal);
	let isBaseWhole = true;
	for (const { baseOid } of changed) {
		if (baseOid === '') continue;
		const bytes = await baseBytes(base, copied.top, baseOid);
		if (bytes) await ownGit(base, ['hash-object', '-w', '--stdin', '--no-filters'], { input: bytes, signal });
		else isBaseWhole = false;
	}
	if (isBaseWhole) await commitIndex(base, BASE_REF, signal);
	const refs = isBaseWhole ? [FILES_REF, BASE_REF] : [FILES_REF];
	await ownGit(base, ['bundle', 'create', '-q', bundle, ...refs], { signal });
	await ownGit(base, ['bundle', 'verify', '-q', bundle], { signal });
	const handle = await open(bundle, 'r+');
	await handle.sync().finally(() => handle.close());
	// What was written while it was being kept is in no bundle.
	const isStill =
		(await ownGitSucceeds(now, ['diff-files', '--quiet'], { signal })) &&
		(await changedPaths(base, signal)).changed.filter(({ isThere }) => isThere).length ===
			changed.filter(({ isThere }) => isThere).length;
	if (!isStill)
		throw new UserError(
			'changed-meanwhile',
			'Files of the worktree were changed while it was being kept. Nothing was removed. Stop what writes there and try again.',
		);
	rmSync(now.index ?? '', { force: true });
}

async function commitIndex(repository: OwnRepository, ref: string, signal: AbortSignal): Promise<void> {
	const text = (output: Buffer) => output.toString('utf8').trim();
	const tree = text(await ownGit(repository, ['write-tree'], { signal }));
	const commit = text(await ownGit(repository, ['commit-tree', '-m', 'Kept by Retrace', tree], { signal }));
	await ownGit(repository, ['update-ref', ref, commit], { signal });
}

/** Makes the worktree in `folder`, where nothing is, from what was kept last. */
export async function restoreKept(gitPath: string, folder: string, from: string, signal: AbortSignal): Promise<void> {
	const kept = join(from, `discarded-${String(newestKept(from)).padStart(4, '0')}`);
	const description = readDescription(kept);
	if (!description)
		throw new UserError(
			'nothing-kept',
			`There is no kept worktree of this session in ${from}. Nothing was changed. Fork the session to go on in the workspace.`,
		);
	const building = `${folder}.part`;
	rmSync(building, { recursive: true, force: true });
	mkdirSync(building, { recursive: true, mode: 0o700 });
	try {
		for (const copied of description.repositories) await restoreOne(gitPath, building, kept, copied, signal);
		writeDescription(building, description satisfies WorktreeDescription);
		signal.throwIfAborted();
		renameSync(building, folder);
	} catch (error) {
		rmSync(building, { recursive: true, force: true });
		throw error;
	}
}

async function restoreOne(
	gitPath: string,
	folder: string,
	kept: string,
	copied: CopiedRepository,
	signal: AbortSignal,
): Promise<void> {
	const base = baseOf(gitPath, folder, copied);
	mkdirSync(base.workTree, { recursive: true });
	await initBase(base, copied, signal);
	const heads = await ownGit(base, ['bundle', 'unbundle', join(kept, `${copied.name}.bundle`)], { signal });
	const commits = new Map(
		heads
			.toString('utf8')
			.split('\n')
			.map((line) => line.split(' ').reverse() as [string, string]),
	);
	const files = commits.get(FILES_REF);
	if (files === undefined) throw worktreeFailed('its bundle does not hold its files');
	await ownGit(base, ['read-tree', files], { signal });
	await ownGit(base, ['checkout-index', '-a', '-f'], { signal });
	// Without the start every file counts as a new one, so that all that differ from the workspace's are asked about.
	await ownGit(base, ['read-tree', commits.get(BASE_REF) ?? (await emptyTree(base, signal))], { signal });
	const git = join(kept, `${copied.name}.git`);
	if (existsSync(git)) await cp(git, join(base.workTree, '.git'), { recursive: true });
}

async function emptyTree(base: OwnRepository, signal: AbortSignal): Promise<string> {
	return (await ownGit(base, ['mktree'], { signal })).toString('utf8').trim();
}
