// What a real formatter does when a file is saved is no edit of the user's, and what the user types is no formatter's.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { createRecordingWorkspace } from '../../src/core/checkpoint/recordingWorkspace.ts';
import { planRestore } from '../../src/core/checkpoint/restorePlan.ts';
import { openSession } from '../../src/core/session/session.ts';
import { createEditorWorkspace } from '../../src/host/editor/editorWorkspace.ts';
import { createSavedEdits } from '../../src/host/editor/savedEdits.ts';
import { createMemorySessionStore } from '../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../fakes/memoryBlobStore.ts';
import { hostTest } from './support/hostTest.ts';
import { createPlainDisk, sha256 } from './support/plainDisk.ts';
import { until } from './support/until.ts';

const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
let serial = 0;
let formats = 0;

/** Ends every line with a semicolon. */
vscode.languages.registerDocumentFormattingEditProvider(
	{ scheme: 'file', pattern: '**/saved*.txt' },
	{
		provideDocumentFormattingEdits(document) {
			formats++;
			return Array.from({ length: document.lineCount }, (_, line) => document.lineAt(line))
				.filter(({ text }) => text !== '' && !text.endsWith(';'))
				.map(({ range }) => vscode.TextEdit.insert(range.end, ';'));
		},
	},
);

async function createCase(isOpen: boolean) {
	const config = vscode.workspace.getConfiguration('editor');
	await config.update('formatOnSave', true, vscode.ConfigurationTarget.Global);
	const rel = `saved${serial++}.txt`;
	const path = join(root, rel);
	writeFileSync(path, 'one;\n');
	const blobs = createMemoryBlobStore();
	const workspace = createEditorWorkspace({ disk: createPlainDisk(root), hash: sha256 });
	const session = await openSession({
		...{ store: createMemorySessionStore(), blobs, clock: createFakeClock(), ids: createFakeIds() },
		defaults: { cwd: root, mode: 'acceptEdits', model: 'm', roots: [root], extensionVersion: '0' },
		trace: () => undefined,
	});
	const errors: unknown[] = [];
	const saved = createSavedEdits({ blobs, onError: (error) => errors.push(error) });
	saved.attach(session);
	const show = async () => await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: false });
	const first = isOpen ? await show() : undefined;
	const agent = async (text: string) => {
		const before = await workspace.read(path);
		assert.ok(before.kind === 'file');
		await createRecordingWorkspace({ session, workspace, blobs }).write({
			...{ file: { root, rel }, absolute: path, before, author: 'agent' as const },
			...{ bytes: new TextEncoder().encode(text), meta: {} },
		});
	};
	const save = async () => {
		await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
		await vscode.commands.executeCommand('workbench.action.files.save');
	};
	const authors = () => session.entries.flatMap((entry) => (entry.type === 'fileOperation' ? [entry.author] : []));
	const restoring = async () => {
		const plan = await planRestore({ session, workspace, blobs, toEpoch: 0 }, new AbortController().signal);
		return plan.files.map(({ action, status }) => `${action} ${status}`);
	};
	const end = async () => {
		saved.dispose();
		assert.deepEqual(errors, []);
		await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
	};
	return { agent, show, first, save, authors, restoring, end };
}

hostTest('our own save is formatted: that is what the operation left', async () => {
	const { agent, authors, restoring, first, end } = await createCase(true);
	await agent('two\nthree\n');
	assert.equal(first?.document.getText(), 'two;\nthree;\n');
	assert.deepEqual(authors(), ['agent']);
	assert.deepEqual(await restoring(), ['restore ok']);
	await end();
});

hostTest('a file written while it was closed is formatted by a later save of the user', async () => {
	const { agent, show, save, authors, restoring, end } = await createCase(false);
	await agent('two\nthree\n');
	const { document } = await show();
	await save();
	assert.equal(document.getText(), 'two;\nthree;\n');
	await until(() => authors().length === 2);
	assert.deepEqual(authors(), ['agent', 'save']);
	assert.deepEqual(await restoring(), ['restore ok']);
	// Nothing new by another save.
	await save();
	assert.deepEqual(await restoring(), ['restore ok']);
	assert.equal(authors().length, 2);
	await end();
});

hostTest('a dirty document that the agent edited: the cursor may move, and the user saves', async () => {
	const { agent, first, save, authors, restoring, end } = await createCase(true);
	assert.ok(first);
	await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
	await vscode.commands.executeCommand('type', { text: 'typed ' });
	await agent('typed one;\ntwo\n');
	assert.equal(first.document.isDirty, true);
	await until(async () => {
		await vscode.commands.executeCommand('cursorDown');
		return first.selection.active.line > 0;
	});
	await save();
	await until(() => authors().length === 2);
	assert.deepEqual(authors(), ['agent', 'save']);
	assert.deepEqual(await restoring(), ['restore ok']);
	await end();
});

hostTest('what the user typed before the save stays the user’s, also when only signs were typed', async () => {
	for (const typed of ['word', '+ ']) {
		const { agent, first, save, authors, restoring, end } = await createCase(true);
		assert.ok(first);
		await agent('two\n');
		await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
		await vscode.commands.executeCommand('type', { text: typed });
		await until(() => first.document.getText().includes(typed));
		const before = formats;
		await save();
		await until(() => formats > before && !first.document.isDirty);
		// Another save, of what stands there now, proves nothing either.
		await save();
		assert.deepEqual(authors(), ['agent']);
		assert.notDeepEqual(await restoring(), ['restore ok']);
		await end();
	}
});
