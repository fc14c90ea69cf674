// Rows and groups of the session list: what is on disk, what is open, what was not seen, and what a filter leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId, asUnixMs } from '../../../src/base/ids.ts';
import type { SessionSummary, TrashedSession } from '../../../src/core/session/storePort.ts';
import { matchesFilter, mergeList, type OpenState, sessionGroups } from '../../../src/host/list/sessionList.ts';
import { badgeOf, describeSession, groupRow, sessionRow, trashedRow } from '../../../src/host/list/sessionRow.ts';

const NOW = new Date(2026, 10, 21, 13, 0).getTime();

const stored = (id: string, facts: Partial<SessionSummary> = {}): SessionSummary => ({
	id: asSessionId(id),
	title: `Title ${id}`,
	lastPrompt: '',
	state: 'idle',
	prompts: 1,
	costUsd: 0,
	isPinned: false,
	isArchived: false,
	originId: undefined,
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
	lastPrompt: '',
	hasEntries: true,
	isReadOnly: false,
	updatedAt: 200,
	activity: 'none',
	isPinned: false,
	isArchived: false,
	originId: undefined,
	...facts,
});
const trashed = (id: string): TrashedSession => ({
	name: `${id}.2`,
	session: stored(id),
	trashedAt: asUnixMs(NOW),
});
const shown = (sessions: ReturnType<typeof mergeList>) =>
	sessions.map((one) => `${one.title}${one.activity === 'none' ? '' : ` (${one.activity})`}`);
const groupsOf = (sessions: readonly SessionSummary[], trash: readonly TrashedSession[] = [], nowMs = NOW) =>
	sessionGroups(mergeList(sessions, []), trash, nowMs);
const keysOf = (groups: ReturnType<typeof groupsOf>) => groups.map(({ key, ids }) => `${key}: ${ids.join(' ')}`);

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

test('what another window holds is marked as such while it is looked at here, and no longer once it is taken over', () => {
	const elsewhere = [stored('a', { isOpenElsewhere: true })];
	assert.deepEqual(shown(mergeList(elsewhere, [open('a', { isReadOnly: true })])), ['Open a (elsewhere)']);
	assert.deepEqual(shown(mergeList(elsewhere, [open('a')])), ['Open a']);
});

test('what runs or waits in another window says so', () => {
	const elsewhere = (state: string) => shown(mergeList([stored('a', { isOpenElsewhere: true, state })], []))[0];
	assert.equal(elsewhere('runningTool'), 'Title a (runningElsewhere)');
	assert.equal(elsewhere('awaitingUser'), 'Title a (waitingElsewhere)');
});

test('unread is shown where nothing more urgent is, also for a session that is closed', () => {
	const unread = new Set(['a', 'b', 'c', 'd']);
	const rows = mergeList(
		[stored('a'), stored('d', { isOpenElsewhere: true })],
		[open('b', { activity: 'needsYou' }), open('c', { activity: 'failed' })],
		unread,
	);
	assert.deepEqual(shown(rows), ['Open b (needsYou)', 'Open c (failed)', 'Title a (unread)', 'Title d (elsewhere)']);
	assert.deepEqual(badgeOf(rows), {
		value: 4,
		tooltip: '1 session needs you: “Open b”\n3 unread: “Open c”, “Title a”, “Title d”',
	});
	assert.equal(badgeOf(mergeList([stored('a')], [])), undefined);
});

test('to be open is not to be used: an old session that is pinned here keeps its day', () => {
	const row = mergeList([stored('a', { updatedAt: asUnixMs(500) })], [open('a', { updatedAt: 200 })])[0];
	assert.equal(row?.updatedAt, 200);
	const readOnly = mergeList([stored('a', { updatedAt: asUnixMs(500) })], [open('a', { isReadOnly: true })])[0];
	assert.equal(readOnly?.updatedAt, 500);
});

test('a row says what needs to be known and when; running says it all', () => {
	const check = (updatedAt: Date, expected: string, facts: Partial<SessionSummary> = {}) => {
		const [row] = mergeList([stored('a', { updatedAt: asUnixMs(updatedAt.getTime()), ...facts })], []);
		assert.equal(row && describeSession(row, NOW), expected);
	};
	check(new Date(2026, 10, 21, 12, 59, 30), 'now');
	check(new Date(2026, 10, 21, 13, 1), 'now');
	check(new Date(2026, 10, 21, 12, 1), '59 min');
	check(new Date(2026, 10, 21, 0, 30), '12 h');
	check(new Date(2026, 10, 20, 9, 5), '09:05');
	check(new Date(2026, 10, 20, 9, 5), 'yesterday', { isPinned: true });
	check(new Date(2026, 10, 17, 9, 5), 'Tue');
	check(new Date(2026, 2, 3), 'Mar 3');
	check(new Date(2025, 2, 3), 'interrupted · Mar 3, 2025', { state: 'interrupted' });
	check(new Date(2026, 2, 3), 'running in another window', { isOpenElsewhere: true, state: 'streaming' });
});

test('a fork is told by where it came from, and not by its name', () => {
	const [named, real, damaged] = mergeList(
		[
			stored('a', { title: 'Plan (fork)' }),
			stored('b', { originId: asSessionId('a') }),
			stored('c', { originId: asSessionId('a'), isDamaged: true }),
		],
		[],
	);
	assert.ok(named && real && damaged);
	assert.equal(sessionRow(named, undefined, NOW).icon, 'comment');
	assert.equal(sessionRow(real, 'Plan', NOW).icon, 'repo-forked');
	assert.equal(sessionRow(damaged, 'Plan', NOW).icon, 'warning');
	assert.match(sessionRow(real, 'Plan', NOW).tooltip.join('\n'), /Fork of “Plan”/);
});

test('a session in a worktree says so as long as the worktree is there', () => {
	const [row, running] = mergeList(
		[stored('a', { worktreeId: 'w', originId: asSessionId('x') }), stored('b', { worktreeId: 'v', state: 'failed' })],
		[open('a', { worktreeId: 'w', originId: asSessionId('x') })],
	);
	assert.ok(row && running);
	const there = sessionRow(row, undefined, NOW, 'there');
	assert.equal(there.icon, 'worktree');
	assert.match(there.description, /^worktree · /);
	assert.match(there.context, / worktree$/);
	assert.match(there.spoken, /, worktree, /);
	const gone = sessionRow(row, undefined, NOW, 'gone');
	assert.deepEqual([gone.icon, /worktree/.test(gone.description)], ['repo-forked', false]);
	assert.match(gone.context, / discardedTree$/);
	assert.match(gone.tooltip.join('\n'), /Its worktree was discarded/);
	assert.equal(sessionRow(running, undefined, NOW, 'there').icon, 'error');
});

test('the menus find what they need to know in the words of a row', () => {
	const contexts = mergeList(
		[stored('a', { isPinned: true, isArchived: true, originId: asSessionId('x') }), stored('b')],
		[open('c')],
	).map((row) => sessionRow(row, undefined, NOW).context);
	assert.deepEqual(contexts, ['session open', 'session pinned archived fork', 'session']);
	assert.equal(trashedRow(trashed('a'), NOW).context, 'trashed');
});

test('groups follow the calendar of the local time zone', () => {
	const now = new Date(2026, 10, 21, 0, 30).getTime();
	const at = (day: number, hour: number) =>
		stored(`${day}-${hour}`, { updatedAt: asUnixMs(new Date(2026, 10, day, hour).getTime()) });
	const groups = groupsOf([at(21, 0), at(20, 23), at(19, 23), at(14, 1), at(13, 23)], [], now);
	assert.deepEqual(keysOf(groups), ['today: 21-0', 'yesterday: 20-23', 'week: 19-23 14-1', 'older: 13-23']);
});

test('pinned stands first, archived and the trash last and closed; a pinned one is not archived as well', () => {
	const groups = groupsOf(
		[stored('a', { isArchived: true }), stored('b', { isPinned: true, isArchived: true }), stored('c')],
		[trashed('t')],
	);
	assert.deepEqual(keysOf(groups), ['pinned: b', 'older: c', 'archived: a', 'trash: t.2']);
	assert.deepEqual(
		groups.filter((group) => group.isCollapsed).map(({ key }) => key),
		['archived', 'trash'],
	);
	assert.deepEqual(
		groups.map((group) => groupRow(group).description),
		['', '', '1', '1'],
	);
});

test('what wants the user is not hidden in the archive', () => {
	const rows = mergeList([stored('a', { isArchived: true })], [open('b', { isArchived: true, activity: 'needsYou' })]);
	assert.deepEqual(keysOf(sessionGroups(rows, [], NOW)), ['older: b', 'archived: a']);
	const unread = mergeList([stored('a', { isArchived: true })], [], new Set(['a']));
	assert.deepEqual(keysOf(sessionGroups(unread, [], NOW)), ['older: a']);
});

test('more than fifty old sessions start closed, with their number', () => {
	const many = (count: number) => groupsOf(Array.from({ length: count }, (_, index) => stored(`s${index}`)))[0];
	assert.equal(many(50)?.isCollapsed, false);
	const group = many(1234);
	assert.equal(group?.isCollapsed, true);
	assert.equal(group && groupRow(group).description, '1,234');
	const [partly] = sessionGroups(mergeList([stored('a')], []), [], NOW, 1000);
	assert.equal(partly?.isCollapsed, true);
	assert.equal(partly && groupRow(partly).description, '');
});

test('a filter wants every word, in the name or the last prompt, in any case', () => {
	const session = { title: 'Guard the AREA', lastPrompt: 'Négatives are refused' };
	assert.ok(matchesFilter(session, ' area  négatives '));
	assert.ok(matchesFilter(session, ''));
	assert.ok(!matchesFilter(session, 'area positives'));
});
