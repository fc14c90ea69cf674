// Conflicts of a rewind in a real editor: the scratch document, what it takes to get its text into the file, and the way without a merge editor.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { asToolUseId } from '../../src/base/ids.ts';
import { createPromptQueue } from '../../src/core/agent/promptQueue.ts';
import { createRecordingWorkspace } from '../../src/core/checkpoint/recordingWorkspace.ts';
import { applyRestore } from '../../src/core/checkpoint/restore.ts';
import { planRestore } from '../../src/core/checkpoint/restorePlan.ts';
import { openSession } from '../../src/core/session/session.ts';
import { Approvals } from '../../src/host/asking/approvals.ts';
import { createEditorWorkspace } from '../../src/host/editor/editorWorkspace.ts';
import { createMergeEditor } from '../../src/host/rewind/mergeEditor.ts';
import { unresolvedConflicts } from '../../src/host/rewind/unresolvedConflicts.ts';
import { OpenSession } from '../../src/host/session/openSession.ts';
import { createBlobTexts } from '../../src/host/transcript/blobTexts.ts';
import { createTranscriptInputs } from '../../src/host/transcript/transcriptInputs.ts';
import { createMemorySessionStore } from '../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../fakes/memoryBlobStore.ts';
import { hostTest } from './support/hostTest.ts';
import { createPlainDisk, sha256 } from './support/plainDisk.ts';
import { until } from './support/until.ts';

const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
const { signal } = new AbortController();
let serial = 0;

/** The agent made `two` of `one`, the user `mine` of that; then it was rewound. No command opens a merge editor here. */
async function createConflict() {
	const rel = `merge${serial}.txt`;
	const scheme = `retrace-test-merge${serial++}`;
	const path = join(root, rel);
	writeFileSync(path, 'top\none\nend\n');
	const blobs = createMemoryBlobStore();
	const workspace = createEditorWorkspace({ disk: createPlainDisk(root), hash: sha256 });
	const session = await openSession({
		...{ store: createMemorySessionStore(), blobs, clock: createFakeClock(), ids: createFakeIds() },
		defaults: { cwd: root, mode: 'acceptEdits', model: 'm', roots: [root], extensionVersion: '0' },
		trace: () => undefined,
	});
	const before = await workspace.read(path);
	assert.ok(before.kind === 'file');
	await createRecordingWorkspace({ session, workspace, blobs }).write({
		...{ file: { root, rel }, absolute: path, before, author: 'agent' as const, toolUseId: asToolUseId('call') },
		...{ bytes: new TextEncoder().encode('top\ntwo\nend\n'), meta: {} },
	});
	writeFileSync(path, 'top\nmine\nend\n');
	const plan = await planRestore({ session, workspace, blobs, toEpoch: 0 }, signal);
	await applyRestore({ session, workspace, blobs, plan, overwrite: [] }, signal);
	const texts = createBlobTexts(blobs, (error) => assert.ifError(error));
	const open = new OpenSession(
		session,
		createPromptQueue(createFakeIds()),
		new Approvals(session.id, { proposeEdit: () => Promise.reject(new Error('nobody asks here')) }),
		texts,
		createTranscriptInputs(texts.text, (absolute) => absolute),
	);
	const saved = new Map<string, unknown>();
	const state = {
		get: (key: string) => saved.get(key),
		update: async (key: string, value: unknown) => void saved.set(key, value),
	};
	const merges = createMergeEditor({
		...{ world: { workspace, blobs, codeReason: () => null }, state, scheme, command: 'retrace.test.noSuchCommand' },
		openSession: async () => open,
	});
	const [conflict] = unresolvedConflicts(session.entries);
	assert.ok(conflict);
	const shown = () => vscode.workspace.textDocuments.find((one) => one.uri.scheme === scheme && !one.isClosed);
	return {
		...{ path, merges, open, shown },
		waiting: () => unresolvedConflicts(session.entries).length,
		text: () => readFileSync(path, 'utf8'),
		show: async () => {
			await merges.open(open, conflict.restore, `${root}\n${rel}`);
			const document = shown();
			assert.ok(document);
			return document;
		},
		async type(words: string) {
			const document = shown();
			assert.ok(document);
			const edit = new vscode.WorkspaceEdit();
			edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), words);
			assert.ok(await vscode.workspace.applyEdit(edit));
		},
	};
}

hostTest(
	'without a merge editor the conflict opens as a document with markers, which are refused as a result',
	async () => {
		const { show, merges, text, waiting } = await createConflict();
		const document = await show();
		assert.match(document.getText(), /^<{7} now\nmine\n\|{7}/m);
		await assert.rejects(merges.use(document.uri), { code: 'has-markers' });
		assert.equal(text(), 'top\nmine\nend\n');
		assert.equal(waiting(), 1);
	},
);

hostTest('the result, saved or not, gets into the file, and its document closes without a question', async () => {
	const { show, type, merges, text, waiting, shown, open } = await createConflict();
	const document = await show();
	await type('top\nboth\nend\n');
	assert.equal(document.isDirty, true);
	assert.ok(open.rows().some((row) => row.kind === 'notice' && row.actions[0]?.action === 'useMerged'));
	// As the notice names it.
	await merges.use(document.uri.toString());
	assert.equal(text(), 'top\nboth\nend\n');
	assert.equal(waiting(), 0);
	await until(() => vscode.window.tabGroups.all.every((group) => group.tabs.every((tab) => !isOf(tab, document.uri))));
	assert.ok(!open.rows().some((row) => row.kind === 'notice'));
	assert.ok(shown()?.isDirty !== true);
});

hostTest('a file that was changed meanwhile is left alone, and the result stays in its document', async () => {
	const { show, type, merges, path, text } = await createConflict();
	const document = await show();
	await type('top\nboth\nend\n');
	writeFileSync(path, 'top\nmine, later\nend\n');
	await assert.rejects(merges.use(document.uri), { code: 'changed-meanwhile' });
	assert.equal(text(), 'top\nmine, later\nend\n');
	assert.equal(document.getText(), 'top\nboth\nend\n');
	assert.ok(existsSync(path));
});

const isOf = ({ input }: vscode.Tab, uri: vscode.Uri) =>
	input instanceof vscode.TabInputText && input.uri.toString() === uri.toString();
