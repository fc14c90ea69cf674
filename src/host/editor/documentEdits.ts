/** Changes a document through the editor, so that its undo, cursors and marks stay right. Saves nothing. */
import * as vscode from 'vscode';
import { minimalReplace } from './minimalReplace.ts';

/** The smallest edit that makes `text` (with the document's own line ends) the document's text; empty when it is already. */
export function editsTo(document: vscode.TextDocument, text: string): vscode.TextEdit[] {
	const replace = minimalReplace(document.getText(), text);
	if (!replace) return [];
	const range = new vscode.Range(document.positionAt(replace.start), document.positionAt(replace.end));
	return [vscode.TextEdit.replace(range, replace.text)];
}

/**
 * False when the editor refused: the document is another version by now.
 * A workspace edit of the active document is made smaller still by VS Code, unit by unit, which cuts surrogate pairs that share a half
 * (🚂 to 🚃 leaves a lone half, in VS Code 1.139). Where that can happen the edit goes through the text editor, which takes it as it is.
 */
export async function applyEdits(document: vscode.TextDocument, edits: vscode.TextEdit[]): Promise<boolean> {
	if (edits.length === 0) return true;
	const isFragile = edits.some(
		({ newText, range }) => SURROGATE.test(newText) && SURROGATE.test(document.getText(range)),
	);
	const editor = isFragile && vscode.window.visibleTextEditors.find((visible) => visible.document === document);
	if (editor)
		return await editor.edit((builder) => {
			for (const edit of edits) {
				if (edit.newEol !== undefined) builder.setEndOfLine(edit.newEol);
				else builder.replace(edit.range, edit.newText);
			}
		});
	const edit = new vscode.WorkspaceEdit();
	edit.set(document.uri, edits);
	return await vscode.workspace.applyEdit(edit);
}

/** `text` has `\n` line ends. */
export const withLineEndsOf = (document: vscode.TextDocument, text: string): string =>
	document.eol === vscode.EndOfLine.CRLF ? text.replaceAll('\n', '\r\n') : text;

const SURROGATE = /[\ud800-\udfff]/;
