/** Files of the workspace whose editors have unsaved changes: a command reads the disk and does not see them. */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import type { Workspace, WorkspaceRoot } from '../../core/ports.ts';
import { displayPath, isInRoots } from '../../core/tools/paths.ts';
import type { UnsavedFile } from '../../core/worktree/worktreePort.ts';

/** As a person knows them, in the order of their names. */
export function unsavedFiles(): readonly string[] {
	const hasManyFolders = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
	return unsavedDocuments()
		.map(({ uri }) => vscode.workspace.asRelativePath(uri, hasManyFolders))
		.sort();
}

/** With what they hold, as it would be on the disk. One that cannot be told is left out: its file counts then. */
export async function unsavedContents(workspace: Workspace): Promise<readonly UnsavedFile[]> {
	const found: UnsavedFile[] = [];
	for (const { uri } of unsavedDocuments()) {
		const now = await workspace.read(uri.fsPath, { maxBytes: Number.MAX_SAFE_INTEGER });
		if (now.kind === 'file' && now.isDirty) found.push({ absolute: uri.fsPath, bytes: now.bytes });
	}
	return found;
}

/** Files below these folders, such as a worktree. */
export function unsavedFilesBelow(roots: readonly WorkspaceRoot[]): readonly string[] {
	return vscode.workspace.textDocuments
		.filter(({ isDirty, uri }) => isDirty && uri.scheme === 'file' && isInRoots(uri.fsPath, roots))
		.map(({ uri }) => displayPath(uri.fsPath, roots.find((root) => isInRoots(uri.fsPath, [root]))?.path ?? ''))
		.sort();
}

/** Rejects with UserError `not-saved` when one could not be saved. */
export async function saveUnsavedFiles(): Promise<void> {
	for (const document of unsavedDocuments())
		if (!(await document.save()))
			throw new UserError(
				'not-saved',
				`${vscode.workspace.asRelativePath(document.uri)} could not be saved, so the command was not run. Save it yourself, or allow the command as it is.`,
			);
}

const unsavedDocuments = (): readonly vscode.TextDocument[] =>
	vscode.workspace.textDocuments.filter(
		({ isDirty, uri }) => isDirty && uri.scheme === 'file' && vscode.workspace.getWorkspaceFolder(uri) !== undefined,
	);
