// What nobody meant to change stays as it is, byte for byte, whatever the encoding and however the file is open in a real editor.
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { applyEdit } from '../../src/core/edit/applyEdit.ts';
import { editNotebook } from '../../src/core/edit/editNotebook.ts';
import { ownLineEnds } from '../../src/core/edit/lineEnds.ts';
import { decodeText, encodeText, toLf } from '../../src/core/edit/textFile.ts';
import { createEditorWorkspace } from '../../src/host/editor/editorWorkspace.ts';
import { hostTest } from './support/hostTest.ts';
import { createPlainDisk, sha256 } from './support/plainDisk.ts';
import { until } from './support/until.ts';

const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
let serial = 0;

type Openness = 'closed' | 'open' | 'dirty';

async function createCase(bytes: Uint8Array, openness: Openness, encoding?: string) {
	const path = join(root, `fidelity${serial++}.txt`);
	writeFileSync(path, bytes, { mode: 0o755 });
	const disk = createPlainDisk(root);
	const workspace = createEditorWorkspace({ disk, hash: sha256 });
	const uri = vscode.Uri.file(path);
	const document =
		openness === 'closed'
			? undefined
			: await vscode.workspace.openTextDocument(uri, ...(encoding === undefined ? [] : [{ encoding }]));
	const editor = document && (await vscode.window.showTextDocument(document, { preview: false }));
	if (openness === 'dirty') await editor?.edit((edit) => edit.insert(new vscode.Position(0, 0), 'typed '));
	/** As the Edit tool does: reads, replaces in the decoded text, and writes the encoded one. */
	const replace = async (oldString: string, newString: string) => {
		const before = await workspace.read(path);
		assert.ok(before.kind === 'file');
		const decoded = decodeText(before.bytes, before.meta.encoding);
		assert.ok(decoded.kind === 'text', JSON.stringify(decoded));
		const { file } = decoded;
		const applied = applyEdit(file.eol === 'mixed' ? toLf(file.text) : file.text, { oldString, newString });
		assert.ok(applied.kind === 'applied', JSON.stringify(applied));
		const after = encodeText({ ...file, text: ownLineEnds(file, applied.text) });
		const outcome = await workspace.write(path, after, { expected: sha256(before.bytes) });
		assert.equal(outcome.after, sha256(after), 'what was written is what a reader now gets');
		const now = await workspace.read(path);
		assert.ok(now.kind === 'file');
		assert.deepEqual([...now.bytes], [...after]);
		return outcome;
	};
	return { path, disk, workspace, replace, document, editor, onDisk: () => new Uint8Array(readFileSync(path)) };
}

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const utf16le = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'));
const utf16be = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le').swap16());
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** Each file with one line changed: `two` becomes `zwei`. `opened`: the document takes it, else it goes to the disk. */
const files: readonly {
	readonly name: string;
	readonly encode: (text: string) => Uint8Array;
	readonly text: string;
	readonly encoding?: string;
	readonly isTakenByDocument: boolean;
}[] = [
	{ name: 'UTF-8', encode: utf8, text: 'one é🚂\ntwo\nthree\n', isTakenByDocument: true },
	{ name: 'UTF-8 with BOM and CRLF', encode: utf8, text: '\uFEFFone é\r\ntwo\r\nthree\r\n', isTakenByDocument: true },
	{ name: 'UTF-16 LE', encode: utf16le, text: '\uFEFFone é🚂\r\ntwo\r\nthree', isTakenByDocument: true },
	{ name: 'UTF-16 BE', encode: utf16be, text: '\uFEFFone é🚂\ntwo\nthree\n', isTakenByDocument: true },
	{
		...{ name: 'Windows-1252, as the editor was told', encoding: 'windows1252' },
		...{ encode: latin1, text: 'one é\r\ntwo\r\nthree', isTakenByDocument: true },
	},
	{
		...{ name: 'Windows-1251, as the editor was told', encoding: 'windows1251' },
		...{ encode: latin1, text: 'one \xe9\ntwo\nthree\n', isTakenByDocument: true },
	},
	{
		...{ name: 'a byte that the encoding does not have', encoding: 'windows1252' },
		...{ encode: latin1, text: 'one \x81é\ntwo\nthree\n', isTakenByDocument: false },
	},
	{ name: 'Latin-1 shown as UTF-8', encode: latin1, text: 'one \xe9\ntwo\nthree\n', isTakenByDocument: false },
	{ name: 'mixed line ends', encode: utf8, text: 'one\r\ntwo\nthree\r\n\nfour', isTakenByDocument: false },
	{ name: 'lone returns', encode: utf8, text: 'one\rtwo\rthree', isTakenByDocument: false },
	{ name: 'no newline at the end', encode: utf8, text: 'one\ntwo', isTakenByDocument: true },
];

for (const { name, encode, text, encoding, isTakenByDocument } of files)
	for (const openness of ['closed', 'open'] as const)
		hostTest(`${name}, ${openness}: one line changes and no other byte`, async () => {
			const { replace, onDisk, disk, path, document } = await createCase(encode(text), openness, encoding);
			if (encoding !== undefined && document) assert.equal(document.encoding, encoding);
			const outcome = await replace('two', 'zwei');
			assert.equal(outcome.isSaved, true);
			assert.deepEqual([...onDisk()], [...encode(text.replace('two', 'zwei'))]);
			assert.deepEqual(disk.writes, openness === 'open' && isTakenByDocument ? [] : [path]);
			assert.equal(statSync(path).mode & 0o777, 0o755);
			if (document) await until(() => document.getText().includes('zwei') && !document.isDirty);
		});

hostTest('a dirty document of any encoding is edited, left unsaved, and would save to the right bytes', async () => {
	for (const { encode, text, encoding, isTakenByDocument } of files) {
		if (!isTakenByDocument) continue;
		const { replace, onDisk, document, disk } = await createCase(encode(text), 'dirty', encoding);
		assert.ok(document);
		const outcome = await replace('two', 'zwei');
		assert.equal(outcome.isSaved, false);
		assert.equal(document.isDirty, true);
		assert.deepEqual(disk.writes, []);
		assert.deepEqual([...onDisk()], [...encode(text)]);
		await document.save();
		const [, mark = '', rest = ''] = /^(\uFEFF?)([\s\S]*)$/.exec(text.replace('two', 'zwei')) ?? [];
		assert.deepEqual([...onDisk()], [...encode(`${mark}typed ${rest}`)]);
	}
});

hostTest('one undo takes back one edit; selection and scroll stay', async () => {
	const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
	const text = `${lines.join('\n')}\n`;
	const { replace, document, editor } = await createCase(utf8(text), 'dirty');
	assert.ok(document && editor);
	editor.selection = new vscode.Selection(120, 2, 121, 4);
	editor.revealRange(editor.selection, vscode.TextEditorRevealType.AtTop);
	await until(() => (editor.visibleRanges[0]?.start.line ?? 0) > 100);
	const top = editor.visibleRanges[0]?.start.line;
	await replace('line 150\n', 'line 150 changed\n');
	await replace('line 160\n', 'line 160 changed\nand more\n');
	assert.deepEqual([editor.selection.anchor.line, editor.selection.active.line], [120, 121]);
	assert.equal(editor.visibleRanges[0]?.start.line, top);
	await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
	await vscode.commands.executeCommand('undo');
	await until(() => !document.getText().includes('and more'));
	assert.ok(document.getText().includes('line 150 changed'));
	await vscode.commands.executeCommand('undo');
	await until(() => document.getText() === `typed ${text}`);
});

hostTest('what a dirty document could only save as something else is refused, and stays as it is', async () => {
	const { workspace, path, document, onDisk } = await createCase(utf8('one\ntwo\n'), 'dirty');
	for (const bytes of [latin1('\xe9\n'), utf8('a\r\nb\n'), new Uint8Array([1, 0, 2])])
		await assert.rejects(workspace.write(path, bytes, {}), { code: 'write-failed' });
	assert.equal(document?.getText(), 'typed one\ntwo\n');
	assert.deepEqual([...onDisk()], [...utf8('one\ntwo\n')]);
});

const notebookText = (source: string) =>
	`{\n "cells": [\n  {"cell_type": "code", "execution_count": 3, "metadata": {}, "outputs": [ {"name": "stdout", "output_type": "stream", "text": ["kept\\n"]} ], "source": ["x = 1"]},\n  {"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": [\n    "${source}"\n  ]}\n ],\n "metadata": {"odd":  1.50},\n "nbformat": 4, "nbformat_minor": 2\n}`;

hostTest('an open notebook follows an edit of a cell; the other cells keep their outputs and bytes', async () => {
	const path = join(root, 'open.ipynb');
	writeFileSync(path, notebookText('y = 1'));
	const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(path));
	await vscode.window.showNotebookDocument(notebook);
	const workspace = createEditorWorkspace({ disk: createPlainDisk(root), hash: sha256 });
	const edited = editNotebook(readFileSync(path, 'utf8'), { oldString: 'y = 1', newString: 'y = 2' });
	assert.ok(edited.kind === 'applied');
	await workspace.write(path, utf8(edited.text), { expected: sha256(utf8(notebookText('y = 1'))) });
	assert.equal(readFileSync(path, 'utf8'), notebookText('y = 2'));
	await until(() => notebook.cellAt(1).document.getText() === 'y = 2' && !notebook.isDirty);
	assert.equal(notebook.cellAt(0).outputs.length, 1);
	assert.equal(readFileSync(path, 'utf8'), notebookText('y = 2'));
});

hostTest('a notebook with unsaved changes is not written under, nor deleted, until it is saved', async () => {
	const path = join(root, 'unsaved.ipynb');
	writeFileSync(path, notebookText('y = 1'));
	const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(path));
	await vscode.window.showNotebookDocument(notebook);
	const edit = new vscode.WorkspaceEdit();
	edit.insert(notebook.cellAt(0).document.uri, new vscode.Position(0, 0), 'typed = ');
	await vscode.workspace.applyEdit(edit);
	await until(() => notebook.isDirty);
	const workspace = createEditorWorkspace({ disk: createPlainDisk(root), hash: sha256 });
	const message = /unsaved changes in the notebook editor.*Save or revert the notebook/;
	await assert.rejects(workspace.write(path, utf8(notebookText('y = 2')), {}), { code: 'write-failed', message });
	await assert.rejects(workspace.delete(path, {}), { code: 'write-failed', message });
	assert.equal(readFileSync(path, 'utf8'), notebookText('y = 1'));
	assert.equal(notebook.cellAt(0).document.getText(), 'typed = x = 1');
	await notebook.save();
	await workspace.write(path, utf8(notebookText('y = 2')), {});
	await until(() => notebook.cellAt(1).document.getText() === 'y = 2');
});
