/** Compaction by itself: at the line and nowhere else, in the middle of a turn only when it must, and what a failure leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applySummary, draftSummary, readableSummary } from '../../../src/core/agent/compact.ts';
import { isSummaryQuestion } from '../../../src/core/context/summaryRequest.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { EntryOf } from '../../../src/core/session/entry.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { canonicalLines } from '../context/request.ts';
import { createFixture } from './turnFixture.ts';

const { signal } = new AbortController();
const ignore = () => undefined;
/** Of a window of 100,000 tokens the line is at 67,000. */
const limits = { windowTokens: 100_000 };
const used = (tokens: number) => ({ usage: { inputTokens: tokens } });
const summary = (words: string): ScriptedStep => ({ blocks: [text(`<summary>\n${words}\n</summary>`)] });
const lastText = (request: ModelRequest | undefined): string => {
	const content = request?.messages.at(-1)?.content;
	const block = typeof content === 'string' ? undefined : content?.at(-1);
	return block && 'text' in block ? String(block.text) : '';
};
const allText = (request: ModelRequest | undefined) => JSON.stringify(request?.messages);
const compactions = (entries: readonly { type: string }[]) =>
	entries.filter((entry): entry is EntryOf<'compaction'> => entry.type === 'compaction');

test('at the end of a turn over the line the conversation is summarized, by the request as it stands and one more text', async () => {
	const model = createScriptedModel([
		{ blocks: [text('Hello.')], ...used(60_000) },
		{ blocks: [text('There.')], ...used(69_990) },
		summary('They said hello.'),
		{ blocks: [text('On.')] },
	]);
	const { session, run } = await createFixture({ model, limits });
	await run('one');
	assert.equal(compactions(session.entries).length, 0, 'below the line nothing happens');
	await run('two');
	const [second, asked] = [model.requests[1], model.requests[2]];
	assert.ok(second && asked);
	assert.ok(isSummaryQuestion(lastText(asked)));
	const before = canonicalLines(second);
	assert.deepEqual(canonicalLines(asked).slice(0, before.length), before, 'every byte of the last request comes first');
	assert.deepEqual(asked.tools, second.tools);
	assert.deepEqual([asked.thinking, asked.maxTokens, asked.model], [second.thinking, second.maxTokens, second.model]);
	const [compaction] = compactions(session.entries);
	assert.ok(compaction);
	assert.equal(compaction.by, 'auto');
	assert.equal(readableSummary(compaction.summary), 'They said hello.');
	assert.ok(compaction.tokensBefore >= 69_990 && compaction.tokensAfter < compaction.tokensBefore);
	await run('three');
	const next = allText(model.requests[3]);
	assert.match(next, /They said hello\..*three/);
	assert.doesNotMatch(next, /Hello\.|There\./);
});

test('a prompt that finds the line reached is summarized before, and stays as it was typed', async () => {
	const model = createScriptedModel([
		{ blocks: [text('Hello.')], ...used(62_000) },
		summary('So far.'),
		{ blocks: [text('Done.')] },
	]);
	const { session, run } = await createFixture({ model, limits });
	await run('one');
	await run(`two ${'x'.repeat(20_000)}`);
	assert.doesNotMatch(allText(model.requests[1]), /two xxx/, 'the new prompt is no part of what is summarized');
	assert.match(allText(model.requests[2]), /So far\..*two xxx/);
	assert.equal(session.branch().findLast(({ type }) => type === 'turnEnded')?.type, 'turnEnded');
});

test('in the middle of a turn only when the next request would not fit, with the prompt and the open results word for word', async () => {
	const step = (id: string, tokens: number): ScriptedStep => ({
		blocks: [call('Read', { file_path: 'a' }, id)],
		...used(tokens),
	});
	const model = createScriptedModel([
		step('r1', 72_000),
		step('r2', 86_000),
		summary('Read a twice.'),
		{ blocks: [text('Done.')] },
	]);
	const { session, run } = await createFixture({ model, limits, files: { '/w/a': 'the content of a\n' } });
	await run('Look at a closely');
	const [compaction] = compactions(session.entries);
	assert.equal(compaction?.by, 'forced');
	const last = allText(model.requests[3]);
	assert.match(last, /Read a twice\./);
	assert.match(last, /Look at a closely/);
	assert.match(last, /the content of a/);
	assert.equal(model.requests.length, 4);
});

test('a request that the endpoint finds too large is answered after a summary, and the prompt is not lost', async () => {
	const tooLarge = new ModelError('tooLarge', 'prompt is too long');
	const model = createScriptedModel([
		{ blocks: [text('Hello.')] },
		{ error: tooLarge },
		{ error: tooLarge },
		summary('Short.'),
		{ blocks: [text('Done.')] },
	]);
	const { session, run } = await createFixture({ model, limits });
	await run('one');
	await run('two');
	assert.deepEqual(
		compactions(session.entries).map(({ by }) => by),
		['forced'],
	);
	assert.match(allText(model.requests[4]), /Short\..*two/);
	const ended = session.entries.findLast(({ type }) => type === 'turnEnded') as EntryOf<'turnEnded'>;
	assert.equal(ended.reason, 'endTurn');
});

test('a call instead of a summary is answered once; then it is a failure, and two in a row are enough', async () => {
	const calls = (id: string): ScriptedStep => ({ blocks: [call('Read', { file_path: 'a' }, id)] });
	const turn = (words: string): ScriptedStep => ({ blocks: [text(words)], ...used(75_000) });
	const model = createScriptedModel([
		turn('One.'),
		calls('c1'),
		calls('c2'),
		// Before the second prompt.
		{ blocks: [text('')] },
		turn('Two.'),
		turn('Three.'),
	]);
	const { session, run } = await createFixture({ model, limits });
	await run('one');
	await run('two');
	await run('three');
	assert.equal(compactions(session.entries).length, 0);
	const notices = session.entries.filter((entry) => entry.type === 'notice');
	assert.deepEqual(
		notices.map((entry) => entry.type === 'notice' && entry.code),
		['compaction-failed', 'compaction-failed'],
	);
	const refused = model.requests[2]?.messages.at(-1)?.content;
	assert.ok(Array.isArray(refused) && refused[0]?.type === 'tool_result' && refused[0].is_error);
	assert.equal(model.requests.length, 6, 'the chat goes on');
});

test('with automatic compaction off nothing is summarized', async () => {
	const model = createScriptedModel([
		{ blocks: [text('One.')], ...used(99_000) },
		{ blocks: [text('Two.')], ...used(99_500) },
	]);
	const { session, run } = await createFixture({ model, limits: { ...limits, autoCompact: false } });
	await run('one');
	await run('two');
	assert.equal(compactions(session.entries).length, 0);
});

test('undoing a summary brings back the exact request; a changed memory file comes in with a summary only', async () => {
	let memory = 'Use tabs.';
	const model = createScriptedModel([
		{ blocks: [text('One.')] },
		summary('First.'),
		{ blocks: [text('Two.')] },
		{ blocks: [text('Again.')] },
	]);
	const { session, run, ports } = await createFixture({ model, limits, projectContext: () => memory });
	await run('one');
	memory = 'Use spaces.';
	const leaf = session.leaf;
	const draft = await draftSummary(session, { scope: { kind: 'all' }, by: 'manual' }, ports, ignore, signal);
	await applySummary(session, draft, 'Edited by hand.', ports);
	await run('two');
	assert.match(allText(model.requests[2]), /Edited by hand\..*two/);
	assert.match(JSON.stringify(model.requests[2]?.system), /Use spaces/);
	session.append({ type: 'rewind', to: leaf, from: session.leaf, why: 'undoCompaction' });
	await run('two');
	const [first, again] = [model.requests[0], model.requests[3]];
	assert.ok(first && again);
	const before = canonicalLines(first);
	assert.deepEqual(canonicalLines(again).slice(0, before.length), before);
});

test('a summary that was made for another place is not applied', async () => {
	const model = createScriptedModel([{ blocks: [text('One.')] }, summary('First.'), { blocks: [text('Two.')] }]);
	const { session, run, ports } = await createFixture({ model, limits });
	await run('one');
	const draft = await draftSummary(session, { scope: { kind: 'all' }, by: 'manual' }, ports, ignore, signal);
	await run('two');
	await assert.rejects(applySummary(session, draft, draft.summary, ports), { code: 'conversation-moved' });
	assert.equal(compactions(session.entries).length, 0);
});

test('from a prompt on, and up to a prompt', async () => {
	const model = createScriptedModel([
		{ blocks: [text('One.')] },
		{ blocks: [text('Two.')] },
		summary('The second.'),
		{ blocks: [text('On.')] },
		summary('The first.'),
		{ blocks: [text('On.')] },
	]);
	const { session, run, ports } = await createFixture({ model, limits });
	await run('one');
	await run('two');
	const { leaf } = session;
	const prompt = session.branch().findLast(({ type }) => type === 'user');
	assert.ok(prompt);
	const summarize = async (kind: 'from' | 'upTo') => {
		const wish = { scope: { kind, prompt: prompt.id }, by: 'partial' as const };
		const draft = await draftSummary(session, wish, ports, ignore, signal);
		await applySummary(session, draft, draft.summary, ports);
	};
	await summarize('from');
	await run('three');
	assert.match(allText(model.requests[3]), /one.*One\..*The second\..*three/);
	assert.doesNotMatch(allText(model.requests[3]), /Two\./);
	session.append({ type: 'rewind', to: leaf, from: session.leaf, why: 'undoCompaction' });
	await summarize('upTo');
	await run('three');
	assert.match(allText(model.requests[5]), /The first\..*two.*Two\..*three/);
	assert.doesNotMatch(allText(model.requests[5]), /One\./);
});

test('what a summary took the place of can be recalled, and what a rewind left behind cannot', async () => {
	const model = createScriptedModel([
		{ blocks: [text('The port is 5432, because 5433 was taken.')] },
		{ blocks: [text('Never mind port 9999.')] },
		summary('They talked.'),
		{ blocks: [call('Recall', { query: 'port TAKEN' }, 'r')] },
		{ blocks: [text('5433.')] },
	]);
	const { session, run, ports } = await createFixture({ model, limits });
	await run('Which port?');
	const { leaf } = session;
	await run('Another one?');
	session.append({ type: 'rewind', to: leaf, from: session.leaf, why: 'rewind' });
	const draft = await draftSummary(session, { scope: { kind: 'all' }, by: 'manual' }, ports, ignore, signal);
	await applySummary(session, draft, draft.summary, ports);
	await run('Which port was taken?');
	const result = allText(model.requests[4]);
	assert.match(result, /message 1, you.*because 5433 was taken/);
	assert.doesNotMatch(result, /9999/);
});

test('facts that come with a summary are sent beside it, found by Recall, carried over, and told when the user changes them', async () => {
	const facts = (words: string, ...lines: string[]): ScriptedStep => ({
		blocks: [text(`<summary>\n${words}\n</summary>\n<facts>\n${lines.join('\n')}\n</facts>`)],
	});
	const model = createScriptedModel([
		{ blocks: [text('We use SQLite, since it is one file.')] },
		facts('First.', '- decision | storage | Use SQLite | use sqlite, since it is'),
		{ blocks: [text('Fine.')] },
		facts('Second.', '- decision | storage | Use SQLite | fine', '- cause | style | Tabs were too wide | nowhere'),
		{ blocks: [call('Recall', { query: 'SQLite' }, 'r')] },
		{ blocks: [text('Done.')] },
	]);
	const { session, run, ports } = await createFixture({ model, limits });
	const compact = async () => {
		const draft = await draftSummary(session, { scope: { kind: 'all' }, by: 'manual' }, ports, ignore, signal);
		assert.doesNotMatch(draft.summary, /facts>/);
		return await applySummary(session, draft, draft.summary, ports);
	};
	await run('Where do we store it?');
	const said = session.branch().find(({ type }) => type === 'assistant');
	const first = await compact();
	assert.deepEqual(first.facts, [
		{ id: 'f1', kind: 'decision', topic: 'storage', text: 'Use SQLite', by: 'model', ref: { entry: said?.id } },
	]);
	session.append({
		type: 'factEdit',
		edits: [{ fact: 'f2', op: 'add', kind: 'constraint', topic: 'style', text: 'Two spaces' }],
	});
	await run('On.');
	const carried = allText(model.requests[2]);
	assert.match(carried, /First\..*\[f1\] decision, storage: Use SQLite.*On\..*\[f2\] constraint, style: Two spaces/);
	const second = await compact();
	assert.deepEqual(
		second.facts?.map(({ id, text: words }) => [id, words]),
		[
			['f1', 'Use SQLite'],
			['f2', 'Two spaces'],
			['f3', 'Tabs were too wide'],
		],
	);
	await run('What was it?');
	assert.doesNotMatch(allText(model.requests[4]), /The user changed/);
	const recalled = model.requests[5]?.messages.at(-1)?.content;
	assert.match(JSON.stringify(recalled), /message 1, kept as decision\]\\nUse SQLite/);
});

test('a plan is not parted from what is done about it while the request fits, and stands word for word after a summary', async () => {
	const model = createScriptedModel([
		// The prefix is small, so the answer fills the context: what a summary leaves is below the line.
		{ blocks: [text('1. Do this.\n2. Then that.')], usage: { inputTokens: 3_000, outputTokens: 67_000 } },
		{ blocks: [text('Did it.')], ...used(71_000) },
		summary('Planned and did.'),
		{ blocks: [text('On.')], ...used(70_000) },
		summary('More.'),
		{ blocks: [text('Still.')] },
	]);
	const { session, run } = await createFixture({ model, limits, mode: 'plan' });
	await run('Plan it');
	assert.equal(compactions(session.entries).length, 0, 'over the line, but nothing was done about the plan yet');
	session.setMode('ask');
	await run('Do it');
	assert.equal(compactions(session.entries).length, 1);
	await run('Go on');
	await run('Go on still');
	const plan = { type: 'text', text: 'The plan, word for word:\n1. Do this.\n2. Then that.' };
	assert.deepEqual(
		compactions(session.entries).map(({ restored }) => restored.find(({ what }) => what === 'plan')?.content),
		[plan, plan],
	);
	assert.match(allText(model.requests[5]), /Then that\./);
});

test('whoever is asked before a compaction adds to its question, or refuses it once in so many words', async () => {
	const over = (words: string): ScriptedStep => ({ blocks: [text(words)], ...used(70_000) });
	const model = createScriptedModel([over('One.'), over('Two.'), summary('All.'), { blocks: [text('Three.')] }]);
	const fixture = await createFixture({ model, limits });
	const { session } = fixture;
	const asked: unknown[] = [];
	let answer: { instructions?: string; block?: string } = { block: 'Not while the release is built.' };
	fixture.ports.beforeCompaction = async (ahead) => {
		asked.push(ahead);
		return answer;
	};
	await fixture.run('one');
	await fixture.run('two');
	assert.deepEqual(
		session.entries.flatMap((entry) => (entry.type === 'notice' ? [entry.text] : [])),
		['Not while the release is built.'],
	);
	assert.equal(compactions(session.entries).length, 0);
	answer = { instructions: 'Name every ticket.' };
	await fixture.run('three');
	assert.match(lastText(model.requests[2]), /Name every ticket\./);
	const [compaction] = compactions(session.entries);
	assert.equal(compaction?.lineTokens, 67_000);
	assert.deepEqual(asked.at(-1), { by: 'auto', strategy: 'summarize', tokensBefore: compaction?.tokensBefore });
});
