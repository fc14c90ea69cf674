/** The text in the input of a session: one for the side panel, one for its tab, and nothing of it is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as vscode from 'vscode';
import { asSessionId } from '../../../src/base/ids.ts';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import type { OpenSession } from '../../../src/host/session/openSession.ts';
import { SessionDrafts } from '../../../src/host/session/sessionDrafts.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';

const id = asSessionId('s1');

/** A workspace whose state outlives its windows. */
function createWorkspace() {
	const kept = new Map<string, unknown>();
	const state = {
		get: (key: string, otherwise: unknown) => kept.get(key) ?? otherwise,
		update: async (key: string, value: unknown) => void (value === undefined ? kept.delete(key) : kept.set(key, value)),
	} as unknown as vscode.Memento;
	const openWindow = (hasTab: () => boolean = () => false) => {
		const queue = createPromptQueue(createFakeIds());
		return { drafts: new SessionDrafts(state, hasTab), open: { session: { id }, queue } as OpenSession, queue };
	};
	return { kept, openWindow };
}

test('the side panel and the tab of one session each have their own text', async () => {
	const { drafts, open } = createWorkspace().openWindow(() => true);
	await drafts.save(id, 'side', 'one');
	await drafts.save(id, 'tab', 'two');
	assert.deepEqual([drafts.textOf(open, 'side'), drafts.textOf(open, 'tab')], ['one', 'two']);
});

test('the text of a tab that is closed waits in the side panel, until the tab or the side panel has it', async () => {
	let hasTab = true;
	const { openWindow, kept } = createWorkspace();
	const { drafts, open } = openWindow(() => hasTab);
	await drafts.save(id, 'tab', 'typed');
	hasTab = false;
	assert.equal(drafts.textOf(open, 'side'), 'typed');
	hasTab = true;
	assert.deepEqual([drafts.textOf(open, 'side'), drafts.textOf(open, 'tab')], ['', 'typed']);
	hasTab = false;
	await drafts.save(id, 'side', '');
	assert.equal(drafts.textOf(open, 'side'), '');
	assert.deepEqual([...kept], []);
});

test('a side panel that has a text of its own does not lose the one of the tab', async () => {
	const { drafts, open } = createWorkspace().openWindow();
	await drafts.save(id, 'side', 'own');
	await drafts.save(id, 'tab', 'of the tab');
	await drafts.save(id, 'side', 'own, longer');
	assert.equal(drafts.textOf(open, 'side'), 'own, longer');
	assert.equal(drafts.textOf(open, 'tab'), 'of the tab');
});

test('queued prompts of a window that closed stand before the text, once', async () => {
	const { openWindow } = createWorkspace();
	const before = openWindow();
	before.queue.add({ text: 'queued', attachments: [] });
	await before.drafts.saveQueue(before.open);
	await before.drafts.keep(id, 'kept');
	const { drafts, open } = openWindow();
	assert.equal(drafts.textOf(open, 'side'), 'queued\n\nkept');
	await drafts.save(id, 'side', 'queued\n\nkept, edited');
	assert.equal(drafts.textOf(open, 'side'), 'queued\n\nkept, edited');
});

test('nothing is kept of a session that is gone', async () => {
	const { openWindow, kept } = createWorkspace();
	const { drafts } = openWindow();
	await drafts.save(id, 'side', 'one');
	await drafts.save(id, 'tab', 'two');
	await drafts.forget(id);
	assert.deepEqual([...kept], []);
});
