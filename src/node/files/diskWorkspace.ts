/**
 * The port Workspace on the bare disk: confined paths, capped reads, checked writes.
 * Knows no open documents; the editor's implementation stands on this one and adds them.
 */
import { readdirSync, rmdirSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { UserError } from '../../base/errors.ts';
import type { Workspace, WorkspaceRoot } from '../../core/ports.ts';
import { createTimeSlices } from '../timeSlices.ts';
import { asOnDisk, requireFile, requireRealPath, resolvePath, rootAbove, statOf } from './diskPlace.ts';
import { hashOf, readSnapshot } from './diskRead.ts';
import { contentHash, createFile, replaceContent, replaceLink, setFileMode } from './diskWrite.ts';
import { changedMeanwhile, writeFailure } from './fileErrors.ts';
import { wayBelow } from './realPath.ts';

const DEFAULT_MAX_BYTES = 10_000_000;

export function createDiskWorkspace(options: {
	readonly roots: () => readonly WorkspaceRoot[];
	readonly isTrusted: () => boolean;
}): Workspace {
	const requireTrust = () => {
		if (options.isTrusted()) return;
		throw new UserError('untrusted', 'This workspace is not trusted, so no file is changed. Trust it first.');
	};
	const slices = createTimeSlices();
	return {
		get roots() {
			return options.roots();
		},
		get isTrusted() {
			return options.isTrusted();
		},
		resolve: (path, cwd) => resolvePath(path, cwd, options.roots()),
		asOnDisk,
		async read(absolute, { maxBytes = DEFAULT_MAX_BYTES, links = false } = {}) {
			await slices.pause();
			return await readSnapshot(absolute, maxBytes, links);
		},
		async write(absolute, bytes, writeOptions) {
			requireTrust();
			await slices.pause();
			await requireRealPath(absolute, options.roots());
			const existing = statOf(absolute);
			const isOfLink = writeOptions.link === true || writeOptions.wasLink === true;
			if (isOfLink) await replaceLink(absolute, existing, bytes, writeOptions, options.roots());
			else if (existing) await replaceContent(absolute, existing, bytes, writeOptions, options.roots());
			else await createFile(absolute, bytes, writeOptions, options.roots());
			return { after: hashOf(bytes), isSaved: true };
		},
		async delete(absolute, { expected, wasLink = false }) {
			requireTrust();
			await slices.pause();
			await requireRealPath(absolute, options.roots());
			const existing = statOf(absolute);
			if (!existing) {
				if (expected === undefined || expected === 'absent') return;
				throw changedMeanwhile(absolute);
			}
			if (!(wasLink && existing.isSymbolicLink())) requireFile(absolute, existing);
			if (wasLink && !existing.isSymbolicLink()) throw changedMeanwhile(absolute);
			if (expected !== undefined && (await contentHash(absolute, existing)) !== expected)
				throw changedMeanwhile(absolute);
			// Reading took its time. A name can only be removed by its path, so this is the last moment to look.
			await requireRealPath(absolute, options.roots());
			await unlink(absolute).catch((error: unknown) => {
				throw writeFailure(absolute, error);
			});
		},
		async setMode(absolute, mode, { expected }) {
			requireTrust();
			await requireRealPath(absolute, options.roots());
			const existing = statOf(absolute);
			if (!existing) throw changedMeanwhile(absolute);
			requireFile(absolute, existing);
			await setFileMode(absolute, mode, expected === undefined ? {} : { expected }, options.roots());
		},
		async removeEmptyFolder(absolute, made) {
			requireTrust();
			try {
				await requireRealPath(absolute, options.roots());
				const root = rootAbove(absolute, options.roots());
				const folder = statOf(absolute);
				if (!root || wayBelow(root.path, absolute) === '' || !folder?.isDirectory()) return false;
				// Where the disk knows no time of making, this is a later one, and the folder stays.
				const madeAt = folder.birthtimeMs;
				if (!made.some(({ from, until }) => madeAt >= from - CLOCK_STEP_MS && madeAt < until + 1)) return false;
				rmdirSync(absolute);
				return true;
			} catch {
				// Not empty, not ours to remove, or gone: it stays as it is, which loses nothing.
				return false;
			}
		},
		async isExactName(absolute) {
			const root = rootAbove(absolute, options.roots());
			if (!root || !statOf(absolute)) return false;
			let folder = root.path;
			for (const name of (wayBelow(root.path, absolute) ?? '').split(sep)) {
				if (!readdirSync(folder).includes(name)) return false;
				folder = join(folder, name);
			}
			return true;
		},
	};
}

/** The clock of a file system stands still between two ticks of the kernel, and is finer than the milliseconds of the log. */
const CLOCK_STEP_MS = 20;
