/**
 * Reads once what a session's frozen context is made from: memory files of the roots and facts about the environment.
 * Runs no program, follows no link out of a root, and must be called in trusted workspaces only.
 */
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { arch, release, type as systemName } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ProjectContext } from '../core/agent/turnTypes.ts';
import type { WorkspaceRoot } from '../core/ports.ts';
import { wayBelow } from './realPath.ts';
import { defaultShellPath } from './shellProcess.ts';

const MEMORY_FILES = ['AGENTS.md', 'CLAUDE.md'];
/** About 16,000 tokens: more would leave too little for the work, in every request. */
const MAX_MEMORY_BYTES = 64 * 1024;
/** A branch name and the like; far more than git allows. */
const MAX_HEAD_BYTES = 4 * 1024;

/** Never rejects for what the files hold or lack. Memory comes in the order of the roots, AGENTS.md before CLAUDE.md. */
export async function loadProjectContext(roots: readonly WorkspaceRoot[], cwd: string): Promise<ProjectContext> {
	const branch = await gitBranch(cwd);
	return {
		memory: await loadMemory(roots),
		environment: [
			`Operating system: ${systemName()} ${release()} (${arch()})`,
			`Shell: ${defaultShellPath()}`,
			`Working folder: ${oneLine(cwd)}`,
			...roots.map((root) => `Workspace folder: ${oneLine(root.path)}`),
			...(branch === undefined ? [] : [`Git branch: ${branch}`]),
		],
	};
}

async function loadMemory(roots: readonly WorkspaceRoot[]): Promise<ProjectContext['memory']> {
	const memory: { path: string; text: string }[] = [];
	const seen = new Set<string>();
	for (const root of roots)
		for (const name of MEMORY_FILES) {
			const path = join(root.path, name);
			const real = await realpath(path).catch(() => undefined);
			// One is often a link to the other, and must not be sent twice.
			if (real === undefined || seen.has(real) || !(await isInside(real, roots))) continue;
			seen.add(real);
			const text = await readText(real);
			if (text !== undefined && text.trim() !== '') memory.push({ path, text });
		}
	return memory;
}

async function isInside(real: string, roots: readonly WorkspaceRoot[]): Promise<boolean> {
	for (const root of roots) {
		const realRoot = await realpath(root.path).catch(() => undefined);
		if (realRoot !== undefined && wayBelow(realRoot, real) !== undefined) return true;
	}
	return false;
}

/** The text of a memory file; undefined when it is no readable text file. */
async function readText(path: string): Promise<string | undefined> {
	const bytes = await readStart(path, MAX_MEMORY_BYTES);
	if (!bytes || bytes.includes(0)) return undefined;
	if (bytes.length <= MAX_MEMORY_BYTES) return decode(bytes);
	const start = decode(bytes.subarray(0, MAX_MEMORY_BYTES), { stream: true });
	return `${start}\n[The rest of this file is left out: only its first 64 KB are read.]`;
}

/**
 * The branch of the repository that holds `folder`, from its HEAD file alone; a short commit id when it is detached.
 * Undefined without a repository or when HEAD says something else.
 */
async function gitBranch(folder: string): Promise<string | undefined> {
	for (let current = folder; ; current = dirname(current)) {
		const branch = branchOf(await readHead(join(current, '.git')));
		if (branch !== undefined || dirname(current) === current) return branch;
	}
}

/** In a linked worktree or a submodule `.git` is a file that names the real folder. */
async function readHead(gitPath: string): Promise<string | undefined> {
	const pointer = await readStart(gitPath, MAX_HEAD_BYTES);
	const target = pointer && /^gitdir: (.+)\n?$/.exec(decode(pointer))?.[1];
	const head = await readStart(join(target ? resolve(dirname(gitPath), target) : gitPath, 'HEAD'), MAX_HEAD_BYTES);
	return head && decode(head);
}

function branchOf(head: string | undefined): string | undefined {
	const name = /^ref: refs\/heads\/([^\s\p{Cc}]{1,250})\n?$/u.exec(head ?? '')?.[1];
	if (name !== undefined) return name;
	const commit = /^([0-9a-f]{12})[0-9a-f]{28,52}\n?$/.exec(head ?? '')?.[1];
	return commit && `none (at commit ${commit})`;
}

/** At most `maxBytes` + 1 bytes of a regular file, so that a caller sees that there is more; undefined when there is none. */
async function readStart(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
	// Without waiting, since a named pipe under this name would otherwise never answer.
	const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
	const handle = await open(path, flags).catch(() => undefined);
	if (!handle) return undefined;
	try {
		if (!(await handle.stat()).isFile()) return undefined;
		const buffer = new Uint8Array(maxBytes + 1);
		let filled = 0;
		for (;;) {
			const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled);
			filled += bytesRead;
			if (bytesRead === 0 || filled === buffer.length) return buffer.subarray(0, filled);
		}
	} finally {
		await handle.close();
	}
}

/** Drops a byte order mark; with `stream` also a character that a cut has torn. */
function decode(bytes: Uint8Array, options?: { stream: boolean }): string {
	return new TextDecoder().decode(bytes, options);
}

/** A folder's name may hold a line break, which must not look like a line of ours. */
function oneLine(path: string): string {
	return path.replaceAll(/\p{Cc}/gu, '?');
}
