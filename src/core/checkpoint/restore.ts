/**
 * Carrying out a restore: brings files back as `planRestore` found, through the recording workspace, so that it can itself be undone.
 * A file that fails does not keep the others; what was not restored is named. What to do is in the log before the first file is touched.
 * Also settles what a crash left open.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { plural } from '../../base/text.ts';
import type { Workspace } from '../ports.ts';
import type { EntryDraft, EntryOf } from '../session/entry.ts';
import type { ContentHash, FileMeta, FilePath } from '../session/fileFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import { bringFilesBack, type FileReport, finishRestore } from './bringFilesBack.ts';
import { currentFile } from './currentFile.ts';
import { inParallel } from './inParallel.ts';
import { ITEMS_PER_STEP, inTurns } from './loopTurns.ts';
import { conflictFiles, restoredBytes } from './planHunks.ts';
import { FILE_MEDIA_TYPE } from './recordingWorkspace.ts';
import { journalSteps, type RestoreStep } from './restoreJournal.ts';
import type { PlannedFile, RestorePlan, RestoreWorld } from './restorePlan.ts';
import { hashOf, openIntents, pathKey } from './timeline.ts';
import { isTornWrite } from './tornWrite.ts';

export type RestoreReport = {
	/** The `restore` entry; undefined when there was nothing to do. */
	readonly restore: EntryId | undefined;
	/** The epoch that undoes it. */
	readonly safety: number;
	readonly restored: readonly FilePath[];
	/** What the user chose to keep as it is. */
	readonly kept: readonly FilePath[];
	/** Conflicts and uncertain files that were not ticked, and files that cannot be restored. */
	readonly skipped: readonly FileReport[];
	readonly failed: readonly FileReport[];
};

/** What the user decided about the files of a plan, by key. */
export type RestoreChoice = {
	/** Files that are not restored unless they are named here: conflicts, and those with `isUncertainAuthor`. */
	readonly overwrite: readonly string[];
	/** Files that stay as they are. */
	readonly keep?: readonly string[];
	/** Hunks that stay as they are: their numbers as `planHunks` gives them. All of them = the file is kept. */
	readonly keepHunks?: Readonly<Record<string, readonly number[]>>;
};

/**
 * Writes what the plan says and the user chose. A file that changed since the plan was made fails with that reason and stays as it is. Once
 * it has begun it is not cancelled: half a restore helps nobody. Rejects with UserError, having changed nothing, when it cannot begin.
 */
export async function applyRestore(
	input: RestoreWorld & { readonly plan: RestorePlan } & RestoreChoice,
	signal: AbortSignal,
): Promise<RestoreReport> {
	signal.throwIfAborted();
	const { session, plan } = input;
	const { chosen, kept, skipped } = sortByChoice(plan, input);
	const wanted: { readonly planned: PlannedFile; readonly step: RestoreStep }[] = [];
	const early: FileReport[] = [];
	await inParallel(chosen, 1, async (planned) => {
		const hunks = input.keepHunks?.[planned.key] ?? [];
		try {
			const step = await stepFor(input, planned, hunks);
			if (step) wanted.push({ planned, step });
			else kept.push(planned);
		} catch (error) {
			if (!(error instanceof UserError)) throw error;
			early.push({ file: planned.file, reason: reasonOf(error) });
		}
	});
	const report = await carryOut(input, {
		...{ toEpoch: plan.toEpoch, undoOf: plan.undoOf, turn: plan.turn, agent: plan.agent },
		isMergeBack: plan.isMergeBack,
		steps: wanted.map(({ step }) => step),
		outcomes: await inTurns(
			outcomeSteps(plan, {
				wanted: new Set(wanted.map(({ planned }) => planned)),
				inPart: new Set(Object.keys(input.keepHunks ?? {})),
				kept: new Set(kept),
				skipped: new Set(skipped),
				early,
			}),
		),
	});
	return {
		...{ restore: report.restore, safety: report.safety ?? session.newestEpoch, restored: report.restored },
		kept: kept.map(({ file }) => file),
		skipped: skipped.map(({ file, note }) => ({ file, reason: note })),
		failed: [...early, ...report.failed],
	};
}

/**
 * Writes what the user made of a conflict, as a restore of its own. Rejects with UserError `changed-meanwhile` when the file is not any more
 * what the plan was made for, and `not-restored` with the reason when it could not be written; the file is then as it was.
 */
export async function resolveConflict(
	input: RestoreWorld & {
		readonly plan: RestorePlan;
		readonly planned: PlannedFile;
		readonly text: string;
		/** The restore that left the conflict. */
		readonly resolves?: EntryId;
	},
	signal: AbortSignal,
): Promise<EntryId | undefined> {
	signal.throwIfAborted();
	const { plan, planned, blobs } = input;
	const files = await conflictFiles(input, planned);
	if (!files)
		throw new UserError('not-restored', `${planned.file.rel} is not a text that can be merged. Nothing was changed.`);
	const { $blob: after } = await blobs.put(files.encode(input.text), FILE_MEDIA_TYPE);
	const step = stepOf(planned, after);
	const steps = step.after === step.before ? [] : [step];
	const outcomes = [{ path: planned.file, outcome: 'merged' }];
	const { toEpoch, isMergeBack } = plan;
	const { resolves } = input;
	const work = { toEpoch, undoOf: undefined, resolves, isMergeBack, steps, outcomes };
	const { restore, failed } = await carryOut(input, work);
	const [failure] = failed;
	if (failure)
		throw new UserError('not-restored', `${planned.file.rel} was not restored: ${failure.reason}. It is as it was.`);
	return restore;
}

/** `2 files restored, 1 skipped`. */
export function describeRestore(report: RestoreReport): string {
	const parts = [`${plural(report.restored.length, 'file')} restored`];
	if (report.kept.length > 0) parts.push(`${report.kept.length} kept`);
	if (report.skipped.length > 0) parts.push(`${report.skipped.length} skipped`);
	if (report.failed.length > 0) parts.push(`${report.failed.length} failed`);
	return parts.join(', ');
}

function sortByChoice(plan: RestorePlan, choice: RestoreChoice) {
	const ticked = new Set(choice.overwrite);
	const keep = new Set(choice.keep ?? []);
	const isTicked = ({ key, status, isUncertainAuthor }: PlannedFile) =>
		ticked.has(key) || (!isUncertainAuthor && status !== 'conflict');
	// One file may stand in the plan twice; what takes back more goes first.
	const uncertain = new Set(
		plan.files.flatMap((planned) =>
			planned.isUncertainAuthor && planned.status !== 'blocked' && isTicked(planned) && !keep.has(planned.key)
				? [pathKey(planned.file)]
				: [],
		),
	);
	const chosen: PlannedFile[] = [];
	const kept: PlannedFile[] = [];
	const skipped: PlannedFile[] = [];
	for (const planned of plan.files) {
		if (
			planned.action === 'none' ||
			(uncertain.size > 0 && !planned.isUncertainAuthor && uncertain.has(pathKey(planned.file)))
		)
			continue;
		if (planned.status === 'blocked') skipped.push(planned);
		else if (keep.has(planned.key)) kept.push(planned);
		else if (isTicked(planned)) chosen.push(planned);
		else skipped.push(planned);
	}
	return { chosen, kept, skipped };
}

/**
 * Closes the operations that a crash left open, by what the next operation found or what is on the disk now; that touches no file. A restore
 * that was cut off is finished after it. Call it before the session goes on, not when it is only opened. Does nothing while the session
 * cannot be written.
 */
export async function settleIntents(input: {
	readonly session: Session;
	readonly workspace: Workspace;
	readonly blobs: BlobStore;
}): Promise<void> {
	const { session } = input;
	if (session.readOnlyReason !== undefined) return;
	for (const { intent, nextBefore, nextMeta } of openIntents(session.entries)) {
		const before = hashOf(intent.before);
		// Only what was found after it happened may be without a copy, and that is never open.
		if (before === 'notCaptured' || intent.after === 'notCaptured') continue;
		const found =
			nextBefore === undefined ? await foundNow(input, intent) : { hash: nextBefore, meta: nextMeta, bytes: undefined };
		const isKnown = found?.hash === before || found?.hash === intent.after;
		// What is half of each is ours, and must not be taken for an edit of the user's.
		const torn = !isKnown && found?.bytes ? await tornContent(input.blobs, intent, found.bytes) : undefined;
		const mode = found?.meta?.mode;
		const announced = (intent.metaAfter ?? intent.meta).mode;
		const isOtherMode = mode !== undefined && announced !== undefined && mode !== announced;
		session.append<'fileOperationDone'>({
			type: 'fileOperationDone',
			epoch: intent.epoch,
			after: found?.hash === before ? before : (torn ?? intent.after),
			...(isOtherMode ? { metaAfter: { ...(intent.metaAfter ?? intent.meta), mode } } : {}),
			...(isKnown ? {} : { isUncertain: true }),
		});
	}
	await finishRestore(input);
}

/** Undefined when everything the file would get is kept as it is. */
async function stepFor(
	world: RestoreWorld,
	planned: PlannedFile,
	kept: readonly number[],
): Promise<RestoreStep | undefined> {
	const { merged, target, current } = planned;
	if (target === 'notCaptured' || current === undefined) return undefined;
	if (planned.action === 'mode') return stepOf(planned, current);
	if (kept.length === 0 && !merged) return stepOf(planned, target);
	const bytes = await restoredBytes(world, planned, kept);
	if (!bytes) return stepOf(planned, target);
	const { $blob: after } = await world.blobs.put(bytes, FILE_MEDIA_TYPE);
	return after === current ? undefined : stepOf(planned, after);
}

function stepOf(planned: PlannedFile, after: ContentHash): RestoreStep {
	const { file, current = 'absent', currentMeta, meta, hasCaseTwin, made } = planned;
	return {
		...{ file, before: current, metaBefore: currentMeta, after, hasCaseTwin },
		metaAfter: { ...(meta.mode === undefined ? {} : { mode: meta.mode }), ...(meta.link ? { link: true } : {}) },
		made: after === 'absent' ? made : [],
	};
}

type FileOutcome = EntryOf<'restore'>['files'][number];

/** One per file, also of one that stands in the plan twice. Why a file was not restored is in the log as well. */
function* outcomeSteps(
	plan: RestorePlan,
	chosen: {
		readonly wanted: ReadonlySet<PlannedFile>;
		/** Keys of files of which hunks are kept. */
		readonly inPart: ReadonlySet<string>;
		readonly kept: ReadonlySet<PlannedFile>;
		readonly skipped: ReadonlySet<PlannedFile>;
		readonly early: readonly FileReport[];
	},
): Generator<void, readonly FileOutcome[]> {
	const early = new Map(chosen.early.map(({ file, reason }) => [pathKey(file), reason]));
	const outcomes = new Map<string, FileOutcome>();
	for (const [index, planned] of plan.files.entries()) {
		if (index % ITEMS_PER_STEP === 0) yield;
		const { file: path, action, note: reason, target } = planned;
		const key = pathKey(path);
		const failure = early.get(key);
		const taken = plan.isMergeBack && target !== 'notCaptured' ? { taken: target } : {};
		if (chosen.wanted.has(planned))
			outcomes.set(key, { path, outcome: chosen.inPart.has(planned.key) ? 'part' : action, ...taken });
		else if (outcomes.has(key)) continue;
		else if (failure !== undefined) outcomes.set(key, { path, outcome: 'failed', reason: failure });
		else if (chosen.kept.has(planned)) outcomes.set(key, { path, outcome: 'kept' });
		else if (chosen.skipped.has(planned)) outcomes.set(key, { path, outcome: skippedAs(planned), reason, ...taken });
		else if (action === 'none') outcomes.set(key, { path, outcome: action });
	}
	return [...outcomes.values()];
}

const skippedAs = ({ status, isUncertainAuthor }: PlannedFile): string => {
	if (status === 'blocked') return 'blocked';
	return isUncertainAuthor ? 'kept' : 'conflict';
};

async function carryOut(
	world: RestoreWorld,
	work: {
		readonly toEpoch: number;
		readonly undoOf: EntryId | undefined;
		readonly turn?: EntryId | undefined;
		readonly agent?: string | undefined;
		readonly resolves?: EntryId | undefined;
		readonly isMergeBack?: boolean | undefined;
		readonly steps: readonly RestoreStep[];
		readonly outcomes: readonly FileOutcome[];
	},
) {
	const { session, blobs, workspace } = world;
	const { steps, undoOf, turn, agent, resolves, isMergeBack = false } = work;
	// Also without a file to write: a conflict that is left to merge, or was settled with the file as it is, and what was undone.
	const isWorthALine =
		resolves !== undefined || undoOf !== undefined || work.outcomes.some(({ outcome }) => outcome === 'conflict');
	if (steps.length === 0 && !isWorthALine) return { restore: undefined, safety: undefined, restored: [], failed: [] };
	if (!workspace.isTrusted)
		throw new UserError('untrusted', 'The workspace is not trusted, so no file is changed. Trust it first.');
	const plan = await blobs.put(await inTurns(journalSteps(work.toEpoch, steps)), 'application/json');
	const safety = session.newestEpoch;
	const head: EntryDraft<'checkpoint' | 'restore'>[] = [
		{ type: 'checkpoint', epoch: safety, label: isMergeBack ? 'Before the merge' : 'Before the rewind' },
		{
			...{ type: 'restore', plan, files: [...work.outcomes], safety },
			...(undoOf === undefined ? {} : { undoOf }),
			...(turn === undefined ? {} : { turn }),
			...(agent === undefined ? {} : { agent }),
			...(resolves === undefined ? {} : { resolves }),
			...(isMergeBack ? { mergeBack: true } : {}),
		},
	];
	const done = await bringFilesBack(world, steps, head);
	const { restored, failed } = done;
	const entries = steps.length === 0 ? session.append(...head) : done.head;
	const restore = entries.find((entry) => entry.type === 'restore')?.id;
	const failures = failed.map(({ file: path, reason }) => ({ path, reason }));
	if (restore) {
		const why = failures.length === 0 ? {} : { failures };
		session.append<'restoreDone'>({ type: 'restoreDone', restore, failed: failed.length, ...why });
	}
	await session.sync();
	return { restore, safety, restored, failed };
}

/** Of an error about one file the sentence stands behind its name, so its own first words are enough. */
const reasonOf = (error: UserError): string =>
	error.code === 'changed-meanwhile' ? 'it was changed after the preview' : error.message;

/** Undefined when it cannot be told. One file that cannot be read must not keep a session from going on. */
async function foundNow(
	{ workspace, blobs }: Pick<RestoreWorld, 'workspace' | 'blobs'>,
	{ path, meta, metaAfter = meta }: EntryOf<'fileOperation'>,
): Promise<
	{ readonly hash: ContentHash; readonly meta: FileMeta; readonly bytes: Uint8Array | undefined } | undefined
> {
	try {
		const now = await currentFile(workspace, path, { isLinkKnown: (meta.link ?? false) || (metaAfter.link ?? false) });
		if (now.kind === 'blocked') return undefined;
		const { snapshot } = now;
		return snapshot.kind === 'absent'
			? { hash: 'absent', meta: {}, bytes: undefined }
			: { hash: blobs.hash(snapshot.bytes), meta: snapshot.meta, bytes: snapshot.bytes };
	} catch (error) {
		if (error instanceof UserError) return undefined;
		throw error;
	}
}

async function tornContent(
	blobs: BlobStore,
	intent: EntryOf<'fileOperation'>,
	bytes: Uint8Array,
): Promise<ContentHash | undefined> {
	const [before, after] = [hashOf(intent.before), intent.after];
	if (before === 'notCaptured' || after === 'notCaptured') return undefined;
	try {
		if (!(await isTornWrite(blobs, { before, after }, bytes))) return undefined;
		return (await blobs.put(bytes, FILE_MEDIA_TYPE)).$blob;
	} catch (error) {
		if (error instanceof UserError) return undefined;
		throw error;
	}
}
