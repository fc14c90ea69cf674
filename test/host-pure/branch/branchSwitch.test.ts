/** Switching between branches as a user does: there and back, with files and without, while a turn runs, and to what is not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asEntryId, type EntryId } from '../../../src/base/ids.ts';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { createBranchReader } from '../../../src/core/session/branchReader.ts';
import type { AssistantBlock } from '../../../src/core/session/content.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import { previewSwitch, switchBranch } from '../../../src/host/branch/branchSwitch.ts';
import { applyRewind, undoRewind } from '../../../src/host/rewind/rewindFlow.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const { signal } = new AbortController();
const edit = (oldString: string, newString: string): AssistantBlock =>
	call('Edit', { file_path: 'a', old_string: oldString, new_string: newString }, `e-${newString}`);

async function createScene(replies: readonly (readonly AssistantBlock[])[]) {
	const model = createScriptedModel(replies.map((blocks) => ({ blocks })));
	const fixture = await createFixture({ model, mode: 'acceptEdits', files: { '/w/a': 'one\n' } });
	const { session, workspace, blobs } = fixture;
	const texts = createBlobTexts(blobs, (error) => assert.ifError(error));
	const open = new OpenSession(
		session,
		createPromptQueue(createFakeIds()),
		new Approvals(session.id, { proposeEdit: (_, proposal) => fixture.ports.approver.proposeEdit(proposal, signal) }),
		texts,
		createTranscriptInputs(texts.text, (absolute) => absolute),
		(error) => assert.ifError(error),
	);
	const branches = createBranchReader();
	const world = { workspace, blobs, branches, codeReason: (): string | null => null };
	const prompts = () => session.branch().filter((entry) => entry.type === 'user');
	return {
		...{ ...fixture, model, open, world, branches },
		say: async (prompt: string) => {
			await fixture.run(prompt);
			const { leaf } = session;
			assert.ok(leaf);
			return leaf;
		},
		rewind: async (index: number, scope: 'both' | 'conversation') =>
			await applyRewind(open, { entryId: prompts()[index]?.id ?? '', scope, overwrite: [] }, world, signal),
		go: async (to: EntryId, withCode = false) => await switchBranch(open, { to, withCode }, world, signal),
		preview: async (to: EntryId) => await previewSwitch(open, to, world, signal),
		file: () => workspace.text('/w/a'),
		messages: (index: number) => model.requests[index]?.messages.map((one) => JSON.stringify(one)) ?? [],
	};
}

const steps = [[edit('one', 'two')], [text('Done.')], [edit('two', 'three')], [text('Done.')]];

test('there and back finds the same leaf, and the next request starts with the bytes of the one before', async () => {
	const { session, say, rewind, go, messages, branches } = await createScene([
		...[[text('A1')], [text('A2')], [text('B2')], [text('A3')]],
	]);
	await say('First');
	const endOfA = await say('Second A');
	await rewind(1, 'conversation');
	const endOfB = await say('Second B');
	const { entries } = session;
	const linesBefore = entries.map((entry) => JSON.stringify(entry));
	assert.deepEqual(await go(endOfA), []);
	assert.equal(session.leaf, endOfA);
	await go(endOfB);
	await go(endOfA);
	assert.equal(session.leaf, endOfA);
	assert.deepEqual(
		session.entries.slice(0, linesBefore.length).map((entry) => JSON.stringify(entry)),
		linesBefore,
	);
	await say('Third A');
	// What the second request of A sent, up to its cache marks, is how the third begins.
	const strip = (list: readonly string[]) => list.map((one) => one.replace(/,"cache_control":\{[^}]*\}/g, ''));
	const [second, third] = [strip(messages(1)), strip(messages(3))];
	assert.ok(second.length > 0);
	assert.deepEqual(third.slice(0, second.length), second);
	const { tree } = await branches.read(session);
	assert.deepEqual(
		[...tree.byFirst.values()].map(({ label, prompts }) => `${label} ${prompts}`),
		['First 3', 'Second B 1'],
	);
});

test('the files come along when they are asked for, and the way back brings back what was left', async () => {
	const { session, say, rewind, go, preview, file } = await createScene([
		...steps,
		[edit('two', 'four')],
		[text('Done.')],
	]);
	await say('First');
	const endOfA = await say('Second A');
	assert.equal(file(), 'three\n');
	await rewind(1, 'both');
	const endOfB = await say('Second B');
	assert.equal(file(), 'four\n');
	const { files } = await preview(endOfA);
	assert.deepEqual(
		files.map((one) => `${one.file.rel} ${one.action} ${one.status}`),
		['a restore ok'],
	);
	await go(endOfA);
	assert.equal(file(), 'four\n');
	await go(endOfB);
	await go(endOfA, true);
	assert.equal(file(), 'three\n');
	assert.equal(session.newest('checkpoint', 'anywhere')?.label, 'Before the rewind');
	await go(endOfB, true);
	assert.equal(file(), 'four\n');
	assert.equal((await preview(endOfB)).files.length, 0);
});

test('what the user wrote meanwhile is merged or named, never lost', async () => {
	const { say, rewind, go, file, workspace } = await createScene([...steps, [edit('two', 'four')], [text('Done.')]]);
	await say('First');
	const endOfA = await say('Second A');
	await rewind(1, 'both');
	await say('Second B');
	workspace.set('/w/a', 'mine\n');
	const problems = await go(endOfA, true);
	assert.equal(problems.length, 1);
	assert.equal(file(), 'mine\n');
});

test('a switch is no rewind to undo, and shows none of the restores that went with it', async () => {
	const { open, world, say, rewind, go } = await createScene([...steps, [edit('two', 'four')], [text('Done.')]]);
	await say('First');
	const endOfA = await say('Second A');
	await rewind(1, 'both');
	await say('Second B');
	await go(endOfA, true);
	assert.deepEqual(
		open.rows().filter((row) => row.kind === 'rewound'),
		[],
	);
	await assert.rejects(undoRewind(open, world, signal), { code: 'nothing-to-undo' });
});

test('a running turn, a branch that is not there and files that cannot be restored change nothing', async () => {
	const { open, session, world, say, go, preview } = await createScene(steps);
	const leaf = await say('First');
	const count = session.entries.length;
	await assert.rejects(go(asEntryId('nowhere')), { code: 'no-such-branch' });
	await assert.rejects(preview(asEntryId('nowhere')), { code: 'no-such-branch' });
	const noCode = { ...world, codeReason: () => 'No folder is open.' };
	await assert.rejects(switchBranch(open, { to: leaf, withCode: true }, noCode, signal), { code: 'cannot-restore' });
	assert.equal((await previewSwitch(open, leaf, noCode, signal)).codeReason, 'No folder is open.');
	open.turn = { abort: () => undefined, done: Promise.resolve() };
	await assert.rejects(go(leaf), { code: 'turn-running' });
	await assert.rejects(preview(leaf), { code: 'turn-running' });
	open.turn = undefined;
	assert.equal(session.entries.length, count);
	await go(leaf);
	assert.equal(session.entries.length, count);
});
