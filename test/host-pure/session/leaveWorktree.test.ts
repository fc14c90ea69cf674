/** A fork of a session in a worktree, and a fresh one after a clear, go on in the workspace: the user and the model are told. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import { forkSession } from '../../../src/core/session/fork.ts';
import { openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import type { WorktreeRef } from '../../../src/core/session/worktreeFields.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import { leaveWorktree } from '../../../src/host/session/leaveWorktree.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { LEFT_WORKTREE_REMINDER, LEFT_WORKTREE_TEXT } from '../../../src/host/worktree/worktreeWords.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const vscode = 'export const workspace = { textDocuments: [] };';
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: `data:text/javascript,${encodeURIComponent(vscode)}`, shortCircuit: true }
			: next(specifier, context),
});
const { linkSessions } = await import('../../../src/host/session/clearFlow.ts');

const WORKTREE: WorktreeRef = { id: 'tree', roots: [{ name: 'w', path: '/trees/tree/w', from: '/w' }] };
const { signal } = new AbortController();

/** One with a turn behind it, in a worktree or not. */
async function scene(worktree?: WorktreeRef) {
	const model = createScriptedModel([1, 2, 3].map((count) => ({ blocks: [text(`Reply ${count}.`)] })));
	const { ports, store, blobs, clock } = await createFixture({ model, mode: 'acceptEdits' });
	const options = (cwd: string, ref?: WorktreeRef) => ({
		...{ store, blobs, clock, ids: ports.ids, trace: () => undefined },
		defaults: {
			...{ cwd, mode: 'acceptEdits' as const, model: 'claude-sonnet-5-5', roots: ['/w'], extensionVersion: '0' },
			...(ref === undefined ? {} : { worktree: ref }),
		},
	});
	const opened = (session: Session) => {
		const texts = createBlobTexts(blobs, (error) => assert.ifError(error));
		const approvals = new Approvals(session.id, { proposeEdit: async () => ({ verdict: 'reject' }) });
		const inputs = createTranscriptInputs(texts.text, String);
		return new OpenSession(session, createPromptQueue(createFakeIds()), approvals, texts, inputs);
	};
	const run = (session: Session, prompt: string) =>
		runTurn(session, { text: prompt, attachments: [] }, ports, () => undefined, signal);
	const origin = opened(await openSession(options(worktree === undefined ? '/w' : '/trees/tree/w', worktree)));
	await run(origin.session, 'first');
	return { origin, opened, run, model, options };
}

const told = (open: OpenSession) =>
	open.rows().filter((row) => JSON.stringify(row).includes(LEFT_WORKTREE_TEXT)).length;

test('a fork goes on in the workspace; the model is told behind what was copied, the user in the transcript', async () => {
	const { origin, opened, run, model, options } = await scene(WORKTREE);
	const { session } = origin;
	const fork = opened(await forkSession(session, session.leaf, options('/w')));
	assert.equal(fork.session.worktree, undefined);
	leaveWorktree(origin, fork, '/w');
	assert.equal(fork.session.cwd, '/w');
	assert.equal(told(fork), 1);
	assert.equal(told(origin), 0);
	assert.deepEqual([session.cwd, session.worktree], ['/trees/tree/w', WORKTREE]);
	await run(fork.session, 'second');
	const [before, after] = model.requests;
	const wire = JSON.stringify(after?.messages);
	assert.equal(wire.split(LEFT_WORKTREE_REMINDER).length, 2);
	assert.ok(wire.indexOf('Reply 1.') < wire.indexOf(LEFT_WORKTREE_REMINDER));
	assert.ok(!JSON.stringify(before).includes(LEFT_WORKTREE_REMINDER));
	// What it does from now on is written in the folder of the workspace.
	assert.equal(fork.session.branch().at(-1)?.cwd, '/w');
});

test('a fresh session after a clear goes on in the workspace, and both are told before its first prompt', async () => {
	const { origin, opened, run, model, options } = await scene(WORKTREE);
	const fresh = opened(await openSession(options('/w')));
	await linkSessions(origin.session, fresh.session, { brief: 'See /trees/tree/w/a.js.', costUsd: 0 });
	leaveWorktree(origin, fresh, '/w');
	assert.deepEqual([fresh.session.worktree, fresh.session.cwd], [undefined, '/w']);
	assert.equal(told(fresh), 1);
	assert.deepEqual(
		fresh.rows().flatMap((row) => (row.kind === 'brief' ? [row.canEdit] : [])),
		[true],
	);
	await run(fresh.session, 'go on');
	assert.match(JSON.stringify(model.requests[1]?.messages), /go on.*trees.*worktree, a copy/);
	assert.equal(JSON.stringify(model.requests[1]?.messages).split(LEFT_WORKTREE_REMINDER).length, 2);
});

test('one that comes from the workspace itself is told nothing', async () => {
	const { origin, opened, options } = await scene();
	const { session } = origin;
	const fork = opened(await forkSession(session, session.leaf, options('/w')));
	const { length } = fork.session.entries;
	leaveWorktree(origin, fork, '/elsewhere');
	assert.deepEqual([fork.session.entries.length, fork.session.cwd, told(fork)], [length, '/w', 0]);
});
