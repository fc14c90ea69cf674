/** Many files as folders: one level at a time, so that a list of thousands is drawn as a handful of rows. Pure. */
import type { RewindFile } from '../../src/protocol/toPanel.ts';

export type FolderNode = {
	readonly kind: 'folder';
	/** With a `/` at its end; the whole way from the top. */
	readonly path: string;
	/** Behind the folder it stands in. Folders that hold one folder alone are one row with it. */
	readonly name: string;
	/** All below, at any depth. */
	readonly files: readonly RewindFile[];
	readonly addedLines: number;
	readonly removedLines: number;
};
export type FileNode = { readonly kind: 'file'; readonly file: RewindFile };
export type TreeNode = FolderNode | FileNode;

/** What stands right below `prefix` (empty, or a path with a `/` at its end): folders first, then files, each by name. */
export function nodesBelow(files: readonly RewindFile[], prefix: string): readonly TreeNode[] {
	const folders = new Map<string, RewindFile[]>();
	const direct: FileNode[] = [];
	for (const file of files) {
		const end = file.path.indexOf('/', prefix.length);
		if (end < 0) {
			direct.push({ kind: 'file', file });
			continue;
		}
		const path = file.path.slice(0, end + 1);
		const inside = folders.get(path);
		if (inside) inside.push(file);
		else folders.set(path, [file]);
	}
	const nodes = [...folders].map(([path, inside]) => folderNode(path, prefix, inside));
	const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
	nodes.sort((a, b) => byName(a.path, b.path));
	direct.sort((a, b) => byName(a.file.path, b.file.path));
	return [...nodes, ...direct];
}

function folderNode(start: string, prefix: string, files: readonly RewindFile[]): FolderNode {
	const path = commonFolder(start, files);
	let addedLines = 0;
	let removedLines = 0;
	for (const file of files) {
		addedLines += file.addedLines;
		removedLines += file.removedLines;
	}
	return { kind: 'folder', path, name: path.slice(prefix.length, -1), files, addedLines, removedLines };
}

/** The deepest folder at or below `start` that holds all of them. */
function commonFolder(start: string, files: readonly RewindFile[]): string {
	let path = start;
	for (;;) {
		const first = files[0]?.path ?? path;
		const end = first.indexOf('/', path.length);
		if (end < 0) return path;
		const next = first.slice(0, end + 1);
		if (!files.every((file) => file.path.startsWith(next))) return path;
		path = next;
	}
}
