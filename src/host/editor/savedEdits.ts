/**
 * Watches documents that a session changed until they are saved, so that what a formatter does to them then is recorded as part of the
 * change. Stable VS Code tells nobody's name, and formatters run before will-save is told, so it goes by proof: the document was exactly what the
 * session left, and since then nobody typed, undid or clicked in a changed text. Without proof a change is the user's.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Sha256 } from '../../base/ids.ts';
import { lastOperation, recordSave } from '../../core/checkpoint/recordSave.ts';
import type { FilePath } from '../../core/session/fileFields.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { documentBytes, encodingOf } from './documentBytes.ts';

export type SavedEdits = Disposable & {
	/** Every open session. What it changes from here on counts. */
	attach(session: Session): Disposable;
};

/** At `version` the document was `content`, and whoever changed it since, it was not by keys or mouse. */
type Proof = { readonly version: number; readonly content: Sha256 };

export function createSavedEdits(input: {
	readonly blobs: BlobStore;
	readonly onError: (error: unknown) => void;
}): SavedEdits {
	const { blobs, onError } = input;
	const store = new DisposableStore();
	const files = new Map<Session, Map<string, FilePath>>();
	const proofs = new WeakMap<vscode.TextDocument, Proof>();

	const prove = async (document: vscode.TextDocument) => {
		const { version } = document;
		const lefts = sessionsOf(document).flatMap(({ session, file }) => lastOperation(session, file)?.after ?? []);
		if (lefts.length === 0) return;
		const content = blobs.hash(await documentBytes(document));
		if (document.version === version && lefts.includes(content)) proofs.set(document, { version, content });
	};
	const sessionsOf = (document: vscode.TextDocument) =>
		[...files].flatMap(([session, paths]) => {
			const file = paths.get(document.uri.toString());
			return file ? [{ session, file }] : [];
		});
	const onSave = async (document: vscode.TextDocument) => {
		const proof = proofs.get(document);
		if (!proof || document.version === proof.version) return;
		const saved = await documentBytes(document);
		if (document.isDirty || proofs.get(document) !== proof) return;
		const encoding = encodingOf(document.uri.fsPath, document);
		const meta = encoding === undefined ? {} : { encoding };
		proofs.delete(document);
		for (const { session, file } of sessionsOf(document))
			await recordSave({ session, blobs }, { file, left: proof.content, saved, meta });
		await prove(document);
	};
	const watched = (run: Promise<void>) => void run.catch(onError);

	store.add(vscode.workspace.onDidOpenTextDocument((document) => watched(prove(document))));
	store.add(vscode.workspace.onDidSaveTextDocument((document) => watched(onSave(document))));
	store.add(
		vscode.workspace.onDidChangeTextDocument(({ document, reason }) => {
			if (reason !== undefined) proofs.delete(document);
		}),
	);
	store.add(
		vscode.window.onDidChangeTextEditorSelection(({ textEditor: { document }, kind }) => {
			const proof = proofs.get(document);
			if (kind !== undefined && proof && document.version > proof.version) proofs.delete(document);
		}),
	);

	return {
		attach(session) {
			const paths = new Map<string, FilePath>();
			const announced = new Map<number, FilePath>();
			files.set(session, paths);
			const appended = session.onDidAppend((entry) => {
				if (entry.type === 'fileOperation') announced.set(entry.epoch, entry.path);
				const isOver = entry.type === 'fileOperationDone' || (entry.type === 'fileOperation' && entry.state === 'done');
				const file = isOver ? announced.get(entry.epoch) : undefined;
				if (!file) return;
				const uri = uriOf(file).toString();
				paths.set(uri, file);
				const document = vscode.workspace.textDocuments.find((open) => !open.isClosed && open.uri.toString() === uri);
				if (document) watched(prove(document));
			});
			return {
				dispose() {
					appended.dispose();
					files.delete(session);
				},
			};
		},
		dispose: () => store.dispose(),
	};
}

const uriOf = ({ root, rel }: FilePath): vscode.Uri => vscode.Uri.joinPath(vscode.Uri.file(root), rel);
