// Pending changes of the agent in a real editor: lenses, Keep and Undo, and what a new look at the same log shows.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { hostTest } from './support/hostTest.ts';
import { createReviewCase } from './support/reviewCase.ts';
import { until } from './support/until.ts';

const BEFORE = 'a\nb\nc\nd\ne\nf\n';
const AFTER = 'A\nb\nC\nd\ne\nF\n';

hostTest('each change has its lenses; keep and undo take one away and leave the others', async () => {
	const { path, review, document, editor, lenses, open, errors } = await createReviewCase(BEFORE, AFTER);
	assert.deepEqual(await lenses(), [0, 2, 5]);
	await review.run('keepChange', { uri: document.uri.toString(), lineIndex: 0 });
	assert.deepEqual(await lenses(), [2, 5]);
	await review.run('undoChange', { uri: document.uri.toString(), lineIndex: 2 });
	assert.deepEqual(await lenses(), [5]);
	assert.equal(readFileSync(path, 'utf8'), 'A\nb\nc\nd\ne\nF\n');
	await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), 'typed by the user\n'));
	assert.deepEqual(await lenses(), [6]);
	review.dispose();
	const again = open();
	await until(async () => (await lenses()).length > 0);
	assert.deepEqual(await lenses(), [6]);
	assert.equal(again.pendingFiles().length, 1);
	await again.run('undoAllChanges');
	assert.deepEqual(await lenses(), []);
	assert.equal(document.getText(), 'A\ntyped by the user\nb\nc\nd\ne\nf\n');
	assert.equal(document.isDirty, true);
	await document.save();
	again.dispose();
	assert.deepEqual(errors, []);
});

hostTest(
	'next and previous go from change to change, and the change at the cursor is the one that is judged',
	async () => {
		const { review, editor, document, lenses } = await createReviewCase(BEFORE, AFTER);
		editor.selection = new vscode.Selection(0, 0, 0, 0);
		const steps: number[] = [];
		for (const go of ['nextChange', 'nextChange', 'nextChange', 'previousChange']) {
			await review.run(go);
			steps.push(editor.selection.active.line);
		}
		assert.deepEqual(steps, [2, 5, 0, 5]);
		await review.run('undoChange');
		assert.equal(document.lineAt(5).text, 'f');
		editor.selection = new vscode.Selection(3, 0, 3, 0);
		await assert.rejects(review.run('keepChange'), { code: 'no-change-here' });
		await review.run('keepAllChanges');
		assert.deepEqual(await lenses(), []);
		assert.equal(document.getText(), 'A\nb\nC\nd\ne\nf\n');
		review.dispose();
	},
);

hostTest('a CRLF file keeps its line ends, removed lines come back', async () => {
	const { path, review, lenses } = await createReviewCase('a\r\nb\r\nc\r\nd\r\n', 'a\r\nc\r\nD\r\n');
	assert.equal((await lenses()).length, 2);
	await review.run('undoChange', { uri: vscode.Uri.file(path).toString(), lineIndex: 1 });
	assert.equal(readFileSync(path, 'utf8'), 'a\r\nb\r\nc\r\nD\r\n');
	await review.run('undoAllChanges');
	assert.equal(readFileSync(path, 'utf8'), 'a\r\nb\r\nc\r\nd\r\n');
	review.dispose();
});

hostTest('undoing a file that the agent created takes it away', async () => {
	const { path, review } = await createReviewCase(undefined, 'new\n');
	await review.run('undoAllChanges');
	assert.equal(existsSync(path), false);
	await until(() => review.pendingFiles().length === 0);
	review.dispose();
});

hostTest('undo in a file with mixed line ends changes no other byte', async () => {
	const before = 'a\r\nb\nc\r\nd\ne\n';
	const { path, review, document, lenses } = await createReviewCase(before, 'A\r\nb\nc\r\nD\ne\n');
	await review.run('undoChange', { uri: document.uri.toString(), lineIndex: 0 });
	assert.equal(readFileSync(path, 'utf8'), 'a\r\nb\nc\r\nD\ne\n');
	await until(() => document.getText().startsWith('a') && !document.isDirty);
	await until(async () => (await lenses()).length === 1);
	await review.run('undoChange', { uri: document.uri.toString(), lineIndex: 3 });
	assert.equal(readFileSync(path, 'utf8'), before);
	review.dispose();
});
