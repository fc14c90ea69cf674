/** Where a conversation goes on in another session, which the view shows then: a fork, a fresh session with a brief, and the links between two. */
import { asEntryId, type SessionId } from '../../base/ids.ts';
import { forkTitle } from '../../core/session/titles.ts';
import { FORKED_IN_TURN, isCutOff } from '../transcript/sessionNotices.ts';
import { chooseBrief, hasNothingToClear, linkedSession, linkSessions, NOTHING_TO_CLEAR } from './clearFlow.ts';
import { leaveWorktree } from './leaveWorktree.ts';
import type { SessionView } from './sessionView.ts';

/** A new session from an entry of the one with this id (default: shown, and its leaf); it is shown then. */
export async function forkIn(
	view: SessionView,
	options: { readonly id?: SessionId; readonly entryId?: string } = {},
): Promise<void> {
	const { sessions } = view.host;
	const origin = options.id === undefined ? view.current : await sessions.open(options.id);
	const at = options.entryId === undefined ? origin.session.leaf : asEntryId(options.entryId);
	const fork = await sessions.fork(origin.session, at);
	fork.session.append({ type: 'title', title: forkTitle(origin.session.title), by: 'prompt' });
	if (isCutOff(fork.session.branch())) {
		// Nothing broke off here: the fork ends where the user wanted it to.
		fork.session.append({ type: 'interrupted', reason: 'stop' });
		fork.notify(FORKED_IN_TURN);
	}
	leaveWorktree(origin, fork, view.host.world.defaults().cwd);
	await view.showOpen(fork);
}

/** A fresh session in this view that continues the shown one. What is being typed goes along. */
export async function clearIn(view: SessionView, focus: string): Promise<void> {
	const { sessions, drafts, world } = view.host;
	const old = view.current;
	if (hasNothingToClear(old.session)) return view.say({ kind: 'toast', level: 'info', text: NOTHING_TO_CLEAR });
	const choice = await chooseBrief(old, focus, world);
	if (!choice) return;
	const fresh = await sessions.create();
	fresh.session.setMode(old.session.mode);
	await linkSessions(old.session, fresh.session, choice);
	fresh.session.setModel(old.session.model);
	leaveWorktree(old, fresh, world.defaults().cwd);
	// The user went elsewhere meanwhile; the link leads there.
	if (view.sessionId !== old.session.id) return;
	const { draft } = view;
	await drafts.save(fresh.session.id, view.place, draft);
	await drafts.save(old.session.id, view.place, '');
	await view.showOpen(fresh);
	view.say({ kind: 'focus' });
}

/** The session at the other end of a link. */
export async function followIn(view: SessionView, id: string): Promise<void> {
	const { sessions, world } = view.host;
	const sizeOf = (other: SessionId) => world.stores.sessions.reader(other).size();
	await view.show(await linkedSession(id, { sessions, sizeOf }));
}
