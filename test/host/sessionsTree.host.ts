// The sessions tree in a real editor: what it gives out, what it redraws, and what its commands do to real sessions.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Emitter } from '../../src/base/emitter.ts';
import { asSessionId, asUnixMs, type SessionId } from '../../src/base/ids.ts';
import type { SessionStore, SessionSummary, TrashedSession } from '../../src/core/session/storePort.ts';
import type { SessionNode } from '../../src/host/agentTypes.ts';
import { createSessionCommands } from '../../src/host/list/sessionCommands.ts';
import { PAGE_ROWS, SessionsTree, type SessionsView } from '../../src/host/list/sessionsTree.ts';
import { UnreadSessions } from '../../src/host/list/unreadSessions.ts';
import { createSessionDigests } from '../../src/host/prompt/sessionMentions.ts';
import type { OpenSession, SessionChange } from '../../src/host/session/openSession.ts';
import { OpenSessions } from '../../src/host/session/openSessions.ts';
import { createMemorySessionStore } from '../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../fakes/memoryBlobStore.ts';
import { hostTest } from './support/hostTest.ts';
import { until } from './support/until.ts';

const HOUR_MS = 3_600_000;

function summary(id: string, facts: Partial<SessionSummary> = {}): SessionSummary {
	return {
		...{ id: asSessionId(id), title: `Title ${id}`, lastPrompt: '', state: 'idle', prompts: 1, costUsd: 0 },
		...{ isPinned: false, isArchived: false, originId: undefined, createdAt: asUnixMs(1), sizeBytes: 1 },
		...{ updatedAt: asUnixMs(Date.now()), isOpenElsewhere: false, isDamaged: false },
		...facts,
	};
}

/** A view that records what it was told; VS Code draws none of its rows. */
function createView() {
	const visibility = new vscode.EventEmitter<vscode.TreeViewVisibilityChangeEvent>();
	const revealed: string[] = [];
	const view: SessionsView & { selection: SessionNode[] } = {
		visible: true,
		selection: [],
		onDidChangeVisibility: visibility.event,
		async reveal(node, options) {
			revealed.push(`${nameOf(node)}${options?.focus === true ? ' focused' : ''}`);
		},
	};
	return { view, revealed };
}

const nameOf = (node: SessionNode) =>
	node.kind === 'session' ? node.sessionId : node.kind === 'trashed' ? node.name : `${node.kind}:${node.key}`;

async function createCase(sessions: SessionSummary[] = [], trash: TrashedSession[] = []) {
	const asked: (number | undefined)[] = [];
	const restored: string[] = [];
	const memory = createMemorySessionStore();
	const disk = { sessions, trash, onDisk: undefined as number | undefined };
	const store: SessionStore = {
		...memory,
		async list(options) {
			asked.push(options?.newest);
			const rows = options?.newest === undefined ? disk.sessions : disk.sessions.slice(0, options.newest);
			return { sessions: rows, onDisk: disk.onDisk ?? disk.sessions.length };
		},
		listTrash: async () => disk.trash,
		async restore(name) {
			restored.push(name);
			disk.trash = disk.trash.filter((one) => one.name !== name);
		},
	};
	const errors: unknown[] = [];
	const onError = (_event: string, error: unknown) => void errors.push(error);
	const open = new OpenSessions({
		stores: { sessions: memory, blobs: createMemoryBlobStore() },
		outside: { clock: createFakeClock(), ids: createFakeIds() },
		decider: { open: async () => undefined } as never,
		defaults: () => ({ cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' }),
		relativePath: (absolute) => absolute,
		attach: () => ({ dispose: () => undefined }),
		trace: () => undefined,
		onError,
	});
	const first = await open.create();
	const state = { shown: first };
	const shown = new Emitter<OpenSession>();
	const changed = new Emitter<{ readonly open: OpenSession; readonly change: SessionChange }>();
	open.onDidChange((change) => changed.fire(change));
	const list = new Emitter<void>();
	const { view, revealed } = createView();
	const values = new Map<string, unknown>();
	const unread = new UnreadSessions(
		{ get: (_key, value) => value, update: async (key, value) => void values.set(key, value) },
		(id) => id === state.shown.session.id,
	);
	const tree = new SessionsTree({
		...{ store, view, unread, onError, onDidShow: shown.event, onDidChange: changed.event },
		...{ onDidChangeList: list.event, openSessions: () => open.all, shown: () => state.shown },
	});
	const fired: string[] = [];
	tree.onDidChangeTreeData((node) => {
		const nodes = Array.isArray(node) ? node : [node];
		fired.push(nodes.map((one) => (one ? nameOf(one) : 'all')).join(' '));
	});
	/** Everything in the tree, as VS Code would ask for it. */
	const shownRows = async () => {
		const rows: string[] = [];
		for (const group of await tree.getChildren()) {
			const item = tree.getTreeItem(group);
			const isOpen = item.collapsibleState === vscode.TreeItemCollapsibleState.Expanded;
			rows.push(`${labelOf(item)}${isOpen ? '' : ' closed'}`);
			for (const child of await tree.getChildren(group)) rows.push(`  ${labelOf(tree.getTreeItem(child))}`);
		}
		return rows;
	};
	const used: string[] = [];
	const commands = createSessionCommands({
		...{ store, tree, sessions: open, onError },
		selection: () => view.selection,
		shownId: () => state.shown.session.id,
		isInUse: (id) => id === state.shown.session.id,
		rename: async (id, title) => void used.push(`rename ${id} ${title}`),
		remove: async (id) => void used.push(`remove ${id}`),
		addToInput: async (text) => void used.push(`input ${text}`),
	});
	/** A session with one prompt, closed again. */
	const write = async (prompt: string): Promise<SessionId> => {
		const { session } = await open.create();
		session.append({ type: 'user', content: [{ type: 'text', text: prompt }] });
		session.append({ type: 'turnEnded', reason: 'endTurn', durationMs: 1 });
		await open.close(session.id);
		return session.id;
	};
	return {
		...{ tree, view, revealed, fired, asked, disk, open, commands, used, unread, list, write, restored },
		state,
		shown,
		errors,
		shownRows,
	};
}

const labelOf = (item: vscode.TreeItem) =>
	`${String(item.label)}${item.description ? ` | ${String(item.description)}` : ''}`;

hostTest('the newest rows are there first, then all; the rest of a large group comes page by page', async () => {
	const old = asUnixMs(Date.now() - 40 * 24 * HOUR_MS);
	const sessions = Array.from({ length: 10_000 }, (_, index) => summary(`s${index}`, { updatedAt: old }));
	const { tree, asked, fired, shownRows, errors } = await createCase(sessions);
	const [first] = await tree.getChildren();
	assert.deepEqual(asked, [50]);
	assert.ok(first);
	assert.equal((await tree.getChildren(first)).length, 50);
	// VS Code keeps a row as it was at first.
	assert.equal(tree.getTreeItem(first).collapsibleState, vscode.TreeItemCollapsibleState.Collapsed);
	await until(() => fired.includes('all'));
	assert.deepEqual(asked, [50, undefined]);
	// What this process worked: the machine may be busy with others.
	const started = process.cpuUsage();
	const rows = await shownRows();
	assert.ok(process.cpuUsage(started).user < 500_000);
	assert.equal(rows[0], 'Older | 10,000 closed');
	assert.equal(rows.length, 1 + PAGE_ROWS + 1);
	assert.equal(rows.at(-1), `  Show ${PAGE_ROWS} more… | 9,800 not shown`);
	tree.showMore('older');
	assert.equal((await shownRows()).length, 1 + 2 * PAGE_ROWS + 1);
	assert.deepEqual(errors, []);
	tree.dispose();
});

hostTest('groups, the trash, the message about missing rows, and the badge', async () => {
	const trashed = { name: 't.1', session: summary('t'), trashedAt: asUnixMs(Date.now()) };
	const { tree, view, disk, shownRows, unread } = await createCase(
		[summary('a', { isPinned: true }), summary('b'), summary('c', { isArchived: true })],
		[trashed],
	);
	disk.onDisk = 4;
	await tree.reload();
	assert.deepEqual(await shownRows(), [
		...['Pinned', '  Title a | now', 'Today', '  Title b | now', 'Archived | 1 closed', '  Title c | now'],
		...['Trash | 1 closed', '  Title t | now'],
	]);
	assert.match(view.message ?? '', /^4 sessions on disk, 3 shown/);
	unread.watch({ session: { id: 'b' }, isRunning: true });
	unread.watch({ session: { id: 'b' }, isRunning: false });
	await until(() => view.badge?.value === 1);
	assert.match(view.badge?.tooltip ?? '', /Title b/);
	unread.clear('b');
	await until(() => view.badge === undefined);
	tree.dispose();
});

hostTest('a running session redraws its own row and reads no disk; what streams redraws nothing', async () => {
	const { tree, open, fired, asked, shownRows, revealed, state, errors } = await createCase([summary('a')]);
	const { session } = state.shown;
	session.append({ type: 'user', content: [{ type: 'text', text: 'Guard the area' }] });
	await tree.reload();
	await shownRows();
	await until(() => revealed.includes(session.id));
	const reads = asked.length;
	fired.length = 0;
	state.shown.turn = { abort: () => undefined, done: Promise.resolve() };
	await until(() => fired.length > 0);
	assert.deepEqual(fired, [session.id]);
	assert.ok((await shownRows()).includes('  Guard the area | running'));
	state.shown.onTurnEvent({ kind: 'requestStarted' } as never);
	state.shown.turn = undefined;
	await until(() => fired.length > 1);
	assert.deepEqual(fired, [session.id, session.id]);
	assert.equal(asked.length, reads);
	assert.deepEqual(errors, []);
	await open.closeAll();
	tree.dispose();
});

hostTest('the shown session is selected without the focus, and not in a closed group', async () => {
	const { tree, view, revealed, state, shown, open, shownRows } = await createCase([]);
	const other = await open.create();
	other.session.append({ type: 'user', content: [{ type: 'text', text: 'Other' }] });
	await tree.reload();
	await shownRows();
	state.shown = other;
	shown.fire(other);
	await until(() => revealed.length > 0);
	assert.deepEqual(revealed, [other.session.id]);
	view.selection = [await nodeOf(tree, other.session.id)];
	shown.fire(other);
	await tree.reload();
	assert.equal(revealed.length, 1);
	await open.closeAll();
	tree.dispose();
});

hostTest('a filter shows what matches, in open groups, and says when nothing does', async () => {
	const { tree, view, shownRows } = await createCase([
		summary('a', { title: 'Guard area' }),
		summary('b', { title: 'Other', isArchived: true, lastPrompt: 'the AREA again' }),
		summary('c'),
	]);
	await tree.reload();
	tree.filter = 'area ';
	assert.deepEqual(await shownRows(), ['Today', '  Guard area | now', 'Archived | 1', '  Other | now']);
	assert.equal(view.message, '“area”: 2 of 3 sessions.');
	tree.filter = 'nothing';
	assert.deepEqual(await shownRows(), []);
	assert.equal(view.message, 'No session matches “nothing”.');
	tree.filter = '';
	assert.equal((await shownRows()).length, 5);
	assert.equal(view.message, '');
	tree.dispose();
});

hostTest('pinning writes an entry to the log of each selected session and leaves it closed', async () => {
	const { commands, open, write, tree, errors } = await createCase();
	const ids = [await write('One'), await write('Two')];
	const nodes = ids.map((sessionId): SessionNode => ({ kind: 'session', sessionId }));
	await commands.pinSession?.(nodes[0], nodes);
	assert.deepEqual(
		ids.map((id) => open.find(id)),
		[undefined, undefined],
	);
	for (const id of ids) {
		const { session } = await open.open(id);
		assert.equal(session.isPinned, true);
		assert.equal(session.entries.filter((entry) => entry.type === 'state').length, 1);
	}
	await commands.pinSession?.(nodes[0], undefined);
	await commands.archiveSession?.(nodes[0], undefined);
	await commands.unpinSession?.(nodes[0], undefined);
	const [first] = ids;
	assert.ok(first);
	const { session } = await open.open(first);
	assert.deepEqual([session.isPinned, session.isArchived], [false, true]);
	assert.equal(session.entries.filter((entry) => entry.type === 'state').length, 3);
	assert.deepEqual(errors, []);
	await open.closeAll();
	tree.dispose();
});

hostTest('an empty session is not pinned, and the message says why', async () => {
	const { commands, tree } = await createCase();
	await assert.rejects(async () => await commands.pinSession?.(undefined, undefined), /no message yet/);
	tree.dispose();
});

hostTest(
	'a trashed session is restored by its name in the trash; the keys of the tree mean its selection',
	async () => {
		const trashed = { name: 't.1', session: summary('t'), trashedAt: asUnixMs(Date.now()) };
		const { commands, view, tree, restored, used, shownRows } = await createCase([summary('a')], [trashed]);
		await tree.reload();
		await commands.restoreSession?.({ kind: 'trashed', name: 't.1' }, undefined);
		assert.deepEqual(restored, ['t.1']);
		assert.deepEqual(await shownRows(), ['Today', '  Title a | now']);
		view.selection = [{ kind: 'trashed', name: 'x' }];
		await commands.deleteSession?.('selection');
		assert.deepEqual(used, []);
		view.selection = [{ kind: 'session', sessionId: asSessionId('a-123456') }];
		await commands.mentionSession?.('selection');
		assert.deepEqual(used, ['input @session:this-session-123456 ']);
		tree.dispose();
	},
);

hostTest('a mentioned session is read, and closed again', async () => {
	const { open, write, tree, disk } = await createCase();
	const id = await write('Guard the area');
	disk.sessions = [summary(id, { title: 'Guard the area' })];
	const digests = createSessionDigests({ list: async () => ({ sessions: disk.sessions, onDisk: 1 }) }, open);
	const digest = await digests(`guard-the-area-${id.slice(-6)}`);
	assert.equal(digest?.text, '# Guard the area\n\n## Prompt\n\nGuard the area\n\n### Answer\n\nNone.');
	assert.equal(open.find(id), undefined);
	assert.equal(await digests('nothing'), undefined);
	tree.dispose();
});

async function nodeOf(tree: SessionsTree, id: string): Promise<SessionNode> {
	for (const group of await tree.getChildren())
		for (const node of await tree.getChildren(group)) if (nameOf(node) === id) return node;
	return assert.fail(`${id} is not in the tree.`);
}
