/**
 * Makes the copy of one repository that a session works in: the files as they are now, and a `.git` of its own that reads the objects of the
 * user's repository and writes only beside it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initBase, knownKey, recordBase } from './baseRepository.ts';
import { copyFiles } from './copyFiles.ts';
import { type OwnRepository, ownGit, ownGitSucceeds } from './ownGit.ts';
import type { IndexEntry, SourceFiles, SourceRepository } from './sourceRepository.ts';
import { baseOf, type CopiedRepository } from './worktreeFolder.ts';

/** How many files it has. */
export async function makeCopy(
	work: {
		readonly gitPath: string;
		readonly folder: string;
		readonly copied: CopiedRepository;
		readonly source: SourceRepository;
		readonly files: SourceFiles;
		instead(path: string): Uint8Array | undefined;
	},
	onProgress: (copied: number) => void,
	signal: AbortSignal,
): Promise<number> {
	const { gitPath, folder, copied, source, files } = work;
	const base = baseOf(gitPath, folder, copied);
	const { workTree } = base;
	mkdirSync(workTree, { recursive: true });
	const paths = [...new Set([...files.index.map(({ path }) => path), ...files.untracked])];
	const made = await copyFiles(
		{ from: source.top, to: workTree, paths, objectFormat: source.objectFormat, instead: work.instead },
		onProgress,
		signal,
	);
	await initBase(base, copied, signal);
	// Links are stored with the base: to compare one, git reads what it was.
	const links = new Set(made.filter(({ mode }) => mode === LINK).map(({ path }) => path));
	const known = files.index.filter(({ stage, path }) => stage === '0' && !links.has(path));
	await recordBase(base, made, new Set(known.map(({ path, oid }) => knownKey(path, oid))), signal);
	await makeGitFolder({ gitPath, gitDir: join(workTree, '.git'), workTree }, source, files.index, signal);
	return made.length;
}

const LINK = '120000';

/** The same commit, branches and staged changes as the user's, for the git of the agent. */
async function makeGitFolder(
	own: OwnRepository,
	source: SourceRepository,
	index: readonly IndexEntry[],
	signal: AbortSignal,
): Promise<void> {
	const { gitDir } = own;
	await ownGit(own, ['init', '-q', '--template=', `--object-format=${source.objectFormat}`], { signal });
	mkdirSync(join(gitDir, 'info'), { recursive: true });
	writeFileSync(join(gitDir, 'objects', 'info', 'alternates'), `${source.objects}\n`);
	if (source.exclude !== '') writeFileSync(join(gitDir, 'info', 'exclude'), source.exclude);
	if (source.refs !== '') writeFileSync(join(gitDir, 'packed-refs'), source.refs);
	if (source.shallow !== '') writeFileSync(join(gitDir, 'shallow'), source.shallow);
	if (source.head !== '') writeFileSync(join(gitDir, 'HEAD'), `${source.head}\n`);
	for (const [name, value] of source.settings) await ownGit(own, ['config', name, value], { signal });
	const lines = index.map(({ mode, oid, stage, path }) => `${mode} ${oid} ${stage}\t${path}\0`);
	if (lines.length > 0) await ownGit(own, ['update-index', '-z', '--index-info'], { input: lines.join(''), signal });
	const skipped = index.filter(({ isSkipped }) => isSkipped).map(({ path }) => path);
	if (skipped.length > 0)
		await ownGit(own, ['update-index', '--skip-worktree', '-z', '--stdin'], { input: skipped.join('\0'), signal });
	// So that the first status is quick. Its exit code says that files are changed.
	await ownGitSucceeds(own, ['update-index', '-q', '--refresh'], { signal });
}
