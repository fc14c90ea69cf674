/** Where memory files may be for a workspace: the folders above a root that belong to its project, and the rules in a folder. Lists, reads no file. */
import { lstatSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { wayBelow } from '../files/realPath.ts';

/** In the order in which they count: a later one wins. */
export const FOLDER_FILES = ['AGENTS.md', 'CLAUDE.md', join('.claude', 'CLAUDE.md')];
export const LOCAL_FILE = 'CLAUDE.local.md';
export const RULES_FOLDER = join('.claude', 'rules');
const MAX_RULES = 200;
const MAX_RULE_DEPTH = 5;

export type Above = {
	/** From the outermost. */
	readonly folders: readonly string[];
	/** The outermost of them is the top of the git repository that `root` is in. */
	readonly isRepository: boolean;
};

/**
 * The folders above `root` that belong to its project: up to the top of its git repository, else up to the home folder (real paths). None
 * that belongs to somebody else than the root does, so that no other user of the machine has a say.
 */
export function foldersAbove(root: string, homeFolder: string | undefined): Above {
	const above: string[] = [];
	if (isThere(join(root, '.git'))) return { folders: [], isRepository: false };
	for (let child = root, folder = dirname(root); folder !== child; child = folder, folder = dirname(folder))
		above.push(folder);
	const top = above.findIndex((folder) => isThere(join(folder, '.git')));
	const isBelowHome = homeFolder !== undefined && wayBelow(homeFolder, root) !== undefined;
	const end = top >= 0 ? top : isBelowHome ? above.indexOf(homeFolder) : -1;
	const owner = ownerOf(root);
	const foreign = above.findIndex((folder) => ownerOf(folder) !== owner);
	const folders = above.slice(0, foreign >= 0 ? Math.min(foreign, end + 1) : end + 1);
	return { folders: folders.reverse(), isRepository: top >= 0 && folders.length === top + 1 };
}

/** The files in `.claude/rules` and below, by name. Links to folders are not followed. */
export async function rulesIn(folder: string): Promise<readonly string[]> {
	const found: string[] = [];
	const look = async (at: string, depth: number): Promise<void> => {
		const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
		for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
			const path = join(at, entry.name);
			if (entry.isDirectory() && depth < MAX_RULE_DEPTH) await look(path, depth + 1);
			else if (!entry.isDirectory() && /\.md$/i.test(entry.name) && found.length < MAX_RULES) found.push(path);
		}
	};
	const rules = join(folder, RULES_FOLDER);
	// Hardly any folder has one, and each call asks for all folders above its file.
	if (isThere(rules)) await look(rules, 1);
	return found;
}

/** In one go: that takes a tenth of a trip to the thread pool. */
export function isThere(path: string): boolean {
	try {
		return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
	} catch {
		// What may not be looked at does not count.
		return false;
	}
}

function ownerOf(folder: string): number | undefined {
	return statSync(folder, { throwIfNoEntry: false })?.uid;
}
