/**
 * The commands on rows of the sessions tree: pin, archive, rename, delete, restore, filter, mention. Each takes the row it was
 * called on, or all selected ones. Where things happen is in sessionHost.ts, sessionState.ts and the store.
 */
import * as vscode from 'vscode';
import { messageOf, UserError } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import { plural } from '../../base/text.ts';
import { isInTrash } from '../../core/session/sessionErrors.ts';
import type { SessionStore } from '../../core/session/storePort.ts';
import type { SessionNode } from '../agentTypes.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';
import { sessionMention } from '../prompt/sessionMentions.ts';
import type { OpenSessions } from '../session/openSessions.ts';
import type { Command } from '../window/commands.ts';
import { deleteDialog, emptyTrashDialog } from './deleteDialog.ts';
import { changeState, type StateChange } from './sessionState.ts';
import type { SessionsTree } from './sessionsTree.ts';

export type SessionCommandWorld = {
	readonly store: SessionStore;
	readonly tree: SessionsTree;
	readonly sessions: Pick<OpenSessions, 'all' | 'find' | 'open' | 'close'>;
	/** What is selected in the tree. */
	selection(): readonly SessionNode[];
	shownId(): SessionId;
	isInUse(id: SessionId): boolean;
	rename(id: SessionId, title: string): Promise<void>;
	/** A name that tells it from the sessions that are open in any window; undefined when this one does. */
	freeTitle?(id: SessionId, title: string): string | undefined;
	remove(id: SessionId): Promise<void>;
	/** More to say before these are deleted; empty = nothing. */
	deletionNote?(ids: readonly SessionId[]): Promise<string>;
	/** Puts text at the end of the input of the shown session, and the caret behind it. */
	addToInput(text: string): Promise<void>;
	onError(event: string, error: unknown, sessionId?: string): void;
};

/** By name without `retrace.`. */
export function createSessionCommands(world: SessionCommandWorld): Readonly<Record<string, Command>> {
	const change = (what: StateChange) => async (node: unknown, selected: unknown) => {
		const isInUse = world.isInUse;
		await forEach(sessionsOf(node, selected, world), world, (id) => changeState(id, what, world.sessions, isInUse));
		await world.tree.reload();
	};
	return {
		pinSession: change({ isPinned: true }),
		unpinSession: change({ isPinned: false }),
		archiveSession: change({ isArchived: true }),
		unarchiveSession: change({ isArchived: false }),
		renameSession: (node, selected) => rename(sessionsOf(node, selected, world)[0] ?? world.shownId(), world),
		deleteSession: (node, selected) => remove(sessionsOf(node, selected, world), world),
		restoreSession: (node, selected) => restore(nodesOf(node, selected, world), world),
		emptyTrash: () => emptyTrash(world),
		showTrash: async () => {
			await vscode.commands.executeCommand('retrace.sessions.focus');
			if (!(await world.tree.revealTrash())) void vscode.window.showInformationMessage('The trash is empty.');
		},
		filterSessions: () => filterSessions(world.tree),
		clearSessionFilter: () => setFilter(world.tree, ''),
		showMoreSessions: (key) => {
			if (typeof key === 'string') world.tree.showMore(key);
		},
		revealSessionLog: (node, selected) => openLog(sessionsOf(node, selected, world), world),
		mentionSession: async (node, selected) => {
			const mentions = sessionsOf(node, selected, world).map((id) => sessionMention({ id, title: nameOf(id, world) }));
			await world.addToInput(`${mentions.join(' ')} `);
		},
	};
}

/** A key of the tree passes this in place of a row. */
const SELECTION = 'selection';

/** The rows a command was called on: a menu passes the clicked row, and all selected ones when it is one of several. */
function nodesOf(node: unknown, selected: unknown, world: SessionCommandWorld): readonly SessionNode[] {
	if (node === SELECTION) return world.selection();
	if (Array.isArray(selected) && selected.length > 0) return selected.filter(isNode);
	return isNode(node) ? [node] : [];
}

/** The sessions among them; the shown one when the command was called on no row at all. */
function sessionsOf(node: unknown, selected: unknown, world: SessionCommandWorld): readonly SessionId[] {
	const nodes = nodesOf(node, selected, world);
	if (typeof node === 'string' && node !== SELECTION) return [asSessionId(node)];
	if (nodes.length === 0 && node !== SELECTION) return [world.shownId()];
	return nodes.flatMap((one) => (one.kind === 'session' ? [one.sessionId] : []));
}

function isNode(value: unknown): value is SessionNode {
	return typeof value === 'object' && value !== null && 'kind' in value;
}

function nameOf(id: SessionId, world: SessionCommandWorld): string {
	return world.sessions.find(id)?.session.title ?? world.tree.titleOf(id) ?? 'this session';
}

/** Goes on after a failure; then throws what went wrong. */
async function forEach(
	ids: readonly SessionId[],
	world: SessionCommandWorld,
	work: (id: SessionId) => Promise<void>,
): Promise<void> {
	const errors: unknown[] = [];
	for (const id of ids) {
		try {
			await work(id);
		} catch (error) {
			errors.push(error);
			if (ids.length > 1) world.onError('sessions.several', error, id);
		}
	}
	const [first] = errors;
	if (first === undefined) return;
	if (errors.length === 1) throw first;
	throw new UserError(
		'several-failed',
		`${errors.length} of ${ids.length} sessions stayed as they were. ${messageOf(first)}`,
	);
}

async function rename(id: SessionId, world: SessionCommandWorld): Promise<void> {
	const { session } = await world.sessions.open(id);
	if (session.entries.length === 0)
		throw new UserError(
			'empty-session',
			'This session has no message yet. Send a prompt first; then it can be renamed.',
		);
	if (session.readOnlyReason !== undefined)
		throw new UserError('session-read-only', `“${session.title}” was not renamed. ${session.readOnlyReason}`);
	const title = await vscode.window.showInputBox({
		title: 'Rename Session',
		value: session.title,
		validateInput: (text) => (text.trim() === '' ? 'A session needs a name.' : undefined),
	});
	const wanted = title?.trim();
	if (wanted === undefined || wanted === session.title) return;
	const name = await chooseFree(wanted, world.freeTitle?.(id, wanted));
	if (name !== undefined) await world.rename(id, name);
}

/** Two open sessions of one name cannot be told apart, which is the user's to decide. Undefined = not renamed. */
async function chooseFree(wanted: string, free: string | undefined): Promise<string | undefined> {
	if (free === undefined) return wanted;
	const [use, keep] = [`Use “${free}”`, `Keep “${wanted}”`];
	const text = plainMessage(`A session with this name is open. ${use}?`);
	const picked = await vscode.window.showInformationMessage(text, use, keep);
	if (picked === undefined) return undefined;
	return picked === keep ? wanted : free;
}

async function remove(ids: readonly SessionId[], world: SessionCommandWorld): Promise<void> {
	if (ids.length === 0) return;
	const { message, detail, button } = deleteDialog({
		names: ids.map((id) => nameOf(id, world)),
		running: ids.filter((id) => world.sessions.find(id)?.isRunning).length,
		isPersisted: world.store.folder !== undefined,
		note: (await world.deletionNote?.(ids)) ?? '',
	});
	const answer = await vscode.window.showWarningMessage(message, { modal: true, detail }, button);
	if (answer === undefined) return;
	try {
		await forEach(ids, world, world.remove);
	} finally {
		await world.tree.reload();
	}
}

async function restore(nodes: readonly SessionNode[], world: SessionCommandWorld): Promise<void> {
	const names = nodes.flatMap((one) => (one.kind === 'trashed' ? [one.name] : []));
	if (names.length === 0) {
		const picked = await pickTrashed(world.store);
		if (picked === undefined) return;
		names.push(picked);
	}
	try {
		for (const name of names) await world.store.restore(name);
		// A tab may show one as it lay in the trash.
		for (const { session } of world.sessions.all)
			if (isInTrash(session) && names.includes(session.id)) await world.sessions.open(session.id, { isFresh: true });
	} finally {
		await world.tree.reload();
	}
}

async function pickTrashed(store: SessionStore): Promise<string | undefined> {
	const items = (await store.listTrash()).map(({ name, session, trashedAt }) => ({
		label: plainLabel(session.title),
		description: new Date(trashedAt).toLocaleString(),
		detail: plainLabel(session.lastPrompt),
		name,
	}));
	if (items.length === 0) throw new UserError('trash-empty', 'The trash is empty.');
	const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Restore a session from the trash' });
	return picked?.name;
}

async function emptyTrash(world: SessionCommandWorld): Promise<void> {
	const trashed = await world.store.listTrash();
	if (trashed.length === 0) throw new UserError('trash-empty', 'The trash is empty.');
	const { message, detail, button } = emptyTrashDialog(trashed.map(({ session }) => session.title));
	const answer = await vscode.window.showWarningMessage(message, { modal: true, detail }, button);
	if (answer === undefined) return;
	try {
		const { kept } = await world.store.emptyTrash();
		if (kept > 0)
			void vscode.window.showInformationMessage(
				plainMessage(
					`${plural(kept, 'session')} stayed in the trash, because ${kept === 1 ? 'a fork reads it' : 'forks read them'}.`,
				),
			);
	} finally {
		await world.tree.reload();
	}
}

/** Filters while it is typed; Escape brings the old filter back. */
async function filterSessions(tree: SessionsTree): Promise<void> {
	const before = tree.filter;
	const input = vscode.window.createInputBox();
	input.title = 'Filter Sessions';
	input.placeholder = 'Words of the name or the last prompt';
	input.value = before;
	let isAccepted = false;
	const hidden = new Promise<void>((resolve) => {
		input.onDidChangeValue((text) => void setFilter(tree, text));
		input.onDidAccept(() => {
			isAccepted = true;
			input.hide();
		});
		input.onDidHide(() => resolve());
	});
	await vscode.commands.executeCommand('retrace.sessions.focus');
	input.show();
	try {
		await hidden;
		if (!isAccepted) await setFilter(tree, before);
	} finally {
		input.dispose();
	}
}

async function setFilter(tree: SessionsTree, filter: string): Promise<void> {
	tree.filter = filter;
	await vscode.commands.executeCommand('setContext', 'retrace.hasSessionFilter', tree.filter !== '');
}

/** As it is on the disk, to read. */
async function openLog(ids: readonly SessionId[], { store }: SessionCommandWorld): Promise<void> {
	const [id] = ids;
	const { folder } = store;
	if (id === undefined) return;
	if (folder === undefined)
		throw new UserError('not-persisted', 'Sessions are not kept on disk here, so there is no log file.');
	const uri = vscode.Uri.joinPath(vscode.Uri.file(folder), 'sessions', `${id}.jsonl`);
	const isThere = await vscode.workspace.fs.stat(uri).then(
		() => true,
		() => false,
	);
	if (!isThere) throw new UserError('no-log', 'This session has no log file yet. Send a prompt to start it.');
	await vscode.commands.executeCommand('vscode.open', uri, { preview: true });
	await vscode.commands.executeCommand('workbench.action.files.setActiveEditorReadonlyInSession');
}
