/**
 * The user's files as the editor has them: an open document with unsaved changes is the truth, and open files are changed through
 * their document. Never opens an editor and never moves focus or a selection. Everything else is the disk workspace's.
 */
import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable.ts';
import { UserError } from '../../base/errors.ts';
import type { Sha256 } from '../../base/ids.ts';
import { utf8Encode } from '../../base/text.ts';
import { toLf } from '../../core/edit/textFile.ts';
import type { FileSnapshot, Workspace, WriteOutcome } from '../../core/ports.ts';
import type { ContentHash, FileMeta } from '../../core/session/fileFields.ts';
import { documentBytes, encodingOf, isFaithful, textForBytes } from './documentBytes.ts';
import { applyEdits, editsTo, withLineEndsOf } from './documentEdits.ts';

export type EditorWorkspace = Workspace &
	Disposable & {
		/** Whether a document's new text is one that was just written through here. Stable VS Code tells nobody's name. */
		isOwnWrite(uri: vscode.Uri, text: string): boolean;
	};

/** Own writes remembered per workspace: change events come soon after the edit or not at all. */
const MAX_OWN_WRITES = 64;
/** As the disk workspace's own default. */
const DEFAULT_MAX_BYTES = 10_000_000;
const OWNER_WRITE = 0o200;

export function createEditorWorkspace(input: {
	readonly disk: Workspace;
	readonly hash: (bytes: Uint8Array) => Sha256;
}): EditorWorkspace {
	const { disk, hash } = input;
	const ownWrites: string[] = [];
	const ownWriteKey = (uri: vscode.Uri, text: string) => `${uri.toString()} ${hash(utf8Encode(toLf(text)))}`;
	const hashOf = (snapshot: FileSnapshot): ContentHash | undefined =>
		snapshot.kind === 'file' ? hash(snapshot.bytes) : snapshot.kind === 'absent' ? 'absent' : undefined;

	/** A root may be open through a link, so documents of that name are compared by their real place as well. */
	const documentAt = async (absolute: string): Promise<vscode.TextDocument | undefined> => {
		const wanted = vscode.Uri.file(absolute);
		const name = baseName(wanted);
		const open = vscode.workspace.textDocuments.filter(
			({ uri, isClosed }) => uri.scheme === 'file' && !isClosed && baseName(uri) === name,
		);
		const exact = open.find(({ uri }) => uri.toString() === wanted.toString());
		if (exact) return exact;
		for (const document of open) {
			const place = await disk.resolve(document.uri.fsPath, document.uri.fsPath);
			if (place.absolute === absolute && !(place.kind === 'inside' && place.isLink)) return document;
		}
		return undefined;
	};

	const read: Workspace['read'] = async (absolute, options = {}) => {
		const [document, onDisk] = await Promise.all([documentAt(absolute), disk.read(absolute, options)]);
		const encoding = encodingOf(absolute, document);
		const meta: FileMeta = {
			...(onDisk.kind === 'file' ? onDisk.meta : {}),
			...(encoding === undefined ? {} : { encoding }),
		};
		if (!document?.isDirty || (onDisk.kind !== 'file' && onDisk.kind !== 'absent' && onDisk.kind !== 'tooLarge'))
			return onDisk.kind === 'file' ? { ...onDisk, meta } : onDisk;
		const bytes = await documentBytes(document);
		if (bytes.length > (options.maxBytes ?? DEFAULT_MAX_BYTES)) return { kind: 'tooLarge', sizeBytes: bytes.length };
		return { kind: 'file', bytes, meta, isDirty: true };
	};

	const editDocument = async (document: vscode.TextDocument, text: string, version: number): Promise<void> => {
		const edits = editsTo(document, withLineEndsOf(document, toLf(text)));
		const eol = text.includes('\r\n') ? vscode.EndOfLine.CRLF : vscode.EndOfLine.LF;
		if (eol !== document.eol && text.includes('\n')) edits.push(vscode.TextEdit.setEndOfLine(eol));
		if (edits.length === 0) return;
		ownWrites.push(ownWriteKey(document.uri, text));
		ownWrites.splice(0, ownWrites.length - MAX_OWN_WRITES);
		// The editor refuses an edit that was made for another version, so what the user types meanwhile is safe.
		if (document.version !== version || !(await applyEdits(document, edits))) throw changedMeanwhile(document.uri);
	};

	/** The editor follows links when it saves, and asks nobody about trust: what the disk would refuse is left to it, to be refused. */
	const isForDisk = async (absolute: string): Promise<boolean> => {
		if (!disk.isTrusted) return true;
		const place = await disk.resolve(absolute, absolute);
		return place.absolute !== absolute || (place.kind === 'inside' && place.isLink);
	};

	const write: Workspace['write'] = async (absolute, bytes, options): Promise<WriteOutcome> => {
		refuseUnsavedNotebook(absolute);
		const document = await documentAt(absolute);
		const isOfLink = options.link === true || options.wasLink === true;
		if (!document || isOfLink || (await isForDisk(absolute))) return await disk.write(absolute, bytes, options);
		const { version } = document;
		const before = await read(absolute, { maxBytes: Number.MAX_SAFE_INTEGER });
		if (options.expected !== undefined && hashOf(before) !== options.expected) throw changedMeanwhile(document.uri);
		const wasDirty = document.isDirty;
		const text = await textForBytes(document, bytes);
		const isInStep = before.kind === 'file' && (wasDirty || (await isFaithful(document, before.bytes)));
		if (!wasDirty && (text === undefined || !isInStep)) return await disk.write(absolute, bytes, options);
		if (text === undefined)
			throw new UserError(
				'write-failed',
				`${document.uri.fsPath} has unsaved changes, and its new content cannot be saved from the editor as it is (encoding ${document.encoding}). Nothing was written. Save or close the file first.`,
			);
		const { mode: modeBefore } = before.kind === 'file' ? before.meta : {};
		if (modeBefore !== undefined && (modeBefore & OWNER_WRITE) === 0 && options.ignoresReadOnly)
			return await disk.write(absolute, bytes, options);
		if (modeBefore !== undefined && (modeBefore & OWNER_WRITE) === 0)
			throw new UserError(
				'read-only',
				`${document.uri.fsPath} is read-only. Nothing was written. Make it writable first.`,
			);
		const oldText = document.getText();
		await editDocument(document, text, version);
		if (!wasDirty && !(await document.save())) {
			await applyEdits(document, editsTo(document, oldText));
			throw new UserError(
				'write-failed',
				`${document.uri.fsPath} could not be saved. The file is as it was. See the notification of the editor for the cause.`,
			);
		}
		if (options.mode !== undefined && options.mode !== modeBefore) await disk.setMode(absolute, options.mode, {});
		const after = hashOf(await read(absolute, { maxBytes: Number.MAX_SAFE_INTEGER }));
		return { after: after ?? hash(bytes), isSaved: !document.isDirty };
	};

	return {
		get roots() {
			return disk.roots;
		},
		get isTrusted() {
			return disk.isTrusted;
		},
		resolve: (path, cwd) => disk.resolve(path, cwd),
		asOnDisk: (absolute) => disk.asOnDisk?.(absolute) ?? absolute,
		read,
		write,
		async setMode(absolute, mode, options) {
			if (
				options.expected !== undefined &&
				hashOf(await read(absolute, { maxBytes: Number.MAX_SAFE_INTEGER })) !== options.expected
			)
				throw changedMeanwhile(vscode.Uri.file(absolute));
			// What a document has unsaved is not on the disk, so the disk cannot check it.
			await disk.setMode(absolute, mode, {});
		},
		removeEmptyFolder: (absolute, made) => disk.removeEmptyFolder(absolute, made),
		isExactName: (absolute) => disk.isExactName(absolute),
		async delete(absolute, options) {
			refuseUnsavedNotebook(absolute);
			const document = await documentAt(absolute);
			if (!document?.isDirty || (await isForDisk(absolute))) {
				await disk.delete(absolute, options);
				return;
			}
			if (options.expected !== undefined && hashOf(await read(absolute)) !== options.expected)
				throw changedMeanwhile(document.uri);
			const edit = new vscode.WorkspaceEdit();
			edit.deleteFile(document.uri, { ignoreIfNotExists: true });
			if (!(await vscode.workspace.applyEdit(edit)))
				throw new UserError(
					'write-failed',
					`${document.uri.fsPath} could not be deleted. Close the file and try again.`,
				);
		},
		isOwnWrite: (uri, text) => ownWrites.includes(ownWriteKey(uri, text)),
		dispose: () => ownWrites.splice(0),
	};
}

/** A notebook's editor has its own truth, which cannot be told in the bytes of the file before it is saved. A saved one follows the disk. */
function refuseUnsavedNotebook(absolute: string): void {
	const wanted = vscode.Uri.file(absolute).toString();
	const isUnsaved = vscode.workspace.notebookDocuments.some(({ uri, isDirty }) => isDirty && uri.toString() === wanted);
	if (isUnsaved)
		throw new UserError(
			'write-failed',
			`${absolute} has unsaved changes in the notebook editor. Nothing was written. Save or revert the notebook there, then try again.`,
		);
}

const baseName = (uri: vscode.Uri): string => uri.path.slice(uri.path.lastIndexOf('/') + 1);
const changedMeanwhile = (uri: vscode.Uri): UserError =>
	new UserError('changed-meanwhile', `${uri.fsPath} was changed meanwhile. Nothing was written. Read it again.`);
