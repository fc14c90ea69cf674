/** Conflicts that restores left: their texts, and how the user's result gets into the file. A restore never waits for them. */
import { UserError } from '../../base/errors.ts';
import { planMergeBack } from '../../core/checkpoint/mergeBackPlan.ts';
import { type ConflictTexts, conflictTexts } from '../../core/checkpoint/planHunks.ts';
import { applyRestore, resolveConflict, settleIntents } from '../../core/checkpoint/restore.ts';
import { readToEpoch } from '../../core/checkpoint/restoreJournal.ts';
import {
	type PlannedFile,
	planAgentUndo,
	planRestore,
	planTurnUndo,
	type RestorePlan,
} from '../../core/checkpoint/restorePlan.ts';
import { isSameFile } from '../../core/checkpoint/timeline.ts';
import { loadBlobText } from '../../core/context/loadBlobs.ts';
import { toLf } from '../../core/edit/textFile.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import type { ContentHash } from '../../core/session/fileFields.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import { assertNoCommands } from '../session/backgroundRuns.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { RewindWorld } from './rewindFlow.ts';
import { type Conflict, unresolvedConflicts } from './unresolvedConflicts.ts';

export type LoadedConflict = {
	/** Of the file now. The result is for this content alone. */
	readonly current: ContentHash;
	/** Undefined when there is nothing to merge line by line. */
	readonly texts: ConflictTexts | undefined;
	/** Why it is a conflict, as a sentence part. */
	readonly note: string;
	/** It is one of a worktree that was merged back: the other side is no earlier version. */
	readonly isMerge: boolean;
};

/** Rejects with UserError `conflict-settled` when it waits no more. */
export async function loadConflict(
	open: OpenSession,
	conflict: Conflict,
	world: RewindWorld,
	signal: AbortSignal,
): Promise<LoadedConflict> {
	return await open.alone(async () => {
		const { plan, planned } = await planOf(open, conflict, world, signal);
		const texts = await conflictTexts(world, planned);
		return { current: planned.current ?? 'absent', texts, note: planned.note, isMerge: plan.isMergeBack ?? false };
	});
}

/**
 * Puts the merged text into the file, when the file still is what the merge was made for; that is recorded and can be undone. Rejects with
 * UserError when not; the file is then as it was.
 */
export async function useMerged(
	open: OpenSession,
	merged: Conflict & { readonly current: ContentHash; readonly text: string },
	world: RewindWorld,
	signal: AbortSignal,
): Promise<void> {
	const { rel } = merged.file;
	if (hasMarkers(merged.text))
		throw new UserError(
			'has-markers',
			`The result still has conflict markers (<<<<<<<, >>>>>>>). ${rel} was not changed. Settle them first.`,
		);
	await writeAlone(open, world, async () => {
		const { plan, planned } = await planOf(open, merged, world, signal);
		if (planned.current !== merged.current) throw changedMeanwhile(rel);
		const texts = await conflictTexts(world, planned);
		const text = texts?.ours.includes('\r\n') ? merged.text : toLf(merged.text);
		const { session } = open;
		await resolveConflict({ session, ...world, plan, planned, text, resolves: merged.restore }, signal);
	});
}

/** Restores the file as a whole, for what cannot be merged. */
export async function restoreWhole(
	open: OpenSession,
	conflict: Conflict & { readonly current: ContentHash },
	world: RewindWorld,
	signal: AbortSignal,
): Promise<void> {
	await writeAlone(open, world, async () => {
		const { plan, planned } = await planOf(open, conflict, world, signal);
		if (planned.current !== conflict.current) throw changedMeanwhile(conflict.file.rel);
		const { session } = open;
		const one = { ...plan, files: [planned] };
		const { failed, skipped } = await applyRestore({ session, ...world, plan: one, overwrite: [planned.key] }, signal);
		const [problem] = [...failed, ...skipped];
		if (problem)
			throw new UserError('not-restored', `${problem.file.rel} was not restored: ${problem.reason}. It is as it was.`);
	});
}

/** A line that starts as a marker does. `=======` alone is a heading in some texts. */
const hasMarkers = (text: string): boolean => /^(<{7}|>{7}|\|{7}) /m.test(text);

const changedMeanwhile = (rel: string): UserError =>
	new UserError(
		'changed-meanwhile',
		`${rel} was changed since this merge was opened. Nothing was written. Open the conflict again from the chat.`,
	);

async function writeAlone(open: OpenSession, world: RewindWorld, write: () => Promise<void>): Promise<void> {
	await open.alone(async () => {
		if (open.isRunning)
			throw new UserError('turn-running', 'A turn is running. Nothing was written. Stop it, or wait for its end.');
		assertNoCommands(open.session);
		const reason = world.codeReason();
		if (reason !== null) throw new UserError('cannot-restore', `${reason} Nothing was written.`);
		await settleIntents({ session: open.session, ...world });
		await write();
		await open.session.sync();
	});
}

async function planOf(
	open: OpenSession,
	{ restore, file }: Conflict,
	world: RewindWorld,
	signal: AbortSignal,
): Promise<{ readonly plan: RestorePlan; readonly planned: PlannedFile }> {
	const { session } = open;
	const waits = unresolvedConflicts(session.entries).some(
		(one) => one.restore === restore && isSameFile(one.file, file),
	);
	const entry = session.find(restore);
	const plan = waits && entry?.type === 'restore' ? await planAgain(open, entry, world, signal) : undefined;
	const planned = plan?.files.find((one) => isSameFile(one.file, file) && !one.isUncertainAuthor);
	if (!plan || !planned)
		throw new UserError('conflict-settled', `The conflict in ${file.rel} is settled. Nothing was written.`);
	return { plan, planned };
}

/** What a restore wanted of the files, as they are now. */
async function planAgain(
	{ session }: OpenSession,
	{ plan, turn, agent, mergeBack }: EntryOf<'restore'>,
	world: RewindWorld,
	signal: AbortSignal,
): Promise<RestorePlan | undefined> {
	if (mergeBack) return await planMerge(session, world, signal);
	// Of one turn that was taken back alone, what came later stays.
	if (turn !== undefined) return await planTurnUndo({ session, ...world, prompt: turn }, signal);
	if (agent !== undefined) return await planAgentUndo({ session, ...world, agent }, signal);
	const toEpoch = readToEpoch(await loadBlobText(plan, world.blobs));
	return toEpoch === undefined ? undefined : await planRestore({ session, ...world, toEpoch }, signal);
}

/** Undefined when the worktree is gone: then there is nothing to merge with. */
async function planMerge(session: Session, world: RewindWorld, signal: AbortSignal): Promise<RestorePlan | undefined> {
	const { worktree } = session;
	const port = world.worktrees?.port;
	if (!worktree || !port?.isThere(worktree)) return undefined;
	const { files } = await port.changes(worktree, signal);
	return await planMergeBack({ session, ...world, changes: files }, signal);
}
