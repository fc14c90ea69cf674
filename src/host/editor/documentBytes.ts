/**
 * Open documents as the bytes that saving them leaves, in the encoding that the editor takes their file to be. A document may not hold what
 * is in its file: bytes that its encoding does not have, mixed line ends. Such a file is never written through its document.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { ownLineEnds } from '../../core/edit/lineEnds.ts';
import { decodeText, encodeText, toLf } from '../../core/edit/textFile.ts';
import type { Workspace } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';

/** What saving would write, save participants apart. */
export async function documentBytes(document: vscode.TextDocument): Promise<Uint8Array<ArrayBuffer>> {
	return await encode(document.getText(), document.encoding);
}

/** The text with which saving the document leaves exactly these bytes; undefined when there is none. */
export async function textForBytes(document: vscode.TextDocument, bytes: Uint8Array): Promise<string | undefined> {
	const text = await decode(bytes, document.encoding);
	if (text === undefined || text.includes('\0') || !hasOneLineEnd(text)) return undefined;
	return isSame(await encode(text, document.encoding), bytes) ? text : undefined;
}

/** Whether the document has every byte of its file. */
export async function isFaithful(document: vscode.TextDocument, onDisk: Uint8Array): Promise<boolean> {
	return isSame(await documentBytes(document), onDisk);
}

/**
 * Puts another text into a clean document whose file holds what the document cannot, by the file: saving the document would change bytes
 * nobody asked about. False for a document that can be edited and saved like any other. `from` is what the document shows, with `\n` line ends.
 * Rejects with UserError `wrong-encoding` when it does not show the characters of the file, and as `Workspace.write` does.
 */
export async function rewriteUnfaithful(
	document: vscode.TextDocument,
	workspace: Pick<Workspace, 'read' | 'write'>,
	{ from, to, hash }: { readonly from: string; readonly to: string; readonly hash: BlobStore['hash'] },
): Promise<boolean> {
	if (document.isDirty) return false;
	const { fsPath } = document.uri;
	const onDisk = await workspace.read(fsPath);
	if (onDisk.kind !== 'file' || (await isFaithful(document, onDisk.bytes))) return false;
	const decoded = decodeText(onDisk.bytes, onDisk.meta.encoding);
	if (decoded.kind !== 'text' || toLf(decoded.file.text) !== from)
		throw new UserError(
			'wrong-encoding',
			`${fsPath} is not shown in its own encoding, so saving it would lose characters. Nothing was changed. Use *Reopen with Encoding* in the status bar first.`,
		);
	const bytes = encodeText({ ...decoded.file, text: ownLineEnds(decoded.file, to) });
	await workspace.write(fsPath, bytes, { expected: hash(onDisk.bytes) });
	return true;
}

/** The encoding that the editor has for a file, or would open it with; undefined for UTF-8. */
export function encodingOf(absolute: string, document: vscode.TextDocument | undefined): string | undefined {
	const uri = vscode.Uri.file(absolute);
	const encoding = document?.encoding ?? vscode.workspace.getConfiguration('files', uri).get<string>('encoding');
	return encoding === undefined || encoding === 'utf8' || encoding === 'utf8bom' ? undefined : encoding;
}

const encode = async (text: string, encoding: string): Promise<Uint8Array<ArrayBuffer>> =>
	new Uint8Array(await vscode.workspace.encode(text, { encoding }));

/** Undefined for binary content, which the editor refuses to decode. */
async function decode(bytes: Uint8Array, encoding: string): Promise<string | undefined> {
	try {
		return await vscode.workspace.decode(bytes, { encoding });
	} catch {
		return undefined;
	}
}

/** An editor has one kind of line end for all lines, and takes a lone `\r` for one. */
function hasOneLineEnd(text: string): boolean {
	const bare = text.replaceAll('\r\n', '');
	return !bare.includes('\r') && (bare === text || !bare.includes('\n'));
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
	if (one.length !== other.length) return false;
	for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
	return true;
}
