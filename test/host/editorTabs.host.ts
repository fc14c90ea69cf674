// Sessions as editor tabs beside the side panel, in a real editor: which session commands mean, what comes back after a reload, what closes.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { ChatViews, TAB_TYPE } from '../../src/host/panel/chatViews.ts';
import type { OpenSession } from '../../src/host/session/openSession.ts';
import { SessionHost } from '../../src/host/session/sessionHost.ts';
import type { SessionHostWorld } from '../../src/host/session/sessionView.ts';
import { createMemoryBlobStore } from '../../src/node/store/memoryBlobStore.ts';
import { createMemorySessionStore } from '../../src/node/store/memorySessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import type { PanelHead } from '../../src/protocol/toPanel.ts';
import { plainHead } from '../fakes/plainHead.ts';
import { hostTest } from './support/hostTest.ts';
import { until } from './support/until.ts';

const errors: string[] = [];

function createWorld(): SessionHostWorld {
	const kept = new Map<string, unknown>();
	const blobs = createMemoryBlobStore();
	const world = {
		stores: { sessions: createMemorySessionStore(), blobs },
		blobs,
		outside: { clock: systemClock, ids: createIdSource() },
		decider: { proposeEdit: () => assert.fail('no turn runs here') },
		state: {
			keys: () => [...kept.keys()],
			get: (key: string, otherwise: unknown) => kept.get(key) ?? otherwise,
			update: async (key: string, value: unknown) => void kept.set(key, value),
		},
		defaults: () => ({ cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' }),
		relativePath: (absolute: string) => absolute,
		attach: () => ({ dispose: () => undefined }),
		trace: () => undefined,
		onError: (event: string) => errors.push(event),
	};
	return world as unknown as SessionHostWorld;
}

function headOf({ session }: OpenSession): PanelHead {
	return { ...plainHead, sessionId: session.id, title: session.title };
}

async function createScene() {
	const extensionUri = vscode.extensions.getExtension('retrace.retrace')?.extensionUri;
	assert.ok(extensionUri);
	await vscode.commands.executeCommand('workbench.action.closeAllEditors');
	const host = await SessionHost.start(createWorld());
	const views = new ChatViews({
		extensionUri,
		host,
		isPersisted: true,
		source: (view) => ({
			head: () => headOf(view.current),
			items: () => ({ items: view.current.rows(), hasOlder: false }),
			meter: () => ({
				usedTokens: 0,
				maxTokens: 1,
				triggerTokens: 0,
				rotTokens: 0,
				estimatedTokens: 0,
				layers: [],
				costUsd: 0,
				cacheShare: null,
				turnsLeft: null,
			}),
			draft: () => view.draft,
		}),
		onMessage: async () => undefined,
		onError: (event) => errors.push(event),
	});
	const create = async (title: string) => {
		const open = await host.sessions.create();
		open.session.append({ type: 'user', content: [{ type: 'text', text: title }] });
		open.session.append({ type: 'title', title, by: 'user' });
		return open;
	};
	const close = async () => {
		await vscode.commands.executeCommand('workbench.action.closeAllEditors');
		views.dispose();
		host.dispose();
	};
	return { host, views, create, close };
}

const tabs = () =>
	vscode.window.tabGroups.all
		.flatMap((group) => group.tabs)
		.filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(TAB_TYPE));
const labels = () => tabs().map(({ label }) => label);
const openFile = async () => {
	const document = await vscode.workspace.openTextDocument({ content: 'text' });
	await vscode.window.showTextDocument(document);
};

hostTest('a session opens in a tab with its title; asked for again, the same tab comes to the front', async () => {
	const { host, views, create, close } = await createScene();
	const [one, two] = [await create('One'), await create('Two')];
	await views.openInEditor(one.session.id);
	await views.openInEditor(two.session.id);
	await until(() => labels().join() === 'One,Two');
	await views.openInEditor(one.session.id);
	await until(() => tabs().find(({ isActive }) => isActive)?.label === 'One');
	assert.equal(tabs().length, 2);
	await until(() => host.current === one);
	one.session.append({ type: 'title', title: 'One, renamed', by: 'user' });
	await until(() => labels().includes('One, renamed'));
	await close();
});

hostTest('commands mean the session of the tab that is active, and of the side panel when none is', async () => {
	const { host, views, create, close } = await createScene();
	const [one, two] = [await create('One'), await create('Two')];
	const side = host.current;
	const shown: string[] = [];
	host.onDidShow(({ session }) => shown.push(session.title));
	await views.openInEditor(one.session.id);
	assert.equal(host.current, one);
	await views.openInEditor(two.session.id);
	assert.equal(host.current, two);
	await openFile();
	await until(() => host.current === side);
	await views.openInEditor(one.session.id);
	await until(() => host.current === one);
	await host.activate(host.side);
	assert.equal(host.current, side);
	assert.equal(shown.at(0), 'One');
	assert.equal(shown.at(-1), side.session.title);
	await close();
	assert.deepEqual(errors, []);
});

hostTest('a tab that was restored shows the session it had; one that kept nothing has a new one', async () => {
	const { host, views, create, close } = await createScene();
	const one = await create('One');
	const panel = () => vscode.window.createWebviewPanel(TAB_TYPE, 'Retrace', vscode.ViewColumn.Active);
	await views.restoreTab(panel(), { sessionId: one.session.id, composer: [] });
	await until(() => labels().join() === 'One' && host.current === one);
	await views.restoreTab(panel(), { sessionId: '../../etc' });
	await until(() => tabs().length === 2 && host.current !== one);
	assert.equal(host.current.session.entries.length, 0);
	await close();
	assert.deepEqual(errors, []);
});

hostTest('one session in two views stays in step, also when it is read again', async () => {
	const { host, views, create, close } = await createScene();
	const one = await create('One');
	await host.side.show(one.session.id);
	await views.openInEditor(one.session.id);
	const [side, tab] = host.views;
	assert.ok(side && tab);
	assert.equal(side.current, tab.current);
	await tab.reopen();
	assert.notEqual(tab.current, one);
	assert.equal(side.current, tab.current);
	await close();
});

hostTest('a deleted session takes its tab along, and the side panel starts a new one', async () => {
	const { host, views, create, close } = await createScene();
	const one = await create('One');
	await host.side.show(one.session.id);
	await views.openInEditor(one.session.id);
	await host.remove(one.session.id);
	await until(() => tabs().length === 0 && host.views.length === 1);
	assert.equal(host.current.session.entries.length, 0);
	await close();
	assert.deepEqual(errors, []);
});

hostTest(
	'a tab whose session is in the trash shows it with the way back, and makes no new one of its name',
	async () => {
		const { host, views, create, close } = await createScene();
		const one = await create('One');
		const { id } = one.session;
		await host.remove(id);
		const panel = vscode.window.createWebviewPanel(TAB_TYPE, 'Retrace', vscode.ViewColumn.Active);
		await views.restoreTab(panel, { sessionId: id, composer: [] });
		await until(() => labels().join() === 'One' && host.current.session.id === id);
		assert.match(host.current.session.readOnlyReason ?? '', /in the trash/);
		const offered = host.current.rows().flatMap((row) => (row.kind === 'notice' ? row.actions : []));
		assert.deepEqual(
			offered.map(({ label }) => label),
			['Restore', 'Fork'],
		);
		assert.deepEqual((await host.world.stores.sessions.list()).sessions, []);
		await host.active.restore();
		assert.equal(host.current.session.readOnlyReason, undefined);
		assert.deepEqual(
			(await host.world.stores.sessions.list()).sessions.map(({ title }) => title),
			['One'],
		);
		await close();
		assert.deepEqual(errors, []);
	},
);

hostTest('a fork in the middle of a turn says so and can go on; the way back leads to where it came from', async () => {
	const { host, create, close } = await createScene();
	const one = await create('One');
	await host.side.show(one.session.id);
	await host.fork();
	const fork = host.current;
	assert.notEqual(fork, one);
	const rows = fork.rows().map((row) => ('text' in row ? row.text : row.kind));
	assert.match(rows.at(-1) ?? '', /^This fork begins before the turn was over/);
	assert.ok(!rows.some((text) => /window closed/.test(text)));
	assert.equal(fork.session.origin?.sessionId, one.session.id);
	await close();
	assert.deepEqual(errors, []);
});

hostTest('what was typed in a tab waits in the side panel when the tab is closed', async () => {
	const { host, views, create, close } = await createScene();
	const one = await create('One');
	await views.openInEditor(one.session.id);
	await host.active.saveDraft('half a prompt', host.active.sessionId);
	assert.equal(host.side.draft, '');
	await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
	await until(() => host.views.length === 1);
	await host.side.show(one.session.id);
	await until(() => host.side.draft === 'half a prompt');
	await host.side.saveDraft('half a prompt, and more', host.side.sessionId);
	await views.openInEditor(one.session.id);
	assert.equal(host.active.draft, '');
	assert.equal(host.side.draft, 'half a prompt, and more');
	await close();
});

hostTest('a hidden tab lets its idle session go and has it again when it is shown', async () => {
	const { host, views, create, close } = await createScene();
	const one = await create('One');
	await views.openInEditor(one.session.id);
	const [, tab] = host.views;
	assert.ok(tab);
	await openFile();
	await until(() => !tab.isVisible);
	for (let count = 0; count < 8; count++) await host.side.showOpen(await create(`More ${count}`));
	await until(() => !tab.isAwake && host.sessions.find(one.session.id) === undefined);
	await views.openInEditor(one.session.id);
	await until(() => tab.isAwake && tab.current.session.title === 'One' && host.active === tab);
	assert.equal(labels().join(), 'One');
	await close();
	assert.deepEqual(errors, []);
});
