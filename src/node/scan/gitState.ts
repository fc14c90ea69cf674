/**
 * Which branch the folders of the workspace are on and what is not committed in them, for a brief. Reads only and starts nothing of the
 * repository: filters, which git would run where it compares contents, are turned off. Must be called in trusted workspaces only.
 */
import type { GitState } from '../../core/agent/briefText.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { type GitCommand, runGit } from './fileScanGit.ts';

const MAX_CHANGES = 100;
/** A person waits for it, and a brief is worth having without it. */
const TIMEOUT_MS = 5_000;

type Change = GitState['changes'][number];

/** Folders in no repository are left out. Never rejects. */
export async function readGitState(
	roots: readonly WorkspaceRoot[],
	gitPath: string | undefined,
): Promise<readonly GitState[]> {
	if (gitPath === undefined) return [];
	const states = await Promise.all(roots.map((root) => stateOf(root, gitPath)));
	return states.flatMap((state) => state ?? []);
}

async function stateOf(root: WorkspaceRoot, gitPath: string): Promise<GitState | undefined> {
	const ask = async (command: GitCommand, args: readonly string[], settings: readonly string[] = []) =>
		(await runGit(gitPath, root.path, command, args, { settings, timeoutMs: TIMEOUT_MS }))?.toString('utf8');
	if ((await ask('rev-parse', ['--is-inside-work-tree']))?.trim() !== 'true') return undefined;
	// Fails when there is none, which is the usual case.
	const off = filtersOff(fields(await ask('config', ['--name-only', '-z', '--get-regexp', FILTERS])));
	const diff = ['--name-status', '-z', '--no-renames', '--ignore-submodules=all', '--relative'];
	const [name, commit, staged, unstaged, untracked] = await Promise.all([
		ask('rev-parse', ['--abbrev-ref', 'HEAD']),
		ask('rev-parse', ['--short=12', 'HEAD']),
		ask('diff-index', ['--cached', ...diff, 'HEAD', '--']),
		off && ask('diff-files', diff, off),
		ask('ls-files', ['--others', '--exclude-standard', '--directory', '--no-empty-directory', '-z']),
	]);
	const found = new Map<string, Change['what']>();
	for (const path of fields(untracked)) found.set(path, 'new');
	// What was done last says what the file is now; one that was added and then changed is still an added one.
	for (const [path, what] of statuses(staged)) found.set(path, what);
	for (const [path, what] of statuses(unstaged))
		if (what !== 'changed' || found.get(path) !== 'added') found.set(path, what);
	const changes = [...found].map(([path, what]) => ({ path, what })).sort((a, b) => (a.path < b.path ? -1 : 1));
	return {
		folder: root.name,
		branch: branchName(name?.trim(), commit?.trim()),
		changes: changes.slice(0, MAX_CHANGES),
		more: Math.max(0, changes.length - MAX_CHANGES),
	};
}

const FILTERS = '^filter\\..*\\.(clean|smudge|process|required)$';

/** Settings under which no filter runs; undefined when a name cannot be written on a command line. */
function filtersOff(names: readonly string[]): readonly string[] | undefined {
	if (names.some((name) => /[=\n]/.test(name))) return undefined;
	return names.map((name) => `${name}=${name.endsWith('.required') ? 'false' : ''}`);
}

function branchName(name: string | undefined, commit: string | undefined): string | undefined {
	if (name === undefined || name === '') return undefined;
	return name === 'HEAD' ? `none (at commit ${commit ?? 'unknown'})` : name;
}

const fields = (text: string | undefined): readonly string[] => (text ?? '').split('\0').filter((part) => part !== '');

/** Of `--name-status -z`: status and path in turn. A file in conflict is listed twice. */
function statuses(text: string | undefined): readonly (readonly [string, Change['what']])[] {
	const parts = fields(text);
	const found: (readonly [string, Change['what']])[] = [];
	const conflicts = new Set<string>();
	for (let index = 0; index + 1 < parts.length; index += 2) {
		const [status = '', path = ''] = [parts[index], parts[index + 1]];
		if (status.startsWith('U')) conflicts.add(path);
		found.push([path, conflicts.has(path) ? 'conflict' : (WORDS[status.charAt(0)] ?? 'changed')]);
	}
	return found;
}

const WORDS: Readonly<Record<string, Change['what']>> = { A: 'added', D: 'deleted', U: 'conflict' };
