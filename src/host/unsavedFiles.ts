/** Files of the workspace whose editors have unsaved changes: a command reads the disk and does not see them. */
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';

/** As a person knows them, in the order of their names. */
export function unsavedFiles(): readonly string[] {
	const hasManyFolders = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
	return unsavedDocuments()
		.map(({ uri }) => vscode.workspace.asRelativePath(uri, hasManyFolders))
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
