import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId, asUnixMs } from '../../src/base/ids.ts';
import type { SessionSummary } from '../../src/core/ports.ts';
import { mergeList, type OpenState, sessionGroups } from '../../src/host/sessionList.ts';

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
