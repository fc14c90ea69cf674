/** Finds the files of a workspace, once and again when told that they changed. Looks at names only; follows no link and stops at a number. */
import { type Dirent, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { contextFileKind } from '../protocol/contextFileKind.ts';
import type { ProjectFiles } from './surroundings.ts';

const SKIPPED: ReadonlySet<string> = new Set(['.git', '.hg', '.svn', 'node_modules', '.venv', '__pycache__']);
/** Beyond it a question about all files takes longer than anybody waits, and their names too much memory. */
const MAX_LISTED = 20_000;
/** Folders are still looked at for context files; what lies behind so many is not found. */
const MAX_FOLDERS = 20_000;
/** Between so many folders, requests get their turn. */
const AT_ONCE = 50;

export async function walkProject(roots: readonly string[]): Promise<ProjectFiles> {
	const contextFiles: { path: string; kind: NonNullable<ReturnType<typeof contextFileKind>> }[] = [];
	let all: string[] | undefined = [];
	const waiting = roots.map((root) => ({ root, folder: root }));
	let seen = 0;
	const look = ({ root, folder }: (typeof waiting)[number]): void => {
		const entries = entriesOf(folder);
		for (const entry of entries) {
			const path = join(folder, entry.name);
			if (entry.isDirectory()) {
				if (!SKIPPED.has(entry.name)) waiting.push({ root, folder: path });
				continue;
			}
			const kind = contextFileKind(path);
			if (kind) contextFiles.push({ path, kind });
			if (all && all.length >= MAX_LISTED) all = undefined;
			all?.push(
				path
					.slice(root.length + 1)
					.split(sep)
					.join('/'),
			);
		}
	};
	while (waiting.length > 0 && seen < MAX_FOLDERS) {
		const now = waiting.splice(0, AT_ONCE);
		seen += now.length;
		for (const one of now) look(one);
		await new Promise(setImmediate);
	}
	if (waiting.length > 0) all = undefined;
	contextFiles.sort((a, b) => (a.path < b.path ? -1 : 1));
	return { contextFiles, all };
}

function entriesOf(folder: string): readonly Dirent[] {
	try {
		return readdirSync(folder, { withFileTypes: true });
	} catch {
		// What may not be looked at, or went meanwhile.
		return [];
	}
}
