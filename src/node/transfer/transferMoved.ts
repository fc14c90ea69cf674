/**
 * Sessions in the store of a folder that was moved or renamed: the editor keys a store by the folder's path, so the new path has an empty one.
 * Finds such stores and copies sessions out of them. Never changes or removes anything there.
 */
import { constants, existsSync } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf, UserError } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import { sessionInUse } from '../../core/session/sessionErrors.ts';
import { importFailed, importUnreadable } from '../../core/transfer/transferErrors.ts';
import type { MovedFolder, MovedFolders } from '../../core/transfer/transferPorts.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { readOwner } from '../store/lease.ts';

const LOG_ENDING = '.jsonl';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export type MovedFoldersOptions = {
	/** Our own canonical storage folder, `…/workspaceStorage/<id>/<publisher.name>`. */
	readonly folder: string;
	readonly window: string;
};

export function createMovedFolders({ folder, window }: MovedFoldersOptions): MovedFolders {
	const workspaceStorage = dirname(dirname(folder));
	return {
		async find(roots, signal) {
			const names = await namesIn(workspaceStorage);
			const ours = await Promise.all(roots.map(identityOf));
			const found: MovedFolder[] = [];
			for (const name of names) {
				signal.throwIfAborted();
				const storage = join(workspaceStorage, name, basename(folder));
				if (storage === folder) continue;
				const one = await describe(storage, join(workspaceStorage, name, 'workspace.json'), ours);
				if (one) found.push(one);
			}
			return found.sort((left, right) => rank(right) - rank(left) || right.newestMs - left.newestMs);
		},
		async adopt(moved, ids, signal) {
			const adopted: SessionId[] = [];
			const skipped: { id: SessionId; why: string }[] = [];
			for (const id of ids) {
				signal.throwIfAborted();
				try {
					await adoptOne(moved.storage, folder, id, window);
					adopted.push(id);
				} catch (error) {
					if (codeOf(error) === 'session-exists') skipped.push({ id, why: 'it is here already' });
					else if (codeOf(error) === 'session-in-use') skipped.push({ id, why: 'it is open in another window' });
					else throw error instanceof UserError ? error : importFailed(error, describeFileError(error));
				}
			}
			return { adopted, skipped };
		},
	};
}

const rank = (one: MovedFolder): number => (one.fit === 'similar' ? 1 : 0) + (one.fit === 'gone' ? 2 : 0);

/** What stays the same when a folder is moved: its name, and the first commit of its history. */
type Identity = { readonly name: string; readonly gitOrigin: string | undefined };

async function identityOf(root: string): Promise<Identity> {
	return { name: basename(root), gitOrigin: await remoteOf(root) };
}

/** Where its repository is fetched from, read from the configuration as text: no program is run in a folder that may be foreign. */
async function remoteOf(root: string): Promise<string | undefined> {
	try {
		const config = await readFile(join(root, '.git', 'config'), 'utf8');
		return /\[remote "origin"\][^[]*?\burl\s*=\s*(\S+)/.exec(config)?.[1];
	} catch (error) {
		if (systemCode(error) === undefined) throw error;
		return undefined;
	}
}

async function describe(
	storage: string,
	workspaceFile: string,
	ours: readonly Identity[],
): Promise<MovedFolder | undefined> {
	const logs = (await namesIn(join(storage, 'sessions'))).filter((name) => name.endsWith(LOG_ENDING));
	const ids = logs.map((name) => name.slice(0, -LOG_ENDING.length)).filter((id) => UUID.test(id));
	if (ids.length === 0) return undefined;
	const folder = await folderOf(workspaceFile);
	const isGone = folder === undefined || !existsSync(folder);
	const theirs = folder === undefined ? undefined : await identityOf(folder);
	const isSimilar = ours.some(
		(one) =>
			theirs !== undefined &&
			(one.name === theirs.name || (one.gitOrigin !== undefined && one.gitOrigin === theirs.gitOrigin)),
	);
	if (!isGone && !isSimilar) return undefined;
	const times = await Promise.all(ids.map((id) => modifiedMs(join(storage, 'sessions', `${id}${LOG_ENDING}`))));
	return {
		storage,
		folder,
		fit: isGone ? 'gone' : 'similar',
		sessionIds: ids.map(asSessionId),
		newestMs: Math.max(...times),
	};
}

/** `workspace.json` names a folder or a workspace file, by its address. */
async function folderOf(workspaceFile: string): Promise<string | undefined> {
	try {
		const value: unknown = JSON.parse(await readFile(workspaceFile, 'utf8'));
		if (typeof value !== 'object' || value === null) return undefined;
		const address = 'folder' in value ? value.folder : 'workspace' in value ? value.workspace : undefined;
		return typeof address === 'string' && address.startsWith('file:') ? fileURLToPath(address) : undefined;
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof TypeError || systemCode(error) !== undefined) return undefined;
		throw error;
	}
}

/** Blobs first, the log last: what is in the list is whole. */
async function adoptOne(from: string, to: string, id: SessionId, window: string): Promise<void> {
	if (!UUID.test(id)) throw importFailed(undefined, 'its id is not a valid one');
	const log = join(from, 'sessions', `${id}${LOG_ENDING}`);
	const target = join(to, 'sessions', `${id}${LOG_ENDING}`);
	if (existsSync(target)) throw sessionExists();
	const owner = readOwner(join(from, 'sessions', `${id}.lease`), window);
	if (owner?.isAlive) throw sessionInUse(owner.window);
	await mkdir(dirname(target), { recursive: true, mode: 0o700 });
	const agents = join(from, 'sessions', id, 'agents');
	const agentLogs = (await namesIn(agents)).filter((name) => name.endsWith(LOG_ENDING));
	const hashes = await blobsNamedIn([log, ...agentLogs.map((name) => join(agents, name))]);
	for (const hash of hashes) await copyBlob(from, to, hash);
	for (const name of agentLogs) {
		const copy = join(to, 'sessions', id, 'agents', name);
		await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
		await copyWhole(join(agents, name), copy);
	}
	await copyWhole(log, target);
}

/** Hashes after `"$blob":"` or `"after":"`, by which a file operation names what it left. Text that looks so costs a copy, no more. */
async function blobsNamedIn(paths: readonly string[]): Promise<ReadonlySet<string>> {
	const hashes = new Set<string>();
	for (const path of paths) {
		const file = await open(path, 'r');
		try {
			for await (const line of file.readLines())
				for (const match of line.matchAll(/"(?:\$blob|after)":"([0-9a-f]{64})"/g)) if (match[1]) hashes.add(match[1]);
		} finally {
			await file.close();
		}
	}
	return hashes;
}

async function copyBlob(from: string, to: string, hash: string): Promise<void> {
	const group = join('blobs', hash.slice(0, 2));
	for (const codec of ['raw', 'zst', 'gz']) {
		const source = join(from, group, `${hash}.${codec}`);
		const target = join(to, group, `${hash}.${codec}`);
		if (!existsSync(source) || existsSync(target)) continue;
		await mkdir(join(to, group), { recursive: true, mode: 0o700 });
		await copyWhole(source, target);
	}
}

/** Under another name first, flushed, then linked to its own: it is there whole or not at all, and replaces nothing. */
async function copyWhole(source: string, target: string): Promise<void> {
	const temporary = `${target}.${process.pid}.tmp`;
	try {
		await copyFile(source, temporary, constants.COPYFILE_FICLONE);
		const file = await open(temporary, 'r+');
		try {
			await file.chmod(0o600);
			await file.datasync();
		} finally {
			await file.close();
		}
		await link(temporary, target);
	} catch (error) {
		if (systemCode(error) === 'EEXIST') {
			if (target.endsWith(LOG_ENDING)) throw sessionExists();
			return;
		}
		throw error;
	} finally {
		await rm(temporary, { force: true });
	}
}

const sessionExists = (): UserError =>
	new UserError('session-exists', 'This session is in this folder already. Nothing was changed.');

async function modifiedMs(path: string): Promise<number> {
	return (await stat(path)).mtimeMs;
}

async function namesIn(folder: string): Promise<readonly string[]> {
	try {
		return await readdir(folder);
	} catch (error) {
		const code = systemCode(error);
		if (code === 'ENOENT' || code === 'ENOTDIR') return [];
		throw importUnreadable(error, describeFileError(error));
	}
}
