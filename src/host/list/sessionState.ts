/**
 * What the list knows of an open session, and how a session is pinned or archived: by an entry of its log, like everything.
 * A session that is not open is opened for it and closed again.
 */
import { UserError } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import { isType } from '../../core/session/entry.ts';
import { isInTrash } from '../../core/session/sessionErrors.ts';
import { promptPreview, promptText } from '../../core/session/titles.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { OpenSessions } from '../session/openSessions.ts';
import type { OpenState } from './sessionList.ts';

export function openState(open: OpenSession): OpenState {
	const { session } = open;
	const last = session.branch().at(-1);
	const hasFailed = last?.type === 'turnEnded' && last.reason === 'error';
	const prompt = session.branch().findLast((entry) => isType(entry, 'user'));
	return {
		id: session.id,
		title: session.title,
		lastPrompt: prompt ? promptPreview(promptText(prompt.content)) : '',
		// What is looked at in the trash is listed there.
		hasEntries: session.entries.length > 0 && !isInTrash(session),
		isReadOnly: session.readOnlyReason !== undefined,
		// To be renamed or pinned is not to be used.
		updatedAt:
			session.entries.findLast((entry) => !BOOKKEEPING.has(entry.type))?.timestamp ??
			session.entries.at(-1)?.timestamp ??
			0,
		activity: open.needsUser ? 'needsYou' : open.isRunning ? 'running' : hasFailed ? 'failed' : 'none',
		isPinned: session.isPinned,
		isArchived: session.isArchived,
		originId: session.origin?.sessionId,
		...(session.worktree === undefined ? {} : { worktreeId: session.worktree.id }),
	};
}

export type StateChange = { readonly isPinned: boolean } | { readonly isArchived: boolean };

/**
 * Resolves when it is on the disk. Rejects with UserError `session-read-only` while another window holds the session, and
 * `empty-session` when nothing was sent in it.
 */
export async function changeState(
	id: SessionId,
	change: StateChange,
	sessions: Pick<OpenSessions, 'find' | 'open' | 'close'>,
	isInUse: (id: SessionId) => boolean,
): Promise<void> {
	const work = async ({ session }: OpenSession) => {
		if (session.entries.length === 0) throw new UserError('empty-session', EMPTY_TEXT);
		if (session.readOnlyReason !== undefined)
			throw new UserError(
				'session-read-only',
				`“${session.title}” was not ${doneWord(change)}. ${session.readOnlyReason}`,
			);
		const isSame =
			'isPinned' in change ? session.isPinned === change.isPinned : session.isArchived === change.isArchived;
		if (isSame) return;
		session.append({ type: 'state', ...change });
		await session.sync();
	};
	await withSession(id, sessions, work, isInUse);
}

/** Runs `work` with the session; one that was not open is closed again, unless it is in use by then. */
export async function withSession<T>(
	id: SessionId,
	sessions: Pick<OpenSessions, 'find' | 'open' | 'close'>,
	work: (open: OpenSession) => Promise<T>,
	isInUse: (id: SessionId) => boolean = () => false,
): Promise<T> {
	const wasOpen = sessions.find(id) !== undefined;
	const open = await sessions.open(id);
	try {
		return await work(open);
	} finally {
		const isKept = open.isRunning || open.queue.items.length > 0 || isInUse(id);
		if (!wasOpen && !isKept) await sessions.close(id);
	}
}

const BOOKKEEPING: ReadonlySet<string> = new Set(['title', 'state', 'tail', 'branchLabel', 'prefix', 'count']);
const EMPTY_TEXT = 'This session has no message yet. Send a prompt first.';

function doneWord(change: StateChange): string {
	if ('isPinned' in change) return change.isPinned ? 'pinned' : 'unpinned';
	return change.isArchived ? 'archived' : 'unarchived';
}
