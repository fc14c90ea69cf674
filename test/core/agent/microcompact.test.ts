/** Old results are folded where it is free or spares a summary, and nowhere else; what is sent then is what was planned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureNow } from '../../../src/core/agent/appendCompaction.ts';
import { MICROCOMPACTION } from '../../../src/core/agent/microcompact.ts';
import { activeEdits } from '../../../src/core/context/contextEdits.ts';
import { applyEdits, planEdits } from '../../../src/core/context/planEdits.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { Entry, EntryOf } from '../../../src/core/session/entry.ts';
import { call, createScriptedModel, type ScriptedStep, text, thinking } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

/** Of a window of 100,000 tokens the line is at 67,000. */
const limits = { windowTokens: 100_000 };
const TTL_MS = 5 * 60_000;
const bytesOf = (request: ModelRequest) => JSON.stringify([request.tools, request.system, request.messages]).length;
/** As an endpoint that counts 3.5 bytes a token. */
const counting =
	(step: ScriptedStep, outputTokens = 20) =>
	(request: ModelRequest): ScriptedStep => ({
		...step,
		usage: { inputTokens: Math.round(bytesOf(request) / 3.5), outputTokens },
	});
const allText = (request: ModelRequest | undefined) => JSON.stringify(request?.messages);
const ofType = <T extends Entry['type']>(entries: readonly Entry[], type: T) =>
	entries.filter((entry): entry is Extract<Entry, { type: T }> => entry.type === type);
const folds = (entries: readonly Entry[]): readonly EntryOf<'contextEdit'>[] =>
	ofType(entries, 'contextEdit').filter(({ cause }) => cause === MICROCOMPACTION);
const files = { '/w/long': 'a line that is long enough\n'.repeat(1_500), '/w/short': 'short\n' };

/** Reads of the long file in the first turn, then turns without a call. */
function steps(turns: number) {
	const first = [
		counting({ blocks: [thinking('which file'), call('Read', { file_path: 'long' }, 'r0')] }),
		counting({ blocks: [thinking('what it says'), text('Read.')] }),
	];
	return [
		...first,
		...Array.from({ length: turns - 1 }, (_, turn) => counting({ blocks: [text(`Turn ${turn + 1}.`)] })),
	];
}
async function scene(options: Partial<FixtureOptions> & { readonly turns: number }) {
	const model = createScriptedModel(steps(options.turns));
	const fixture = await createFixture({ limits, files, ...options, model });
	return { ...fixture, scripted: model };
}

test('a warm cache and room enough: nothing is folded, however old', async () => {
	const { run, session } = await scene({ turns: 5 });
	for (let turn = 0; turn < 5; turn++) await run(`prompt ${turn}`);
	assert.equal(folds(session.entries).length, 0);
});

test('after the time to live of the cache, before the prompt: free, told in one line, and what the plan said', async () => {
	const { run, session, scripted, clock, ports, traces } = await scene({ turns: 4 });
	for (let turn = 0; turn < 3; turn++) await run(`prompt ${turn}`);
	const before = measureNow(session, ports).usedTokens;
	clock.advance(TTL_MS);
	await run('prompt 3');
	const [edit] = folds(session.entries);
	assert.ok(edit);
	assert.deepEqual(
		edit.edits.map(({ op }) => op),
		['fold', 'stripThinking'],
	);
	assert.match(edit.edits[0]?.text ?? '', /^\[Read long: the result was folded to make room\. Call it again/);
	const [notice] = ofType(session.entries, 'notice');
	assert.equal(notice?.code, MICROCOMPACTION);
	assert.match(
		notice.text,
		/^An old result was folded to a note, about \d+k tokens less to send\. It can be brought back\.$/,
	);
	// A rewind to the prompt keeps it: it stands before.
	const branch = session.branch();
	assert.ok(branch.indexOf(edit) < branch.findLastIndex(({ type }) => type === 'user'));
	const sent = allText(scripted.requests.at(-1));
	assert.doesNotMatch(sent, /a line that is long enough/);
	assert.match(sent, /which file/);
	assert.doesNotMatch(sent, /what it says/);
	const saved = Number(traces.find(({ event }) => event === MICROCOMPACTION)?.detail?.saved);
	const real = bytesOf(scripted.requests.at(-1) as ModelRequest) / 3.5;
	assert.ok(Math.abs(before - saved - real) < 0.15 * saved, `${before} less ${saved} is not ${real}`);
});

test('a change of the model makes the cache cold as well', async () => {
	const { run, session } = await scene({ turns: 4 });
	for (let turn = 0; turn < 3; turn++) await run(`prompt ${turn}`);
	session.setModel('claude-opus-5-5');
	await run('prompt 3');
	assert.equal(folds(session.entries).length, 1);
});

test('not the results of the last two turns, and not for little', async () => {
	const { run, session, clock } = await scene({ turns: 3 });
	for (let turn = 0; turn < 2; turn++) await run(`prompt ${turn}`);
	clock.advance(TTL_MS);
	await run('prompt 2');
	assert.equal(folds(session.entries).length, 0);
	const little = await scene({ turns: 5, files: { '/w/long': 'a line that is long enough\n'.repeat(300) } });
	for (let turn = 0; turn < 4; turn++) await little.run(`prompt ${turn}`);
	little.clock.advance(TTL_MS);
	await little.run('prompt 4');
	assert.equal(folds(little.session.entries).length, 0);
});

test('not what is pinned, and not what somebody brought back; not with the setting off', async () => {
	const pinned = await scene({ turns: 4 });
	for (let turn = 0; turn < 3; turn++) await pinned.run(`prompt ${turn}`);
	const ref = { entry: ofType(pinned.session.entries, 'toolResult')[0]?.id as never };
	await applyEdits(pinned.session, planEdits(pinned.session, [{ ref, op: 'pin' }], pinned.ports));
	pinned.clock.advance(TTL_MS);
	await pinned.run('prompt 3');
	assert.equal(folds(pinned.session.entries).length, 0);

	const back = await scene({ turns: 5 });
	for (let turn = 0; turn < 3; turn++) await back.run(`prompt ${turn}`);
	back.clock.advance(TTL_MS);
	await back.run('prompt 3');
	const result = { entry: ofType(back.session.entries, 'toolResult')[0]?.id as never };
	assert.equal(folds(back.session.entries).length, 1);
	await applyEdits(back.session, planEdits(back.session, [{ ref: result, op: 'unfold' }], back.ports));
	back.clock.advance(TTL_MS);
	await back.run('prompt 4');
	assert.equal(folds(back.session.entries).length, 1);
	assert.match(allText(back.scripted.requests.at(-1)), /a line that is long enough/);

	const off = await scene({ turns: 4, limits: { ...limits, microcompaction: false } });
	for (let turn = 0; turn < 3; turn++) await off.run(`prompt ${turn}`);
	off.clock.advance(TTL_MS);
	await off.run('prompt 3');
	assert.equal(folds(off.session.entries).length, 0);
});

/** The line is in the middle of a window as small as this. */
const small = { windowTokens: 60_000 };
const words = (tokens: number) => 'some words '.repeat((tokens * 3.5) / 11);

test('at the line, when that alone gets below it: no summary is asked for', async () => {
	const { run, session, scripted } = await scene({ turns: 5, limits: small });
	await run('prompt 0');
	for (let turn = 1; turn < 3; turn++) await run(words(4_000));
	assert.equal(folds(session.entries).length, 0);
	await run(words(6_000));
	assert.equal(folds(session.entries).length, 1);
	assert.equal(ofType(session.entries, 'compaction').length, 0);
	assert.doesNotMatch(allText(scripted.requests.at(-1)), /a line that is long enough/);
	await run('prompt 4');
	assert.equal(scripted.requests.length, 6);
});

test('the same after the last reply of a turn', async () => {
	const model = createScriptedModel([...steps(3), counting({ blocks: [text(words(7_000))] }, 7_000)]);
	const { run, session } = await createFixture({ model, limits: small, files });
	await run('prompt 0');
	for (let turn = 1; turn < 3; turn++) await run(words(4_000));
	await run('prompt 3');
	const branch = session.branch();
	const [edit] = folds(session.entries);
	assert.ok(edit && branch.indexOf(edit) > branch.findLastIndex(({ type }) => type === 'assistantEnded'));
	assert.equal(ofType(session.entries, 'compaction').length, 0);
});

test('at the line, when it is not enough: a summary, and nothing is folded before', async () => {
	const summary = { blocks: [text('<summary>\nSo far.\n</summary>')] };
	const model = createScriptedModel([...steps(3), summary, { blocks: [text('Done.')] }]);
	const { run, session } = await createFixture({ model, limits: small, files });
	await run('prompt 0');
	for (let turn = 1; turn < 3; turn++) await run(words(4_000));
	await run(words(22_000));
	assert.equal(folds(session.entries).length, 0);
	assert.equal(ofType(session.entries, 'compaction').length, 1);
});

test('at the line with a cold cache it comes first, also when a summary is needed besides', async () => {
	const summary = { blocks: [text('<summary>\nSo far.\n</summary>')] };
	const model = createScriptedModel([...steps(3), summary, { blocks: [text('Done.')] }]);
	const { run, session, clock } = await createFixture({ model, limits: small, files });
	await run('prompt 0');
	for (let turn = 1; turn < 3; turn++) await run(words(4_000));
	clock.advance(TTL_MS);
	await run(words(22_000));
	assert.equal(folds(session.entries).length, 1);
	assert.equal(ofType(session.entries, 'compaction').length, 1);
	// What was summarized was what was left, at a fraction of the price.
	assert.doesNotMatch(allText(model.requests[4]), /a line that is long enough/);
});

test('in the middle of a turn only a summary makes room', async () => {
	const summary = { blocks: [text('<summary>\nSo far.\n</summary>')] };
	const model = createScriptedModel([
		...steps(3),
		counting({ blocks: [call('Read', { file_path: 'long' }, 'r1')] }),
		counting({ blocks: [call('Read', { file_path: 'long' }, 'r2')] }),
		summary,
		{ blocks: [text('Done.')] },
	]);
	const { run, session } = await createFixture({ model, limits: small, files });
	for (let turn = 0; turn < 4; turn++) await run(`prompt ${turn}`);
	assert.equal(folds(session.entries).length, 0);
	assert.deepEqual(
		ofType(session.entries, 'compaction').map(({ by }) => by),
		['forced'],
	);
});

test('a read that was superseded says so, and short results stay', async () => {
	const read = (id: string, path: string) => counting({ blocks: [call('Read', { file_path: path }, id)] });
	const answer = counting({ blocks: [text('Read.')] });
	const model = createScriptedModel([
		read('r1', 'long'),
		read('r2', 'short'),
		answer,
		read('r3', 'long'),
		answer,
		answer,
		answer,
	]);
	const { run, session, clock } = await createFixture({ model, limits, files });
	for (let turn = 0; turn < 3; turn++) await run(`prompt ${turn}`);
	clock.advance(TTL_MS);
	await run('prompt 3');
	const [edit] = folds(session.entries);
	const texts = edit?.edits.flatMap(({ text: words }) => words ?? []) ?? [];
	assert.equal(texts.length, 1, JSON.stringify(texts));
	assert.match(texts[0] ?? '', /since a later call shows or changed the same/);
	assert.equal(activeEdits(session.branch()).replaced.size, 1);
});
