// Where things are: the project, its build, and the cache that outlives clones. Creates nothing.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Kept between clones and versions of the project: VS Code, user data of `npm start`. `RETRACE_CACHE` moves it. */
export const cacheFolder = process.env.RETRACE_CACHE || join(homedir(), '.cache', 'retrace');

/** What `prepare` found out about this machine, for the scripts and tests that run after it. */
export const environmentFile = join(projectFolder, '.cache', 'environment.json');

/** A path inside the project. @param {...string} parts */
export function inProject(...parts) {
	return join(projectFolder, ...parts);
}
