/** What stands above and below the transcript, for the shown session, and the rows to start with. */
import * as vscode from 'vscode';
import { shortTokens } from '../../protocol/contextMeter.ts';
import type { PanelHead } from '../../protocol/toPanel.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import { tuningLabel } from '../model/tuning.ts';
import { undoableRewind } from '../rewind/rewindHistory.ts';
import { runningCommands } from '../session/commandTerminals.ts';
import type { OpenSession } from '../session/openSession.ts';
import { SHOWN_ROWS } from '../session/openSessions.ts';
import type { SessionWorktrees } from '../session/worktreeTypes.ts';
import { shownTasks } from './shownTasks.ts';

export function panelHead(
	open: OpenSession,
	choice: ModelChoice,
	isPersisted: boolean,
	suggestion: PanelHead['suggestion'] = null,
	worktrees?: Pick<SessionWorktrees, 'isGone'>,
): PanelHead {
	const { session } = open;
	const commands = runningCommands(open);
	const model = choice.modelFor(session.model);
	const models = choice.models.some((one) => one.id === model)
		? choice.models
		: [choice.infoFor(model), ...choice.models];
	return {
		sessionId: session.id,
		title: session.title,
		state: open.needsUser
			? 'awaitingUser'
			: open.isRunning && IS_QUIET.has(session.state)
				? 'streaming'
				: session.state,
		readOnlyReason: open.readOnlyText ?? null,
		isPersisted,
		isFork: session.origin !== undefined,
		...(session.worktree === undefined
			? {}
			: { worktree: { isGone: worktrees?.isGone(session) ?? false, path: session.worktree.roots[0]?.path ?? '' } }),
		mode: session.mode,
		model,
		models: models.map((one) => ({
			id: one.id,
			label: one.displayName,
			detail: `${shortTokens(choice.infoFor(one.id).windowTokens)} tokens${one.isDeprecated ? ' · deprecated' : ''}`,
		})),
		tuning: tuningLabel(session, choice.infoFor(model)),
		provider: choice.provider,
		isDemo: choice.isDemo,
		needsSetup: choice.needsSetup,
		isTrusted: vscode.workspace.isTrusted,
		hasFolder: (vscode.workspace.workspaceFolders ?? []).length > 0,
		queue: open.queue.items.map((item) => ({ id: item.id, text: item.prompt.text })),
		...(commands.length === 0 ? {} : { commands: [...commands] }),
		progress: open.progress,
		summary: open.summaryReview.shown,
		brief: open.briefReview.shown,
		suggestion,
		tasks: [...shownTasks(session)],
		canUndoRewind: undoableRewind(session.entries) !== undefined,
	};
}

/** What a session is in before its turn has come to the first request. */
const IS_QUIET: ReadonlySet<string> = new Set(['ready', 'idle']);

/** The newest rows. */
export function shownItems(open: OpenSession): { items: readonly TranscriptItem[]; hasOlder: boolean } {
	return open.newestRows(SHOWN_ROWS);
}
