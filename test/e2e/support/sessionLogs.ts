// Reads the session logs that the extension wrote under a user-data-dir, as a test wants to see them: parsed, by file.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SessionLog {
	readonly path: string;
	/** The file exactly as it is. */
	readonly text: string;
	/** Complete lines, parsed; a torn last line is left out. */
	readonly entries: readonly Readonly<Record<string, unknown>>[];
}

/** The storage folders of the extension, one per workspace, in the order of their names. */
export function storageFolders(userDataDir: string): string[] {
	const root = join(userDataDir, 'User', 'workspaceStorage');
	const perWorkspace = existsSync(root)
		? readdirSync(root)
				.sort()
				.map((id) => join(root, id, 'retrace.retrace'))
		: [];
	return [...perWorkspace, join(userDataDir, 'User', 'globalStorage', 'retrace.retrace')].filter(existsSync);
}

/** All session logs of a user-data-dir, in the order of their paths. `isRaw`: as they are, also what is no entry. */
export function readSessionLogs(userDataDir: string, options: { readonly isRaw?: boolean } = {}): SessionLog[] {
	return storageFolders(userDataDir).flatMap((folder) => {
		const sessions = join(folder, 'sessions');
		if (!existsSync(sessions)) return [];
		return readdirSync(sessions)
			.filter((name) => name.endsWith('.jsonl'))
			.sort()
			.map((name) => readSessionLog(join(sessions, name), options.isRaw === true));
	});
}

function readSessionLog(path: string, isRaw: boolean): SessionLog {
	const text = readFileSync(path, 'utf8');
	if (isRaw) return { path, text, entries: [] };
	const lines = text
		.split('\n')
		.slice(0, -1)
		.filter((line) => line !== '');
	return { path, text, entries: lines.map((line) => JSON.parse(line)) };
}
