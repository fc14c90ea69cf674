import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId, asUnixMs } from '../../src/base/ids.ts';
import type { SessionSummary } from '../../src/core/ports.ts';
import { describeSession, mergeList, type OpenState, sessionGroups } from '../../src/host/sessionList.ts';

const stored = (id: string, facts: Partial<SessionSummary> = {}): SessionSummary => ({
	id: asSessionId(id),
	title: `Title ${id}`,
	lastPrompt: '',
	state: 'idle',
	prompts: 1,
	costUsd: 0,
	isPinned: false,
	createdAt: asUnixMs(1),
	updatedAt: asUnixMs(100),
	sizeBytes: 1,
	isOpenElsewhere: false,
	isDamaged: false,
	...facts,
});
const open = (id: string, facts: Partial<OpenState> = {}): OpenState => ({
	id: asSessionId(id),
	title: `Open ${id}`,
	hasEntries: true,
	isReadOnly: false,
	updatedAt: 200,
	activity: 'none',
	...facts,
});
const shown = (sessions: ReturnType<typeof mergeList>) =>
	sessions.map((one) => `${one.title}${one.activity === 'none' ? '' : ` (${one.activity})`}`);

test('what is open overlays what is on disk; a session without a prompt has no row', () => {
	const rows = mergeList(
		[
			stored('a'),
			stored('b', { state: 'interrupted' }),
			stored('c', { isDamaged: true }),
			stored('d', { isOpenElsewhere: true }),
		],
		[open('a', { activity: 'needsYou' }), open('new', { hasEntries: false })],
	);
	assert.deepEqual(shown(rows), [
		'Open a (needsYou)',
		'Title b (interrupted)',
		'Title c (damaged)',
		'Title d (elsewhere)',
	]);
});

test('a session that runs but is not in the list yet is shown', () => {
	assert.deepEqual(shown(mergeList([], [open('a', { activity: 'running' })])), ['Open a (running)']);
});

test('our own lease is not another window', () => {
	assert.deepEqual(shown(mergeList([stored('a', { isOpenElsewhere: true })], [open('a')])), ['Open a']);
});

test('a row says what needs to be known, when, and what it cost', () => {
	const now = new Date(2026, 10, 21, 13, 0).getTime();
	const check = (updatedAt: Date, expected: string, facts: Partial<SessionSummary> = {}) => {
		const [row] = mergeList([stored('a', { updatedAt: asUnixMs(updatedAt.getTime()), ...facts })], []);
		assert.equal(row && describeSession(row, now), expected);
	};
	check(new Date(2026, 10, 21, 12, 59, 30), 'now');
	check(new Date(2026, 10, 21, 13, 1), 'now');
	check(new Date(2026, 10, 21, 12, 1), '59 min ago', { costUsd: 0.004 });
	check(new Date(2026, 10, 21, 0, 30), '12 h ago · $0.18', { costUsd: 0.184 });
	check(new Date(2026, 10, 20, 9, 5), '09:05');
	check(new Date(2026, 10, 17, 9, 5), 'Tuesday');
	check(new Date(2026, 2, 3), 'Mar 3');
	check(new Date(2025, 2, 3), 'interrupted · Mar 3, 2025', { state: 'interrupted' });
});

test('groups follow the calendar of the local time zone', () => {
	const now = new Date(2026, 10, 21, 0, 30).getTime();
	const at = (day: number, hour: number) =>
		stored(`${day}-${hour}`, { updatedAt: asUnixMs(new Date(2026, 10, day, hour).getTime()) });
	const groups = sessionGroups(mergeList([at(21, 0), at(20, 23), at(19, 23), at(14, 1), at(13, 23)], []), now);
	assert.deepEqual(
		groups.map((group) => `${group.label}: ${group.sessions.map((one) => one.id).join(' ')}`),
		['Today: 21-0', 'Yesterday: 20-23', 'This week: 19-23 14-1', 'Older: 13-23'],
	);
});

test('what another window holds is marked as such while it is looked at here, and no longer once it is taken over', () => {
	const elsewhere = [stored('a', { isOpenElsewhere: true })];
	assert.deepEqual(shown(mergeList(elsewhere, [open('a', { isReadOnly: true })])), ['Open a (elsewhere)']);
	assert.deepEqual(shown(mergeList(elsewhere, [open('a')])), ['Open a']);
});
