/** Names and sizes of everything in a storage folder, trash included. Opens no file and changes nothing. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../files/systemErrors.ts';

export type StoredLog = {
	readonly sessionId: string;
	readonly place: 'sessions' | 'trash' | 'agent';
	/** Below the storage folder, with `/`. */
	readonly path: string;
	readonly sizeBytes: number;
	readonly modifiedMs: number;
};
type StoredBlob = { readonly sha: string; readonly sizeBytes: number; readonly modifiedMs: number };
export type StoreListing = {
	readonly logs: readonly StoredLog[];
	readonly blobs: readonly StoredBlob[];
	/** Paths below the storage folder. */
	readonly temporary: readonly string[];
	/** Ids of sessions that have a lease folder. */
	readonly leases: readonly string[];
};

/** A trashed session may carry a number. */
const LOG = /^(.+?)(?:\.\d+)?\.jsonl(?:\.\d+)?$/;
const BLOB = /^([0-9a-f]{64})\.(?:raw|zst|gz)$/;

export async function listStore(folder: string): Promise<StoreListing> {
	const logs: StoredLog[] = [];
	const blobs: StoredBlob[] = [];
	const temporary: string[] = [];
	const leases: string[] = [];
	for (const place of ['sessions', 'trash'] as const) {
		for (const item of await entriesOf(join(folder, place))) {
			const path = `${place}/${item.name}`;
			if (item.isFile()) await addLog(logs, folder, path, place, LOG.exec(item.name)?.[1]);
			else if (item.name.endsWith('.lease')) {
				if (place === 'sessions') leases.push(item.name.slice(0, -'.lease'.length));
			} else {
				for (const agent of await entriesOf(join(folder, path, 'agents')))
					if (agent.isFile() && agent.name.endsWith('.jsonl'))
						await addLog(logs, folder, `${path}/agents/${agent.name}`, 'agent', item.name.replace(/\.\d+$/, ''));
			}
			if (item.name.endsWith('.tmp')) temporary.push(path);
		}
	}
	for (const item of await entriesOf(folder)) if (item.name.endsWith('.tmp')) temporary.push(item.name);
	for (const part of await entriesOf(join(folder, 'blobs'))) {
		for (const item of await entriesOf(join(folder, 'blobs', part.name))) {
			const path = `blobs/${part.name}/${item.name}`;
			const sha = BLOB.exec(item.name)?.[1];
			if (item.name.endsWith('.tmp')) temporary.push(path);
			else if (sha !== undefined) {
				const found = await sizeOf(join(folder, path));
				blobs.push({ sha, sizeBytes: found?.size ?? 0, modifiedMs: found?.mtimeMs ?? 0 });
			}
		}
	}
	return { logs, blobs, temporary, leases };
}

/**
 * Other windows of the same workspace are given `<id>-1`, `<id>-2` … beside `<id>` by the editor; an old version, or a crash, may have
 * left logs there.
 */
export async function twinsOf(folder: string): Promise<readonly { readonly path: string; readonly logs: number }[]> {
	const workspace = dirname(folder);
	if (basename(dirname(workspace)) !== 'workspaceStorage') return [];
	const twins: { path: string; logs: number }[] = [];
	for (const item of await entriesOf(dirname(workspace))) {
		const name = basename(workspace);
		if (!item.name.startsWith(`${name}-`) || !/^\d+$/.test(item.name.slice(name.length + 1))) continue;
		const path = join(dirname(workspace), item.name, basename(folder), 'sessions');
		const logs = (await entriesOf(path)).filter((entry) => entry.name.endsWith('.jsonl')).length;
		if (logs > 0) twins.push({ path, logs });
	}
	return twins;
}

async function addLog(
	logs: StoredLog[],
	folder: string,
	path: string,
	place: StoredLog['place'],
	sessionId: string | undefined,
): Promise<void> {
	if (sessionId === undefined) return;
	const found = await sizeOf(join(folder, path));
	// Trashed or deleted while we looked.
	if (found) logs.push({ sessionId, place, path, sizeBytes: found.size, modifiedMs: found.mtimeMs });
}

async function sizeOf(path: string) {
	try {
		return await stat(path);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}

async function entriesOf(folder: string): Promise<Dirent[]> {
	try {
		return await readdir(folder, { withFileTypes: true });
	} catch (error) {
		if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
		throw error;
	}
}
