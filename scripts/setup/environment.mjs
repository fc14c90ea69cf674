// What `prepare` found on this machine, kept in one file for the scripts and tests that run after it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { environmentFile } from './paths.mjs';

/**
 * @typedef {{ kind: 'desktop', codePath: string }} DesktopCode
 * @typedef {import('./codeServer.mjs').CodeServer} CodeServer
 * @typedef {{ vscode: DesktopCode | CodeServer, vsixPath: string, browserPath: string | null, browserProblem: string | null }} Environment
 */

/** @param {Environment} environment */
export function writeEnvironment(environment) {
	mkdirSync(dirname(environmentFile), { recursive: true });
	writeFileSync(environmentFile, `${JSON.stringify(environment, null, 2)}\n`);
}

/** Throws when `prepare` has not run. @returns {Environment} */
export function readEnvironment() {
	try {
		return JSON.parse(readFileSync(environmentFile, 'utf8'));
	} catch (cause) {
		throw new Error('This machine is not prepared yet. Run `node scripts/prepare.mjs test` first.', { cause });
	}
}
