/**
 * The surroundings of documents in a real workspace: open documents before the disk, and of the disk nothing outside the workspace folders. What
 * was read is kept until the file is another one.
 */
import { type MemoryWeights, priorWeights } from '../core/memory/memoryTokens.ts';
import { wayBelow } from '../node/files/realPath.ts';
import { asSent } from '../node/instructions/memoryReader.ts';
import type { ServerFacts } from '../protocol/contextServer.ts';
import { walkProject } from './projectWalk.ts';
import { type FileStamp, listFolder, OUTSIDE, readDisk, realPathOf, stampOf } from './readDisk.ts';
import type { ProjectFiles, ReadText, Surroundings } from './surroundings.ts';

/** Names change more often than anybody says so; a list this old is made anew for the next question. */
const LIST_AGE_MS = 10_000;
/** What the kept texts may take; beyond it all of them are read again. */
const MAX_KEPT_CHARS = 2 * 1024 * 1024;
const READS_IN_A_ROW = 16;

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

type Kept = { readonly stamp: FileStamp; readonly read: ReadText };

export function createWorkspaceWorld({ facts, homeFolder, openText, now }: WorldOptions): WorkspaceWorld {
	let roots: readonly string[] = [];
	let realRoots: readonly string[] = [];
	let weights: MemoryWeights = priorWeights;
	let files: { readonly atMs: number; readonly found: Promise<ProjectFiles> } | undefined;
	const kept = new Map<string, Kept>();
	let keptChars = 0;
	let reads = 0;
	const open = new Map<string, { readonly text: string; readonly read: ReadText }>();

	const forgetFiles = (): void => {
		files = undefined;
	};
	const walk = () => {
		files = { atMs: now(), found: walkProject(roots) };
		return files;
	};
	const isInRoots = (path: string) => roots.some((root) => wayBelow(root, path) !== undefined);

	const readOpen = (path: string, text: string): ReadText => {
		const known = open.get(path);
		if (known?.text === text) return known.read;
		const bytes = new TextEncoder().encode(text);
		const identity = realPathOf(path) ?? path;
		const read: ReadText = { kind: 'text', text: asSent(bytes).text, identity, sizeBytes: bytes.length };
		open.set(path, { text, read });
		return read;
	};
	const readFile = async (path: string): Promise<ReadText> => {
		const stamp = stampOf(path);
		if (stamp === undefined || stamp === 'folder') return { kind: 'missing', isFolder: stamp === 'folder' };
		const known = kept.get(path);
		if (known && known.stamp.mtimeMs === stamp.mtimeMs && known.stamp.sizeBytes === stamp.sizeBytes) return known.read;
		const read = readDisk(path, stamp, realRoots);
		reads++;
		// A question about a whole project must not hold up the next one.
		if (reads % READS_IN_A_ROW === 0) await new Promise(setImmediate);
		keptChars += read.kind === 'text' ? read.text.length : 0;
		if (keptChars > MAX_KEPT_CHARS) {
			kept.clear();
			keptChars = read.kind === 'text' ? read.text.length : 0;
		}
		kept.set(path, { stamp, read });
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
			if (!isInRoots(path)) return { kind: 'refused', reason: OUTSIDE };
			const text = openText(path);
			if (text !== undefined) return readOpen(path, text);
			open.delete(path);
			return await readFile(path);
		},
		async list(folder) {
			return isInRoots(folder) ? listFolder(folder, realRoots) : [];
		},
		async projectFiles() {
			const { atMs, found } = files ?? walk();
			// The next question gets the new list; this one is not made to wait for it.
			if (now() - atMs > LIST_AGE_MS) walk();
			return await found;
		},
		setRoots(next) {
			roots = next;
			realRoots = next.flatMap((root) => realPathOf(root) ?? []);
			forgetFiles();
		},
		isInside: isInRoots,
		setWeights(next) {
			weights = next;
		},
		forgetFiles,
	};
}
