// What the review shows beside the marks: the Changes view over several sessions, the original of the change bars, deleted files, and how it
// follows the editor's own undo, a deletion by the user and every kind of line end.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { charsetNamed } from '../../src/core/edit/charsets.ts';
import { encodeText } from '../../src/core/edit/textFile.ts';
import { reviewedUri } from '../../src/host/review/reviewedDocuments.ts';
import { hostTest } from './support/hostTest.ts';
import { createReviewCase } from './support/reviewCase.ts';
import { until } from './support/until.ts';

const BEFORE = 'a\nb\nc\nd\ne\nf\n';
const AFTER = 'A\nb\nC\nd\ne\nF\n';

hostTest('the editor’s own undo of an undone change makes it pending again, and redo takes it away', async () => {
	const { review, document, lenses, errors } = await createReviewCase(BEFORE, AFTER);
	await review.run('undoChange', { uri: document.uri.toString(), lineIndex: 2 });
	assert.deepEqual(await lenses(), [0, 5]);
	await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
	await vscode.commands.executeCommand('undo');
	await until(() => document.getText() === AFTER);
	assert.deepEqual(await lenses(), [0, 2, 5]);
	await vscode.commands.executeCommand('redo');
	assert.deepEqual(await lenses(), [0, 5]);
	await document.save();
	review.dispose();
	assert.deepEqual(errors, []);
});

hostTest('byte order mark, CRLF and a last line without newline come back as they were', async () => {
	const { path, review, document, editor, lenses } = await createReviewCase(
		'\uFEFFa\r\nb\r\nc',
		'\uFEFFa\r\nB\r\nc\r\nd',
	);
	assert.deepEqual(await lenses(), [1, 3]);
	await editor.edit((edit) => edit.insert(document.lineAt(3).range.end, '\ntyped'));
	assert.deepEqual(await lenses(), [1, 3]);
	await review.run('undoChange', { uri: document.uri.toString(), lineIndex: 3 });
	assert.equal(document.getText(), 'a\r\nB\r\nc\r\ntyped');
	await review.run('undoAllChanges');
	await document.save();
	assert.equal(readFileSync(path, 'utf8'), '\uFEFFa\r\nb\r\nc\r\ntyped');
	review.dispose();
});

hostTest('the original of the change bars holds what the user typed, and not what is pending', async () => {
	const { review, document, editor } = await createReviewCase(BEFORE, AFTER);
	const original = await vscode.workspace.openTextDocument(reviewedUri(document.uri));
	assert.equal(original.getText(), BEFORE);
	await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), 'typed\n'));
	await until(() => original.getText() === 'a\ntyped\nb\nc\nd\ne\nf\n');
	const changes = [
		{ originalStartLineNumber: 4, originalEndLineNumber: 4, modifiedStartLineNumber: 4, modifiedEndLineNumber: 4 },
	];
	await review.run('keepChange', document.uri, changes, 0);
	await until(() => original.getText() === 'a\ntyped\nb\nC\nd\ne\nf\n');
	assert.equal(document.getText(), 'A\ntyped\nb\nC\nd\ne\nF\n');
	await document.save();
	review.dispose();
});

hostTest('a file that the agent deleted is reviewed in the view: undo brings it back byte for byte', async () => {
	const { path, review, agent, session, view } = await createReviewCase('\uFEFFx\r\ny', '\uFEFFX\r\ny');
	await review.run('keepAllChanges');
	await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
	await agent(undefined);
	await until(() => review.files.pending()[0]?.pending.kind === 'deleted');
	assert.equal(view.badge?.value, 1);
	const node = { kind: 'file', sessionId: session.id, uri: vscode.Uri.file(path).toString() };
	await review.run('undoChanges', node);
	assert.equal(readFileSync(path, 'utf8'), '\uFEFFX\r\ny');
	assert.equal(view.badge, undefined);
	await agent(undefined);
	await until(() => review.files.pending().length === 1);
	await review.run('keepChanges', node);
	assert.deepEqual(review.files.pending(), []);
	review.dispose();
});

hostTest('a file that the user deleted is no row any more', async () => {
	const { path, review } = await createReviewCase(BEFORE, AFTER);
	await until(() => review.files.pending().length === 1);
	await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
	rmSync(path);
	await until(() => review.files.pending().length === 0);
	review.dispose();
});

hostTest('with several sessions the view groups by session, and the queue goes through all of them', async () => {
	const { path, review, openAnother, write, errors } = await createReviewCase(BEFORE, AFTER);
	const other = await openAnother();
	const name = `queue-${basename(path)}`;
	await write(other, name, 'made by another session\n');
	review.attach(other);
	await until(() => review.files.pending().length === 2);
	const groups = (await review.tree.getChildren()) ?? [];
	assert.deepEqual(
		groups.map(({ kind }) => kind),
		['session', 'session'],
	);
	const rows = await Promise.all(groups.map((group) => review.tree.getChildren(group)));
	assert.deepEqual(
		rows.flat().map((row) => row?.kind),
		['file', 'file'],
	);
	const active = () => basename(vscode.window.activeTextEditor?.document.uri.fsPath ?? '');
	const visited: string[] = [];
	for (let step = 0; step < 3; step++) {
		await review.run('reviewNextFile');
		visited.push(active());
	}
	assert.deepEqual(visited, [name, basename(path), name]);
	await review.run('keepSessionChanges');
	assert.deepEqual(
		review.files.pending().map(({ source }) => basename(source.uri.fsPath)),
		[name],
	);
	review.dispose();
	assert.deepEqual(errors, []);
});

hostTest('what the user rewrote is noted in the log once, before the next prompt', async () => {
	const { review, document, editor, session } = await createReviewCase(BEFORE, AFTER);
	await editor.edit((edit) => edit.replace(new vscode.Range(2, 0, 2, 1), 'C by hand'));
	await review.recordEdits(session);
	await review.recordEdits(session);
	const verdicts = session.entries.flatMap((entry) =>
		entry.type === 'review' ? [[entry.verdict, entry.hunk.range]] : [],
	);
	assert.deepEqual(verdicts, [['edited', { start: 2, end: 3 }]]);
	await document.save();
	review.dispose();
});

hostTest('a closed file in another code page has no lines of the user; undo keeps its bytes', async () => {
	const { path, review, write, session, errors } = await createReviewCase('x\n', 'X\n');
	await review.run('keepAllChanges');
	const name = `codePage-${basename(path)}`;
	const other = join(dirname(path), name);
	const charset = charsetNamed('windows1251');
	assert.ok(charset);
	const bytesOf = (text: string) => encodeText({ text, eol: '\n', bom: false, charset });
	const [before, after] = [bytesOf('да\nнет\n'), bytesOf('да!\nнет\nили\n')];
	writeFileSync(other, before);
	await write(session, name, after, 'windows1251');
	await until(() => review.files.pending().length === 1);
	const [file] = review.files.pending();
	assert.ok(file);
	assert.deepEqual([file.state.text, file.pending.base], ['да!\nнет\nили\n', 'да\nнет\n']);
	await review.run('undoChanges', { kind: 'file', sessionId: session.id, uri: file.source.uri.toString() });
	assert.deepEqual([...readFileSync(other)], [...before]);
	assert.equal(
		session.entries.some((entry) => entry.type === 'review' && entry.verdict === 'edited'),
		false,
	);
	review.dispose();
	assert.deepEqual(errors, []);
});

hostTest('a session has something to review until all of it is judged, also in the moment it is attached', async () => {
	const { review, session, open } = await createReviewCase(BEFORE, AFTER);
	const other = open();
	assert.equal(other.hasPending(session), true);
	other.dispose();
	assert.equal(review.hasPending(session), true);
	await review.run('keepAllChanges');
	await until(() => !review.hasPending(session));
	review.dispose();
});
