// One process at a time does a piece of work. The lock is a folder; a lock whose owner died is taken over.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from './print.mjs';

// A folder without an owner is either half made or left by a crash between two calls: this long is given to the first.
const ownerGraceMs = 5_000;

/**
 * Runs `work` while no other process runs work under the same `path`.
 * @template T @param {string} path @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function withLock(path, work) {
	mkdirSync(dirname(path), { recursive: true });
	let hasSaid = false;
	while (!tryTake(path)) {
		if (isAbandoned(path)) {
			// Renamed first, so that of two that see the dead owner only one removes it.
			const grave = `${path}.${process.pid}.dead`;
			if (tryRename(path, grave)) rmSync(grave, { recursive: true, force: true });
			continue;
		}
		if (!hasSaid) say(`  waiting for another run (${path})`);
		hasSaid = true;
		await delay(250);
	}
	try {
		return await work();
	} finally {
		rmSync(path, { recursive: true, force: true });
	}
}

/** @param {string} path */
function tryTake(path) {
	try {
		mkdirSync(path);
	} catch (error) {
		if (isCode(error, 'EEXIST')) return false;
		throw error;
	}
	writeFileSync(join(path, 'owner'), String(process.pid));
	return true;
}

/** @param {string} path */
function isAbandoned(path) {
	try {
		const owner = Number(readFileSync(join(path, 'owner'), 'utf8'));
		return owner > 0 && !isAlive(owner);
	} catch (error) {
		if (!isCode(error, 'ENOENT')) throw error;
	}
	try {
		return Date.now() - statSync(path).mtimeMs > ownerGraceMs;
	} catch (error) {
		if (isCode(error, 'ENOENT')) return false;
		throw error;
	}
}

/** @param {number} pid */
function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return isCode(error, 'EPERM');
	}
}

/** @param {string} from @param {string} to */
function tryRename(from, to) {
	try {
		renameSync(from, to);
		return true;
	} catch (error) {
		if (isCode(error, 'ENOENT')) return false;
		throw error;
	}
}

/** @param {unknown} error @param {string} code */
function isCode(error, code) {
	return error instanceof Error && 'code' in error && error.code === code;
}
