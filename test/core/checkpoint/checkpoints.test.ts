import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asToolUseId, type EntryId } from '../../../src/base/ids.ts';
import { contentAt } from '../../../src/core/checkpoint/branchFiles.ts';
import {
	checkpointKind,
	POINT_TYPES,
	type PointEntry,
	timelinePoints,
} from '../../../src/core/checkpoint/checkpoints.ts';
import { filesAt, fileVersions, versionAt } from '../../../src/core/checkpoint/fileHistory.ts';
import { readTimeline } from '../../../src/core/checkpoint/timeline.ts';
import type { Entry } from '../../../src/core/session/entry.ts';
import type { Author, RecordedHash, RecordedRef } from '../../../src/core/session/fileFields.ts';
import { type EntryBuilder, entryBuilder } from '../../fakes/entries.ts';

const isPointEntry = (entry: Entry): entry is PointEntry => POINT_TYPES.some((type) => type === entry.type);
const pointsOf = (log: EntryBuilder) => timelinePoints(log.entries.filter(isPointEntry));

const sha = (name: string) =>
	[...name]
		.map((char) => char.charCodeAt(0).toString(16))
		.join('')
		.padEnd(64, '0');
const ref = (name: string): RecordedRef =>
	name === 'absent' || name === 'notCaptured'
		? name
		: { $blob: sha(name) as never, size: name.length, mediaType: 'text/plain', head: name };
const hash = (name: string): RecordedHash =>
	name === 'absent' || name === 'notCaptured' ? name : (sha(name) as never);

/** A log whose files are changed by name of content. */
function timelineLog() {
	const log = entryBuilder();
	let epoch = 0;
	const prompt = (text: string) => {
		const user = log.user(text);
		log.add({ type: 'checkpoint', epoch, prompt: user.id });
		return user.id;
	};
	const change = (
		rel: string,
		before: string,
		after: string,
		by: { author?: Author; call?: string; found?: boolean } = {},
	) => {
		epoch++;
		log.add({
			...{ type: 'fileOperation', epoch, op: 'change', path: { root: '/w', rel }, meta: {} },
			...{ before: ref(before), after: hash(after), author: by.author ?? 'agent' },
			...(by.call === undefined ? {} : { toolUseId: asToolUseId(by.call) }),
			state: by.found ? 'done' : 'intended',
		});
		if (!by.found) log.add({ type: 'fileOperationDone', epoch, after: hash(after) as never });
		return epoch;
	};
	const checkpoint = (label: string, at = epoch) => log.add({ type: 'checkpoint', epoch: at, label, by: 'user' }).id;
	const restore = (run: () => void): EntryId => {
		log.add({ type: 'checkpoint', epoch, label: 'Before the rewind' });
		const { id } = log.add({ type: 'restore', plan: ref('plan') as never, files: [], safety: epoch });
		run();
		log.add({ type: 'restoreDone', restore: id, failed: 0 });
		return id;
	};
	return { log, prompt, change, checkpoint, restore };
}

test('prompts, commands with changes, checkpoints and restores are the points, each with what it changed', () => {
	const { log, prompt, change, checkpoint, restore } = timelineLog();
	const first = prompt('Guard the area\nand more');
	change('b', '1', '2', { call: 'e1' });
	change('b', '2', '3', { call: 'e2' });
	change('out', 'absent', 'built', { author: 'shell', call: 'c1', found: true });
	change('b', '3', '4', { author: 'unknown', call: 'c1', found: true });
	change('a', 'x', 'y', { call: 'e3' });
	const named = checkpoint('Works');
	const second = prompt('No changes');
	const third = restore(() => change('b', '4', '1'));
	const { points, pointOf } = pointsOf(log);
	assert.deepEqual(
		points.map(({ kind, label, before, epoch }) => [kind, label, before, epoch]),
		[
			['prompt', 'Guard the area', 0, 5],
			['command', '', 2, 4],
			['checkpoint', 'Works', 5, 5],
			['prompt', 'No changes', 5, 5],
			['restore', 'Files rewound', 5, 6],
		],
	);
	assert.deepEqual([points[0]?.id, points[2]?.id, points[3]?.id, points[4]?.id], [first, named, second, third]);
	assert.deepEqual([points[1]?.prompt, points[1]?.toolUseId, points[2]?.prompt], [first, 'c1', first]);
	assert.deepEqual(
		points[0]?.files.map(({ file, before, after }) => [file.rel, before, after]),
		[
			['a', hash('x'), hash('y')],
			['b', hash('1'), hash('3')],
		],
	);
	assert.deepEqual(
		points[1]?.files.map(({ file, authors }) => [file.rel, authors]),
		[
			['b', ['unknown']],
			['out', ['shell']],
		],
	);
	assert.equal(pointOf.get(4), points[1]?.id);
});

test('a checkpoint made for an earlier moment stands there', () => {
	const { log, prompt, change, checkpoint } = timelineLog();
	prompt('One');
	change('a', '1', '2');
	prompt('Two');
	change('a', '2', '3');
	checkpoint('After one', 1);
	checkpoint('Now');
	assert.deepEqual(
		pointsOf(log).points.map(({ label }) => label),
		['One', 'After one', 'Two', 'Now'],
	);
});

test('what a crash cut off inside a restore belongs to the restore; the next turn has its own', () => {
	const { log, prompt, change } = timelineLog();
	prompt('One');
	change('a', '1', '2');
	log.add({ type: 'restore', plan: ref('plan') as never, files: [], safety: 1 });
	change('a', '2', '1');
	prompt('Two');
	change('a', '1', '5', { call: 'e' });
	assert.deepEqual(
		pointsOf(log).points.map(({ kind, files }) => [kind, files.length]),
		[
			['prompt', 1],
			['restore', 1],
			['prompt', 1],
		],
	);
});

test('a restore says what it was for', () => {
	const { log, prompt, change } = timelineLog();
	const first = prompt('Guard the area');
	change('a', '1', '2', { call: 'e' });
	const files = { type: 'restore' as const, plan: ref('plan') as never, files: [], safety: 1 };
	const undone = log.add({ ...files, turn: first });
	log.add({ ...files, undoOf: undone.id });
	log.add(files);
	assert.deepEqual(
		pointsOf(log).points.map(({ label }) => label),
		['Guard the area', 'Taken back: Guard the area', 'Rewind undone', 'Files rewound'],
	);
});

test('logs from before a checkpoint said what it is for', () => {
	const log = entryBuilder();
	const prompt = log.user('p');
	const kinds = [
		log.add({ type: 'checkpoint', epoch: 0, prompt: prompt.id }),
		log.add({ type: 'checkpoint', epoch: 0, label: 'Before the rewind' }),
		log.add({ type: 'checkpoint', epoch: 0, label: 'Mine', by: 'user' }),
	].map(checkpointKind);
	assert.deepEqual(kinds, ['prompt', 'safety', 'user']);
});

test('a file has every content it was seen with, the user’s own included, and each epoch has one of them', () => {
	const { log, prompt, change } = timelineLog();
	prompt('One');
	change('a', 'absent', '1');
	change('b', 'x', 'y');
	change('a', 'mine', '2', { author: 'subagent' });
	const { timeline } = pointsOf(log);
	const versions = fileVersions(timeline.get('/w\na') ?? []);
	assert.deepEqual(
		versions.map(({ side, epoch, content, author }) => [side, epoch, content, author]),
		[
			['before', 1, 'absent', undefined],
			['after', 1, hash('1'), 'agent'],
			['before', 3, hash('mine'), undefined],
			['after', 3, hash('2'), 'subagent'],
		],
	);
	assert.deepEqual(
		[0, 1, 2, 3, 9].map((epoch) => versionAt(versions, epoch)),
		[0, 2, 2, 3, 3],
	);
	assert.deepEqual(
		filesAt(timeline, 0).map(({ file }) => file.rel),
		['b'],
	);
});

type Step = {
	readonly kind: 'prompt' | 'change' | 'found' | 'checkpoint' | 'restore';
	readonly file: number;
	readonly content: number;
};
const steps = fc.array(
	fc.record<Step>({
		kind: fc.constantFrom('prompt', 'change', 'found', 'checkpoint', 'restore'),
		file: fc.nat(2),
		content: fc.nat(4),
	}),
	{ maxLength: 30 },
);

test('every operation of a turn is in exactly one point, and versions agree with the files at each epoch', () => {
	fc.assert(
		fc.property(steps, (list) => {
			const { log, prompt, change, checkpoint, restore } = timelineLog();
			const now = ['absent', 'absent', 'absent'];
			let newest = 0;
			const set = ({ file, content }: Step, by: Parameters<typeof change>[3]) => {
				const to = content === 0 ? 'absent' : String(content);
				newest = change(String(file), now[file] ?? 'absent', to, by);
				now[file] = to;
			};
			prompt('start');
			for (const [index, step] of list.entries()) {
				if (step.kind === 'prompt') prompt(`p${index}`);
				else if (step.kind === 'change') set(step, { call: `e${index}` });
				else if (step.kind === 'found') set(step, { call: `c${index >> 1}`, author: 'shell', found: true });
				else if (step.kind === 'checkpoint') checkpoint(`k${index}`);
				else restore(() => set(step, {}));
			}
			const { points, pointOf } = pointsOf(log);
			const timeline = readTimeline(log.entries);
			const ids = new Set(points.map(({ id }) => id));
			assert.equal(ids.size, points.length);
			for (const operations of timeline.values()) {
				const versions = fileVersions(operations);
				for (const { epoch } of operations) assert.ok(ids.has(pointOf.get(epoch) as never));
				for (let epoch = 0; epoch <= newest; epoch++)
					assert.equal(versions[versionAt(versions, epoch)]?.content, contentAt(operations, epoch));
			}
			const shown = points.reduce((sum, { files }) => sum + files.length, 0);
			const keys = new Set<string>();
			for (const [key, operations] of timeline)
				for (const { epoch } of operations) keys.add(`${pointOf.get(epoch)} ${key}`);
			assert.equal(shown, keys.size);
			for (const point of points) assert.ok(point.before <= point.epoch);
		}),
	);
});
