/** What each message of the panel does. Errors are thrown: the panel's door shows them. */
import * as vscode from 'vscode';
import { assertNever } from '../../base/assertNever.ts';
import { BugError, UserError } from '../../base/errors.ts';
import type { PlannedFile } from '../../core/checkpoint/restorePlan.ts';
import type { Workspace } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { ToHost } from '../../protocol/toHost.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import type { PlanDocuments } from '../asking/planDocuments.ts';
import { compareSummaries } from '../context/compareSummaries.ts';
import type { ContextInspector } from '../context/contextInspector.ts';
import { saveUnsavedFiles } from '../editor/unsavedFiles.ts';
import { openLink } from '../links.ts';
import { openCallChanges } from '../review/openCallChanges.ts';
import type { MergeEditor } from '../rewind/mergeEditor.ts';
import { openRewindDiff } from '../rewind/rewindDiff.ts';
import { describeFile } from '../rewind/rewindFile.ts';
import { shownPath } from '../rewind/rewindFlow.ts';
import { actOnAgent } from '../session/agentRuns.ts';
import { editBrief } from '../session/clearFlow.ts';
import { actOnCommand } from '../session/commandTerminals.ts';
import { SHOWN_ROWS } from '../session/openSessions.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import type { SessionView } from '../session/sessionView.ts';
import { clearIn, followIn, forkIn } from '../session/viewContinuations.ts';
import { changeQueue, retryTurn, submitPrompt } from '../session/viewPrompts.ts';
import { applyRewindIn, previewRewindIn, redoRewindIn, undoRewindIn } from '../session/viewRewinds.ts';
import { chooseProvider } from '../settings.ts';
import { rowsBackTo } from '../transcript/revealEntry.ts';
import { wholeResult } from '../transcript/wholeResult.ts';
import { findForPanel } from './panelFind.ts';
import type { Suggestions } from './suggestions.ts';

type Edits = {
	open(key: { sessionId: string; toolUseId: string }): Promise<void>;
	accept(key: { sessionId: string; toolUseId: string }): Promise<boolean>;
	reject(key: { sessionId: string; toolUseId: string }, reason?: string): Promise<boolean>;
};

export type PanelWorld = {
	readonly host: SessionHost;
	/** The view that the message came from. */
	readonly view: SessionView;
	readonly edits: Edits;
	readonly plans: Pick<PlanDocuments, 'open'>;
	readonly merges: Pick<MergeEditor, 'open' | 'use'>;
	readonly suggestions: Pick<Suggestions, 'dismiss' | 'drafted'>;
	readonly blobs: BlobStore;
	readonly workspace: Workspace;
	say(message: ToPanel): void;
	readonly inspector: Pick<ContextInspector, 'show' | 'act'>;
	onError(event: string, error: unknown): void;
};

export async function handlePanelMessage(message: ToHost, world: PanelWorld): Promise<void> {
	const { view } = world;
	const { sessionId } = view;
	switch (message.kind) {
		case 'mention.find': {
			const { number, query } = message;
			return world.say({ kind: 'mention.offers', number, offers: world.host.world.findMentions?.(query) ?? [] });
		}
		case 'panel.ready':
		case 'panel.focused':
			return;
		case 'prompt.submit':
			return await submitPrompt(view, message.text, message.attachments, message.isLiteral);
		case 'commands.list':
			return world.say({ kind: 'commands', commands: [...((await world.host.world.customCommands?.list()) ?? [])] });
		case 'turn.stop':
			return await view.stop();
		case 'command.act':
			return await actOnCommand(view.current, message.id, message.action);
		case 'queue.change':
			return changeQueue(view, message.id, message.action);
		case 'permission.answer': {
			const { id, verdict, reason, scope } = message;
			const answer = { verdict, ...(reason ? { reason } : {}), ...(scope ? { scope } : {}) };
			if (message.savesFirst) await saveUnsavedFiles();
			if (!view.current.approvals.answer(id, answer)) throw tooLate();
			return;
		}
		case 'ask.answer':
			if (!view.current.approvals.cards.answer(message.id, message.answer)) throw tooLate();
			return;
		case 'plan.edit':
			return await world.plans.open(view.current.approvals.cards, message.id.replace(/^ask:/, ''));
		case 'edit.act':
			return await actOnEdit({ sessionId, toolUseId: message.id }, message, world);
		case 'rewind.preview':
			// The panel's Esc Esc names no prompt: the dialog lets the user choose one.
			return world.say(await previewRewindIn(view, message.entryId === '' ? null : message.entryId));
		case 'rewind.apply':
			return await applyRewindIn(view, message);
		case 'rewind.expand':
			return world.say(await describeFile(plannedFile(message.key, view), world));
		case 'rewind.diff': {
			const planned = plannedFile(message.key, view);
			return await openRewindDiff(planned, shownPath(planned.file, world.workspace), world);
		}
		case 'rewind.undo':
			return await undoRewindIn(view);
		case 'rewind.redo':
			return await redoRewindIn(view);
		case 'conflict.open':
			return await world.merges.open(view.current, message.restoreId, message.key);
		case 'mode.set':
			return view.setMode(message.mode);
		case 'model.set':
			return await view.setModel(message.model);
		case 'session.act':
			return await actOnSession(message.action, view);
		case 'session.fork':
			return await forkIn(view, { entryId: message.entryId });
		case 'context.compact':
			return await view.compact(message.focus, message.part);
		case 'context.undoCompact':
			return await view.undoCompaction(message.id);
		case 'summary.answer':
			if (!view.current.summaryReview.answer(message.id, message.text ?? undefined)) throw tooLate();
			return;
		case 'context.clear':
			return await clearIn(view, message.focus);
		case 'brief.answer':
			if (!view.current.briefReview.answer(message.id, message.answer)) throw tooLate();
			return;
		case 'brief.edit':
			return await editBrief(view.current, new AbortController().signal);
		case 'suggestion.dismiss':
			return world.suggestions.dismiss(view.current, message.cause);
		case 'session.follow':
			return await followIn(view, message.id);
		case 'summary.compare':
			return await compareSummaries(view.current.summaryReview.versions, world.blobs);
		case 'context.show':
			return await world.inspector.show(view.current, world.say);
		case 'context.inspect':
			return await world.inspector.act(message.act, view.current, world.say);
		case 'item.expand':
			return world.say({ kind: 'expanded', id: message.id, ...(await wholeResult(message.id, resultWorld(world))) });
		case 'agent.show':
			return await view.current.agents.show(message.id, message.isOpen);
		case 'agent.act': {
			const text = await actOnAgent(view.current, message.id, message.action);
			return text === undefined ? undefined : world.say({ kind: 'input', text, how: 'replace' });
		}
		case 'change.open':
			return await openCallChanges(view.current.session, message.id, message.key, world.blobs);
		case 'transcript.older': {
			const { beforeId, untilId } = message;
			const { items, hasOlder } =
				untilId === undefined
					? await view.current.rowsBefore(beforeId, SHOWN_ROWS)
					: await rowsBackTo(view.current, beforeId, untilId, new AbortController().signal);
			return world.say({ kind: 'older', beforeId, items: [...items], hasOlder });
		}
		case 'find':
			return await findForPanel(message, {
				view,
				open: view.current,
				wholeOutput: async (rowId) => (await wholeResult(rowId, resultWorld(world))).text,
				say: world.say,
			});
		case 'link.open':
			return await openLink(message.href, world.workspace, view.current.session.cwd);
		case 'notice.act':
			return await actOnNotice(message.action, world, message.id);
		case 'memory.add':
			await vscode.commands.executeCommand('retrace.addMemory', message.text);
			return;
		case 'draft.save':
			if (message.sessionId === view.sessionId) world.suggestions.drafted(view.current, message.text);
			return await view.saveDraft(message.text, message.sessionId);
		case 'panel.error':
			return world.onError('panel.error', new BugError(message.message));
		default:
			return assertNever(message);
	}
}

async function actOnEdit(
	key: { sessionId: string; toolUseId: string },
	message: Extract<ToHost, { kind: 'edit.act' }>,
	world: PanelWorld,
): Promise<void> {
	switch (message.action) {
		case 'openDiff':
			return await world.edits.open(key);
		case 'accept':
			if (!(await world.edits.accept(key))) throw tooLate();
			return;
		case 'reject':
			if (!(await world.edits.reject(key, message.reason))) throw tooLate();
			return;
	}
}

async function actOnSession(
	action: Extract<ToHost, { kind: 'session.act' }>['action'],
	view: SessionView,
): Promise<void> {
	switch (action) {
		case 'new':
			return await view.newSession();
		case 'rename':
			await vscode.commands.executeCommand('retrace.renameSession');
			return;
		case 'menu':
			await vscode.commands.executeCommand('retrace.resumeSession');
			return;
		case 'export':
			await vscode.commands.executeCommand('retrace.exportSession', view.current.session.id);
			return;
		case 'doctor':
			await vscode.commands.executeCommand('retrace.doctor');
			return;
		case 'effort':
			await vscode.commands.executeCommand('retrace.selectEffort');
			return;
		case 'permissions':
			await vscode.commands.executeCommand('retrace.permissionRules');
			return;
		case 'memory':
			await vscode.commands.executeCommand('retrace.editMemory');
			return;
		case 'branches':
			await vscode.commands.executeCommand('retrace.showBranches');
			return;
		case 'worktree':
			await vscode.commands.executeCommand('retrace.worktreeActions', view.sessionId);
			return;
		case 'origin':
			await vscode.commands.executeCommand('retrace.openOrigin', { sessionId: view.sessionId });
			return;
	}
}

async function actOnNotice(
	action: Extract<ToHost, { kind: 'notice.act' }>['action'],
	world: PanelWorld,
	rowId: string | undefined,
): Promise<void> {
	switch (action) {
		case 'useMerged':
			return await world.merges.use(rowId);
		case 'retry':
			return await retryTurn(world.view);
		case 'setApiKey':
			await vscode.commands.executeCommand('retrace.setApiKey');
			return;
		case 'openSettings':
			await vscode.commands.executeCommand('retrace.openSettings');
			return;
		case 'showLog':
			await vscode.commands.executeCommand('retrace.showLog');
			return;
		case 'useDemo':
			world.view.current.clearNotices();
			return await chooseProvider('demo');
		case 'useVscodeLm':
			if ((await vscode.lm.selectChatModels()).length === 0) throw noLanguageModel();
			world.view.current.clearNotices();
			return await chooseProvider('vscodeLm');
		case 'trustWorkspace':
			await vscode.commands.executeCommand('workbench.trust.manage');
			return;
		case 'rewind':
			await vscode.commands.executeCommand('retrace.rewind');
			return;
		case 'openFolder':
			await vscode.commands.executeCommand('workbench.action.files.openFolder');
			return;
		case 'takeOver':
			return await world.view.takeOver();
		case 'goOn':
			return await world.view.reopen();
		case 'fork':
			return await forkIn(world.view);
		case 'restore':
			return await world.view.restore();
		case 'restoreWorktree':
			await vscode.commands.executeCommand('retrace.restoreWorktree', world.view.sessionId);
			return;
		case 'showContext':
			return await world.inspector.show(world.view.current, world.say);
	}
}

const noLanguageModel = (): UserError =>
	new UserError(
		'no-language-model',
		'No extension brings a language model to VS Code now. Nothing was changed. Install one that does, or sign in to it, and try again.',
	);

function plannedFile(key: string, view: SessionView): PlannedFile {
	const planned = view.current.shownPlan?.files.find((file) => file.key === key);
	if (planned) return planned;
	throw new UserError('no-such-file', 'This preview is out of date. Nothing was changed. Open the dialog again.');
}

/** The whole output of a tool call, as it was stored. */
const resultWorld = ({ view, blobs }: PanelWorld) => ({ entries: view.current.session.entries, blobs });

function tooLate(): UserError {
	return new UserError(
		'too-late',
		'Nobody waits for this answer any more: the turn was stopped or it was answered elsewhere.',
	);
}
