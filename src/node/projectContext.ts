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
	// The first request of a session waits for this, so nothing in here waits for something it does not need.
	const [branch, memory] = await Promise.all([gitBranch(cwd), loadMemory(roots)]);
	return {
		memory,
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
	const paths = roots.flatMap((root) => MEMORY_FILES.map((name) => join(root.path, name)));
	const found = await Promise.all(paths.map(async (path) => ({ path, real: await realPathOf(path) })));
	// One is often a link to the other, and must not be sent twice.
	const first = found.filter(
		({ real }, index) => real !== undefined && found.findIndex((one) => one.real === real) === index,
	);
	if (first.length === 0) return [];
	const realRoots = await Promise.all(roots.map((root) => realPathOf(root.path)));
	const files = await Promise.all(
		first.map(async ({ path, real }) => ({ path, text: isInside(real, realRoots) ? await readText(real) : undefined })),
	);
	return files.flatMap(({ path, text }) => (text === undefined || text.trim() === '' ? [] : [{ path, text }]));
}

/** Undefined when there is nothing at `path`, or nothing that may be looked at. */
async function realPathOf(path: string): Promise<string | undefined> {
	return await realpath(path).catch(() => undefined);
}

function isInside(real: string | undefined, realRoots: readonly (string | undefined)[]): real is string {
	if (real === undefined) return false;
	return realRoots.some((root) => root !== undefined && wayBelow(root, real) !== undefined);
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
	const folders = [folder];
	for (let parent = dirname(folder); parent !== folders.at(-1); parent = dirname(parent)) folders.push(parent);
	const heads = await Promise.all(folders.map((one) => readHead(join(one, '.git'))));
	for (const head of heads) {
		const branch = branchOf(head);
		if (branch !== undefined) return branch;
	}
	return undefined;
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
