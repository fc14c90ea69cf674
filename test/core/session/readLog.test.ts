import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLog } from '../../../src/core/session/readLog.ts';
import { asLog, line } from './sessionSupport.ts';

const HEAD = line('h', null, 'header');
const A = line('a', null, 'user');

function check(lines: string[], tail: string | undefined, expected: { ids: string[]; problems: [string, number][] }) {
	const all = asLog(tail === undefined ? lines : [...lines, tail]);
	const tornTail = tail === undefined ? undefined : all.pop();
	const read = readLog({ lines: all, tornTail });
	assert.deepEqual(
		read.entries.map(({ entry }) => entry.id),
		expected.ids,
	);
	assert.deepEqual(
		read.problems.map((problem) => [problem.kind, problem.lineNumber]),
		expected.problems,
	);
	return read;
}

test('a good log has no problems', () => {
	check([], undefined, { ids: [], problems: [] });
	check([HEAD, A], undefined, { ids: ['h', 'a'], problems: [] });
});

test('what cannot be read costs that line only, and is told with its number', () => {
	check([HEAD, '{"v":1', A], undefined, { ids: ['h', 'a'], problems: [['badLine', 2]] });
	check([HEAD, 'null', '[]', '7', A], undefined, {
		ids: ['h', 'a'],
		problems: [
			['badLine', 2],
			['badLine', 3],
			['badLine', 4],
		],
	});
	const wrongField = line('b', 'a', 'user', { content: 'text' });
	const read = check([HEAD, A, wrongField], undefined, { ids: ['h', 'a'], problems: [['badLine', 3]] });
	assert.match(read.problems[0]?.message ?? '', /content/);
});

test('a torn last line is left out, unless it only lacks its newline', () => {
	check([HEAD], A.slice(0, 40), { ids: ['h'], problems: [['tornTail', 2]] });
	check([HEAD], A, { ids: ['h', 'a'], problems: [] });
});

test('a repeated line counts once', () => {
	check([HEAD, A, A], undefined, { ids: ['h', 'a'], problems: [['duplicate', 3]] });
});

test('a byte order mark and carriage returns do no harm', () => {
	check([`\uFEFF${HEAD}`, `${A}\r`], undefined, { ids: ['h', 'a'], problems: [] });
});

test('a missing header is told, and the rest is read', () => {
	check([A], undefined, { ids: ['a'], problems: [['missingHeader', 1]] });
});

test('an unknown type is kept', () => {
	const read = check([HEAD, line('x', null, 'fromTheFuture', { any: 1 })], undefined, {
		ids: ['h', 'x'],
		problems: [],
	});
	const entry = read.entries[1]?.entry;
	assert.equal(entry?.type === 'unknown' && entry.originalType, 'fromTheFuture');
});

test('a newer version is told once and makes the log newer, readable or not', () => {
	const readable = check([HEAD, line('a', null, 'user', { v: 2 }), line('b', 'a', 'user', { v: 3 })], undefined, {
		ids: ['h', 'a', 'b'],
		problems: [['newerVersion', 2]],
	});
	assert.equal(readable.isNewer, true);
	const unreadable = check([HEAD, '{"v":2,"other":true}'], undefined, { ids: ['h'], problems: [['newerVersion', 2]] });
	assert.equal(unreadable.isNewer, true);
	assert.equal(readLog({ lines: asLog([HEAD, A]), tornTail: undefined }).isNewer, false);
});

test('an entry of a generation lower than one before it is late', () => {
	const lines = [HEAD, A, line('b', 'a', 'reminder', { gen: 2 }), line('c', 'a', 'reminder')];
	check(lines, undefined, { ids: ['h', 'a', 'b', 'c'], problems: [['late', 4]] });
});

test('blank lines count in the numbers', () => {
	const [first, second] = asLog([HEAD, 'bad']);
	assert.ok(first && second);
	const behindBlanks = { ...second, blankLinesBefore: 2 };
	const read = readLog({ lines: [first, behindBlanks], tornTail: undefined });
	assert.equal(read.problems[0]?.lineNumber, 4);
});
