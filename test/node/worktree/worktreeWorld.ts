/** A real repository in a temporary folder, and worktrees of it in a storage beside it. */
import { createHash } from 'node:crypto';
import {
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	realpathSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { WorktreeRef } from '../../../src/core/session/worktreeFields.ts';
import type { WorktreeSide, Worktrees } from '../../../src/core/worktree/worktreePort.ts';
import { findGit } from '../../../src/node/scan/fileScanGit.ts';
import { createWorktrees } from '../../../src/node/worktree/worktrees.ts';

export type WorktreeWorld = {
	readonly folder: string;
	/** The user's. */
	readonly repo: string;
	readonly kept: string;
	readonly worktrees: Worktrees;
	at(rel: string): string;
	write(files: Readonly<Record<string, string | Uint8Array>>, folder?: string): void;
	create(
		roots?: readonly string[],
		unsaved?: Readonly<Record<string, string>>,
	): Promise<{ ref: WorktreeRef; tree: string; files: number }>;
	/** `rel: base -> now`, sorted. */
	changes(ref: WorktreeRef): Promise<readonly string[]>;
	dispose(): void;
};

export const { signal } = new AbortController();

export function createWorktreeWorld(
	options: { readonly isTrusted?: boolean; readonly gitPath?: string } = {},
): WorktreeWorld {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-worktree-')));
	const repo = join(folder, 'shop');
	mkdirSync(repo);
	const gitPath = 'gitPath' in options ? options.gitPath : findGit(process.env, []);
	const worktrees = createWorktrees({
		storageFolder: join(folder, 'storage'),
		gitPath: () => gitPath,
		isTrusted: () => options.isTrusted ?? true,
	});
	let made = 0;
	return {
		...{ folder, repo, worktrees },
		kept: join(folder, 'session'),
		at: (rel) => join(repo, rel),
		write(files, below = repo) {
			for (const [rel, content] of Object.entries(files)) {
				mkdirSync(dirname(join(below, rel)), { recursive: true });
				writeFileSync(join(below, rel), content);
			}
		},
		async create(roots = [repo], unsaved = {}) {
			const request = {
				id: `tree-${++made}`,
				roots: roots.map((path) => ({ name: path, path })),
				unsaved: Object.entries(unsaved).map(([rel, text]) => ({
					absolute: join(repo, rel),
					bytes: Buffer.from(text),
				})),
			};
			const { ref, files } = await worktrees.create(request, () => undefined, signal);
			return { ref, tree: ref.roots[0]?.path ?? '', files };
		},
		async changes(ref) {
			const { files, outside } = await worktrees.changes(ref, signal);
			const told = files.map(
				async ({ file, base, now }) => `${file.rel}: ${await textOf(base)} -> ${await textOf(now)}`,
			);
			return [...(await Promise.all(told)), ...outside.map((path) => `outside ${path}`)].sort();
		},
		dispose: () => rmSync(folder, { recursive: true, force: true }),
	};
}

async function textOf(side: WorktreeSide): Promise<string> {
	if (side.kind === 'absent') return 'none';
	const bytes = await side.bytes();
	const kind = side.meta.link ? ' link' : ((side.meta.mode ?? 0) & 0o100) === 0 ? '' : ' x';
	return `${bytes ? JSON.stringify(Buffer.from(bytes).toString('latin1')) : 'lost'}${kind}`;
}

/** Every file and link below a folder but `.git`, by its content; folders do not count. */
export function contents(folder: string, below = ''): Record<string, string> {
	const found: Record<string, string> = {};
	for (const name of readdirSync(join(folder, below))) {
		const rel = below === '' ? name : `${below}/${name}`;
		if (rel === '.git') continue;
		const stats = lstatSync(join(folder, rel));
		if (stats.isDirectory()) Object.assign(found, contents(folder, rel));
		else if (stats.isSymbolicLink()) found[rel] = `link ${readlinkSync(join(folder, rel))}`;
		else found[rel] = `${stats.mode & 0o100 ? 'x ' : ''}${readFileSync(join(folder, rel), 'latin1')}`;
	}
	return found;
}

/** What stands below `.git`, with times, to be compared. */
export function gitPicture(repo: string): readonly string[] {
	const top = join(repo, '.git');
	return readdirSync(top, { recursive: true, encoding: 'utf8' }).map((path) => {
		const stats = lstatSync(join(top, path), { bigint: true });
		const hash = stats.isFile()
			? createHash('sha256')
					.update(readFileSync(join(top, path)))
					.digest('hex')
			: '';
		return `${path} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino} ${hash}`;
	});
}
