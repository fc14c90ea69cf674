/**
 * Looks for folders below those of the workspace that hold something protected, so that a sandbox keeps it from being written there as well:
 * packages with settings of the editor, repositories in a repository. Reads names only, level by level and within limits, since it is done
 * before each command; what lies deeper than they reach can be written.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isProtectedName } from '../../core/permission/protectedPaths.ts';

/** How far below a folder of the workspace the folder may lie that holds it. */
export const MAX_NESTED_DEPTH = 3;
const MAX_FOLDERS_READ = 400;
/** Each is some mounts, of which a command has to wait for every one. */
export const MAX_NESTED_PLACES = 48;
/** What is installed in them is replaced as a whole, which a mount would stand in the way of. */
const NOT_LOOKED_INTO: ReadonlySet<string> = new Set(['node_modules', '.git']);

/** `roots` are free of links and not among the result. */
export function nestedPlaces(roots: readonly string[]): readonly string[] {
	const found: string[] = [];
	const seen = new Set(roots);
	let foldersRead = 0;
	let level: readonly string[] = roots;
	for (let depth = 0; depth <= MAX_NESTED_DEPTH && level.length > 0; depth++) {
		const next: string[] = [];
		for (const folder of level) {
			if (foldersRead === MAX_FOLDERS_READ || found.length === MAX_NESTED_PLACES) return found;
			foldersRead++;
			let holdsProtected = false;
			for (const entry of entriesOf(folder)) {
				const isProtected = isProtectedName(entry.name);
				holdsProtected ||= isProtected;
				const path = join(folder, entry.name);
				// A link's name counts, and where it leads to does not.
				if (isProtected || !entry.isDirectory() || NOT_LOOKED_INTO.has(entry.name) || seen.has(path)) continue;
				seen.add(path);
				next.push(path);
			}
			if (holdsProtected && depth > 0) found.push(folder);
		}
		level = next;
	}
	return found;
}

function entriesOf(folder: string) {
	try {
		return readdirSync(folder, { withFileTypes: true });
	} catch {
		// What cannot be listed cannot be looked into by a command of the same user either.
		return [];
	}
}
