// Pending changes of the agent in a real editor: lenses, Keep and Undo, and what a new look at the same log shows.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { asToolUseId } from '../../src/base/ids.ts';
import { createRecordingWorkspace } from '../../src/core/checkpoint/recordingWorkspace.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { ChangesView } from '../../src/host/changesTree.ts';
import { createEditorWorkspace } from '../../src/host/editorWorkspace.ts';
import { createReview } from '../../src/host/review.ts';
import { createMemorySessionStore } from '../../src/node/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../fakes/memoryBlobStore.ts';
import { hostTest } from './support/hostTest.ts';
import { createPlainDisk, sha256 } from './support/plainDisk.ts';
import { until } from './support/until.ts';

const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
let serial = 0;

async function createCase(before: string | undefined, after: string) {
	const rel = `review${serial++}.txt`;
	const path = join(root, rel);
	if (before !== undefined) writeFileSync(path, before);
	const blobs = createMemoryBlobStore();
	const workspace = createEditorWorkspace({ disk: createPlainDisk(root), hash: sha256 });
	const session = await openSession({
		...{ store: createMemorySessionStore(), blobs, clock: createFakeClock(), ids: createFakeIds() },
		defaults: { cwd: root, mode: 'acceptEdits', model: 'm', roots: [root], extensionVersion: '0' },
		trace: () => undefined,
	});
	const agent = async (text: string) => {
		const snapshot = await workspace.read(path);
		assert.ok(snapshot.kind === 'file' || snapshot.kind === 'absent');
		await createRecordingWorkspace({ session, workspace, blobs }).write({
			...{ file: { root, rel }, absolute: path, before: snapshot, author: 'agent' as const },
			...{ toolUseId: asToolUseId('call'), bytes: new TextEncoder().encode(text), meta: {} },
		});
	};
	await agent(after);
	const errors: unknown[] = [];
	const view: ChangesView = {};
	const open = () => {
		const review = createReview({
			...{ blobs, workspace, view, state: { get: () => undefined, update: () => Promise.resolve() } },
			...{ shownId: () => session.id, onError: (error: unknown) => errors.push(error) },
		});
		review.attach(session);
		const run = async (name: string, ...args: unknown[]) => await review.commands[name]?.(...args);
		return { ...review, run, pendingFiles: () => review.files.pending().map(({ source }) => source.uri) };
	};
	const review = open();
	const editor = await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: false });
	const { document } = editor;
	/** `line title` of every Keep lens, through the editor's own command. */
	const lenses = async () => {
		const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
			'vscode.executeCodeLensProvider',
			document.uri,
			99,
		);
		return found.filter((lens) => lens.command?.title === 'Keep').map((lens) => lens.range.start.line);
	};
	await until(async () => (await lenses()).length > 0);
	return { path, review, editor, document, lenses, open, agent, session, errors, view };
}

const BEFORE = 'a\nb\nc\nd\ne\nf\n';
const AFTER = 'A\nb\nC\nd\ne\nF\n';

hostTest('each change has its lenses; keep and undo take one away and leave the others', async () => {
	const { path, review, document, editor, lenses, open, errors } = await createCase(BEFORE, AFTER);
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
		const { review, editor, document, lenses } = await createCase(BEFORE, AFTER);
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
	const { path, review, lenses } = await createCase('a\r\nb\r\nc\r\nd\r\n', 'a\r\nc\r\nD\r\n');
	assert.equal((await lenses()).length, 2);
	await review.run('undoChange', { uri: vscode.Uri.file(path).toString(), lineIndex: 1 });
	assert.equal(readFileSync(path, 'utf8'), 'a\r\nb\r\nc\r\nD\r\n');
	await review.run('undoAllChanges');
	assert.equal(readFileSync(path, 'utf8'), 'a\r\nb\r\nc\r\nd\r\n');
	review.dispose();
});

hostTest('undoing a file that the agent created takes it away', async () => {
	const { path, review } = await createCase(undefined, 'new\n');
	await review.run('undoAllChanges');
	assert.equal(existsSync(path), false);
	await until(() => review.pendingFiles().length === 0);
	review.dispose();
});
