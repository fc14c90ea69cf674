/**
 * What the user does with worktrees: a session that starts in one, bringing its changes into the workspace, opening, discarding and restoring
 * it. Asks before files are written or removed. What a turn works with there is in sessionWorktrees.ts.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import { planMergeBack } from '../../core/checkpoint/mergeBackPlan.ts';
import { applyRestore, settleIntents } from '../../core/checkpoint/restore.ts';
import type { RestorePlan } from '../../core/checkpoint/restorePlan.ts';
import type { Workspace } from '../../core/ports.ts';
import { sessionReadOnly } from '../../core/session/sessionErrors.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { WorktreeRef } from '../../core/session/worktreeFields.ts';
import type { WorktreeChanges, Worktrees } from '../../core/worktree/worktreePort.ts';
import { unsavedContents } from '../editor/unsavedFiles.ts';
import { plainMessage } from '../plainLabel.ts';
import { stopTurn } from '../rewind/rewindFlow.ts';
import { assertNoCommands, backgroundIn, stopCommands } from '../session/backgroundRuns.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import { WORKTREE_GONE } from '../session/turnRunner.ts';
import type { SessionWorktrees } from '../session/worktreeTypes.ts';
import type { Command } from '../window/commands.ts';
import { discardDialog, keptNote, madeNote, mergeDialog, mergedText, restoredNote } from './worktreeWords.ts';

export type WorktreeCommandWorld = {
	readonly host: Pick<SessionHost, 'sessions' | 'active' | 'current'>;
	readonly worktrees: Pick<SessionWorktrees, 'port' | 'leave' | 'isGone' | 'portsOf'>;
	readonly workspace: Workspace;
	readonly blobs: BlobStore;
	readonly ids: { next(): string };
	/** Where logs are; undefined for sessions in memory. */
	readonly storeFolder: string | undefined;
	/** Why no file can be written now. */
	codeReason(): string | null;
	focus(): Promise<void>;
	/** By the list; opens nothing. */
	hasWorktree(id: SessionId): boolean;
	/** The list looks at what is there again. */
	refresh(): void;
};

export type WorktreeCommands = {
	/** By name without `retrace.`. */
	readonly commands: Readonly<Record<string, Command>>;
	/** What is said before these sessions are deleted; empty when none has a worktree. */
	deletionNote(ids: readonly SessionId[]): Promise<string>;
	/** Keeps and removes the worktree of a session that is deleted. Rejects when it could not be kept: the session stays then. */
	beforeDelete(id: SessionId): Promise<void>;
};

export function createWorktreeCommands(world: WorktreeCommandWorld): WorktreeCommands {
	const never = () => new AbortController().signal;
	const requirePort = (): Worktrees => {
		const { port } = world.worktrees;
		if (port) return port;
		throw new UserError(
			'not-persisted',
			'Sessions are not kept on disk here (retrace.sessions.persist), so there is no place for a worktree. Nothing was made.',
		);
	};
	const openOf = async (argument: unknown): Promise<OpenSession> => {
		const id = idOf(argument);
		return id === undefined ? world.host.current : await world.host.sessions.open(id);
	};
	/** The open session and its worktree, which is there. */
	const withTree = async (argument: unknown) => {
		const open = await openOf(argument);
		const ref = refOf(open);
		if (world.worktrees.isGone(open.session)) throw new UserError('worktree-gone', WORKTREE_GONE.text);
		return { open, ref, port: requirePort() };
	};

	/** Stops what runs in it, keeps all of it, removes it, and says so in the log. */
	const discardNow = async (open: OpenSession, ref: WorktreeRef, port: Worktrees, signal: AbortSignal) => {
		await stopTurn(open);
		await stopCommands(open.session, 'close');
		await world.worktrees.leave(ref);
		const kept = await port.discard(ref, keptFolder(world, open.session.id), signal);
		if (open.session.readOnlyReason === undefined) {
			open.session.append({ type: 'notice', level: 'info', code: 'worktree-discarded', text: keptNote(kept) });
			await open.session.sync();
		}
		open.headChanged();
		world.refresh();
		return kept;
	};
	const changesNow = async (open: OpenSession, ref: WorktreeRef, port: Worktrees, signal: AbortSignal) => {
		const changes = await port.changes(ref, signal);
		return { changes, plan: await planMergeBack({ ...world, session: open.session, changes: changes.files }, signal) };
	};

	const newSession = async () => {
		const port = requirePort();
		const { host, workspace } = world;
		if (!workspace.isTrusted)
			throw new UserError('untrusted', 'This folder is not trusted, so nothing runs in it. Trust it first.');
		const unsaved = await unsavedContents(workspace);
		const id = world.ids.next().slice(-12);
		const work = { id, roots: workspace.roots, unsaved };
		const { ref, files } = await withProgress('Making a worktree', true, (report, signal) =>
			port.create(work, (done, of) => report(done / Math.max(1, of), `${done} of ${of} files`), signal),
		);
		const open = await host.sessions.create(ref);
		open.session.append({ type: 'notice', level: 'info', code: 'worktree', text: madeNote(files) });
		await open.session.sync();
		await host.active.showOpen(open);
		await world.focus();
	};

	const merge = async (argument: unknown) => {
		const { open, ref, port } = await withTree(argument);
		assertFree(open, world);
		const { changes, plan } = await withProgress('Comparing the worktree with the workspace', true, (_, signal) =>
			open.alone(async () => {
				await settleIntents({ ...world, session: open.session });
				return await changesNow(open, ref, port, signal);
			}),
		);
		const dialog = mergeDialog(plan, changes.outside);
		if (dialog.button === undefined) {
			void vscode.window.showInformationMessage(plainMessage(dialog.message), {
				modal: dialog.detail !== '',
				detail: dialog.detail,
			});
			return;
		}
		const { message, detail, button } = dialog;
		const answer = await vscode.window.showInformationMessage(message, { modal: true, detail }, button);
		if (answer !== button) return;
		const report = await open.alone(async () => {
			assertFree(open, world);
			// As it is now: what was changed since the question goes through the same comparison, and never gets lost.
			const now = await changesNow(open, ref, port, never());
			const known = new Map(plan.files.map((file) => [file.key, file]));
			const isAsShown = (file: RestorePlan['files'][number]) => {
				const shown = known.get(file.key);
				return shown?.current === file.current && shown?.target === file.target && shown?.action === file.action;
			};
			const keep = now.plan.files.filter((file) => !isAsShown(file)).map(({ key }) => key);
			return await applyRestore({ ...world, session: open.session, plan: now.plan, overwrite: [], keep }, never());
		});
		const text = mergedText(report);
		if (report.skipped.length + report.failed.length + report.kept.length > 0)
			void vscode.window.showWarningMessage(plainMessage(text));
		else void vscode.window.showInformationMessage(plainMessage(text));
	};

	const discard = async (argument: unknown) => {
		const { open, ref, port } = await withTree(argument);
		if (open.session.readOnlyReason !== undefined) throw sessionReadOnly(open.session.readOnlyReason);
		const { changes, plan } = await withProgress('Comparing the worktree with the workspace', true, (_, signal) =>
			changesNow(open, ref, port, signal),
		);
		const { message, detail, button } = discardDialog({
			...countsOf(changes, plan),
			...runningIn(open),
			title: open.session.title,
		});
		if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, button)) !== button) return;
		const kept = await withProgress('Keeping the worktree in a bundle', false, (_, signal) =>
			discardNow(open, ref, port, signal),
		);
		void vscode.window.showInformationMessage(plainMessage(keptNote(kept)));
	};

	const restore = async (argument: unknown) => {
		const open = await openOf(argument);
		const ref = refOf(open);
		const port = requirePort();
		await withProgress('Restoring the worktree', true, (_, signal) =>
			port.restore(ref, keptFolder(world, open.session.id), signal),
		);
		if (open.session.readOnlyReason === undefined) {
			open.session.append({ type: 'notice', level: 'info', code: 'worktree-restored', text: restoredNote() });
			await open.session.sync();
		}
		// From now on paths lead there again, also before its next turn.
		world.worktrees.portsOf(open.session);
		open.unnotify(WORKTREE_GONE.id);
		open.headChanged();
		world.refresh();
	};

	const openFolder = async (argument: unknown) => {
		const { ref } = await withTree(argument);
		const [root] = ref.roots;
		if (root)
			await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(root.path), { forceNewWindow: true });
	};

	/** What the mark in the panel's head offers. */
	const actions = async (argument: unknown) => {
		const open = await openOf(argument);
		const ref = refOf(open);
		const items = world.worktrees.isGone(open.session)
			? [{ label: '$(history) Restore Worktree', run: restore }]
			: [
					{
						label: '$(git-merge) Merge Back…',
						detail: 'Bring its changes into the files of the workspace',
						run: merge,
					},
					{ label: '$(folder-opened) Open in New Window', detail: ref.roots[0]?.path ?? '', run: openFolder },
					{ label: '$(trash) Discard…', detail: 'Remove it; all of its files are kept in a bundle', run: discard },
				];
		const picked = await vscode.window.showQuickPick(items, {
			title: 'Worktree',
			placeHolder: 'This session works in a worktree',
		});
		await picked?.run(open.session.id);
	};

	return {
		commands: {
			newWorktreeSession: newSession,
			mergeWorktree: merge,
			openWorktree: openFolder,
			discardWorktree: discard,
			restoreWorktree: restore,
			worktreeActions: actions,
		},
		async deletionNote(ids) {
			const notes: string[] = [];
			for (const id of ids.filter(world.hasWorktree)) {
				const open = await world.host.sessions.open(id).catch(() => undefined);
				const ref = open?.session.worktree;
				const { port } = world.worktrees;
				if (!open || !ref || !port?.isThere(ref)) continue;
				const { changes, plan } = await changesNow(open, ref, port, never());
				const dialog = discardDialog({ ...countsOf(changes, plan), ...runningIn(open), title: open.session.title });
				notes.push(dialog.detail);
			}
			const [only] = notes;
			if (notes.length > 1)
				return `${notes.length} of them work in worktrees. These are removed; all of their files are kept in bundles that go to the trash with the sessions.`;
			return only ?? '';
		},
		async beforeDelete(id) {
			const { port } = world.worktrees;
			if (!world.hasWorktree(id)) return;
			const open = await world.host.sessions.open(id);
			const ref = open.session.worktree;
			// Of a session that another window has nothing is taken: to delete it is refused.
			if (!ref || open.session.readOnlyReason !== undefined || !port?.isThere(ref)) return;
			await withProgress('Keeping the worktree in a bundle', false, (_, signal) => discardNow(open, ref, port, signal));
		},
	};
}

/** Of a row in the list, or an id; undefined: the shown session. */
function idOf(argument: unknown): SessionId | undefined {
	if (typeof argument === 'string') return asSessionId(argument);
	const isNode = typeof argument === 'object' && argument !== null && 'sessionId' in argument;
	return isNode && typeof argument.sessionId === 'string' ? asSessionId(argument.sessionId) : undefined;
}

function refOf({ session }: OpenSession): WorktreeRef {
	if (session.worktree) return session.worktree;
	throw new UserError(
		'no-worktree',
		`“${session.title}” works in the workspace itself and has no worktree. Start one with “New Session in Worktree”.`,
	);
}

function keptFolder({ storeFolder }: WorktreeCommandWorld, id: SessionId): string {
	return vscode.Uri.joinPath(vscode.Uri.file(storeFolder ?? ''), 'sessions', id, 'worktree').fsPath;
}

/** What writes in the worktree would be half of what is merged. */
function assertFree(open: OpenSession, world: WorktreeCommandWorld): void {
	const { session } = open;
	if (session.readOnlyReason !== undefined) throw sessionReadOnly(session.readOnlyReason);
	if (open.isRunning)
		throw new UserError('turn-running', 'A turn is running. Nothing was merged. Stop it, or wait for its end.');
	assertNoCommands(session);
	const reason = world.codeReason();
	if (reason !== null) throw new UserError('cannot-restore', `${reason} Nothing was merged.`);
}

const runningIn = (open: OpenSession) => ({
	isRunning: open.isRunning,
	commands: backgroundIn(open.session)?.running.length ?? 0,
});

const countsOf = (changes: WorktreeChanges, plan: RestorePlan) => ({
	changed: changes.files.length + changes.outside.length,
	unmerged: plan.files.length + changes.outside.length,
});

async function withProgress<T>(
	title: string,
	cancellable: boolean,
	work: (report: (part: number, message: string) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
	return await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Notification, title, cancellable },
		async (progress, token) => {
			const controller = new AbortController();
			token.onCancellationRequested(() => controller.abort());
			let shown = 0;
			const report = (part: number, message: string) => {
				// Each report is a trip to the window.
				if (part < 1 && part - shown < 0.02) return;
				progress.report({ increment: (part - shown) * 100, message });
				shown = part;
			};
			return await work(report, controller.signal);
		},
	);
}
