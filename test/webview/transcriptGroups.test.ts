/** How rows become articles, and which rows fold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortCost, shortDuration, shortSize } from '../../webview/format.ts';
import { describeFold, foldRows, groupTranscript, type ToolItem } from '../../webview/transcriptGroups.ts';
import { rewound } from './harness/rewindSamples.ts';
import { errorNotice, items } from './harness/samples.ts';

const tool = (id: string, verb: string, state: ToolItem['state'] = 'done', target = id): ToolItem => ({
	...{ id, kind: 'tool', verb, target, state, summary: '', preview: '', isTruncated: false },
});

test('one article per prompt and one per turn', () => {
	const shape = groupTranscript(items).map((group) => `${group.kind} ${group.id}`);
	assert.deepEqual(shape, ['prompt p1', 'turn turn-th1', 'prompt p2', 'turn turn-t4']);
});

test('a rewind and a notice of their own stand between articles', () => {
	const groups = groupTranscript([errorNotice, ...items.slice(0, 2), rewound]);
	assert.deepEqual(
		groups.map((group) => group.kind),
		['line', 'prompt', 'turn', 'line'],
	);
});

test('three reads in a row fold; fewer, failed or mixed ones do not', () => {
	const check = (rows: readonly ToolItem[], expected: string) =>
		assert.equal(
			foldRows(rows)
				.map((row) => (row.kind === 'fold' ? `[${row.items.map((item) => item.id).join('')}]` : row.id))
				.join(' '),
			expected,
		);
	check([tool('a', 'Read'), tool('b', 'Search')], 'a b');
	check([tool('a', 'Read'), tool('b', 'Searched'), tool('c', 'Listed')], '[abc]');
	check([tool('a', 'Read'), tool('b', 'Read'), tool('c', 'Run'), tool('d', 'Read')], 'a b c d');
	check(
		[
			tool('a', 'Read'),
			tool('b', 'Read', 'failed'),
			tool('c', 'Read'),
			tool('d', 'Read'),
			tool('e', 'Read', 'running'),
		],
		'a b [cde]',
	);
});

test('a fold keeps its id while it grows, so that it stays open', () => {
	const three = [tool('a', 'Read'), tool('b', 'Read'), tool('c', 'Read')];
	assert.equal(foldRows(three)[0]?.id, foldRows([...three, tool('d', 'Read')])[0]?.id);
});

test('a fold counts files once', () => {
	assert.equal(
		describeFold([tool('a', 'Read', 'done', 'x'), tool('b', 'Read', 'done', 'x'), tool('c', 'Search')]),
		'1 file, 1 search',
	);
	const looks = [tool('a', 'List'), tool('b', 'Outline'), tool('c', 'Check'), tool('d', 'Find uses of')];
	assert.equal(describeFold(looks), '1 search, 2 lists, 1 check');
	// What a command printed is no file.
	const printed = [tool('a', 'Read output of'), tool('b', 'Read output of'), tool('c', 'Read output of')];
	assert.equal(foldRows(printed).length, 3);
});

test('numbers are short and honest', () => {
	const check = (actual: string, expected: string) => assert.equal(actual, expected);
	check(shortDuration(12.4), '12 ms');
	check(shortDuration(1432), '1.4 s');
	check(shortDuration(125_000), '2 min 5 s');
	check(shortCost(0), '$0.00');
	check(shortCost(0.001), '< $0.01');
	check(shortCost(0.184), '$0.18');
	check(shortSize(820), '820 B');
	check(shortSize(1_440_000), '1.4 MB');
});
