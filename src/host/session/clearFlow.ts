/**
 * `/clear`: drafts a brief of the shown session, lets the user change it, and starts a fresh session that is linked to the old one. The old
 * session stays as it is but for the link. And the two ends of the link.
 */
import { isCancelled, UserError } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import { type BriefDraft, draftBrief, hasConversation } from '../../core/agent/draftBrief.ts';
import { sessionReadOnly } from '../../core/session/sessionErrors.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BriefOffer } from './briefReview.ts';
import type { OpenSession } from './openSession.ts';
import { portsFor, runApart, type TurnWorld, turnRefusal } from './turnRunner.ts';

/** What the user chose; `costUsd` is that of all drafts. */
export type ClearChoice = { readonly brief: string; readonly costUsd: number | null };

export const NOTHING_TO_CLEAR = 'There is nothing to clear: this session has no messages yet.';
export const hasNothingToClear = (session: Session): boolean => !hasConversation(session.branch()) && !session.hasOlder;

/** Undefined when the user wants none of it. Rejects with UserError `busy` or `session-read-only`. */
export async function chooseBrief(
	open: OpenSession,
	focus: string,
	world: TurnWorld,
): Promise<ClearChoice | undefined> {
	const { session } = open;
	if (session.readOnlyReason !== undefined) throw sessionReadOnly(session.readOnlyReason);
	if (open.isRunning) throw busy();
	let choice: ClearChoice | undefined;
	try {
		await runApart(open, world, async (signal) => {
			session.setState('streaming');
			try {
				choice = await askForBrief(open, focus, world, signal);
			} finally {
				session.setState('idle');
			}
		});
	} catch (error) {
		// Stopped: everything is as it was.
		if (!isCancelled(error)) throw error;
	}
	return choice;
}

async function askForBrief(
	open: OpenSession,
	focus: string,
	world: TurnWorld,
	signal: AbortSignal,
): Promise<ClearChoice | undefined> {
	let draft = await draftNow(open, focus, world, signal);
	let { costUsd } = draft;
	let offer: BriefOffer = { text: draft.text, costUsd, focus, note: noteOf(draft), isStarted: false };
	for (;;) {
		const answer = await open.briefReview.ask(offer, signal);
		switch (answer.kind) {
			case 'use':
				return { brief: answer.text.trim(), costUsd };
			case 'without':
				return { brief: '', costUsd };
			case 'cancel':
				return undefined;
			case 'redraft': {
				draft = await draftNow(open, answer.focus, world, signal);
				costUsd = costUsd === null || draft.costUsd === null ? null : costUsd + draft.costUsd;
				// What no model wrote does not take the place of what the user may have written.
				const isKept = draft.mechanicalBecause !== undefined && answer.text.trim() !== '';
				const note = isKept ? `${because(draft)} The text is as it was.` : noteOf(draft);
				offer = { text: isKept ? answer.text : draft.text, costUsd, focus: answer.focus, note, isStarted: false };
			}
		}
	}
}

async function draftNow(open: OpenSession, focus: string, world: TurnWorld, signal: AbortSignal): Promise<BriefDraft> {
	open.onTurnEvent({ kind: 'compacting', chars: 0, wanted: 'brief' });
	try {
		const refusal = (await turnRefusal(open, world)) === undefined ? undefined : refusalText(world);
		const git = world.workspace.isTrusted ? await (world.gitState?.() ?? []) : [];
		const ports = portsFor(open, world);
		return await draftBrief(open.session, { focus, git, refusal }, ports, (event) => open.onTurnEvent(event), signal);
	} finally {
		open.onTurnEvent({ kind: 'requestStarted' });
	}
}

const refusalText = (world: TurnWorld): string =>
	world.workspace.isTrusted
		? 'No model can be asked: no key or no valid address is set.'
		: 'This folder is not trusted, so no model was asked.';

const because = ({ mechanicalBecause = '' }: BriefDraft): string =>
	/[.!?]$/.test(mechanicalBecause) ? mechanicalBecause : `${mechanicalBecause}.`;

const noteOf = (draft: BriefDraft): string =>
	draft.mechanicalBecause === undefined
		? ''
		: `${because(draft)} This brief was put together from the log: requests, last answer, changed files.`;

/** Links both logs, the fresh one first: its brief is what must not be lost. */
export async function linkSessions(old: Session, fresh: Session, { brief, costUsd }: ClearChoice): Promise<void> {
	fresh.append({ type: 'continues', other: old.id, title: old.title, brief });
	await fresh.sync();
	old.append({ type: 'continuedIn', other: fresh.id, ...(costUsd === 0 ? {} : { costUsd }) });
	await old.sync();
}

/** Lets the user change the brief of a session that has sent nothing yet. */
export async function editBrief(open: OpenSession, signal: AbortSignal): Promise<void> {
	const { session } = open;
	const link = session.newest('continues');
	if (!link || hasConversation(session.branch()))
		throw new UserError('brief-sent', 'The brief was sent with the first prompt, so it stays as it is.');
	if (session.readOnlyReason !== undefined) throw sessionReadOnly(session.readOnlyReason);
	const offer: BriefOffer = { text: link.brief, costUsd: 0, focus: '', note: '', isStarted: true };
	const answer = await open.briefReview.ask(offer, signal);
	if (answer.kind !== 'use') return;
	if (hasConversation(session.branch()))
		throw new UserError('brief-sent', 'The first prompt was sent meanwhile, with the brief as it was before.');
	const { other, title } = link;
	session.append({ type: 'continues', other, title, brief: answer.text.trim() });
	await session.sync();
}

/** The session at the other end of a link; rejects when it is not in this folder any more. */
export async function linkedSession(
	id: string,
	world: { readonly sessions: { find(id: string): unknown }; sizeOf(id: SessionId): Promise<number> },
): Promise<SessionId> {
	const other = asSessionId(id);
	if (world.sessions.find(id) !== undefined || (await world.sizeOf(other)) > 0) return other;
	throw new UserError(
		'linked-gone',
		'That session is not in this folder any more. It may be in the trash: see the Sessions view.',
	);
}

const busy = (): UserError =>
	new UserError('busy', 'A turn is running. Nothing was changed. Stop it or wait for its end, then clear again.');
