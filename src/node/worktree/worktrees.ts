/** The port Worktrees, over git and the disk. Puts the parts together; each is in its own file. */
import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CancelledError, UserError } from '../../base/errors.ts';
import type { MadeWorktree, WorktreeChange, Worktrees } from '../../core/worktree/worktreePort.ts';
import { wayBelow } from '../files/realPath.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { baseSide, changedPaths, currentSide } from './baseRepository.ts';
import { keepWorktree, restoreKept } from './keepWorktree.ts';
import { makeCopy } from './makeWorktree.ts';
import { worktreeFailed } from './ownGit.ts';
import { findRepository, listFiles, type SourceRepository } from './sourceRepository.ts';
import {
	baseOf,
	copyNames,
	folderOf,
	readDescription,
	refOf,
	requireDescription,
	type WorktreeDescription,
	writeDescription,
} from './worktreeFolder.ts';

export type WorktreesOptions = {
	/** The canonical storage folder. */
	readonly storageFolder: string;
	/** See `findGit`. */
	readonly gitPath: () => string | undefined;
	readonly isTrusted: () => boolean;
};

export function createWorktrees(options: WorktreesOptions): Worktrees {
	const worktrees = join(options.storageFolder, 'worktrees');
	const requireGit = (): string => {
		if (!options.isTrusted())
			throw new UserError('untrusted', 'This folder is not trusted, so nothing runs in it. Trust it first.');
		const gitPath = options.gitPath();
		if (gitPath !== undefined) return gitPath;
		throw new UserError('no-git', 'No git was found, and a worktree needs it. Nothing was made. Install git.');
	};

	return {
		async create({ id, roots, unsaved }, onProgress, signal) {
			const gitPath = requireGit();
			const folder = folderOf(worktrees, id);
			const places = await sourcesOf(gitPath, roots);
			const lists = [];
			for (const { source, prefixes } of places.sources) lists.push(await listFiles(gitPath, source, prefixes));
			const names = copyNames(places.sources.map(({ source }) => source.top));
			const description: WorktreeDescription = {
				...{ version: 1, id },
				repositories: places.sources.map(({ source }, index) => ({
					...{ top: source.top, objects: source.objects, objectFormat: source.objectFormat, exclude: source.exclude },
					...(source.excludesFile === undefined ? {} : { excludesFile: source.excludesFile }),
					name: names[index] ?? '',
				})),
				roots: places.roots.map(({ name, path: from, repository, prefix }) => ({
					...{ name, from, repository, prefix },
					path: join(folder, names[repository] ?? '', prefix.replace(/\/$/, '')),
				})),
			};
			const total = lists.reduce((sum, { index, untracked }) => sum + index.length + untracked.length, 0);
			try {
				mkdirSync(folder, { recursive: true, mode: 0o700 });
				let before = 0;
				let files = 0;
				for (const [index, { source }] of places.sources.entries()) {
					const copied = description.repositories[index];
					const list = lists[index];
					if (!copied || !list) continue;
					const instead = unsavedBelow(source.top, unsaved);
					const onCopied = (count: number) => onProgress(before + count, total);
					const work = { gitPath, folder, copied, source, files: list, instead: (path: string) => instead.get(path) };
					files += await makeCopy(work, onCopied, signal);
					before += list.index.length + list.untracked.length;
				}
				for (const { path } of description.roots) mkdirSync(path, { recursive: true });
				writeDescription(folder, description);
				return { ref: refOf(description), files } satisfies MadeWorktree;
			} catch (error) {
				rmSync(folder, { recursive: true, force: true });
				throw expected(error);
			}
		},

		isThere({ id, roots }) {
			const known = readDescription(folderOf(worktrees, id));
			return known !== undefined && roots.every(({ path }) => existsSync(path));
		},

		async changes(ref, signal) {
			const gitPath = requireGit();
			const folder = folderOf(worktrees, ref.id);
			const { repositories, roots } = requireDescription(folder);
			const files: WorktreeChange[] = [];
			const outside: string[] = [];
			for (const [index, copied] of repositories.entries()) {
				const base = baseOf(gitPath, folder, copied);
				const { changed, nested } = await changedPaths(base, signal);
				outside.push(...nested);
				// The innermost first.
				const own = roots.filter(({ repository }) => repository === index);
				own.sort((a, b) => b.prefix.length - a.prefix.length);
				for (const one of changed) {
					const root = own.find(({ prefix }) => one.path.startsWith(prefix));
					if (!root) outside.push(one.path);
					else
						files.push({
							file: { root: root.from, rel: one.path.slice(root.prefix.length) },
							base: baseSide(base, copied, one),
							now: await currentSide(base, one),
						});
				}
			}
			return { files, outside };
		},

		async discard(ref, into, signal) {
			const gitPath = requireGit();
			const folder = folderOf(worktrees, ref.id);
			const kept = await keepWorktree(gitPath, folder, into, signal).catch((error: unknown) => {
				throw expected(error);
			});
			// In one step, so that it never stands there in part.
			const leaving = `${folder}.gone`;
			await rm(leaving, { recursive: true, force: true });
			await rename(folder, leaving).catch((error: unknown) => {
				throw expected(error);
			});
			// What cannot be removed now goes with the next one of this session.
			await rm(leaving, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
			return kept;
		},

		async restore(ref, from, signal) {
			const gitPath = requireGit();
			const folder = folderOf(worktrees, ref.id);
			if (existsSync(folder))
				throw new UserError('worktree-there', 'The worktree of this session is there. Nothing was changed.');
			await restoreKept(gitPath, folder, from, signal).catch((error: unknown) => {
				throw expected(error);
			});
		},
	};
}

type Place = { readonly name: string; readonly path: string; readonly repository: number; readonly prefix: string };

/** Each repository once, with the folders of the workspace that lie in it. */
async function sourcesOf(gitPath: string, roots: readonly { readonly name: string; readonly path: string }[]) {
	const sources: { readonly source: SourceRepository; readonly prefixes: string[] }[] = [];
	const places: Place[] = [];
	for (const { name, path } of roots) {
		const { source, prefix } = await findRepository(gitPath, path);
		let repository = sources.findIndex((one) => one.source.top === source.top);
		if (repository < 0) repository = sources.push({ source, prefixes: [] }) - 1;
		sources[repository]?.prefixes.push(prefix);
		places.push({ name, path, repository, prefix });
	}
	if (places.length === 0)
		throw new UserError('no-folder', 'No folder is open, so there is nothing to make a worktree of. Open one first.');
	return { sources, roots: places };
}

/** By their path from the top of the repository, which git names by its real path. */
function unsavedBelow(top: string, unsaved: readonly { readonly absolute: string; readonly bytes: Uint8Array }[]) {
	const found = new Map<string, Uint8Array>();
	for (const { absolute, bytes } of unsaved) {
		const way = wayBelow(top, realPath(absolute));
		if (way !== undefined) found.set(way.split(sep).join('/'), bytes);
	}
	return found;
}

function realPath(path: string): string {
	try {
		return realpathSync.native(path);
	} catch {
		return path;
	}
}

function expected(error: unknown): unknown {
	if (error instanceof UserError || error instanceof CancelledError) return error;
	return systemCode(error) === undefined ? error : worktreeFailed(describeFileError(error), error);
}
