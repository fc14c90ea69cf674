/** The choices of the dialog `Rewind`: what is ticked at first, what a tick does, and what the host is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RewindFile } from '../../../src/protocol/toPanel.ts';
import {
	asProposed,
	chosenFiles,
	countChosen,
	groupOf,
	isHunkTicked,
	movesOf,
	type RewindChoice,
	tickFiles,
	tickHunk,
	tickOf,
	tickOfAll,
	withMoved,
} from '../../../webview/rewind/rewindChoice.ts';
import { actionOf, tickName } from '../../../webview/rewind/rewindTexts.ts';
import { rewindFile } from '../harness/rewindSamples.ts';

const file = (key: string, more: Partial<RewindFile> = {}) => rewindFile({ key, path: key, ...more });
const clean = file('clean');
const merge = file('merge', { status: 'merge' });
const unknown = file('unknown', { isUnknownAuthor: true });
const conflict = file('conflict', { status: 'conflict' });
const blocked = file('blocked', { status: 'blocked', isUnknownAuthor: true });
const same = file('same', { action: 'none' });
const files = [clean, merge, unknown, conflict, blocked, same];
const version = 'v';

test('at first only that is ticked which takes nothing from the user', () => {
	assert.deepEqual(files.map(groupOf), ['restored', 'restored', 'unknown', 'conflict', 'blocked', undefined]);
	assert.deepEqual(
		[clean, merge, unknown, conflict].map((file) => tickOf(asProposed, file)),
		['on', 'on', 'off', 'off'],
	);
	assert.deepEqual(chosenFiles(asProposed, files), { overwrite: [], keep: [], keepHunks: [] });
	assert.deepEqual(countChosen(asProposed, files), { restored: 2, inPart: 0, kept: 1, conflicts: 1, blocked: 1 });
});

test('all and none leave out what cannot be restored', () => {
	const all = tickFiles(asProposed, files, true);
	assert.deepEqual(chosenFiles(all, files), { overwrite: ['unknown', 'conflict'], keep: [], keepHunks: [] });
	assert.equal(tickOfAll(all, files.slice(0, 5)), 'on');
	const none = tickFiles(all, files, false);
	assert.deepEqual(chosenFiles(none, files), { overwrite: [], keep: ['clean', 'merge'], keepHunks: [] });
	assert.equal(tickOfAll(none, files), 'off');
	assert.equal(tickOfAll(asProposed, files), 'part');
});

test('both sides of a move are ticked together, and only where they stand in one group', () => {
	const old = file('old', { action: 'create' });
	const moved = file('new', { action: 'delete', movedFrom: 'old' });
	const moves = movesOf([old, moved, clean]);
	assert.deepEqual([...moves], [['new', old]]);
	const both = withMoved([moved, clean], moves);
	assert.deepEqual(both, [moved, old, clean]);
	const none = tickFiles(asProposed, withMoved([moved], moves), false);
	assert.deepEqual(chosenFiles(none, [old, moved, clean]).keep, ['old', 'new']);
	const conflicting = file('old', { action: 'create', status: 'conflict' });
	assert.equal(movesOf([conflicting, moved]).size, 0);
	assert.equal(movesOf([moved]).size, 0);
	assert.equal(tickName(moved, old), 'Move new back to old');
	assert.equal(actionOf(moved, old).isGone, false);
});

test('a kept hunk makes the file one in part; keeping all of them keeps the file', () => {
	const one = tickHunk(asProposed, clean, { version, hunk: 1, count: 3 }, false);
	assert.equal(tickOf(one, clean), 'part');
	assert.deepEqual(chosenFiles(one, files).keepHunks, [{ key: 'clean', version, hunks: [1] }]);
	assert.deepEqual(countChosen(one, files).inPart, 1);
	const two = tickHunk(one, clean, { version, hunk: 0, count: 3 }, false);
	const three = tickHunk(two, clean, { version, hunk: 2, count: 3 }, false);
	assert.deepEqual(chosenFiles(three, files), { overwrite: [], keep: ['clean'], keepHunks: [] });
	const back = tickHunk(three, clean, { version, hunk: 2, count: 3 }, true);
	assert.deepEqual(chosenFiles(back, files).keepHunks, [{ key: 'clean', version, hunks: [0, 1] }]);
});

test('one hunk of a file that is not ticked restores that hunk alone', () => {
	const choice = tickHunk(asProposed, conflict, { version, hunk: 1, count: 2 }, true);
	assert.deepEqual(chosenFiles(choice, files), {
		overwrite: ['conflict'],
		keep: [],
		keepHunks: [{ key: 'conflict', version, hunks: [0] }],
	});
});

test('whatever is clicked, a hunk is ticked exactly when it was ticked last', () => {
	const click = fc.record({ hunk: fc.nat(3), isTicked: fc.boolean(), isFile: fc.boolean() });
	fc.assert(
		fc.property(fc.constantFrom(clean, unknown, conflict), fc.array(click), (file: RewindFile, clicks) => {
			const expected = Array.from({ length: 4 }, () => file === clean);
			let choice: RewindChoice = asProposed;
			for (const { hunk, isTicked, isFile } of clicks) {
				if (isFile) expected.fill(isTicked);
				else expected[hunk] = isTicked;
				choice = isFile
					? tickFiles(choice, [file], isTicked)
					: tickHunk(choice, file, { version, hunk, count: 4 }, isTicked);
			}
			assert.deepEqual(
				expected.map((_, hunk) => isHunkTicked(choice, file, hunk)),
				expected,
			);
			const counts = expected.filter(Boolean).length;
			assert.equal(tickOf(choice, file), counts === 4 ? 'on' : counts === 0 ? 'off' : 'part');
		}),
	);
});

test('a file that stands in two groups is counted once', () => {
	const whole = rewindFile({ key: 'clean?', path: 'clean', isUnknownAuthor: true });
	const both = [clean, whole];
	assert.deepEqual(countChosen(asProposed, both), { restored: 1, inPart: 0, kept: 0, conflicts: 0, blocked: 0 });
	const none = tickFiles(asProposed, both, false);
	assert.deepEqual(countChosen(none, both), { restored: 0, inPart: 0, kept: 1, conflicts: 0, blocked: 0 });
	const wholeOnly = tickFiles(none, [whole], true);
	assert.deepEqual(countChosen(wholeOnly, both), { restored: 1, inPart: 0, kept: 0, conflicts: 0, blocked: 0 });
	assert.deepEqual(chosenFiles(wholeOnly, both), { overwrite: ['clean?'], keep: ['clean'], keepHunks: [] });
});
