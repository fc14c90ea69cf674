/** Reads the settings files that may hold hooks, again only when they changed. Runs nothing and decides nothing. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HookSource } from '../../core/hooks/hookTypes.ts';

/** One settings file as it is now. */
export type HookFile = {
	readonly path: string;
	readonly source: Exclude<HookSource, 'settings'>;
	/** The folder it belongs to; for the user's own file the first one. */
	readonly projectDir: string;
	/** Undefined when it cannot be read, with the reason. */
	readonly text: string | undefined;
	readonly problem?: string;
};

/** Larger ones are no settings. */
const MAX_FILE_BYTES = 1_000_000;

type Known = { readonly key: string; readonly text: string | undefined; readonly problem?: string };

/** Gives the files that are there, the user's own first. Never rejects. */
export function createHookFiles(homeFolder: string): (roots: readonly string[]) => Promise<readonly HookFile[]> {
	const known = new Map<string, Known>();

	const read = async (path: string): Promise<Known | undefined> => {
		try {
			const found = await stat(path);
			const key = `${found.mtimeMs} ${found.size} ${found.ino}`;
			const before = known.get(path);
			if (before?.key === key) return before;
			const now: Known = !found.isFile()
				? { key, text: undefined, problem: 'it is no file' }
				: found.size > MAX_FILE_BYTES
					? { key, text: undefined, problem: 'it is too large' }
					: { key, text: await readFile(path, 'utf8') };
			known.set(path, now);
			return now;
		} catch (error) {
			known.delete(path);
			const code = error instanceof Error && 'code' in error ? String(error.code) : '';
			if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
			return { key: '', text: undefined, problem: code === '' ? 'it cannot be read' : `it cannot be read (${code})` };
		}
	};

	return async (roots) => {
		const places: Omit<HookFile, 'text'>[] = [
			{ path: join(homeFolder, '.claude', 'settings.json'), source: 'user', projectDir: roots[0] ?? homeFolder },
			...roots.flatMap((root): Omit<HookFile, 'text'>[] => [
				{ path: join(root, '.claude', 'settings.json'), source: 'project', projectDir: root },
				{ path: join(root, '.claude', 'settings.local.json'), source: 'local', projectDir: root },
			]),
		];
		// The home folder may be open as a project: its file is the user's.
		const own = places[0]?.path;
		const files = await Promise.all(
			places.map(async (place, index): Promise<HookFile[]> => {
				if (index > 0 && place.path === own) return [];
				const found = await read(place.path);
				if (!found) return [];
				return [{ ...place, text: found.text, ...(found.problem === undefined ? {} : { problem: found.problem }) }];
			}),
		);
		return files.flat();
	};
}
