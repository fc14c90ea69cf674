/**
 * What a worktree is made from: the repository that a folder of the workspace lies in, and which of its files are to be copied. Reads only,
 * through `runGit`: no index is refreshed, no lock taken, no filter or hook started.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { type GitCommand, runGit } from '../scan/fileScanGit.ts';
import { zeroSplit } from './ownGit.ts';

/** An entry of the user's index. */
export type IndexEntry = {
	readonly mode: string;
	readonly oid: string;
	readonly stage: string;
	readonly path: string;
	/** Left out of the folder on purpose (sparse checkout). */
	readonly isSkipped: boolean;
};

export type SourceRepository = {
	/** The folder that holds the files. */
	readonly top: string;
	readonly objects: string;
	readonly objectFormat: string;
	/** `ref: refs/heads/…`, or a commit. */
	readonly head: string;
	/** `<commit> <name>` per line. */
	readonly refs: string;
	/** Where the history was cut off; empty for a whole one. */
	readonly shallow: string;
	/** Its own rules of what to ignore, and the file with the user's. */
	readonly exclude: string;
	readonly excludesFile: string | undefined;
	/** Names and values that change how files are read. */
	readonly settings: readonly (readonly [string, string])[];
};

export type SourceFiles = {
	readonly index: readonly IndexEntry[];
	/** Paths of files that are not tracked and not ignored. */
	readonly untracked: readonly string[];
};

/** The repository around a folder, and the way from its top down to it (with a `/` at its end, or empty). */
export async function findRepository(
	gitPath: string,
	folder: string,
): Promise<{ readonly source: SourceRepository; readonly prefix: string }> {
	const ask = async (command: GitCommand, args: readonly string[]) =>
		(await runGit(gitPath, folder, command, args))?.toString('utf8');
	const asked = ['--show-toplevel', '--show-object-format', '--git-path', 'objects', '--git-path', 'HEAD'];
	const facts = (
		await ask('rev-parse', [...asked, '--git-path', 'info/exclude', '--git-path', 'shallow', '--show-prefix'])
	)?.split('\n');
	// One line for each, and the end; a folder with a line break in its name cannot be told.
	if (facts?.length !== 8) throw noRepository(folder);
	const [top = '', objectFormat = '', objects = '', head = '', exclude = '', shallow = '', prefix = ''] = facts;
	const at = (path: string) => (isAbsolute(path) ? path : resolve(folder, path));
	const wanted = '^(core\\.(autocrlf|eol|safecrlf|longpaths)|user\\.(name|email))$';
	const settings = zeroSplit(await runGit(gitPath, folder, 'config', ['--local', '-z', '--get-regexp', wanted]));
	const excludesFile = (await ask('config', ['--type=path', '--get', 'core.excludesFile']))?.trimEnd();
	return {
		prefix,
		source: {
			...{ top: resolve(top), objects: at(objects), objectFormat },
			head: textAt(at(head)).trim(),
			refs:
				(await ask('for-each-ref', ['--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags', 'refs/remotes'])) ??
				'',
			shallow: textAt(at(shallow)),
			exclude: textAt(at(exclude)),
			excludesFile: excludesFile === '' ? undefined : excludesFile,
			settings: settings.map((one): [string, string] => {
				const end = one.indexOf('\n');
				return end < 0 ? [one, 'true'] : [one.slice(0, end), one.slice(end + 1)];
			}),
		},
	};
}

/** Of new files only those below one of the prefixes: what lies beside the folders of the workspace may be anything. */
export async function listFiles(
	gitPath: string,
	{ top }: SourceRepository,
	prefixes: readonly string[],
): Promise<SourceFiles> {
	const list = async (args: readonly string[]) => {
		const found = await runGit(gitPath, top, 'ls-files', ['-z', ...args]);
		if (!found) throw noRepository(top);
		return zeroSplit(found);
	};
	const [staged, tags, others] = await Promise.all([
		list(['--stage']),
		list(['-t']),
		list(['--others', '--exclude-standard']),
	]);
	const skipped = new Set(tags.filter((one) => /^[Ss] /.test(one)).map((one) => one.slice(2)));
	const index = staged.flatMap((line): IndexEntry[] => {
		const end = line.indexOf('\t');
		const [mode = '', oid = '', stage = ''] = line.slice(0, end).split(' ');
		const path = line.slice(end + 1);
		return [{ mode, oid, stage, path, isSkipped: skipped.has(path) }];
	});
	const untracked = others.filter((path) => prefixes.some((prefix) => path.startsWith(prefix)));
	const nested = [
		...index.filter(({ mode }) => mode === GITLINK).map(({ path }) => path),
		...untracked.filter((path) => path.endsWith('/')).map((path) => path.slice(0, -1)),
	];
	if (nested.length > 0) throw hasRepositories(top, nested);
	for (const prefix of prefixes)
		if (prefix !== '' && !index.some(({ path }) => path.startsWith(prefix))) throw noRepository(`${top}/${prefix}`);
	return { index, untracked };
}

const GITLINK = '160000';

function textAt(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		// Not there, as a rule.
		return '';
	}
}

const noRepository = (folder: string): UserError =>
	new UserError(
		'no-repository',
		`${folder.replace(/\/$/, '')} is in no git repository that can be read, so there is nothing to make a worktree of. Nothing was made. Run “git init” there, or start a session without a worktree.`,
	);

const hasRepositories = (top: string, nested: readonly string[]): UserError =>
	new UserError(
		'has-submodules',
		`${top} has other repositories in it (${nested.slice(0, 3).join(', ')}${nested.length > 3 ? ', …' : ''}), and a worktree would be without their files. Nothing was made. Start a session without a worktree, or open one of these folders by itself.`,
	);
