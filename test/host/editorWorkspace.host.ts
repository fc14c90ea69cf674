// Files are read and written through their open documents in a real editor, and never take the user's place away.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { createEditorWorkspace } from '../../src/host/editor/editorWorkspace.ts';
import { hostTest } from './support/hostTest.ts';
import { createPlainDisk, sha256 } from './support/plainDisk.ts';
import { until } from './support/until.ts';

const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
const bytesOf = (text: string) => new TextEncoder().encode(text);
let serial = 0;

async function createCase(content: string | undefined, options: { isOpen?: boolean; typed?: string } = {}) {
	const path = join(root, `case${serial++}.txt`);
	if (content !== undefined) writeFileSync(path, content);
	const disk = createPlainDisk(root);
	const workspace = createEditorWorkspace({ disk, hash: sha256 });
	const document = options.isOpen ? await vscode.workspace.openTextDocument(path) : undefined;
	const editor = document && (await vscode.window.showTextDocument(document, { preview: false }));
	if (editor && options.typed !== undefined) {
		const { typed } = options;
		await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), typed));
	}
	const text = async () => {
		const now = await workspace.read(path);
		return now.kind === 'file' ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(now.bytes) : now.kind;
	};
	const onDisk = () => readFileSync(path, 'utf8');
	const opened = (): vscode.TextDocument => {
		assert.ok(document);
		return document;
	};
	return { path, disk, workspace, opened, editor, text, onDisk };
}

hostTest('a file that is not open is written to the disk and stays closed', async () => {
	const { path, workspace, onDisk, disk } = await createCase('a\n');
	const outcome = await workspace.write(path, bytesOf('b\n'), { expected: sha256(bytesOf('a\n')) });
	assert.deepEqual(outcome, { after: sha256(bytesOf('b\n')), isSaved: true });
	assert.equal(onDisk(), 'b\n');
	assert.deepEqual(disk.writes, [path]);
	assert.ok(!vscode.window.visibleTextEditors.some((editor) => editor.document.uri.fsPath === path));
});

hostTest('an open clean document is edited and saved; cursor, focus and undo stay', async () => {
	const lines = Array.from({ length: 50 }, (_, index) => `line ${index}\n`);
	const { path, workspace, opened, editor, onDisk, disk } = await createCase(lines.join(''), { isOpen: true });
	assert.ok(editor);
	editor.selection = new vscode.Selection(40, 2, 40, 4);
	const changed = lines.with(10, 'changed\nand more\n').join('');
	const outcome = await workspace.write(path, bytesOf(changed), { expected: sha256(bytesOf(lines.join(''))) });
	assert.deepEqual(outcome, { after: sha256(bytesOf(changed)), isSaved: true });
	assert.equal(onDisk(), changed);
	assert.deepEqual(disk.writes, []);
	assert.equal(opened().isDirty, false);
	assert.ok(workspace.isOwnWrite(opened().uri, opened().getText()));
	assert.ok(!workspace.isOwnWrite(opened().uri, 'typed'));
	assert.equal(vscode.window.activeTextEditor, editor);
	assert.deepEqual([editor.selection.start.line, editor.selection.start.character], [41, 2]);
	// The chat may have the focus, and `undo` is for what has it.
	await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
	await vscode.commands.executeCommand('undo');
	await until(() => opened().getText() === lines.join(''));
});

hostTest('unsaved changes are the truth, and are edited without being saved', async () => {
	const { path, workspace, opened, text, onDisk } = await createCase('a\n', { isOpen: true, typed: 'typed ' });
	assert.equal(await text(), 'typed a\n');
	const read = await workspace.read(path);
	assert.ok(read.kind === 'file' && read.isDirty);
	const stale = workspace.write(path, bytesOf('x'), { expected: sha256(bytesOf('a\n')) });
	await assert.rejects(stale, { code: 'changed-meanwhile' });
	assert.equal(await text(), 'typed a\n');
	const outcome = await workspace.write(path, bytesOf('typed b\n'), { expected: sha256(read.bytes) });
	assert.deepEqual(outcome, { after: sha256(bytesOf('typed b\n')), isSaved: false });
	assert.equal(opened().getText(), 'typed b\n');
	assert.equal(opened().isDirty, true);
	assert.equal(onDisk(), 'a\n');
});

hostTest('line ends and BOM come out as they were meant', async () => {
	const check = async (before: string, after: string, typed?: string) => {
		const { path, workspace, text, onDisk } = await createCase(before, {
			isOpen: true,
			...(typed === undefined ? {} : { typed }),
		});
		const outcome = await workspace.write(path, bytesOf(after), {});
		assert.equal(await text(), after);
		assert.equal(outcome.after, sha256(bytesOf(after)), JSON.stringify([before, after]));
		assert.equal(await text(), after);
		assert.equal(onDisk(), typed === undefined ? after : before);
	};
	await check('a\r\nb\r\n', 'a\r\nB\r\nc\r\n');
	await check('\uFEFFa\r\nb\r\n', '\uFEFFa\r\nB\r\n');
	await check('a\r\nb\r\n', 'a\nb\n');
	await check('a\nb\n', 'a\r\nB\r\n');
	await check('a\r\nb\nc\n', 'a\r\nb\nC\n');
	await check('\uFEFFa\n', 'a\n');
	await check('\uFEFFa\r\nb\r\n', '\uFEFFx\r\n', 'typed');
	await check('🚂a\n', '🚃a\n');
});

hostTest('a file that cannot be written is left as it is, in the editor too', async () => {
	const { path, workspace, opened, onDisk } = await createCase('a\n', { isOpen: true });
	chmodSync(path, 0o444);
	await assert.rejects(workspace.write(path, bytesOf('b\n'), {}), { code: 'read-only' });
	assert.equal(opened().getText(), 'a\n');
	assert.equal(opened().isDirty, false);
	assert.equal(onDisk(), 'a\n');
});

hostTest('a file is deleted, with unsaved changes only when they are known', async () => {
	const closed = await createCase('a');
	await closed.workspace.delete(closed.path, { expected: sha256(bytesOf('a')) });
	assert.equal(existsSync(closed.path), false);
	const dirty = await createCase('a', { isOpen: true, typed: 'typed' });
	const stale = dirty.workspace.delete(dirty.path, { expected: sha256(bytesOf('a')) });
	await assert.rejects(stale, { code: 'changed-meanwhile' });
	assert.equal(dirty.opened().getText(), 'typeda');
	await dirty.workspace.delete(dirty.path, { expected: sha256(bytesOf('typeda')) });
	assert.equal(existsSync(dirty.path), false);
});
