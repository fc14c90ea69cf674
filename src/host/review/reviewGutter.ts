/**
 * Pending changes in the editor's own change bars: a source control for each folder that has some, with the text as it would be without them as
 * original. Clicking a bar opens the editor's peek with Keep and Undo. It is there from the first pending change to the last.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { reviewedUri } from './reviewedDocuments.ts';
import type { FileReview, ReviewFiles } from './reviewFiles.ts';

type Folder = {
	readonly control: vscode.SourceControl;
	readonly group: vscode.SourceControlResourceGroup;
	/** Which files have an original: the editor asks only once for each. */
	originals: string;
};

export function createReviewGutter(files: ReviewFiles): Disposable {
	const store = new DisposableStore();
	const folders = new Map<string, Folder>();

	const update = () => {
		const byFolder = new Map<string, { folder: vscode.WorkspaceFolder; own: FileReview[] }>();
		for (const file of files.pending()) {
			const folder = vscode.workspace.getWorkspaceFolder(file.source.uri);
			if (!folder) continue;
			const known = byFolder.get(folder.uri.toString()) ?? { folder, own: [] };
			known.own.push(file);
			byFolder.set(folder.uri.toString(), known);
		}
		for (const [key, { control }] of folders) {
			if (byFolder.has(key)) continue;
			control.dispose();
			folders.delete(key);
		}
		for (const [key, { folder, own }] of byFolder) {
			const shown = folders.get(key) ?? createFolder(folder);
			folders.set(key, shown);
			shown.control.count = own.length;
			shown.group.resourceStates = distinct(own).map(resourceState);
			const originals = distinct(own)
				.map(({ source }) => source.uri.toString())
				.join('\n');
			if (originals === shown.originals) continue;
			shown.originals = originals;
			// A new provider is asked again for every editor.
			Object.assign(shown.control, { quickDiffProvider: undefined });
			shown.control.quickDiffProvider = {
				provideOriginalResource: (uri) =>
					files.of(uri).some(({ pending }) => pending.hunks.length > 0) ? reviewedUri(uri) : undefined,
			};
		}
	};
	store.add(files.onDidChange(update));
	store.add({
		dispose() {
			for (const { control } of folders.values()) control.dispose();
		},
	});
	return store;
}

function createFolder(folder: vscode.WorkspaceFolder): Folder {
	const control = vscode.scm.createSourceControl('retrace', 'Retrace', folder.uri);
	control.inputBox.visible = false;
	const group = control.createResourceGroup('pending', 'Pending changes');
	group.hideWhenEmpty = true;
	return { control, group, originals: '' };
}

/** One row for a file, whichever sessions changed it. */
function distinct(own: readonly FileReview[]): readonly FileReview[] {
	return [...new Map(own.map((file) => [file.source.uri.toString(), file])).values()];
}

function resourceState({ source, pending }: FileReview): vscode.SourceControlResourceState {
	const { uri } = source;
	const node = { kind: 'file', sessionId: source.session.id, uri: uri.toString() };
	const tooltip = { changed: 'Changed by Retrace', created: 'Created by Retrace', deleted: 'Deleted by Retrace' };
	return {
		resourceUri: uri,
		contextValue: 'changedFile',
		decorations: { strikeThrough: pending.kind === 'deleted', tooltip: tooltip[pending.kind] },
		command: { command: 'retrace.openChange', title: 'Open Changes', arguments: [node] },
	};
}
