/** Where the worktrees of a workspace lie and what is known of each: one folder with a description, a copy of each repository, and beside it what it was. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { UserError } from '../../base/errors.ts';
import type { WorktreeRef } from '../../core/session/worktreeFields.ts';
import type { OwnRepository } from './ownGit.ts';

const DESCRIPTION = 'worktree.json';
const descriptionSchema = z.object({
	version: z.literal(1),
	id: z.string(),
	repositories: z.array(
		z.object({
			/** Of the user's. */
			top: z.string(),
			objects: z.string(),
			objectFormat: z.string(),
			exclude: z.string(),
			excludesFile: z.string().optional(),
			/** Name of the copy's folder. */
			name: z.string(),
		}),
	),
	roots: z.array(
		z.object({
			name: z.string(),
			path: z.string(),
			from: z.string(),
			/** Which repository it lies in, and the way down. */
			repository: z.number().int().nonnegative(),
			prefix: z.string(),
		}),
	),
});
export type WorktreeDescription = z.infer<typeof descriptionSchema>;
export type CopiedRepository = WorktreeDescription['repositories'][number];

/** The folder of a worktree. It follows from where the first root lies, so a store that was moved says that it is gone. */
export const folderOf = (worktrees: string, id: string): string => join(worktrees, id);

export function writeDescription(folder: string, description: WorktreeDescription): void {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	writeFileSync(join(folder, DESCRIPTION), `${JSON.stringify(description, undefined, '\t')}\n`, { mode: 0o600 });
}

/** Undefined when there is none, or none that can be read. */
export function readDescription(folder: string): WorktreeDescription | undefined {
	try {
		return descriptionSchema.safeParse(JSON.parse(readFileSync(join(folder, DESCRIPTION), 'utf8'))).data;
	} catch {
		return undefined;
	}
}

/** Rejects with UserError `worktree-gone`. */
export function requireDescription(folder: string): WorktreeDescription {
	const description = readDescription(folder);
	if (description?.repositories.every(({ name }) => existsSync(join(folder, name)))) return description;
	throw new UserError(
		'worktree-gone',
		`The worktree of this session is not there any more (${folder}). The conversation is safe. Restore the worktree if it was discarded, or fork the session to go on in the workspace.`,
	);
}

/** What the files were at the start, as a repository that nobody but us uses. */
export const baseOf = (gitPath: string, folder: string, { name, excludesFile }: CopiedRepository): OwnRepository => ({
	gitPath,
	gitDir: join(folder, `${name}.base`),
	workTree: join(folder, name),
	settings: [
		...['core.autocrlf=false', 'core.safecrlf=false', 'core.longpaths=true'],
		...(excludesFile === undefined ? [] : [`core.excludesFile=${excludesFile}`]),
	],
});

export const refOf = ({ id, roots }: WorktreeDescription): WorktreeRef => ({
	id,
	roots: roots.map(({ name, path, from }) => ({ name, path, from })),
});

/** Names of folders for the copies, as the originals are called, each once and fit for every system. */
export function copyNames(tops: readonly string[]): string[] {
	const names: string[] = [];
	for (const top of tops) {
		const plain = (basename(top) || basename(dirname(top)) || 'files').replace(/[^\p{L}\p{N}._ -]/gu, '-').slice(0, 60);
		const name = /^\.+$/.test(plain) ? 'files' : plain;
		let free = name;
		const isTaken = (one: string) => names.some((known) => known.toLowerCase() === one.toLowerCase());
		for (let count = 2; isTaken(free); count++) free = `${name}-${count}`;
		names.push(free);
	}
	return names;
}
