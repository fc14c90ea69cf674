// A file in the test window that the agent changed, with the review of it as the product puts it together.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { asToolUseId } from '../../../src/base/ids.ts';
import { createRecordingWorkspace } from '../../../src/core/checkpoint/recordingWorkspace.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createEditorWorkspace } from '../../../src/host/editor/editorWorkspace.ts';
import type { ChangesView } from '../../../src/host/review/changesTree.ts';
import { createReview } from '../../../src/host/review/review.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';
import { createPlainDisk, sha256 } from './plainDisk.ts';
import { until } from './until.ts';

const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
let serial = 0;

export async function createReviewCase(before: string | undefined, after: string) {
	const rel = `review${serial++}.txt`;
	const path = join(root, rel);
	if (before !== undefined) writeFileSync(path, before);
	const blobs = createMemoryBlobStore();
	const workspace = createEditorWorkspace({ disk: createPlainDisk(root), hash: sha256 });
	const ids = createFakeIds();
	const openAnother = async () =>
		await openSession({
			...{ store: createMemorySessionStore(), blobs, clock: createFakeClock(), ids },
			defaults: { cwd: root, mode: 'acceptEdits', model: 'm', roots: [root], extensionVersion: '0' },
			trace: () => undefined,
		});
	const session = await openAnother();
	/** Without a text the file is deleted. */
	const write = async (by: Session, name: string, content: string | Uint8Array | undefined, encoding?: string) => {
		const absolute = join(root, name);
		const snapshot = await workspace.read(absolute);
		assert.ok(snapshot.kind === 'file' || snapshot.kind === 'absent');
		const recording = createRecordingWorkspace({ session: by, workspace, blobs });
		const target = { file: { root, rel: name }, absolute, before: snapshot, author: 'agent' as const };
		const call = { ...target, toolUseId: asToolUseId('call') };
		const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
		if (bytes === undefined) await recording.delete(call);
		else await recording.write({ ...call, bytes, meta: encoding === undefined ? {} : { encoding } });
	};
	const agent = async (text: string | undefined) => await write(session, rel, text);
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
	/** The line of every Keep lens, through the editor's own command. */
	const lenses = async () => {
		const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
			'vscode.executeCodeLensProvider',
			document.uri,
			99,
		);
		return found.filter((lens) => lens.command?.title === 'Keep').map((lens) => lens.range.start.line);
	};
	await until(async () => (await lenses()).length > 0);
	return { path, review, editor, document, lenses, open, openAnother, write, agent, session, errors, view };
}
