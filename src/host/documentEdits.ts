/** Changes a document through the editor, so that its undo, cursors and marks stay right. Saves nothing. */
import * as vscode from 'vscode';
import { minimalReplace } from './minimalReplace.ts';

/** The smallest edit that makes `text` (with the document's own line ends) the document's text; empty when it is already. */
export function editsTo(document: vscode.TextDocument, text: string): vscode.TextEdit[] {
	const replace = minimalReplace(document.getText(), text);
	if (!replace) return [];
	const range = new vscode.Range(document.positionAt(replace.start), document.positionAt(replace.end));
	return replaceEdits(document, range, replace.text);
}

/**
 * Replaces a range. The editor makes an edit of the active document smaller still, character by character, and thereby cuts pairs
 * of surrogates that share a half (🚂 to 🚃 came out as U+FFFD). A deletion and an insertion of their own are left alone.
 */
export function replaceEdits(document: vscode.TextDocument, range: vscode.Range, text: string): vscode.TextEdit[] {
	if (SURROGATE.test(text) && SURROGATE.test(document.getText(range)))
		return [vscode.TextEdit.delete(range), vscode.TextEdit.insert(range.end, text)];
	return [vscode.TextEdit.replace(range, text)];
}

/** False when the editor refused it: the document is another version by now. */
export async function applyEdits(uri: vscode.Uri, edits: vscode.TextEdit[]): Promise<boolean> {
	if (edits.length === 0) return true;
	const edit = new vscode.WorkspaceEdit();
	edit.set(uri, edits);
	return await vscode.workspace.applyEdit(edit);
}

/** `text` has `\n` line ends. */
export const withLineEndsOf = (document: vscode.TextDocument, text: string): string =>
	document.eol === vscode.EndOfLine.CRLF ? text.replaceAll('\n', '\r\n') : text;

const SURROGATE = /[\ud800-\udfff]/;
