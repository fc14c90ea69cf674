/**
 * The surroundings of documents in a real workspace: open documents before the disk, and of the disk nothing outside the workspace folders. What
 * was read is kept until the file is another one.
 */
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type MemoryWeights, priorWeights } from '../core/memory/memoryTokens.ts';
import { asSent, readImport, realPathOf } from '../node/memoryReader.ts';
import { wayBelow } from '../node/realPath.ts';
import type { ServerFacts } from '../protocol/contextServer.ts';
import { walkProject } from './projectWalk.ts';
import type { ProjectFiles, ReadText, Surroundings } from './surroundings.ts';

/** Names change more often than anybody says so; a list this old is made anew for the next question. */
const LIST_AGE_MS = 10_000;
/** What the kept texts may take; beyond it all of them are read again. */
const MAX_KEPT_CHARS = 4 * 1024 * 1024;

export type WorldOptions = {
	readonly facts: ServerFacts;
	readonly homeFolder: string | undefined;
	/** The text of an open document. */
	openText(path: string): string | undefined;
	now(): number;
};

export type WorkspaceWorld = Surroundings & {
	setRoots(roots: readonly string[]): void;
	isInside(path: string): boolean;
	setWeights(weights: MemoryWeights): void;
	/** Files came or went. */
	forgetFiles(): void;
};

type Kept = { readonly mtimeMs: number; readonly size: number; readonly read: ReadText };

export function createWorkspaceWorld({ facts, homeFolder, openText, now }: WorldOptions): WorkspaceWorld {
	let roots: readonly string[] = [];
	let realRoots: Promise<readonly string[]> = Promise.resolve([]);
	let weights: MemoryWeights = priorWeights;
	let files: { readonly atMs: number; readonly found: Promise<ProjectFiles> } | undefined;
	const kept = new Map<string, Kept>();
	let keptChars = 0;
	const open = new Map<string, { readonly text: string; readonly read: ReadText }>();

	const forgetFiles = (): void => {
		files = undefined;
	};
	const walk = () => {
		files = { atMs: now(), found: walkProject(roots) };
		return files;
	};
	const isInRoots = (path: string) => roots.some((root) => wayBelow(root, path) !== undefined);

	const readOpen = async (path: string, text: string): Promise<ReadText> => {
		const known = open.get(path);
		if (known?.text === text) return known.read;
		const bytes = new TextEncoder().encode(text);
		const read: ReadText = {
			kind: 'text',
			text: asSent(bytes).text,
			identity: (await realPathOf(path)) ?? path,
			sizeBytes: bytes.length,
		};
		open.set(path, { text, read });
		return read;
	};
	const readDisk = async (path: string): Promise<ReadText> => {
		// Where a path only seems to be in the workspace, the real place decides, and it is looked at by whoever reads.
		const stat = statSync(path, { throwIfNoEntry: false });
		if (!stat?.isFile()) return { kind: 'missing', isFolder: stat?.isDirectory() === true };
		const known = kept.get(path);
		if (known && known.mtimeMs === stat.mtimeMs && known.size === stat.size) return known.read;
		const found = await readImport(path, await realRoots, () => undefined);
		const read: ReadText =
			found.kind === 'unasked' ? { kind: 'refused', reason: `${found.reason}, so it is not looked at here` } : found;
		keptChars += read.kind === 'text' ? read.text.length : 0;
		if (keptChars > MAX_KEPT_CHARS) {
			kept.clear();
			keptChars = read.kind === 'text' ? read.text.length : 0;
		}
		kept.set(path, { mtimeMs: stat.mtimeMs, size: stat.size, read });
		return read;
	};

	return {
		...facts,
		homeFolder,
		get roots() {
			return roots;
		},
		get weights() {
			return weights;
		},
		async read(path) {
			if (!isInRoots(path)) return { kind: 'refused', reason: 'is outside the workspace, so it is not looked at here' };
			const text = openText(path);
			if (text !== undefined) return await readOpen(path, text);
			open.delete(path);
			try {
				return await readDisk(path);
			} catch {
				// What may not be looked at is not there for anybody here.
				return { kind: 'missing' };
			}
		},
		async list(folder) {
			const real = isInRoots(folder) ? await realPathOf(folder) : undefined;
			if (real === undefined || !(await realRoots).some((root) => wayBelow(root, real) !== undefined)) return [];
			const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
			return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
		},
		async projectFiles() {
			const { atMs, found } = files ?? walk();
			// The next question gets the new list; this one is not made to wait for it.
			if (now() - atMs > LIST_AGE_MS) walk();
			return await found;
		},
		setRoots(next) {
			roots = next;
			realRoots = Promise.all(next.map(realPathOf)).then((found) => found.filter((one) => one !== undefined));
			forgetFiles();
		},
		isInside: isInRoots,
		setWeights(next) {
			weights = next;
		},
		forgetFiles,
	};
}
