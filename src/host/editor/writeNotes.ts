/** Tells the scanner of command effects who else writes files: the editor's saves and file operations, and Retrace's own writes. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { WriteNotes } from '../../core/checkpoint/fileScanner.ts';
import type { Workspace } from '../../core/ports.ts';

/** What the editor saves, makes, moves and deletes while a command runs is not the command's. */
export function noteEditorWrites(notes: WriteNotes): Disposable {
	const store = new DisposableStore();
	const note = (uri: vscode.Uri) => {
		if (uri.scheme === 'file') notes.noteWrite(uri.fsPath, 'editor');
	};
	const { workspace } = vscode;
	// Before as well as after: the command may end, and the second picture begin, in between.
	store.add(workspace.onWillSaveTextDocument(({ document }) => note(document.uri)));
	store.add(workspace.onDidSaveTextDocument(({ uri }) => note(uri)));
	store.add(workspace.onDidSaveNotebookDocument(({ uri }) => note(uri)));
	store.add(workspace.onDidCreateFiles(({ files }) => files.forEach(note)));
	store.add(workspace.onDidDeleteFiles(({ files }) => files.forEach(note)));
	store.add(
		workspace.onDidRenameFiles(({ files }) => {
			for (const { oldUri, newUri } of files) [oldUri, newUri].forEach(note);
		}),
	);
	return store;
}

/** The same workspace; its writes are noted. A session never writes beside its own command, so these are somebody else's. */
export function notedWorkspace(disk: Workspace, notes: WriteNotes): Workspace {
	const noted = async <T>(absolute: string, write: () => Promise<T>): Promise<T> => {
		notes.noteWrite(absolute, 'editor');
		try {
			return await write();
		} finally {
			notes.noteWrite(absolute, 'editor');
		}
	};
	return {
		get roots() {
			return disk.roots;
		},
		get isTrusted() {
			return disk.isTrusted;
		},
		resolve: (path, cwd) => disk.resolve(path, cwd),
		read: (absolute, options) => disk.read(absolute, options),
		write: (absolute, bytes, options) => noted(absolute, () => disk.write(absolute, bytes, options)),
		delete: (absolute, options) => noted(absolute, () => disk.delete(absolute, options)),
		setMode: (absolute, mode, options) => noted(absolute, () => disk.setMode(absolute, mode, options)),
		removeEmptyFolder: (absolute, made) => disk.removeEmptyFolder(absolute, made),
		isExactName: (absolute) => disk.isExactName(absolute),
	};
}
