// What the tests in a real VS Code run on: the code-server and browser that `prepare` found, and a place for temporary files.
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CodeServer, findCodeServer } from '../../../scripts/setup/codeServer.mjs';
import { readEnvironment } from '../../../scripts/setup/environment.mjs';
import { projectFolder } from '../../../scripts/setup/paths.mjs';

export interface TestEnvironment {
	readonly codeServer: CodeServer;
	readonly browserPath: string;
	readonly vsixPath: string;
}

/** Throws with what is missing; the caller that wants to skip asks `missingBrowser()` first. */
export function testEnvironment(): TestEnvironment {
	const { browserPath, browserProblem, vsixPath } = readEnvironment();
	const codeServer = findCodeServer();
	if (codeServer === undefined) throw new Error('code-server is not installed. Run `node scripts/prepare.mjs test`.');
	if (browserPath === null) throw new Error(browserProblem ?? 'No browser was found.');
	return { codeServer, browserPath, vsixPath };
}

/** Why tests that need a browser cannot run here; false when they can. Has the shape of the `skip` option of a test. */
export function missingBrowser(): string | false {
	const { browserPath, browserProblem } = readEnvironment();
	return browserPath === null ? (browserProblem ?? 'No browser was found.') : false;
}

/**
 * Pictures are for a person to look at and cost as much as a test, with the themes they are taken in; so they are taken when asked for.
 */
export const takesPictures = process.env.RETRACE_PICTURES === '1';

/** A new folder under the system's temporary one, by its real path, because VS Code shows real paths. */
export function temporaryFolder(name: string): string {
	return mkdtempSync(join(realpathSync(tmpdir()), `retrace-${name}-`));
}

/** A folder for logs and pictures of this run; never committed. */
export function resultsFolder(...parts: readonly string[]): string {
	const folder = join(projectFolder, 'test-results', ...parts);
	mkdirSync(folder, { recursive: true });
	return folder;
}
