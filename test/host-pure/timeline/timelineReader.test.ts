import assert from 'node:assert/strict';
import test from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import { POINT_TYPES, timelinePointSteps } from '../../../src/core/checkpoint/checkpoints.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import { createProvenance } from '../../../src/host/timeline/provenance.ts';
import { createLineCounter } from '../../../src/host/timeline/timelineCounts.ts';
import { createTimelineReader } from '../../../src/host/timeline/timelineReader.ts';
import { describeFile, describePoint, nameAt } from '../../../src/host/timeline/timelineRow.ts';
import { createSessionWorld } from '../../fakes/sessionWorld.ts';

const label = (name: string, input: unknown) => ({ verb: name, target: JSON.stringify(input) });
const prompt = (session: Session, text: string) =>
	session.append<'user'>({ type: 'user', content: [{ type: 'text', text }] })[0]?.id;
const { signal } = new AbortController();

test('a command has the words of its call, and a prompt that was left is on another branch', async () => {
	const { session, blobs, agent } = await createSessionWorld({ '/w/a': '1\n' });
	const reader = createTimelineReader(label);
	const first = prompt(session, 'Edit it');
	await agent('/w/a', '1\n2\n');
	session.append<'assistant'>({
		...{ type: 'assistant', messageId: 'm', index: 0 },
		block: { type: 'tool_use', id: asToolUseId('c'), name: 'Bash', input: 'make' },
	});
	const before = await blobs.put(new TextEncoder().encode('1\n2\n'), 'text/plain');
	const { $blob: after } = await blobs.put(new TextEncoder().encode('2\n'), 'text/plain');
	session.append<'fileOperation'>({
		...{ type: 'fileOperation', epoch: 2, op: 'change', path: { root: '/w', rel: 'a' }, before, after, meta: {} },
		...{ author: 'shell', state: 'done', toolUseId: asToolUseId('c') },
	});
	const timeline = await reader.read(session);
	assert.equal(await reader.read(session), timeline, 'nothing is computed again while nothing was appended');
	assert.deepEqual(
		timeline.points.map(({ kind, label: words }) => [kind, words]),
		[
			['prompt', 'Edit it'],
			['command', 'Bash "make"'],
		],
	);
	const second = prompt(session, 'And more');
	session.append<'rewind'>({ type: 'rewind', to: first ?? null, from: session.leaf, why: 'rewind' });
	const later = await reader.read(session);
	assert.equal(later.points.length, 3);
	assert.deepEqual([...later.onBranch], [first]);
	assert.ok(second && later.byId.has(second));

	const counter = createLineCounter(blobs);
	const told: string[] = [];
	await counter.count(later.points, (points) => told.push(...points.map((point) => point.label)), signal);
	assert.deepEqual(told, ['Edit it', 'Bash "make"']);
	const [edit, command] = later.points;
	assert.ok(edit && command);
	assert.deepEqual(counter.ofPoint(edit), { added: 1, removed: 0 });
	const facts = { counts: counter.ofPoint(command), isElsewhere: true, nowMs: command.at };
	assert.equal(describePoint(command, facts), '1 file · +0 −1 · other branch · now');
	const [file] = command.files;
	assert.equal(file && describeFile(file, counter.ofFile(file)), 'shell · +0 −1');
	blobs.stored.clear();
	const empty = createLineCounter(blobs);
	await empty.count(later.points, () => undefined, signal);
	assert.equal(empty.ofPoint(edit), undefined, 'a content that is gone has no number');
});

test('a line is asked for, also after the text and the file have moved on', async () => {
	const { session, blobs, workspace, agent } = await createSessionWorld({ '/w/a': 'one\r\ntwo\r\n' });
	const reader = createTimelineReader(label);
	const provenance = createProvenance(reader, blobs);
	const ask = async (text: string, version: number, line: number) => {
		const answer = await provenance.ask(session, '/w\na', { version, getText: () => text }, line, signal);
		return typeof answer === 'object' ? [answer.author, answer.prompt?.label, answer.operation.epoch] : answer;
	};
	assert.equal(await ask('one', 1, 0), undefined);
	prompt(session, 'First');
	await agent('/w/a', 'one\r\nagent\r\ntwo\r\n');
	const now = 'one\r\nagent\r\ntwo\r\n';
	assert.deepEqual(await ask(now, 1, 1), ['agent', 'First', 1]);
	assert.equal(await ask(now, 1, 2), 'other');
	workspace.set('/w/a', `mine\n${now}`);
	assert.equal(await ask(`mine\n${now}`, 2, 0), 'other');
	assert.deepEqual(await ask(`mine\n${now}`, 2, 2), ['agent', 'First', 1]);
	prompt(session, 'Second');
	await agent('/w/a', `mine\n${now}last\n`);
	assert.deepEqual(await ask(`mine\n${now}last\n`, 3, 4), ['agent', 'Second', 2]);
	assert.deepEqual(await ask(`mine\n${now}last\n`, 3, 2), ['agent', 'First', 1]);
	assert.equal(await ask(`mine\n${now}last\n`, 3, 99), 'other');
});

test('the name of a version keeps its ending and says where it is from', () => {
	assert.equal(nameAt('src/area.js', 'Guard: "the" area'), 'area (at Guard the area).js');
	assert.equal(nameAt('src/area.js', 'before Guard'), 'area (before Guard).js');
	assert.equal(nameAt('.gitignore', 'x'), '.gitignore (at x)');
	assert.equal(nameAt('Makefile', 'y'.repeat(90)), `Makefile (at ${'y'.repeat(39)}…)`);
});

test('a session of 5,000 prompts is read in many small steps', async () => {
	const { session, blobs } = await createSessionWorld();
	const { $blob: after } = await blobs.put(new TextEncoder().encode('x'), 'text/plain');
	for (let epoch = 1; epoch <= 5_000; epoch++) {
		prompt(session, `Prompt ${epoch}`);
		session.append<'fileOperation'>({
			...{ type: 'fileOperation', epoch, op: 'create', path: { root: '/w', rel: `f${epoch % 500}` }, meta: {} },
			...{ before: 'absent', after, author: 'agent', state: 'done' },
		});
	}
	const steps = timelinePointSteps(await session.history(POINT_TYPES));
	let count = 0;
	let step = steps.next();
	for (; !step.done; step = steps.next()) count++;
	assert.equal(step.value.points.length, 5_000);
	// Each step looks at some hundred entries, so the reader can stop for others wherever its time is up.
	assert.ok(count >= 20, `${count} steps`);
});
