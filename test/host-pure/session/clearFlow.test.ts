/** `/clear` as the host runs it: what the user answers, what stands in both logs afterwards, and that a change of mind leaves no trace. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { Approvals } from '../../../src/host/asking/approvals.ts';
import type { ModelChoice } from '../../../src/host/model/modelChoice.ts';
import type { BriefAnswer } from '../../../src/host/session/briefReview.ts';
import { OpenSession } from '../../../src/host/session/openSession.ts';
import type { TurnWorld } from '../../../src/host/session/turnRunner.ts';
import { createBlobTexts } from '../../../src/host/transcript/blobTexts.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { sessionOptions } from '../../core/session/sessionSupport.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { createScriptedChoice } from '../../fakes/scriptedChoice.ts';
import { createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';

const vscode = `export const workspace = { textDocuments: [], getConfiguration: () => ({ get: () => undefined, inspect: () => ({}) }) };`;
registerHooks({
	resolve: (specifier, context, next) =>
		specifier === 'vscode'
			? { url: `data:text/javascript,${encodeURIComponent(vscode)}`, shortCircuit: true }
			: next(specifier, context),
});
const { chooseBrief, editBrief, hasNothingToClear, linkedSession, linkSessions } = await import(
	'../../../src/host/session/clearFlow.ts'
);

const { signal } = new AbortController();
const brief = (words: string): ScriptedStep => ({ blocks: [text(`<brief>${words}</brief>`)] });

/** A session with one turn, whose next replies are these. */
async function scene(replies: readonly ScriptedStep[], more: { readonly hasKey?: boolean } = {}) {
	const model = createScriptedModel([{ blocks: [text('It is 24.5.')] }, ...replies]);
	const fixture = await createFixture({ model });
	const { session, ports, blobs } = fixture;
	const choice: ModelChoice = {
		...createScriptedChoice(model, () => ports.modelInfo()),
		hasKey: async () => more.hasKey ?? true,
	};
	const world: TurnWorld = {
		...ports,
		choice,
		gitState: async () => [{ folder: 'w', branch: 'main', changes: [], more: 0 }],
		onBug: (error) => assert.ifError(error),
	};
	const openOf = (one: typeof session) => {
		const texts = createBlobTexts(blobs, (error) => assert.ifError(error));
		const approvals = new Approvals(one.id, { proposeEdit: async () => ({ verdict: 'reject' }) });
		return new OpenSession(
			one,
			createPromptQueue(createFakeIds()),
			approvals,
			texts,
			createTranscriptInputs(texts.text, String),
		);
	};
	const open = openOf(session);
	/** Answers each brief that is shown, in order. */
	const answers = (...given: readonly BriefAnswer[]) => {
		const left = [...given];
		const shown: string[] = [];
		open.onDidChange(() => {
			const { shown: now } = open.briefReview;
			if (!now || shown.at(-1) === `${now.id} ${now.text}`) return;
			shown.push(`${now.id} ${now.text}`);
			const answer = left.shift();
			if (answer) queueMicrotask(() => open.briefReview.answer(now.id, answer));
		});
		return shown;
	};
	await fixture.run('What is the price?');
	return { ...fixture, model, open, openOf, world, answers };
}

test('what the user made of the draft is in the fresh log; the old one has the link and what it cost', async () => {
	const { open, world, answers, session, openOf } = await scene([brief('Prices.')]);
	const shown = answers({ kind: 'use', text: ' The price is 26. ' });
	const before = [...session.entries];
	const choice = await chooseBrief(open, '', world);
	assert.deepEqual(shown, ['1 Prices.\n\n## Git\nBranch: main\nNo changes that are not committed.']);
	assert.equal(choice?.brief, 'The price is 26.');
	assert.ok(choice);
	const fresh = await openSession({ ...sessionOptions(), defaults: { ...sessionOptions().defaults } });
	await linkSessions(session, fresh, { ...choice, costUsd: 0.25 });
	assert.deepEqual(session.entries.slice(0, before.length), before);
	const added = session.entries
		.slice(before.length)
		.map((entry) => (entry.type === 'continuedIn' ? [entry.other, entry.costUsd] : entry.type));
	assert.deepEqual(added, [[fresh.id, 0.25]]);
	const link = fresh.newest('continues');
	assert.deepEqual([link?.other, link?.title, link?.brief], [session.id, session.title, 'The price is 26.']);
	const kinds = (one: typeof session) =>
		openOf(one)
			.rows()
			.map(({ kind }) => kind);
	assert.deepEqual(kinds(fresh), ['brief']);
	assert.equal(kinds(session).at(-1), 'continued');
});

test('cancelled, nothing is in the log and the session is free again', async () => {
	const { open, world, answers, session } = await scene([brief('Prices.')]);
	answers({ kind: 'cancel' });
	const { length } = session.entries;
	assert.equal(await chooseBrief(open, '', world), undefined);
	assert.equal(session.entries.length, length);
	assert.deepEqual([open.isRunning, session.state, open.briefReview.shown], [false, 'idle', null]);
});

test('stopped while it is drafted or shown, everything is as it was', async () => {
	const { open, world, session } = await scene([brief('Prices.')]);
	open.onDidChange(() => open.briefReview.shown && queueMicrotask(() => open.turn?.abort()));
	assert.equal(await chooseBrief(open, '', world), undefined);
	assert.deepEqual([open.isRunning, session.state], [false, 'idle']);
});

test('drafted again for a purpose; when that fails, the text of the user stays', async () => {
	const failure = { error: new ModelError('badRequest', 'Not today') };
	const { open, world, answers, model } = await scene([brief('One.'), brief('Two.'), failure]);
	const notes: string[] = [];
	open.onDidChange(() => open.briefReview.shown && notes.push(open.briefReview.shown.note));
	const shown = answers(
		{ kind: 'redraft', focus: 'the tax', text: 'One.' },
		{ kind: 'redraft', focus: 'the tax', text: 'Mine.' },
		{ kind: 'without' },
	);
	const choice = await chooseBrief(open, '', world);
	assert.deepEqual(
		shown.map((one) => one.split('\n')[0]),
		['1 One.', '2 Two.', '3 Mine.'],
	);
	assert.match(JSON.stringify(model.requests[2]?.messages), /is for this.*the tax/);
	assert.match(notes.at(-1) ?? '', /^Not today\. The text is as it was\.$/);
	assert.equal(choice?.brief, '');
});

test('without a key the log is enough, and no request is made', async () => {
	const { open, world, answers, model } = await scene([], { hasKey: false });
	const shown = answers({ kind: 'use', text: 'x' });
	await chooseBrief(open, '', world);
	assert.match(shown[0] ?? '', /## Goal\nWhat is the price\?[\s\S]*## Last answer\nIt is 24\.5\./);
	assert.equal(model.requests.length, 1);
});

test('the brief of a fresh session can be changed until its first prompt', async () => {
	const { openOf, session } = await scene([]);
	const fresh = await openSession(sessionOptions());
	await linkSessions(session, fresh, { brief: 'One.', costUsd: 0 });
	const open = openOf(fresh);
	const editing = editBrief(open, signal);
	assert.deepEqual([open.briefReview.shown?.text, open.briefReview.shown?.isStarted], ['One.', true]);
	open.briefReview.answer(open.briefReview.shown?.id ?? '', { kind: 'use', text: 'Two.' });
	await editing;
	assert.deepEqual(
		open.rows().map((row) => (row.kind === 'brief' ? [row.text, row.canEdit] : row.kind)),
		[['Two.', true]],
	);
	fresh.append({ type: 'user', content: [{ type: 'text', text: 'Go' }] });
	assert.deepEqual(
		open.rows().map((row) => (row.kind === 'brief' ? row.canEdit : row.kind)),
		[false, 'prompt'],
	);
	await assert.rejects(editBrief(open, signal), { code: 'brief-sent' });
	assert.equal(session.entries.findLast(({ type }) => type === 'continuedIn')?.type, 'continuedIn');
});

test('nothing to clear in an empty session; a turn is waited for; a link to what is gone says so', async () => {
	const { open, world } = await scene([]);
	assert.equal(hasNothingToClear(await openSession(sessionOptions())), true);
	assert.equal(hasNothingToClear(open.session), false);
	open.turn = { abort: () => undefined, done: Promise.resolve() };
	await assert.rejects(chooseBrief(open, '', world), { code: 'busy' });
	const sessions = { find: (id: string) => (id === 'open' ? open : undefined) };
	const sizeOf = async (id: string) => (id === 'stored' ? 10 : 0);
	assert.equal(await linkedSession('open', { sessions, sizeOf }), 'open');
	assert.equal(await linkedSession('stored', { sessions, sizeOf }), 'stored');
	await assert.rejects(linkedSession('gone', { sessions, sizeOf }), { code: 'linked-gone' });
});
