/**
 * Carrying out a restore: brings files back as `planRestore` found, through the recording workspace, so that it can itself be undone.
 * A file that fails does not keep the others; what was not restored is named. Also settles what a crash left open.
 */
import { isCancelled, messageOf, UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { plural, utf8Encode } from '../../base/text.ts';
import type { BlobStore, Workspace } from '../ports.ts';
import type { ContentHash, FilePath } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { createRecordingWorkspace, type RecordedSnapshot, type RecordingWorkspace } from './recordingWorkspace.ts';
import { currentFile, type PlannedFile, type RestorePlan, type RestoreWorld } from './restorePlan.ts';
import { hashOf, openIntents } from './timeline.ts';

export type FileReport = { readonly file: FilePath; readonly reason: string };
export type RestoreReport = {
	/** The `restore` entry; undefined when there was nothing to do. */
	readonly restore: EntryId | undefined;
	/** The epoch that undoes it. */
	readonly safety: number;
	readonly restored: readonly FilePath[];
	/** Conflicts that were not ticked, and files that cannot be restored. */
	readonly skipped: readonly FileReport[];
	readonly failed: readonly FileReport[];
};

/**
 * Writes what the plan says, and the conflicts whose keys are in `overwrite`. A file that changed since the plan was made fails with
 * that reason and stays as it is. Once it has begun it is not cancelled: half a restore helps nobody.
 */
export async function applyRestore(
	input: RestoreWorld & { readonly plan: RestorePlan; readonly overwrite: readonly string[] },
	signal: AbortSignal,
): Promise<RestoreReport> {
	const { session, blobs, plan } = input;
	signal.throwIfAborted();
	const overwrite = new Set(input.overwrite);
	const isChosen = (planned: PlannedFile) =>
		planned.action !== 'none' &&
		(planned.status === 'ok' ||
			planned.status === 'merge' ||
			(planned.status === 'conflict' && overwrite.has(planned.key)));
	const chosen = plan.files.filter(isChosen);
	const skipped = plan.files
		.filter((planned) => planned.action !== 'none' && !isChosen(planned))
		.map(({ file, note }) => ({ file, reason: note }));
	const safety = session.newestEpoch;
	if (chosen.length === 0) return { restore: undefined, safety, restored: [], skipped, failed: [] };

	const planBlob = await blobs.put(utf8Encode(planText(plan)), 'application/json');
	session.append<'checkpoint'>({ type: 'checkpoint', epoch: safety, label: 'Before the rewind' });
	const [restore] = session.append<'restore'>({
		type: 'restore',
		plan: planBlob,
		files: plan.files.map((planned) => ({
			path: planned.file,
			outcome: isChosen(planned) || planned.action === 'none' ? planned.action : 'skipped',
		})),
		safety,
		...(plan.undoOf === undefined ? {} : { undoOf: plan.undoOf }),
	});
	const recording = createRecordingWorkspace(input);
	const restored: FilePath[] = [];
	const failed: FileReport[] = [];
	for (const planned of chosen) {
		const reason = await restoreFile(input, recording, planned);
		if (reason === undefined) restored.push(planned.file);
		else failed.push({ file: planned.file, reason });
	}
	if (restore) session.append<'restoreDone'>({ type: 'restoreDone', restore: restore.id, failed: failed.length });
	await session.sync();
	return { restore: restore?.id, safety, restored, skipped, failed };
}

/** `2 files restored, 1 skipped`. */
export function describeRestore(report: RestoreReport): string {
	const parts = [`${plural(report.restored.length, 'file')} restored`];
	if (report.skipped.length > 0) parts.push(`${report.skipped.length} skipped`);
	if (report.failed.length > 0) parts.push(`${report.failed.length} failed`);
	return parts.join(', ');
}

/**
 * Closes the operations that a crash left open, by what the next operation found or what is on the disk now.
 * Call it on open, before the first prompt; it touches no file. Does nothing while the session cannot be written.
 */
export async function settleIntents(input: {
	readonly session: Session;
	readonly workspace: Workspace;
	readonly blobs: BlobStore;
}): Promise<void> {
	const { session, workspace, blobs } = input;
	if (session.readOnlyReason !== undefined) return;
	for (const { intent, nextBefore } of openIntents(session.entries)) {
		const before = hashOf(intent.before);
		// Only what was found after it happened may be without a copy, and that is never open.
		if (before === 'notCaptured' || intent.after === 'notCaptured') continue;
		const now = nextBefore ?? (await hashNow(workspace, blobs, intent.path));
		const isKnown = now === before || now === intent.after;
		session.append<'fileOperationDone'>({
			type: 'fileOperationDone',
			epoch: intent.epoch,
			after: now === before ? before : intent.after,
			...(isKnown ? {} : { isUncertain: true }),
		});
	}
}

/** Undefined when the file is now as planned, else why not. */
async function restoreFile(
	{ session, workspace, blobs }: RestoreWorld,
	recording: RecordingWorkspace,
	planned: PlannedFile,
): Promise<string | undefined> {
	try {
		const now = await currentFile(workspace, planned.file);
		if (now.kind === 'blocked') return now.reason;
		const before: RecordedSnapshot = now.snapshot;
		const hash = before.kind === 'absent' ? 'absent' : blobs.hash(before.bytes);
		if (hash !== planned.current) return 'it was changed after the preview';
		const target = { file: planned.file, absolute: now.absolute, before, author: 'agent' } as const;
		if (planned.target === 'notCaptured') return planned.note;
		const wanted =
			planned.merged ?? (planned.target === 'absent' ? undefined : await blobs.get({ $blob: planned.target }));
		if (!wanted) {
			await recording.delete(target);
			return undefined;
		}
		const { mode } = planned.meta;
		const { after } = await recording.write({
			...target,
			bytes: wanted,
			meta: before.kind === 'file' ? before.meta : mode === undefined ? {} : { mode },
		});
		return after === blobs.hash(wanted) ? undefined : 'the editor changed it while saving (a formatter, perhaps)';
	} catch (error) {
		// The barrier of one file: the others go on, and the report names this one.
		if (isCancelled(error) || session.readOnlyReason !== undefined) throw error;
		return messageOf(error);
	}
}

/** Undefined when it cannot be told. One file that cannot be read must not keep a session from going on. */
async function hashNow(workspace: Workspace, blobs: BlobStore, file: FilePath): Promise<ContentHash | undefined> {
	try {
		const now = await currentFile(workspace, file);
		if (now.kind === 'blocked') return undefined;
		return now.snapshot.kind === 'absent' ? 'absent' : blobs.hash(now.snapshot.bytes);
	} catch (error) {
		if (error instanceof UserError) return undefined;
		throw error;
	}
}

const planText = (plan: RestorePlan): string =>
	JSON.stringify({
		toEpoch: plan.toEpoch,
		files: plan.files.map(({ file, action, status, note, left, current, target }) => ({
			file,
			action,
			status,
			note,
			left,
			current,
			target,
		})),
	});
