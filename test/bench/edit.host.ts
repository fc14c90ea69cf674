// An edit of the agent beside the same edit made bare, in a real extension host: an open document, both in turn, pair by pair.
// The whole is the Edit tool from its input to its outcome, with the review of the hunks attached; the bare one is applyEdit and save.

import './flushTimes.ts';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { asToolUseId } from '../../src/base/ids.ts';
import { createToolFiles } from '../../src/core/edit/toolFiles.ts';
import type { Approver, Workspace } from '../../src/core/ports.ts';
import { openSession } from '../../src/core/session/session.ts';
import type { BlobStore } from '../../src/core/session/storePort.ts';
import { editTool } from '../../src/core/tools/edit.ts';
import type { ToolContext } from '../../src/core/tools/tool.ts';
import { createEditorWorkspace } from '../../src/host/editor/editorWorkspace.ts';
import { createReview } from '../../src/host/review/review.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { hostTest, reportFigure } from '../host/support/hostTest.ts';
import { median } from './figure.ts';
import { flushMsWithin } from './flushTimes.ts';

const pairs = 30;
const warmUps = 5;
const path = 'bench.ts';

hostTest('an edit beside a bare one', async () => {
	const world = await openWorld();
	try {
		const bareMs: number[] = [];
		const wholeMs: number[] = [];
		const recordMs: number[] = [];
		const ratios: number[] = [];
		for (let pair = 0; pair < pairs + warmUps; pair += 1) {
			const isBareFirst = pair % 2 === 0;
			const bareBefore = isBareFirst ? await world.bareEdit() : undefined;
			const whole = await world.toolEdit();
			const bare = bareBefore ?? (await world.bareEdit());
			if (pair < warmUps) continue;
			bareMs.push(bare);
			wholeMs.push(whole.totalMs);
			recordMs.push(whole.totalMs - whole.writeMs);
			ratios.push(whole.totalMs / bare);
		}
		reportFigure(
			`an edit: the whole beside a bare applyEdit + save, median of ${pairs} pairs`,
			median(ratios),
			'×',
			1.3,
		);
		reportFigure('  the whole', median(wholeMs), 'ms');
		reportFigure('  applyEdit + save alone', median(bareMs), 'ms');
		reportFigure('  of the whole, all but the write', median(recordMs), 'ms');
		reportFigure('  of that, before-image and log without flushes', median(world.recordedMs.slice(warmUps)), 'ms', 2);
		reportFigure('  of that, flushes of both', median(world.flushesMs.slice(warmUps)), 'ms');
	} finally {
		await world.close();
	}
});

async function openWorld() {
	const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
	const absolute = join(root, path);
	writeFileSync(absolute, `const step = 0;\n${'const value = compute(index);\n'.repeat(650)}`);
	const document = await vscode.workspace.openTextDocument(absolute);
	await vscode.window.showTextDocument(document, { preview: false });
	const storage = mkdtempSync(join(realpathSync(tmpdir()), 'retrace-bench-'));
	const blobs = createFileBlobStore(storage);
	const trace = () => undefined;
	const session = await openSession({
		store: createFileSessionStore({ folder: storage, window: 'bench', trace }),
		blobs,
		clock: systemClock,
		ids: createIdSource(),
		defaults: { cwd: root, mode: 'acceptEdits', model: 'm', roots: [root], extensionVersion: '0' },
		trace,
	});
	session.append({ type: 'user', content: [{ type: 'text', text: 'Go' }] });
	const roots = [{ name: 'project', path: root }];
	const disk = createDiskWorkspace({ roots: () => roots, isTrusted: () => true });
	const editor = createEditorWorkspace({ disk, hash: (bytes) => blobs.hash(bytes) });
	const review = createReview({
		blobs,
		workspace: editor,
		view: {},
		state: { get: () => undefined, update: () => Promise.resolve() },
		shownId: () => session.id,
		onError: (error) => {
			throw error;
		},
	});
	const attached = review.attach(session);
	const flushesMs: number[] = [];
	const recordedMs: number[] = [];
	let step = 0;

	const toolEdit = async () => {
		let writeMs = 0;
		let putStartedMs = Number.NaN;
		const timedBlobs: BlobStore = {
			...blobs,
			put: (...args) => {
				if (Number.isNaN(putStartedMs)) putStartedMs = performance.now();
				return blobs.put(...args);
			},
		};
		const timedWorkspace: Workspace = {
			...editor,
			roots: editor.roots,
			isTrusted: editor.isTrusted,
			async write(...args) {
				const startedMs = performance.now();
				const flushMs = flushMsWithin(putStartedMs, startedMs);
				recordedMs.push(startedMs - putStartedMs - flushMs);
				flushesMs.push(flushMs);
				const outcome = await editor.write(...args);
				writeMs = performance.now() - startedMs;
				return outcome;
			},
		};
		const signal = new AbortController().signal;
		const toolUseId = asToolUseId(`toolu_${step}`);
		const files = createToolFiles({
			session,
			workspace: timedWorkspace,
			blobs: timedBlobs,
			approver: nobody,
			toolUseId,
			signal,
		});
		const input = { file_path: path, old_string: `const step = ${step};`, new_string: `const step = ${step + 1};` };
		const startedMs = performance.now();
		const outcome = await editTool.run(input, { ...elsewhere, toolUseId, cwd: root, files, signal });
		const totalMs = performance.now() - startedMs;
		if (outcome.isError || document.isDirty) throw new Error(`The edit failed: ${JSON.stringify(outcome.content)}`);
		step += 1;
		return { totalMs, writeMs };
	};

	const bareEdit = async () => {
		const edit = new vscode.WorkspaceEdit();
		const line = document.lineAt(0).range;
		step += 1;
		const startedMs = performance.now();
		edit.replace(document.uri, line, `const step = ${step};`);
		await vscode.workspace.applyEdit(edit);
		await document.save();
		return performance.now() - startedMs;
	};

	return {
		toolEdit,
		bareEdit,
		flushesMs,
		recordedMs,
		close: async () => {
			attached.dispose();
			review.dispose();
			editor.dispose();
			await session.close();
			rmSync(storage, { recursive: true, force: true });
		},
	};
}

/** In this mode nobody is asked. */
const nobody: Approver = {
	askPermission: () => Promise.reject(new Error('A permission was asked.')),
	proposeEdit: () => Promise.reject(new Error('An edit was proposed.')),
};

/** What the Edit tool does not use. */
const elsewhere: Pick<ToolContext, 'setCwd' | 'shell' | 'search' | 'diagnostics' | 'recall' | 'onProgress'> = {
	setCwd: () => undefined,
	shell: { run: () => Promise.reject(new Error('A command was run.')) },
	search: {
		grep: () => Promise.reject(new Error('A search was run.')),
		glob: () => Promise.reject(new Error('A search was run.')),
	},
	diagnostics: { list: () => Promise.resolve([]) },
	recall: async () => [],
	onProgress: () => undefined,
};
