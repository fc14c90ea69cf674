/** Finds a program of the system on the PATH, never one that lies in a workspace folder. Starts nothing. */
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { wayBelow } from './realPath.ts';

export function findOnPath(
	name: string,
	environment: Readonly<Record<string, string | undefined>>,
	workspaceFolders: readonly string[],
): string | undefined {
	for (const folder of (environment.PATH ?? environment.Path ?? '').split(delimiter)) {
		if (!isAbsolute(folder)) continue;
		const candidate = join(folder, name);
		if (workspaceFolders.some((root) => wayBelow(root, candidate) !== undefined)) continue;
		if (isExecutable(candidate)) return candidate;
	}
	return undefined;
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch (error) {
		return error === undefined;
	}
}
