/** A session that comes from one in a worktree (a fork, a fresh one after a clear) goes on in the workspace: both sides are told. */

import { notice } from '../transcript/noticeRows.ts';
import { LEFT_WORKTREE_REMINDER, LEFT_WORKTREE_TEXT } from '../worktree/worktreeWords.ts';
import type { OpenSession } from './openSession.ts';

/** Does nothing when `origin` works in the workspace. `folder` is where the session works from now on. */
export function leaveWorktree(origin: OpenSession, open: OpenSession, folder: string): void {
	if (!origin.session.worktree) return;
	const { session } = open;
	session.setCwd(folder);
	// The conversation that was copied names the worktree's folder, and so may the brief.
	const knowsIt = session.branch().length > 0 || (session.newest('continues')?.brief ?? '') !== '';
	if (knowsIt) session.append({ type: 'reminder', text: LEFT_WORKTREE_REMINDER });
	open.notify(notice('local:left-worktree', 'info', LEFT_WORKTREE_TEXT));
}
