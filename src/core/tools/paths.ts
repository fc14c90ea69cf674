/** Paths as the tools show them, and what to say when a path is not what a tool needs. Touches no file. */
import type { FileSnapshot, ResolvedPath, WorkspaceRoot } from '../ports.ts';
import type { ToolOutcome } from './tool.ts';

/** Relative to `cwd` when the path is below it, else absolute: so what is shown can be given back to a tool as it is. */
export function displayPath(absolute: string, cwd: string): string {
	const path = slashes(absolute);
	const folder = slashes(cwd).replace(/\/$/, '');
	if (path === folder) return '.';
	return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : absolute;
}

export function isInRoots(absolute: string, roots: readonly WorkspaceRoot[]): boolean {
	const path = slashes(absolute);
	return roots.some((root) => {
		const folder = slashes(root.path).replace(/\/$/, '');
		return path === folder || path.startsWith(`${folder}/`);
	});
}

/** The last part of a path. */
export function baseName(path: string): string {
	return slashes(path).replace(/\/$/, '').split('/').at(-1) ?? path;
}

export function parentOf(absolute: string): string {
	const end = Math.max(absolute.lastIndexOf('/'), absolute.lastIndexOf('\\'));
	return end <= 0 ? '/' : absolute.slice(0, end);
}

/** The resolved path when it is inside a workspace folder, else the refusal. */
export function insideOnly(
	resolved: ResolvedPath,
	path: string,
): Extract<ResolvedPath, { kind: 'inside' }> | ToolOutcome {
	if (resolved.kind === 'outside')
		return failure(
			`${path} is outside the workspace folders, where files are not written. Nothing was changed. Write inside the workspace, or tell the user what to change there.`,
			'outside the workspace, where files are not written',
		);
	if (resolved.isLink)
		return failure(
			`${path} is a symbolic link, and links are not written through. Nothing was changed. Edit the file it points to, by its own path.`,
			'a symbolic link, which is not written through',
		);
	return resolved;
}

/** Why a snapshot cannot be used as text, with the next step. */
export function unreadable(path: string, snapshot: Exclude<FileSnapshot, { kind: 'file' | 'absent' }>): ToolOutcome {
	if (snapshot.kind === 'directory') return failure(`${path} is a folder. Use Glob to list what is in it.`, 'a folder');
	if (snapshot.kind === 'special')
		return failure(`${path} is not a regular file (${snapshot.what}). Use a file or folder by its own path.`);
	return failure(
		`${path} has ${megabytes(snapshot.sizeBytes)}, too large to read whole. Use Grep to find the part you need, or Bash (head, tail, sed -n).`,
		`too large (${megabytes(snapshot.sizeBytes)})`,
	);
}

export function failure(text: string, summary = firstWords(text)): ToolOutcome {
	return { isError: true, content: [{ type: 'text', text }], summary };
}

export function success(text: string, summary: string): ToolOutcome {
	return { isError: false, content: [{ type: 'text', text }], summary };
}

export const isOutcome = (value: object): value is ToolOutcome => 'content' in value;

const slashes = (path: string): string => path.replaceAll('\\', '/');

function megabytes(bytes: number): string {
	return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The first sentence without its dot, for the transcript row. */
function firstWords(text: string): string {
	const sentence = text.split(/\.(?:\s|$)|\n/, 1)[0] ?? text;
	return sentence.length > 80 ? `${sentence.slice(0, 79)}…` : sentence;
}
