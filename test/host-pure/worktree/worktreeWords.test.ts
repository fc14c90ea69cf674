/** What is asked before a worktree is merged or discarded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlannedFile, RestorePlan } from '../../../src/core/checkpoint/restorePlan.ts';
import { discardDialog, mergeDialog, mergedText } from '../../../src/host/worktree/worktreeWords.ts';

const planned = (rel: string, more: Partial<PlannedFile> = {}): PlannedFile => ({
	...{ key: rel, file: { root: '/w', rel }, absolute: `/w/${rel}`, action: 'restore', status: 'ok', note: '' },
	...{ isUncertainAuthor: false, addedLines: 1, removedLines: 2, left: 'absent', current: 'absent', currentMeta: {} },
	...{ target: 'absent', merged: undefined, meta: {}, hasCaseTwin: false, movedFrom: undefined, made: [] },
	...more,
});
const plan = (...files: PlannedFile[]): RestorePlan => ({ toEpoch: 0, undoOf: undefined, isMergeBack: true, files });

test('a merge tells each file and what becomes of it', () => {
	const dialog = mergeDialog(
		plan(
			planned('src/a.ts'),
			planned('b.ts', { status: 'merge' }),
			planned('new.ts', { action: 'create', removedLines: 0 }),
			planned('c.ts', { status: 'conflict', note: 'the same lines were changed here and in the worktree' }),
			planned('d.ts', { status: 'blocked', note: 'it is read-only' }),
		),
		['../top.txt'],
	);
	assert.equal(dialog.message, 'Merge 3 files from the worktree into the workspace?');
	assert.equal(dialog.button, 'Merge Back');
	for (const line of [
		'M src/a.ts  (+1 −2)',
		'M b.ts  (+1 −2 merged with your changes)',
		'A new.ts  (+1)',
		'1 conflict, left for you to merge:\nc.ts: the same lines',
		'Not merged:\nd.ts: it is read-only',
		'it stays in the worktree:\n../top.txt',
	])
		assert.ok(dialog.detail.includes(line), line);
});

test('with nothing to take over there is no button, and conflicts alone are shown', () => {
	assert.deepEqual(mergeDialog(plan(), []), {
		message: 'There is nothing to merge: the workspace has all changes of the worktree.',
		detail: '',
		button: undefined,
	});
	const blocked = mergeDialog(plan(planned('d.ts', { status: 'blocked', note: 'it is a folder now' })), []);
	assert.deepEqual([blocked.button, /it is a folder now/.test(blocked.detail)], [undefined, true]);
	assert.equal(mergeDialog(plan(planned('c.ts', { status: 'conflict' })), []).button, 'Show Conflicts');
	const many = mergeDialog(plan(...Array.from({ length: 40 }, (_, index) => planned(`f${index}`))), []);
	assert.match(many.detail, /and 28 more/);
});

test('what is discarded is counted, and what runs is stopped first', () => {
	const base = { title: 'Fix it', changed: 3, unmerged: 1, isRunning: true, commands: 2 };
	const { message, detail } = discardDialog(base);
	assert.equal(message, 'Discard the worktree of “Fix it”?');
	assert.match(detail, /3 files changed in it, and 1 of them is not in the workspace/);
	assert.match(detail, /running turn is stopped first/);
	assert.match(detail, /2 commands that run in the background are stopped first/);
	assert.match(discardDialog({ ...base, unmerged: 0 }).detail, /the workspace has all of it/);
	assert.match(discardDialog({ ...base, changed: 0 }).detail, /Nothing was changed/);
});

test('the end of a merge says what is left to do', () => {
	const file = { root: '/w', rel: 'x' };
	const report = { restore: undefined, safety: 0, restored: [file], kept: [file], skipped: [], failed: [] };
	assert.equal(
		mergedText({ ...report, failed: [{ file, reason: 'it is read-only' }] }),
		'1 file merged from the worktree; 1 file changed since the question: merge again; x: it is read-only.',
	);
});
