/**
 * Reads what a session's frozen context is made from: memory files and facts about the environment.
 * Runs no program, and must be called in trusted workspaces only.
 */
import { arch, release, type as systemName } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ProjectContext } from '../../core/agent/turnTypes.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { agentListText, joinDefinitions } from '../../core/subagents/agentDefinition.ts';
import { defaultShellPath } from '../process/shellProcess.ts';
import { readAgentFiles } from '../store/agentFiles.ts';
import { decode, readStart } from '../store/readStart.ts';
import { loadMemory, type MemoryOptions } from './memoryFiles.ts';

/** A branch name and the like; far more than git allows. */
const MAX_HEAD_BYTES = 4 * 1024;

/** Never rejects for what the files hold or lack. */
export async function loadProjectContext(
	roots: readonly WorkspaceRoot[],
	cwd: string,
	options: MemoryOptions = {},
): Promise<ProjectContext> {
	// The first request of a session waits for this, so nothing in here waits for something it does not need.
	const [branch, memory, agents] = await Promise.all([
		gitBranch(cwd),
		loadMemory(roots, options),
		options.homeFolder === undefined ? undefined : readAgentFiles(roots, options.homeFolder),
	]);
	const agentList = agentListText(joinDefinitions(agents?.definitions ?? []));
	return {
		memory: memory.files,
		notices: [...memory.notices, ...(agents?.problems ?? []).map((problem) => `Not an agent: ${problem}.`)],
		asked: memory.asked,
		...(agentList === '' ? {} : { lists: [agentList] }),
		environment: [
			`Operating system: ${systemName()} ${release()} (${arch()})`,
			`Shell: ${defaultShellPath()}`,
			`Working folder: ${oneLine(cwd)}`,
			...roots.map((root) => `Workspace folder: ${oneLine(root.path)}`),
			...(branch === undefined ? [] : [`Git branch: ${branch}`]),
		],
	};
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
	const target = /^gitdir: (.+)\n?$/.exec((await readText(gitPath)) ?? '')?.[1];
	return await readText(join(target ? resolve(dirname(gitPath), target) : gitPath, 'HEAD'));
}

/** Undefined when there is no such file, or none that may be read. */
async function readText(path: string): Promise<string | undefined> {
	const start = await readStart(path, MAX_HEAD_BYTES).catch(() => 'special' as const);
	return start === 'special' ? undefined : decode(start.bytes);
}

function branchOf(head: string | undefined): string | undefined {
	const name = /^ref: refs\/heads\/([^\s\p{Cc}]{1,250})\n?$/u.exec(head ?? '')?.[1];
	if (name !== undefined) return name;
	const commit = /^([0-9a-f]{12})[0-9a-f]{28,52}\n?$/.exec(head ?? '')?.[1];
	return commit && `none (at commit ${commit})`;
}

/** A folder's name may hold a line break, which must not look like a line of ours. */
function oneLine(path: string): string {
	return path.replaceAll(/\p{Cc}/gu, '?');
}
