/**
 * Going on with another branch of a session: the conversation moves by a `rewind` entry, files are restored by the checkpoint module
 * when the user wants that too. Nothing is lost: switching back finds the same leaf and the same files. Stops no turn and asks nobody.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { epochOf } from '../../core/checkpoint/branchFiles.ts';
import { applyRestore, settleIntents } from '../../core/checkpoint/restore.ts';
import { type PlannedFile, planRestore, type RestorePlan } from '../../core/checkpoint/restorePlan.ts';
import type { BranchReader } from '../../core/session/branchReader.ts';
import type { RewindWorld } from '../rewind/rewindFlow.ts';
import { assertNoCommands } from '../session/backgroundRuns.ts';
import type { OpenSession } from '../session/openSession.ts';

export type SwitchWorld = RewindWorld & { readonly branches: BranchReader };

/** What switching to the end of a branch would change in the files. */
export type SwitchPreview = {
	/** Files that would change or cannot; those that are as they were are left out. */
	readonly files: readonly PlannedFile[];
	/** Why files cannot be brought along; null = they can. */
	readonly codeReason: string | null;
};

/** Changes no file. Rejects with UserError `turn-running` or `no-such-branch`. */
export async function previewSwitch(
	open: OpenSession,
	to: EntryId,
	world: SwitchWorld,
	signal: AbortSignal,
): Promise<SwitchPreview> {
	return await open.alone(async () => {
		assertIdle(open);
		assertNoCommands(open.session);
		const codeReason = world.codeReason();
		if (codeReason !== null) return { files: [], codeReason };
		const toEpoch = await epochAt(open, to, world, signal);
		if (toEpoch === undefined) return { files: [], codeReason: LATE_REASON };
		await settleIntents({ session: open.session, ...world });
		const plan = await planTo(open, toEpoch, world, signal);
		return { files: plan.files.filter((file) => file.action !== 'none'), codeReason: null };
	});
}

export type SwitchChoice = {
	/** The entry to go on from; the end of a branch, as a rule. */
	readonly to: EntryId;
	readonly withCode: boolean;
};

/** Returns the files that were not restored, each with its reason. Rejects with UserError, having moved nothing. */
export async function switchBranch(
	open: OpenSession,
	choice: SwitchChoice,
	world: SwitchWorld,
	signal: AbortSignal,
): Promise<readonly string[]> {
	return await open.alone(() => switchNow(open, choice, world, signal));
}

async function switchNow(
	open: OpenSession,
	{ to, withCode }: SwitchChoice,
	world: SwitchWorld,
	signal: AbortSignal,
): Promise<readonly string[]> {
	const { session } = open;
	assertIdle(open);
	assertNoCommands(session);
	if (!(await session.loadTo(to, signal))) throw noSuchBranch();
	const problems: string[] = [];
	let restore: EntryId | undefined;
	if (withCode) {
		const toEpoch = await epochAt(open, to, world, signal);
		const reason = world.codeReason() ?? (toEpoch === undefined ? LATE_REASON : null);
		if (reason !== null || toEpoch === undefined)
			throw new UserError('cannot-restore', `${reason} Nothing was changed.`);
		await settleIntents({ session, ...world });
		const plan = await planTo(open, toEpoch, world, signal);
		const report = await applyRestore({ session, ...world, plan, overwrite: [] }, signal);
		restore = report.restore;
		for (const one of [...report.skipped, ...report.failed]) problems.push(`${one.file.rel}: ${one.reason}`);
	}
	if (session.leaf !== to)
		session.append({
			...{ type: 'rewind', to, from: session.leaf, why: 'switch' },
			...(restore === undefined ? {} : { restore }),
		});
	await session.sync();
	return problems;
}

const LATE_REASON = 'Another window wrote this branch after it lost the session, so it has no files of its own.';

const noSuchBranch = () =>
	new UserError('no-such-branch', 'This branch is not in the session’s log any more. Nothing was changed.');

function assertIdle(open: OpenSession): void {
	if (!open.isRunning) return;
	throw new UserError(
		'turn-running',
		'A turn is running in this session, so it stays on its branch. Nothing was changed. Stop the turn, then switch.',
	);
}

async function epochAt(
	open: OpenSession,
	to: EntryId,
	world: SwitchWorld,
	signal: AbortSignal,
): Promise<number | undefined> {
	const { tree, outline, details } = await world.branches.read(open.session, signal);
	if (!tree.branchOf(to)) throw noSuchBranch();
	return epochOf(outline, details, to);
}

function planTo(open: OpenSession, toEpoch: number, world: SwitchWorld, signal: AbortSignal): Promise<RestorePlan> {
	const { session } = open;
	return planRestore({ session, workspace: world.workspace, blobs: world.blobs, toEpoch }, signal);
}
