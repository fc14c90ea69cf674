/**
 * Looks up on the disk what a sandbox hides, keeps from being written and lets be written. Reads only. What is not there cannot be held
 * without leaving something in the user's folders, so it is listed apart, to be told of when a command makes it.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isProtectedName, PROTECTED_NAMES } from '../../core/permission/protectedPaths.ts';
import { GIT_PLACES, hooksPathIn, SECRET_PLACES } from '../../core/sandbox/sandboxPlaces.ts';
import type { SandboxPolicy } from '../../core/sandbox/sandboxPort.ts';
import { wayBelow } from '../files/realPath.ts';
import { nestedPlaces } from './nestedPlaces.ts';

export type SandboxMount = {
	/** Absolute, free of links. */
	readonly path: string;
	readonly kind: 'writable' | 'readOnly' | 'hidden';
	readonly isFolder: boolean;
};
export type SandboxMounts = {
	/** Of two that hold for a path, the more special one counts. */
	readonly mounts: readonly SandboxMount[];
	/** Protected, and not there. */
	readonly absent: readonly string[];
};

/** `hidden` are files and folders of our own, which need not exist. */
export function findMounts(
	{ writable }: Pick<SandboxPolicy, 'writable'>,
	cwd: string,
	{ homeFolder, hidden = [] }: { readonly homeFolder: string; readonly hidden?: readonly string[] },
): SandboxMounts {
	const mounts = new Map<string, SandboxMount>();
	const absent = new Set<string>();
	const roots = writable.map(realPathOf).filter((path) => path !== undefined);
	const rootOf = (path: string) => roots.find((root) => root === path || wayBelow(root, path) !== undefined);

	const add = (path: string, kind: SandboxMount['kind']) => {
		const real = realPathOf(path);
		if (real === undefined) return;
		// A link out of the workspace leads to where nothing can be written anyway.
		if (kind === 'readOnly' && rootOf(real) === undefined && !mounts.has(dirname(real))) return;
		mounts.set(real, { path: real, kind, isFolder: isFolder(real) });
	};
	/** A folder that holds something protected must not be moved away with it: what is mounted cannot be. */
	const pin = (folder: string, root: string) => {
		for (let above = folder; above !== root && wayBelow(root, above) !== undefined; above = dirname(above))
			if (!mounts.has(above)) add(above, 'writable');
	};
	const protect = (path: string, root: string) => {
		if (!existsSync(path)) return void absent.add(path);
		const real = realPathOf(path);
		if (real !== undefined && wayBelow(root, real) !== undefined) pin(dirname(real), root);
		add(path, 'readOnly');
	};

	for (const root of roots) add(root, 'writable');
	const near = new Set([...roots, ...foldersAbove(cwd, rootOf)]);
	for (const folder of new Set([...near, ...nestedPlaces(roots)])) {
		const root = rootOf(folder) ?? folder;
		const there = new Set(namesIn(folder).filter((name) => name !== '.git' && isProtectedName(name)));
		for (const name of there) protect(join(folder, name), root);
		// Of the others, what may be made in them is too much to watch.
		const watched = near.has(folder) ? PROTECTED_NAMES : [];
		for (const name of watched) if (name !== '.git' && !there.has(name)) absent.add(join(folder, name));
		const git = join(folder, '.git');
		if (!existsSync(git)) {
			if (near.has(folder)) absent.add(git);
			continue;
		}
		if (!isFolder(git)) protect(git, root);
		for (const part of isFolder(git) ? [git] : repositoryOf(git)) {
			const top = rootOf(part) ?? part;
			pin(part, top);
			for (const one of [part, join(part, 'info')]) add(one, 'writable');
			for (const name of GIT_PLACES) protect(join(part, name), top);
			const hooks = hooksPathIn(textOf(join(part, 'config')));
			if (hooks !== undefined && !hooks.startsWith('~')) protect(resolve(folder, hooks), root);
		}
	}
	for (const place of [...SECRET_PLACES.map((one) => join(homeFolder, one)), ...hidden]) add(place, 'hidden');
	return { mounts: [...mounts.values()], absent: [...absent] };
}

/** From the folder up to its root, without the root. */
function foldersAbove(cwd: string, rootOf: (path: string) => string | undefined): readonly string[] {
	const real = realPathOf(cwd);
	const root = real === undefined ? undefined : rootOf(real);
	const folders: string[] = [];
	for (let one = real; one !== undefined && root !== undefined && one !== root; one = dirname(one)) folders.push(one);
	return folders;
}

/**
 * Of a worktree, whose `.git` is a file: what all worktrees share, and its own folder in it. Only when the repository knows of it: a file
 * that a command wrote must not open folders of its choice.
 */
function repositoryOf(gitFile: string): readonly string[] {
	const named = /^gitdir:\s*(.+?)\s*$/.exec(textOf(gitFile))?.[1];
	const own = named === undefined ? undefined : realPathOf(resolve(dirname(gitFile), named));
	if (own === undefined || !isFolder(own)) return [];
	const back = textOf(join(own, 'gitdir')).trim();
	if (back === '' || realPathOf(resolve(own, back)) !== realPathOf(gitFile)) return [];
	const shared = realPathOf(resolve(own, textOf(join(own, 'commondir')).trim()));
	const isWorktree = shared !== undefined && dirname(own) === join(shared, 'worktrees');
	return isWorktree && existsSync(join(shared, 'HEAD')) ? [shared, own] : [];
}

function realPathOf(path: string): string | undefined {
	try {
		return realpathSync(path);
	} catch (error) {
		return error === null ? path : undefined;
	}
}

function isFolder(path: string): boolean {
	return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function namesIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch {
		// What cannot be listed cannot be written by us either.
		return [];
	}
}

function textOf(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
}
