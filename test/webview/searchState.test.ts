import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	initialSearchState,
	notes,
	received,
	type SearchPageState,
	statusText,
	treeKey,
	typed,
	visibleRows,
} from '../../webview/search/searchState.ts';
import { hits, searchSamples, sessions } from './harness/searchSamples.ts';

const after = (name: string): SearchPageState => {
	const sample = searchSamples[name];
	assert.ok(sample);
	const state = typed(initialSearchState, sample.text);
	return sample.messages(state.number).reduce(received, state);
};
const keys = (state: SearchPageState, ...pressed: readonly string[]) =>
	pressed.reduce((now, key) => {
		const next = treeKey(now, key);
		return next === undefined || next === 'input' ? now : next.state;
	}, state);

test('sessions that changed last first, the trash last, hits as they came', () => {
	const state = after('results');
	assert.deepEqual(
		state.sessions.map(({ key }) => key),
		sessions.map(({ key }) => key),
	);
	const [first, ...others] = [...sessions];
	assert.ok(first);
	const mixed = received(typed(initialSearchState, 'x'), {
		kind: 'search.found',
		number: 1,
		sessions: [{ ...first, isTrashed: true }, ...others.toReversed().map((one) => ({ ...one, isTrashed: false }))],
		hits: [],
	});
	assert.deepEqual(
		mixed.sessions.map(({ key }) => key),
		['sessions/b', 'trash/c', 'sessions/a'],
	);
	assert.equal(visibleRows(state).length, sessions.length + hits.length);
	assert.equal(statusText(state), '7 results in 3 sessions');
});

test('while a new search waits, what was found stays; its first news takes the place', () => {
	const waiting = typed(after('results'), 'areas');
	assert.equal(waiting.hitCount, hits.length);
	assert.equal(statusText(waiting), 'Searching…');
	const done = received(waiting, {
		kind: 'search.done',
		number: waiting.number,
		isComplete: true,
		cutSessions: [],
		unsearchedOutputs: 0,
	});
	assert.equal(done.hitCount, 0);
	assert.equal(statusText(done), 'No results');
	assert.equal(typed(waiting, ' ').phase, 'empty');
});

test('a late message changes nothing', () => {
	const state = after('results');
	for (const message of searchSamples.results?.messages(state.number - 1) ?? [])
		assert.equal(received(state, message), state);
});

test('what is not shown is said', () => {
	assert.equal(notes(after('cut')).length, 2);
	assert.deepEqual(notes(after('results')), []);
	assert.match(after('invalid').failure?.message ?? '', /is:error/);
});

test('keys of a tree', () => {
	const start = after('results');
	assert.equal(treeKey(start, 'ArrowUp'), 'input');
	assert.equal(treeKey(start, 'x'), undefined);
	const second = keys(start, 'ArrowDown', 'ArrowDown');
	assert.equal(second.current, `sessions/a ${hits[1]?.entryId}`);
	assert.equal(keys(second, 'ArrowLeft').current, 'sessions/a');
	const folded = keys(second, 'ArrowLeft', 'ArrowLeft');
	assert.ok(folded.closed.has('sessions/a'));
	assert.equal(keys(folded, 'ArrowDown').current, 'sessions/b');
	assert.ok(!keys(folded, 'ArrowRight').closed.has('sessions/a'));
	assert.equal(keys(start, 'End').current, `trash/c ${hits.at(-1)?.entryId}`);
	assert.equal(keys(start, 'End', 'ArrowDown', 'Home').current, 'sessions/a');
});
