/**
 * The commands on branches: switch, compare, label, fork, look. Each takes a row of the branches tree, or asks which branch is meant. How a
 * switch works is in branchSwitch.ts, how a comparison looks in branchCompare.ts.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { asEntryId, asSessionId, type EntryId, type SessionId } from '../../base/ids.ts';
import { plural } from '../../base/text.ts';
import { type Branch, shownBranches } from '../../core/session/branches.ts';
import type { SessionStore } from '../../core/session/storePort.ts';
import type { BranchNode } from '../agentTypes.ts';
import { plainLabel, plainMessage } from '../plainLabel.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { OpenSessions } from '../session/openSessions.ts';
import type { Command } from '../window/commands.ts';
import { compareWays, showComparison } from './branchCompare.ts';
import { describeBranch } from './branchRow.ts';
import { previewSwitch, type SwitchWorld, switchBranch } from './branchSwitch.ts';
import { branchUri, documentName } from './branchUri.ts';

export type BranchCommandWorld = SwitchWorld & {
	readonly sessions: Pick<OpenSessions, 'open' | 'find'>;
	readonly stores: { readonly sessions: Pick<SessionStore, 'reader'> };
	shown(): OpenSession;
	/** Shows the session and brings it to the front. */
	show(id: SessionId): Promise<void>;
	fork(options: { readonly id: SessionId; readonly entryId: string }): Promise<void>;
	say(text: string, level: 'info' | 'warning'): void;
	reload(): Promise<void>;
};

const CONVERSATION = 'Conversation only';
const BOTH = 'Conversation and code';

/** By name without `retrace.`. */
export function createBranchCommands(world: BranchCommandWorld): Readonly<Record<string, Command>> {
	return {
		showBranches: () => showBranches(world),
		switchBranch: async (target, entryId) => {
			const found = await targetOf(target, entryId, world, 'Switch to Branch');
			if (found) await goTo(found.open, found.to, world);
		},
		compareBranches: async (target) => {
			const found = await targetOf(target, undefined, world, 'Compare with Current Branch');
			if (!found) return;
			const { session } = found.open;
			const branches = await world.branches.read(session);
			await showComparison(session, await compareWays(session, branches, found.to, session.leaf));
		},
		labelBranch: async (target) => {
			const found = await targetOf(target, undefined, world, 'Label Branch');
			if (found) await label(found.open, found.branch, world);
		},
		forkBranch: async (target) => {
			const found = await targetOf(target, undefined, world, 'Fork From Branch');
			if (found) await world.fork({ id: found.open.session.id, entryId: found.to });
		},
		previewBranch: async (target) => {
			const found = await targetOf(target, undefined, world, 'Show Branch');
			if (found) await preview(found, world);
		},
		openOrigin: (node) => openOrigin(node, world),
	};
}

/** What a command is about: `to` is where the branch ends, or the entry that was asked for. */
type Target = { readonly open: OpenSession; readonly branch: Branch; readonly to: EntryId };

async function targetOf(
	target: unknown,
	entryId: unknown,
	world: BranchCommandWorld,
	title: string,
): Promise<Target | undefined> {
	if (typeof target === 'string' && typeof entryId === 'string') {
		const open = await world.sessions.open(asSessionId(target));
		const { tree } = await world.branches.read(open.session);
		const branch = tree.branchOf(asEntryId(entryId));
		if (!branch) throw noSuchBranch();
		// The whole branch, not only the way to the message that was found on it.
		return { open, branch, to: branch.last };
	}
	if (isNode(target)) {
		const open = await world.sessions.open(asSessionId(target.sessionId));
		const { tree } = await world.branches.read(open.session);
		const branch = tree.byFirst.get(target.first);
		if (!branch) throw noSuchBranch();
		return { open, branch, to: branch.last };
	}
	return await pick(world, title);
}

function isNode(value: unknown): value is BranchNode {
	return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'branch';
}

async function pick(world: BranchCommandWorld, title: string): Promise<Target | undefined> {
	const open = world.shown();
	const { tree } = await world.branches.read(open.session);
	const others = shownBranches(tree).filter((branch) => !branch.isCurrent);
	if (others.length === 0) throw onlyOne();
	const now = Date.now();
	const items = others.map((branch) => ({
		label: plainLabel(branch.label),
		description: describeBranch(branch, now),
		...(branch.summary === undefined ? {} : { detail: branch.summary }),
		branch,
	}));
	const picked = await vscode.window.showQuickPick(items, {
		title,
		placeHolder: 'Choose a branch',
		matchOnDetail: true,
	});
	return picked && { open, branch: picked.branch, to: picked.branch.last };
}

async function showBranches(world: BranchCommandWorld): Promise<void> {
	const { tree } = await world.branches.read(world.shown().session);
	if (shownBranches(tree).length < 2) throw onlyOne();
	await world.reload();
	await vscode.commands.executeCommand('retrace.branches.focus');
}

async function goTo(open: OpenSession, to: EntryId, world: BranchCommandWorld): Promise<void> {
	await world.show(open.session.id);
	const signal = new AbortController().signal;
	const { files } = await previewSwitch(open, to, world, signal);
	let withCode = false;
	if (files.length > 0) {
		const shown = plainMessage(names(files.map(({ file }) => file.rel)));
		const detail = `${plural(files.length, 'file')} differ${files.length === 1 ? 's' : ''} between the two branches: ${shown}. A safety checkpoint is made first.`;
		const message = 'Switch the conversation only, or the files as well?';
		const answer = await vscode.window.showInformationMessage(message, { modal: true, detail }, CONVERSATION, BOTH);
		if (answer === undefined) return;
		withCode = answer === BOTH;
	}
	const problems = await switchBranch(open, { to, withCode }, world, signal);
	await world.reload();
	if (problems.length > 0) world.say(`Switched, but not every file: ${problems.join('; ')}`, 'warning');
}

const MAX_NAMES = 6;

function names(files: readonly string[]): string {
	const shown = files.slice(0, MAX_NAMES).join(', ');
	return files.length > MAX_NAMES ? `${shown} and ${files.length - MAX_NAMES} more` : shown;
}

async function label(open: OpenSession, branch: Branch, world: BranchCommandWorld): Promise<void> {
	const text = await vscode.window.showInputBox({
		title: 'Label Branch',
		prompt: 'Leave empty to take the label away.',
		value: branch.label,
	});
	if (text === undefined) return;
	const name = text.trim();
	open.session.append({ type: 'branchLabel', first: branch.first, label: name === '' ? null : name });
	await open.session.sync();
	await world.reload();
}

/** Of the current branch the panel shows all there is. */
async function preview({ open, branch, to }: Target, world: BranchCommandWorld): Promise<void> {
	if (branch.isCurrent) return await world.show(open.session.id);
	const { id } = open.session;
	const uri = branchUri({ kind: 'messages', sessionId: id, after: undefined, end: to }, documentName(branch.label));
	await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}

/** Of the row of a session, or of the shown one. */
async function openOrigin(node: unknown, world: BranchCommandWorld): Promise<void> {
	const isRow = typeof node === 'object' && node !== null && 'sessionId' in node && typeof node.sessionId === 'string';
	const open = isRow ? await world.sessions.open(asSessionId(String(node.sessionId))) : world.shown();
	const { origin } = open.session;
	if (!origin) throw new UserError('no-origin', 'This session was not forked from another one.');
	const isHere =
		world.sessions.find(origin.sessionId) ?? (await world.stores.sessions.reader(origin.sessionId).size()) > 0;
	if (!isHere) throw originGone();
	await world.show(origin.sessionId);
}

const onlyOne = () =>
	new UserError(
		'one-branch',
		'This session has one branch. Rewind to an earlier message and go on there to make another.',
	);

const originGone = () =>
	new UserError(
		'origin-gone',
		'The session that this one was forked from is not in this folder any more. What this fork needs of it is in the fork itself, so you can go on here.',
	);

const noSuchBranch = () =>
	new UserError('no-such-branch', 'This branch is not in the session’s log any more. Nothing was changed.');
