/** Compaction that the user asked for, and its undo, for one open session. */
import { UserError } from '../../base/errors.ts';
import { asEntryId } from '../../base/ids.ts';
import { applySummary, draftSummary } from '../../core/agent/compact.ts';
import type { CompactionWish } from '../../core/context/summaryDraft.ts';
import { sessionReadOnly } from '../../core/session/sessionErrors.ts';
import { setting } from '../settings.ts';
import type { OpenSession } from './openSession.ts';
import { portsFor, runApart, type TurnWorld, turnRefusal } from './turnRunner.ts';

/** True when a summary took the place of the conversation; false when the user dropped it. */
export async function compactSession(open: OpenSession, wish: CompactionWish, world: TurnWorld): Promise<boolean> {
	requireFree(open);
	const refusal = await turnRefusal(open, world);
	if (refusal) {
		open.notify(refusal);
		return false;
	}
	let isApplied = false;
	await runApart(open, world, async (signal) => {
		const { session } = open;
		const ports = portsFor(open, world);
		session.setState('streaming');
		try {
			const draft = await draftSummary(session, wish, ports, (event) => open.onTurnEvent(event), signal);
			const text = setting('compaction.preview') === 'never' ? draft.summary : await open.reviewSummary(draft, signal);
			if (text === undefined) return;
			await applySummary(session, draft, text, ports);
			isApplied = true;
		} finally {
			session.setState('idle');
		}
	});
	return isApplied;
}

/** Goes back to before the summary. What came after it stays on a branch of its own. */
export async function undoCompaction(open: OpenSession, compactionId: string): Promise<void> {
	requireFree(open);
	const { session } = open;
	await open.alone(async () => {
		const entry = session.branch().find(({ id }) => id === compactionId);
		if (entry?.type !== 'compaction' || entry.parentId === null || !(await session.loadTo(asEntryId(entry.parentId))))
			throw new UserError(
				'no-such-message',
				'This summary is no longer part of the conversation. Nothing was changed.',
			);
		session.append({ type: 'rewind', to: entry.parentId, from: session.leaf, why: 'undoCompaction' });
		await session.sync();
	});
}

/** Throws when the session cannot be changed now. */
export function requireFree(open: OpenSession): void {
	const { readOnlyReason } = open.session;
	if (readOnlyReason !== undefined) throw sessionReadOnly(readOnlyReason);
	if (open.isRunning)
		throw new UserError('busy', 'A turn is running. Nothing was changed. Stop it or wait for its end, then try again.');
}
