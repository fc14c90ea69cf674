/**
 * The folders that a sandbox needs of its own, in the system's for temporary files: what stands in for temporary files and for a hidden file.
 * They go with the window; what one that crashed has left goes when a later one starts.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LeaseFile, parseLeaseFile } from '../../core/session/leaseFile.ts';
import { systemCode } from '../files/systemErrors.ts';
import { isThisMachine, isWriterAlive, thisProcess } from '../store/lease.ts';

export type SandboxFolders = {
	readonly base: string;
	/** Each window's commands share one. */
	readonly tmp: string;
	/** An empty file. */
	readonly empty: string;
};

const PREFIX = 'retrace-sandbox-';
const NAME = new RegExp(`^${PREFIX}[A-Za-z0-9]{6}$`);
/** Says whose it is. Commands do not see it. */
const OWNER = 'owner.json';
const MAX_OWNER_BYTES = 4_096;

export function makeSandboxFolders(): SandboxFolders {
	const base = realpathSync(mkdtempSync(join(tmpdir(), PREFIX)));
	const folders = { base, tmp: join(base, 'tmp'), empty: join(base, 'empty') };
	const owner: LeaseFile = { ...thisProcess(), window: 'sandbox', claimedAt: Date.now() };
	writeFileSync(join(base, OWNER), JSON.stringify(owner), { mode: 0o600 });
	mkdirSync(folders.tmp, { mode: 0o700 });
	writeFileSync(folders.empty, '', { mode: 0o400 });
	return folders;
}

export function removeSandboxFolders({ base }: SandboxFolders): void {
	try {
		rmSync(base, { recursive: true, force: true });
	} catch (error) {
		// A command may have left what cannot be removed; closing the window must not fail for it.
		if (systemCode(error) === undefined) throw error;
	}
}

/** Removes those whose window is gone; in doubt a folder stays. Follows no link. */
export async function removeLeftFolders(): Promise<void> {
	const parent = tmpdir();
	const names = await readdir(parent).catch(() => []);
	for (const name of names) {
		if (!NAME.test(name)) continue;
		const base = join(parent, name);
		try {
			if (await isLeft(base)) await rm(base, { recursive: true, force: true });
		} catch (error) {
			// Another window may remove it at the same moment.
			if (systemCode(error) === undefined) throw error;
		}
	}
}

async function isLeft(base: string): Promise<boolean> {
	const ownId = process.getuid?.();
	const folder = await lstat(base);
	if (!folder.isDirectory() || folder.uid !== ownId) return false;
	const path = join(base, OWNER);
	const file = await lstat(path);
	if (!file.isFile() || file.uid !== ownId || file.size > MAX_OWNER_BYTES) return false;
	const owner = parseLeaseFile(await readFile(path, 'utf8'));
	if (!owner) return false;
	return isThisMachine(owner) ? !isWriterAlive(owner, false) : isOfEarlierStart(owner);
}

/** On Linux the kernel names each of its starts; that a process space is another one says nothing. */
function isOfEarlierStart({ host, bootId }: LeaseFile): boolean {
	const own = thisProcess();
	const startOf = (id: string) => /^([\da-f-]{36}) /.exec(id)?.[1];
	const [theirs, ours] = [startOf(bootId), startOf(own.bootId)];
	return host === own.host && theirs !== undefined && ours !== undefined && theirs !== ours;
}
