import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { hostTest } from './support/hostTest.ts';
const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
hostTest('x', async () => {
	const out: string[] = [];
	let n = 0;
	for (const how of ['replace', 'two', 'insertFirst', 'whole', 'line', 'emptyAndInsert2']) {
		const path = join(root, `s${n++}.txt`);
		writeFileSync(path, 'x🚂a\n');
		const d = await vscode.workspace.openTextDocument(path);
		await vscode.window.showTextDocument(d, { preview: false });
		const r = new vscode.Range(0, 1, 0, 3);
		const e = new vscode.WorkspaceEdit();
		if (how === 'replace') e.set(d.uri, [vscode.TextEdit.replace(r, '🚃')]);
		if (how === 'two') e.set(d.uri, [vscode.TextEdit.delete(r), vscode.TextEdit.insert(r.end, '🚃')]);
		if (how === 'insertFirst') e.set(d.uri, [vscode.TextEdit.insert(r.start, '🚃'), vscode.TextEdit.delete(r)]);
		if (how === 'whole') e.set(d.uri, [vscode.TextEdit.replace(new vscode.Range(0, 0, 1, 0), 'x🚃a\n')]);
		if (how === 'line') e.set(d.uri, [vscode.TextEdit.replace(new vscode.Range(0, 0, 0, 4), 'y🚃b')]);
		if (how === 'emptyAndInsert2') { e.set(d.uri, [vscode.TextEdit.delete(r)]); await vscode.workspace.applyEdit(e); const f = new vscode.WorkspaceEdit(); f.insert(d.uri, r.start, '🚃'); await vscode.workspace.applyEdit(f); }
		if (how !== 'emptyAndInsert2') await vscode.workspace.applyEdit(e);
		out.push(`${how}: ${JSON.stringify(d.getText())}`);
		await d.save();
		out.push(JSON.stringify(d.getText()));
	}
	throw new Error(out.join(' | '));
});
