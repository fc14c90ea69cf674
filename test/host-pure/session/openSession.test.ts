import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionClosedError } from '../../../src/base/errors.ts';
import { asToolUseId } from '../../../src/base/ids.ts';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import { closeOpenCalls } from '../../../src/core/session/closeOpenCalls.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import type { LogProblem } from '../../../src/core/session/sessionTypes.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import { PanelFeed } from '../../../src/host/panel/panelFeed.ts';
import { applyRewind, previewRewind, undoRewind } from '../../../src/host/rewind/rewindFlow.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { UNDONE_ROW } from '../../../src/host/transcript/rewoundRow.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import type { ToPanel } from '../../../src/protocol/toPanel.ts';
import { toPanelSchema } from '../../../src/protocol/toPanel.ts';
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';
import { initialPanelState, reduce } from '../../../webview/panelState.ts';
import { createFixture, type Fixture } from '../../core/agent/turnFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { plainHead as head, emptyMeter as meter } from '../../fakes/plainHead.ts';
import { call, createScriptedModel, type ScriptedStep, text, thinking } from '../../fakes/scriptedModel.ts';

/** A session over the fixture, with a panel that keeps what it is sent. */
function createPanel(fixture: Fixture) {
	const errors: unknown[] = [];
	const openNow = () => {
		const texts = createBlobTexts(fixture.blobs, (error) => errors.push(error));
		const approvals = new Approvals(fixture.session.id, {
			proposeEdit: (_id, proposal, signal) => fixture.ports.approver.proposeEdit(proposal, signal),
		});
		const inputs = createTranscriptInputs(texts.text, (absolute) => absolute.replace('/w/', ''));
		return new OpenSession(fixture.session, createPromptQueue(createFakeIds()), approvals, texts, inputs);
	};
	const open = openNow();
	let state = initialPanelState;
	const messages: ToPanel[] = [];
	let due: (() => void)[] = [];
	const feed = new PanelFeed(
		{ head: () => head, items: () => ({ items: open.rows(), hasOlder: false }), meter: () => meter, draft: () => '' },
		(message) => {
			toPanelSchema.parse(message);
			messages.push(message);
			state = reduce(state, message);
		},
		(callback) => due.push(callback),
	);
	open.onDidChange((change) => feed.on(change));
	feed.ready();
	return {
		open,
		messages,
		errors,
		feed,
		items() {
			for (const callback of due) callback();
			due = [];
			return state.items;
		},
		isInStep: () => !state.needsSnapshot,
		/** The rows of the session as a window that opens it now would show them. */
		async reopened() {
			const again = openNow();
			await again.loadTexts(1000);
			const rows = again.rows();
			again.dispose();
			return rows;
		},
		async run(prompt: string) {
			const ports = { ...fixture.ports, approver: open.approvals };
			const done = runTurn(
				fixture.session,
				{ text: prompt, attachments: [] },
				ports,
				(event) => open.onTurnEvent(event),
				fixture.abort.signal,
			);
			open.turn = { abort: () => fixture.abort.abort(), done };
			await done;
			open.turn = undefined;
		},
	};
}

const read = (path: string, id: string) => call('Read', { file_path: path }, id);
const edit = (id: string, oldString: string, newString: string) =>
	call('Edit', { file_path: 'a.js', old_string: oldString, new_string: newString }, id);
const run = (command: string, id: string) => call('Bash', { command }, id);

async function checkReplay(
	steps: readonly ScriptedStep[],
	options: Partial<Parameters<typeof createFixture>[0]> = {},
	answer: 'allowOnce' | 'deny' = 'allowOnce',
) {
	const fixture = await createFixture({
		files: { '/w/a.js': 'one\ntwo\nthree\n' },
		...options,
		model: createScriptedModel(steps),
	});
	const panel = createPanel(fixture);
	panel.open.approvals.onDidChange((change) => {
		if (change.kind === 'asked') queueMicrotask(() => panel.open.approvals.answer(change.row.id, { verdict: answer }));
	});
	await panel.run('Do it');
	await new Promise((resolve) => setImmediate(resolve));
	const replayed = await panel.reopened();
	assert.deepEqual(panel.items(), replayed);
	assert.ok(panel.isInStep());
	assert.deepEqual(panel.errors, []);
	return replayed;
}

const toolSummary = (rows: readonly TranscriptItem[]) => rows.find((row) => row.kind === 'tool')?.summary;
const editNote = (rows: readonly TranscriptItem[]) => rows.find((row) => row.kind === 'edit')?.note;
const shape = (rows: readonly { kind: string; state?: string }[]) =>
	rows.map((row) => (row.state === undefined ? row.kind : `${row.kind} ${row.state}`));

test('a reload shows what streaming showed: thinking, text, reads, an accepted edit', async () => {
	const rows = await checkReplay([
		{ blocks: [thinking('Let me look.'), text('I read it.'), read('a.js', 'r1'), read('none.js', 'r2')] },
		{ blocks: [text('Now I change it.'), edit('e1', 'two', 'zwei')] },
		{ blocks: [text('Done.')] },
	]);
	assert.deepEqual(shape(rows), [
		'prompt',
		'thinking',
		'answer',
		'tool done',
		'tool failed',
		'answer',
		'edit applied',
		'answer',
		'turnEnd',
	]);
	const card = rows.find((row) => row.kind === 'edit');
	assert.deepEqual(card?.kind === 'edit' && [card.path, card.addedLines, card.removedLines, card.lines], [
		'a.js',
		1,
		1,
		[
			{ kind: ' ', lineNumber: 1, text: 'one' },
			{ kind: '-', lineNumber: 2, text: 'two' },
			{ kind: '+', lineNumber: 2, text: 'zwei' },
			{ kind: ' ', lineNumber: 3, text: 'three' },
		],
	]);
});

test('a rejected edit keeps its card and the reason', async () => {
	const decision = () => ({ verdict: 'reject', reason: 'not like this' }) as const;
	const rows = await checkReplay([{ blocks: [edit('e1', 'two', 'zwei')] }, { blocks: [text('Fine.')] }], { decision });
	const card = rows.find((row) => row.kind === 'edit');
	assert.ok(card?.kind === 'edit');
	assert.equal(card.state, 'rejected');
	assert.match(card.note, /not like this/);
});

test('an edit the user changed before accepting shows what was accepted', async () => {
	const decision = (proposed: string) => ({ verdict: 'accept', text: proposed.replace('zwei', 'deux') }) as const;
	const rows = await checkReplay([{ blocks: [edit('e1', 'two', 'zwei')] }, { blocks: [text('Fine.')] }], { decision });
	const card = rows.find((row) => row.kind === 'edit');
	assert.ok(card?.kind === 'edit');
	assert.equal(card.lines.find((line) => line.kind === '+')?.text, 'deux');
});

test('an edit applied at once has its diff from the file', async () => {
	const rows = await checkReplay([{ blocks: [edit('e1', 'two', 'zwei')] }, { blocks: [text('Fine.')] }], {
		mode: 'acceptEdits',
	});
	const card = rows.find((row) => row.kind === 'edit');
	assert.ok(card?.kind === 'edit');
	assert.equal(card.state, 'applied');
	assert.equal(card.lines.find((line) => line.kind === '-')?.lineNumber, 2);
});

test('an allowed command leaves its tool row alone; a denied one leaves the card', async () => {
	const steps = [{ blocks: [run('npm test', 'b1')] }, { blocks: [text('Fine.')] }];
	assert.deepEqual(shape(await checkReplay(steps)), ['prompt', 'tool done', 'answer', 'turnEnd']);
	assert.deepEqual(shape(await checkReplay(steps, {}, 'deny')), [
		'prompt',
		'tool failed',
		'permission denied',
		'answer',
		'turnEnd',
	]);
});

test('an error ends the turn with a notice and a next step, and what streamed half is gone', async () => {
	const error = new ModelError('auth', 'Invalid API key', { status: 401 });
	const rows = await checkReplay([{ blocks: [text('First.')], cutText: 'Half', error }]);
	const last = rows.at(-1);
	assert.ok(last?.kind === 'notice');
	assert.deepEqual(
		last.actions.map((one) => one.action),
		['setApiKey', 'retry', 'useDemo'],
	);
});

test('a pending permission is in the snapshot of a panel that attaches late, and Stop withdraws it', async () => {
	const model = createScriptedModel([{ blocks: [run('npm test', 'b1')] }]);
	const fixture = await createFixture({ model });
	const panel = createPanel(fixture);
	const asked = new Promise<void>((resolve) => {
		panel.open.approvals.onDidChange((change) => change.kind === 'asked' && resolve());
	});
	const done = panel.run('Do it');
	await asked;
	panel.feed.detached();
	panel.feed.ready();
	assert.deepEqual(shape(panel.items()), ['prompt', 'tool waiting', 'permission asking']);
	assert.equal(panel.open.needsUser, true);
	fixture.abort.abort();
	await done;
	assert.equal(panel.open.needsUser, false);
	assert.deepEqual(panel.items(), await panel.reopened());
	assert.deepEqual(shape(panel.items()), ['prompt', 'tool interrupted', 'turnEnd']);
	assert.equal(toolSummary(panel.items()), 'stopped, not run');
});

test('rewinding resets the rows to the branch, says so, and undo brings them back', async () => {
	const model = createScriptedModel([{ blocks: [text('One.')] }, { blocks: [text('Two.')] }]);
	const fixture = await createFixture({ model });
	const panel = createPanel(fixture);
	await panel.run('First');
	await panel.run('Second');
	const { session } = fixture;
	const before = panel.items();
	const second = session.branch().filter((entry) => entry.type === 'user')[1];
	session.append({ type: 'rewind', to: second?.parentId ?? null, from: session.leaf, why: 'rewind' });
	assert.deepEqual(shape(panel.items()), ['prompt', 'answer', 'turnEnd', 'rewound']);
	assert.deepEqual(panel.items(), await panel.reopened());
	const rewind = session.newest('rewind', 'anywhere');
	session.append({ type: 'rewind', to: rewind?.from ?? null, from: session.leaf, why: 'undo' });
	assert.deepEqual(panel.items(), [...before, UNDONE_ROW]);
	assert.deepEqual(panel.items(), await panel.reopened());
});

test('a session whose window died in mid-turn says so when it is opened, and offers to try again', async () => {
	const fixture = await createFixture({ model: createScriptedModel([]) });
	fixture.session.append({ type: 'user', content: [{ type: 'text', text: 'Do it' }] });
	const panel = createPanel(fixture);
	const last = panel.items().at(-1);
	assert.deepEqual(last?.kind === 'notice' && last.actions.map((one) => one.action), ['retry']);
	panel.open.clearNotices();
	assert.deepEqual(shape(panel.items()), ['prompt']);
});

test('a call that nobody finished reads as interrupted, not as running', async () => {
	const fixture = await createFixture({ model: createScriptedModel([]) });
	const { session } = fixture;
	session.append({ type: 'user', content: [{ type: 'text', text: 'Do it' }] });
	session.append({ type: 'assistant', messageId: 'm', index: 0, block: run('npm test', 'b1') });
	session.append({ type: 'assistant', messageId: 'm', index: 1, block: edit('e1', 'two', 'zwei') });
	const rows = createPanel(fixture).items();
	assert.deepEqual(shape(rows), ['prompt', 'tool interrupted', 'edit interrupted', 'notice']);
	assert.equal(toolSummary(rows), 'interrupted, not run');
	assert.equal(editNote(rows), 'Interrupted. The file is unchanged.');
	// The next prompt closes the calls in the log; the rows say the same then.
	closeOpenCalls(session);
	const closed = createPanel(fixture).items();
	assert.deepEqual(shape(closed), ['prompt', 'tool interrupted', 'edit interrupted', 'notice']);
	assert.deepEqual([toolSummary(closed), editNote(closed)], [toolSummary(rows), editNote(rows)]);
});

test('an edit that had begun to be written says that the file may have changed', async () => {
	const fixture = await createFixture({ model: createScriptedModel([]) });
	const { session } = fixture;
	session.append({ type: 'user', content: [{ type: 'text', text: 'Do it' }] });
	session.append({ type: 'assistant', messageId: 'm', index: 0, block: edit('e1', 'two', 'zwei') });
	const before = await fixture.blobs.put(new TextEncoder().encode('two'), 'text/plain');
	session.append({
		type: 'fileOperation',
		epoch: 1,
		op: 'change',
		path: { root: '/w', rel: 'a.js' },
		before,
		after: before.$blob,
		meta: {},
		author: 'agent',
		toolUseId: asToolUseId('e1'),
		state: 'intended',
	});
	assert.match(editNote(createPanel(fixture).items()) ?? '', /^Interrupted\. Check the file/);
});

test('closing the window under a turn reads as interrupted, not as stopped by the user', async () => {
	const fixture = await createFixture({ model: createScriptedModel([{ blocks: [run('npm test', 'b1')] }]) });
	const panel = createPanel(fixture);
	const asked = new Promise<void>((resolve) => {
		panel.open.approvals.onDidChange((change) => change.kind === 'asked' && resolve());
	});
	const done = panel.run('Do it');
	await asked;
	fixture.abort.abort(new SessionClosedError());
	await done;
	const rows = await panel.reopened();
	assert.deepEqual(shape(rows), ['prompt', 'tool interrupted', 'notice']);
	assert.equal(toolSummary(rows), 'interrupted, not run');
	const last = rows.at(-1);
	assert.deepEqual(last?.kind === 'notice' && last.actions.map((one) => one.action), ['retry']);
	assert.doesNotMatch(fixture.log().join('\n'), /by the user/);
});

test('a file that already is as it was counts neither as restored nor as skipped', async () => {
	const write = (path: string, id: string) => call('Write', { file_path: path, content: 'new\n' }, id);
	const model = createScriptedModel([
		{ blocks: [write('a.js', 'w1'), write('b.js', 'w2')] },
		{ blocks: [text('Done.')] },
	]);
	const fixture = await createFixture({ model, mode: 'acceptEdits' });
	const panel = createPanel(fixture);
	await panel.run('Write them');
	await fixture.workspace.delete('/w/b.js', {});
	const world = { workspace: fixture.workspace, blobs: fixture.blobs, codeReason: () => null };
	const entryId = fixture.session.branch().find((entry) => entry.type === 'user')?.id ?? '';
	await applyRewind(panel.open, { entryId, scope: 'both', overwrite: [] }, world, new AbortController().signal);
	const last = panel.items().at(-1);
	assert.equal(last?.kind === 'rewound' && last.text, 'Rewound to the start: 1 file restored');
});

test('rewinding conversation and code, and undoing it, gives files and rows back', async () => {
	const model = createScriptedModel([{ blocks: [edit('e1', 'two', 'zwei')] }, { blocks: [text('Done.')] }]);
	const files = { '/w/a.js': 'one\ntwo\nthree\n' };
	const fixture = await createFixture({ model, files, mode: 'acceptEdits' });
	const panel = createPanel(fixture);
	await panel.run('Translate two');
	await new Promise((resolve) => setImmediate(resolve));
	const before = panel.items();
	const world = { workspace: fixture.workspace, blobs: fixture.blobs, codeReason: () => null };
	const { signal } = new AbortController();
	const entryId = fixture.session.branch().find((entry) => entry.type === 'user')?.id ?? '';

	const preview = await previewRewind(panel.open, entryId, world, signal);
	assert.deepEqual(
		preview.files.map((file) => [file.path, file.action, file.status]),
		[['a.js', 'restore', 'ok']],
	);
	assert.equal(preview.messageCount, 3);

	const outcome = await applyRewind(panel.open, { entryId, scope: 'both', overwrite: [] }, world, signal);
	assert.deepEqual(outcome, { promptText: 'Translate two', problems: [] });
	assert.equal(fixture.workspace.text('/w/a.js'), files['/w/a.js']);
	assert.deepEqual(
		panel.items().map((row) => row.kind === 'rewound' && [row.text, row.canUndo]),
		[['Rewound to the start: 1 file restored', true]],
	);
	assert.deepEqual(panel.items(), await panel.reopened());

	await undoRewind(panel.open, world, signal);
	assert.equal(fixture.workspace.text('/w/a.js'), 'one\nzwei\nthree\n');
	assert.deepEqual(panel.items(), [...before, UNDONE_ROW]);
	assert.deepEqual(panel.items(), await panel.reopened());
	await assert.rejects(undoRewind(panel.open, world, signal), { code: 'nothing-to-undo' });
});

test('rewinding code only leaves the conversation and says what it did', async () => {
	const model = createScriptedModel([{ blocks: [edit('e1', 'two', 'zwei')] }, { blocks: [text('Done.')] }]);
	const fixture = await createFixture({ model, files: { '/w/a.js': 'two\n' }, mode: 'acceptEdits' });
	const panel = createPanel(fixture);
	await panel.run('Translate two');
	await new Promise((resolve) => setImmediate(resolve));
	const before = panel.items();
	const world = { workspace: fixture.workspace, blobs: fixture.blobs, codeReason: () => null };
	const { signal } = new AbortController();
	const entryId = fixture.session.branch().find((entry) => entry.type === 'user')?.id ?? '';
	await applyRewind(panel.open, { entryId, scope: 'code', overwrite: [] }, world, signal);
	assert.equal(fixture.workspace.text('/w/a.js'), 'two\n');
	assert.equal(panel.items().length, before.length + 1);
	assert.equal(panel.items().at(-1)?.kind, 'rewound');
	assert.deepEqual(panel.items(), await panel.reopened());
	await undoRewind(panel.open, world, signal);
	assert.equal(fixture.workspace.text('/w/a.js'), 'zwei\n');
	assert.deepEqual(panel.items(), [...before, UNDONE_ROW]);
	assert.deepEqual(panel.items(), await panel.reopened());
});

test('what is wrong with a log is told at its end, short, until the conversation goes on', async () => {
	const fixture = await createFixture({ model: createScriptedModel([]) });
	fixture.session.append({ type: 'user', content: [{ type: 'text', text: 'Do it' }] });
	fixture.session.append({ type: 'turnEnded', reason: 'endTurn', durationMs: 1 });
	const range = { start: 0, end: 1 };
	const problem = (kind: LogProblem['kind'], lineNumber: number): LogProblem => ({
		kind,
		lineNumber,
		range,
		message: `Line ${lineNumber} is ${kind}`,
	});
	const problems = [
		...[1, 2, 3, 4, 5, 6, 7].map((lineNumber) => problem('badLine', lineNumber)),
		problem('duplicate', 8),
		problem('late', 9),
	];
	Object.defineProperty(fixture.session, 'problems', { value: problems });
	const panel = createPanel(fixture);
	assert.deepEqual(shape(panel.items()), ['prompt', 'turnEnd', 'notice', 'notice']);
	const [bad, late] = panel.items().filter((row) => row.kind === 'notice');
	assert.match(bad?.text ?? '', /damaged.*\n• Line 1 is badLine\.\n(?:.*\n){4}• and 2 more$/);
	assert.match(late?.text ?? '', /^1 line of the log came from a window that no longer owned/);
	panel.open.clearNotices();
	assert.deepEqual(shape(panel.items()), ['prompt', 'turnEnd']);
});

test('whatever changes the next request is told to the meter: an edit of the context, and what the endpoint counted', async () => {
	const fixture = await createFixture({ model: createScriptedModel([]) });
	const { open } = createPanel(fixture);
	const told: string[] = [];
	open.onDidChange(({ kind }) => told.push(kind));
	const [prompt] = fixture.session.append({ type: 'user', content: [{ type: 'text', text: 'hi' }] });
	assert.ok(prompt);
	const drafts: readonly EntryDraft<'contextEdit' | 'count'>[] = [
		{ type: 'contextEdit', edits: [{ ref: { entry: prompt.id }, op: 'fold', text: '.' }], cause: 'test' },
		{ type: 'count', tokens: 9, model: 'm' },
	];
	for (const draft of drafts) {
		told.length = 0;
		fixture.session.append<'contextEdit' | 'count'>(draft);
		assert.ok(told.includes('context'), draft.type);
	}
});
