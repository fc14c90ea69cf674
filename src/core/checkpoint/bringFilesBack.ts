/**
 * The steps of a restore, done: what is in the way is put aside first, then what goes goes, then what comes is written, and each file is read
 * again to see that it is what was wanted. Also finishes a restore that a crash cut off.
 */
import { isCancelled, messageOf, UserError } from '../../base/errors.ts';
import { plural } from '../../base/text.ts';
import type { Entry, EntryDraft } from '../session/entry.ts';
import type { ContentHash, ContentRef, FileMeta, FilePath } from '../session/fileFields.ts';
import { currentFile } from './currentFile.ts';
import { inParallel } from './inParallel.ts';
import { longTurn } from './loopTurns.ts';
import {
	createRecordingWorkspace,
	FILE_MEDIA_TYPE,
	type RecordedReturn,
	type RecordingWorkspace,
} from './recordingWorkspace.ts';
import { type RestoreStep, readJournal, unfinishedRestore } from './restoreJournal.ts';
import type { RestoreWorld } from './restorePlan.ts';
import { isTornWrite } from './tornWrite.ts';
import { stateOf } from './userEdits.ts';

export type FileReport = { readonly file: FilePath; readonly reason: string };
type Outcome = {
	readonly head: readonly Entry[];
	readonly restored: readonly FilePath[];
	readonly failed: readonly FileReport[];
};

/** Announced with one write and one flush: a few milliseconds. */
const MAX_BATCH = 64;
const MAX_AT_ONCE = 8;

/** `head` is written with the first announcement, in any case. Rejects only when the log cannot be written. */
export async function bringFilesBack(
	world: RestoreWorld,
	steps: readonly RestoreStep[],
	head: readonly EntryDraft[],
): Promise<Outcome> {
	const recording = createRecordingWorkspace(world);
	const restored: FilePath[] = [];
	const failed: FileReport[] = [];
	let written: readonly Entry[] | undefined;
	const run = async (part: readonly RestoreStep[]) => {
		for (let start = 0; start < part.length; start += MAX_BATCH) {
			const done = await runBatch(world, recording, part.slice(start, start + MAX_BATCH), written ? [] : head);
			written ??= done.head;
			restored.push(...done.restored);
			failed.push(...done.failed);
		}
	};
	// A file may stand where a folder comes, a folder where a file comes, and the same name in other letters: what goes goes first.
	const leaving = steps.filter(({ after }) => after === 'absent');
	await run(leaving);
	await removeFolders(world, leaving);
	await run(steps.filter(({ after }) => after !== 'absent'));
	return { head: written ?? [], restored, failed };
}

/**
 * Finishes the restore that a crash cut off, forward: a file that still is as before is restored, one that is as wanted stays, any other one
 * is left alone and named. Call it when operations left open are settled. Does nothing where nothing may be written.
 */
export async function finishRestore(world: RestoreWorld): Promise<void> {
	const { session, workspace, blobs } = world;
	if (session.readOnlyReason !== undefined || !workspace.isTrusted) return;
	const restore = unfinishedRestore(session.entries);
	if (!restore) return;
	const steps = await readSteps(world, restore.plan);
	if (!steps) return;
	const open = await inParallel(steps, MAX_AT_ONCE, async (step) => {
		const state = await stateNow(world, step).catch(() => undefined);
		const isDone = state?.content === stateOf(step.after, step.metaAfter);
		if (isDone && hasMode(state?.meta, step.metaAfter)) return [];
		const isLink = (step.metaBefore.link ?? false) || (step.metaAfter.link ?? false);
		const isTorn = state?.bytes && !isLink && (await isTornWrite(blobs, step, state.bytes).catch(() => false));
		return isTorn ? [{ ...step, before: blobs.hash(state.bytes), metaBefore: state.meta }] : [step];
	});
	const rest = open.flat();
	const { restored, failed } = await bringFilesBack({ session, workspace, blobs }, rest, []);
	const names = failed.slice(0, 10).map(({ file, reason }) => `${file.rel} (${reason})`);
	const text = `A rewind was interrupted; it is finished now: ${plural(restored.length, 'more file')} restored.`;
	session.append(
		{ type: 'restoreDone', restore: restore.id, failed: failed.length },
		{
			...{ type: 'notice', code: 'restore-finished', level: failed.length > 0 ? 'warning' : 'info' },
			text: names.length === 0 ? text : `${text} Left as they are: ${names.join(', ')}.`,
		},
	);
	await session.sync();
}

async function readSteps(world: RestoreWorld, plan: { readonly $blob: Exclude<ContentHash, 'absent'> }) {
	try {
		return readJournal(new TextDecoder().decode(await world.blobs.get(plan)));
	} catch (error) {
		// Without its plan nothing can be said about it, and a session must not be kept from going on.
		if (error instanceof UserError || error instanceof SyntaxError) return undefined;
		throw error;
	}
}

type Prepared = { readonly step: RestoreStep; readonly request: RecordedReturn };

async function runBatch(
	world: RestoreWorld,
	recording: RecordingWorkspace,
	steps: readonly RestoreStep[],
	head: readonly EntryDraft[],
): Promise<Outcome> {
	const failed: FileReport[] = [];
	const restored: FilePath[] = [];
	const prepared = await inParallel(steps, MAX_AT_ONCE, async (step): Promise<Prepared[]> => {
		const request = await attempt(world, step, () => prepare(world, step), failed);
		return request ? [{ step, request }] : [];
	});
	const ready = prepared.flat();
	if (ready.length === 0 && head.length === 0) return { head: [], restored, failed };
	const { head: written, outcomes } = await recording.bringBack(
		ready.map(({ request }) => request),
		head,
	);
	await inParallel(ready, MAX_AT_ONCE, async ({ step, request }, index) => {
		const outcome = outcomes[index];
		await attempt(
			world,
			step,
			async () => {
				if (outcome?.kind !== 'done') throw outcome?.error;
				if (outcome.after !== step.after)
					throw notRestored('the editor changed it while saving (a formatter, perhaps)');
				const { content, meta } = await contentAt(world, request.absolute, step);
				if (content !== stateOf(step.after, step.metaAfter)) throw notRestored('something else changed it at once');
				if (!hasMode(meta, step.metaAfter)) throw notRestored('its permissions could not be set');
				restored.push(step.file);
			},
			failed,
		);
	});
	return { head: written, restored, failed };
}

const notRestored = (reason: string): UserError => new UserError('not-restored', reason);

const hasMode = (now: FileMeta | undefined, wanted: FileMeta): boolean =>
	wanted.link || wanted.mode === undefined || now?.mode === undefined || now.mode === wanted.mode;

/** The barrier of one file: the others go on, and the report names this one. */
async function attempt<T>(
	{ session }: RestoreWorld,
	step: RestoreStep,
	work: () => Promise<T>,
	failed: FileReport[],
): Promise<T | undefined> {
	try {
		return await work();
	} catch (error) {
		if (isCancelled(error) || session.readOnlyReason !== undefined) throw error;
		failed.push({ file: step.file, reason: messageOf(error) });
		return undefined;
	}
}

/** Stores what is there. Rejects with UserError when it is not what the plan was made for. */
async function prepare(world: RestoreWorld, step: RestoreStep): Promise<RecordedReturn> {
	const { file, after, metaAfter } = step;
	const { content, meta, absolute, bytes } = await stateNow(world, step);
	if (content !== stateOf(step.before, step.metaBefore)) throw notRestored('it was changed after the preview');
	const before: ContentRef = bytes ? await world.blobs.put(bytes, FILE_MEDIA_TYPE) : 'absent';
	return { file, absolute, before, metaBefore: meta, after, metaAfter };
}

async function stateNow({ workspace, blobs }: RestoreWorld, step: RestoreStep) {
	const now = await currentFile(workspace, step.file, {
		hasCaseTwin: step.hasCaseTwin,
		isLinkKnown: (step.metaBefore.link ?? false) || (step.metaAfter.link ?? false),
		// Nothing is removed for it: a folder that is still there is refused by the write.
		mayBeFolder: step.before === 'absent',
	});
	if (now.kind === 'blocked') throw notRestored(now.reason);
	const { absolute, snapshot } = now;
	if (snapshot.kind === 'absent') return { content: 'absent' as const, meta: {}, absolute, bytes: undefined };
	const { bytes, meta } = snapshot;
	return { content: stateOf(blobs.hash(bytes), meta), meta, absolute, bytes };
}

/** What the write left at the place it was made for. */
async function contentAt({ workspace, blobs }: RestoreWorld, absolute: string, step: RestoreStep) {
	const snapshot = await workspace.read(absolute, {
		maxBytes: Number.MAX_SAFE_INTEGER,
		links: step.metaAfter.link ?? false,
	});
	if (snapshot.kind !== 'file') return { content: snapshot.kind, meta: undefined };
	return { content: stateOf(blobs.hash(snapshot.bytes), snapshot.meta), meta: snapshot.meta };
}

/** Folders that are empty now and were made with the files that went, the innermost first. */
async function removeFolders({ workspace }: RestoreWorld, gone: readonly RestoreStep[]): Promise<void> {
	const folders = new Map<string, { readonly folder: FilePath; readonly made: RestoreStep['made'][number][] }>();
	for (const { file, made } of gone) {
		const names = file.rel.split('/').slice(0, -1);
		for (; names.length > 0 && made.length > 0; names.pop()) {
			const folder = { root: file.root, rel: names.join('/') };
			const key = `${folder.root}\n${folder.rel}`;
			const known = folders.get(key) ?? { folder, made: [] };
			known.made.push(...made);
			folders.set(key, known);
		}
		await longTurn();
	}
	const innermostFirst = [...folders.values()].sort((a, b) => b.folder.rel.length - a.folder.rel.length);
	for (const { folder, made } of innermostFirst) {
		const place = await workspace.resolve(folder.rel, folder.root);
		if (place.kind === 'inside' && !place.isLink) await workspace.removeEmptyFolder(place.absolute, made);
		await longTurn();
	}
}
