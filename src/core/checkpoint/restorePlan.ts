/**
 * What a restore would do, file by file: what the session left, what is there now, what was there then. Reads only.
 * Nothing the user changed since is overwritten without a clean merge or a question; nothing the session did not create is deleted.
 *
 * For a dialog: `plan.files` is the list. A file of status `conflict`, or with `isUncertainAuthor`, is restored only when its key is in the
 * choice's `overwrite`; one whose key is in `keep` stays as it is. `planHunks` (`planHunks.ts`) gives the places that would change in a text,
 * on demand; the numbers of those that are to stay go into `keepHunks`. `conflictTexts` there gives the three texts of a conflict.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { countChanges } from '../edit/diffText.ts';
import { plainText } from '../edit/textFile.ts';
import type { Workspace } from '../ports.ts';
import type { ContentHash, FileMeta, FilePath, RecordedHash } from '../session/fileFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import { type CurrentFile, currentFile } from './currentFile.ts';
import { inParallel } from './inParallel.ts';
import { ITEMS_PER_STEP, inTurns, sortSteps } from './loopTurns.ts';
import { isOwn, operationsAfter, pathKey, type Timeline, type TimelineOperation, timelineSteps } from './timeline.ts';
import { type FileState, hasOtherMode, judge, type Others, stateOf, userEdits } from './userEdits.ts';

export type RestoreWorld = { readonly session: Session; readonly workspace: Workspace; readonly blobs: BlobStore };

export type PlannedFile = {
	/** Opaque; names the file in a `RestoreChoice`. */
	readonly key: string;
	readonly file: FilePath;
	readonly absolute: string;
	/** `mode`: only its permissions change. */
	readonly action: 'restore' | 'delete' | 'create' | 'mode' | 'none';
	/** `ok`: the file is as the session left it. `merge`: changed since, merges cleanly. `conflict`: asks. `blocked`: cannot. */
	readonly status: 'ok' | 'merge' | 'conflict' | 'blocked';
	/** Why it is a merge, a conflict or blocked, as a sentence part; empty for `ok`. */
	readonly note: string;
	/**
	 * Takes back as well what may not be the session's. The same file stands in the plan without that too, when there is something to take
	 * back that is; this one goes before it when it is chosen.
	 */
	readonly isUncertainAuthor: boolean;
	readonly addedLines: number;
	readonly removedLines: number;
	readonly left: RecordedHash;
	/** Undefined when blocked. */
	readonly current: ContentHash | undefined;
	readonly currentMeta: FileMeta;
	readonly target: RecordedHash;
	readonly merged: Uint8Array<ArrayBuffer> | undefined;
	/** As the file will be: permissions, and whether it is a link. */
	readonly meta: FileMeta;
	/** Another file of the session has the same name but for upper and lower case. */
	readonly hasCaseTwin: boolean;
	/** The session moved the file here from there. */
	readonly movedFrom: FilePath | undefined;
	/** When the session made it: folders that are of the same time go with it, once they are empty. */
	readonly made: readonly { readonly from: number; readonly until: number }[];
};
export type RestorePlan = {
	readonly toEpoch: number;
	readonly undoOf: EntryId | undefined;
	/** The prompt whose turn alone is taken back. */
	readonly turn?: EntryId;
	/** The subagent whose changes alone are taken back. */
	readonly agent?: string;
	/** The target is what the session's worktree has (`mergeBackPlan.ts`). */
	readonly isMergeBack?: boolean;
	/** Sorted by path. */
	readonly files: readonly PlannedFile[];
};

/** Plans bringing every file the session changed after `toEpoch` back to what it was then. */
export async function planRestore(
	input: RestoreWorld & { readonly toEpoch: number; readonly undoOf?: EntryId },
	signal: AbortSignal,
): Promise<RestorePlan> {
	const { toEpoch, undoOf } = input;
	const timeline = await wholeTimeline(input, signal);
	const files = await planFiles(input, timeline, (operations) => operationsAfter(operations, toEpoch), 'you', signal);
	return { toEpoch, undoOf, files };
}

/**
 * Plans taking back what one turn did, and nothing else: what was changed later, by whomever, stays, or is a conflict. `prompt` is the entry
 * that began the turn. Carried out and undone as any restore.
 */
export async function planTurnUndo(
	input: RestoreWorld & { readonly prompt: EntryId },
	signal: AbortSignal,
): Promise<RestorePlan> {
	const timeline = await wholeTimeline(input, signal);
	const turn = turnEpochs(await input.session.history(['user', 'fileOperation'], signal), input.prompt);
	const ofTurn = (operations: readonly TimelineOperation[]) =>
		operations.filter(({ epoch, toolUseId }) => turn.has(epoch) && toolUseId !== undefined);
	const files = await planFiles(input, timeline, ofTurn, 'anybody', signal);
	const [firstEpoch = input.session.newestEpoch + 1] = turn;
	return { toEpoch: firstEpoch - 1, undoOf: undefined, turn: input.prompt, files };
}

/** As `planTurnUndo`, for what one subagent did in all its runs. */
export async function planAgentUndo(
	input: RestoreWorld & { readonly agent: string },
	signal: AbortSignal,
): Promise<RestorePlan> {
	const { session, agent } = input;
	const timeline = await wholeTimeline(input, signal);
	const own = new Set<number>();
	for (const { agentId, epoch, toolUseId } of await session.history(['fileOperation'], signal))
		if (agentId === agent && toolUseId !== undefined) own.add(epoch);
	const ofAgent = (operations: readonly TimelineOperation[]) => operations.filter(({ epoch }) => own.has(epoch));
	const files = await planFiles(input, timeline, ofAgent, 'anybody', signal);
	const [firstEpoch = session.newestEpoch + 1] = own;
	return { toEpoch: firstEpoch - 1, undoOf: undefined, agent, files };
}

/** The epochs between a prompt and the next one, in the order of the log. */
function turnEpochs(
	entries: readonly { readonly type: string; readonly id: EntryId; readonly epoch?: number }[],
	prompt: EntryId,
): ReadonlySet<number> {
	const start = entries.findIndex(({ id }) => id === prompt);
	const epochs = new Set<number>();
	if (start < 0) return epochs;
	for (const entry of entries.slice(start + 1)) {
		if (entry.type === 'user') break;
		if (entry.epoch !== undefined) epochs.add(entry.epoch);
	}
	return epochs;
}

type TimedTimeline = {
	readonly files: Timeline;
	/** When the calls began, by their id. */
	readonly startedAt: ReadonlyMap<string, number>;
};

async function wholeTimeline({ session }: RestoreWorld, signal: AbortSignal): Promise<TimedTimeline> {
	const entries = await session.history(['fileOperation', 'fileOperationDone', 'toolStarted'], signal);
	const startedAt = new Map<string, number>();
	for (const entry of entries) if (entry.type === 'toolStarted') startedAt.set(entry.toolUseId, entry.timestamp);
	return { files: await inTurns(timelineSteps(entries), signal), startedAt };
}

/** Files are read side by side, a few at a time, and what is not needed any more is let go. */
const MAX_AT_ONCE = 8;

async function planFiles(
	world: RestoreWorld,
	timeline: TimedTimeline,
	choose: (operations: readonly TimelineOperation[]) => readonly TimelineOperation[],
	others: Others,
	signal: AbortSignal,
): Promise<readonly PlannedFile[]> {
	const { chosen, folds, folders } = await inTurns(chooseSteps(timeline.files, choose), signal);
	const isUnclear = (key: string, { epoch }: TimelineOperation) =>
		hasUnclearEnd((timeline.files.get(key) ?? []).filter((operation) => operation.epoch >= epoch));
	const planned = await inParallel(chosen, MAX_AT_ONCE, async (since) => {
		signal.throwIfAborted();
		const [first] = since;
		if (!first) return [];
		const key = pathKey(first.file);
		const view: FileView = {
			hasCaseTwin: (folds.get(key.toLowerCase()) ?? 0) > 1,
			isFolderNow: folders.has(key),
			startedAt: timeline.startedAt,
			isUnclear: isUnclear(key, first),
			others,
		};
		const own = since.every(isOwn) ? since : withoutRoundTrips(since).filter(isOwn);
		const files: PlannedFile[] = [];
		const [firstOwn] = own;
		if (firstOwn) files.push(await planFile(world, firstOwn, own, view, false));
		if (own.length < since.length) {
			const whole = await planFile(world, first, since, view, true);
			if (whole.action !== 'none') files.push(whole);
		}
		return files;
	});
	return await inTurns(
		sortSteps(withMoves(planned.flat()), (a, b) => (a.key < b.key ? -1 : 1)),
		signal,
	);
}

/** What is to be taken back, how many of the files have a name but for upper and lower case, and the folders above them. */
function* chooseSteps(
	timeline: Timeline,
	choose: (operations: readonly TimelineOperation[]) => readonly TimelineOperation[],
) {
	const chosen: (readonly TimelineOperation[])[] = [];
	const folds = new Map<string, number>();
	const folders = new Set<string>();
	let seen = 0;
	for (const operations of timeline.values()) {
		if (++seen % ITEMS_PER_STEP === 0) yield;
		const since = choose(operations);
		const [first] = since;
		if (!first) continue;
		chosen.push(since);
		const key = pathKey(first.file);
		const fold = key.toLowerCase();
		folds.set(fold, (folds.get(fold) ?? 0) + 1);
		for (let end = key.lastIndexOf('/'); end > 0; end = key.lastIndexOf('/', end - 1)) {
			const folder = key.slice(0, end);
			if (folders.has(folder)) break;
			folders.add(folder);
		}
	}
	return { chosen, folds, folders };
}

/** A file that was moved goes from where it is only when it comes back where it was: else nobody would find what is in it. */
function withMoves(files: readonly PlannedFile[]): PlannedFile[] {
	const staying = new Set(
		files.flatMap(({ status, file }) => (status === 'conflict' || status === 'blocked' ? [pathKey(file)] : [])),
	);
	return files.map((file) => {
		const { action, status, movedFrom } = file;
		if (action !== 'delete' || status !== 'ok' || !movedFrom || !staying.has(pathKey(movedFrom))) return file;
		return { ...file, status: 'conflict', note: `it was moved here from ${movedFrom.rel}, which does not come back` };
	});
}

/**
 * Without what was taken back again: a restore that the user had take back a change of an unknown author must not count as a change of the
 * session's that brings it back when it is undone; nor must one that went to such a change count as having made it.
 */
function withoutRoundTrips(since: readonly TimelineOperation[]): readonly TimelineOperation[] {
	/** The operations that led to a content when it first stood there. */
	const ways = new Map<FileState, readonly TimelineOperation[]>();
	let left: readonly TimelineOperation[] = [];
	const stands = (state: FileState) => {
		if (state !== 'notCaptured' && !ways.has(state)) ways.set(state, left);
	};
	for (const operation of since) {
		stands(stateOf(operation.before, operation.meta));
		const after = stateOf(operation.after, operation.metaAfter);
		const way = ways.get(after);
		// A change of permissions alone leaves the content it found.
		const isPlain = ![operation, ...left, ...(way ?? [])].some(({ op }) => op === 'chmod');
		left = way && isPlain && operation.toolUseId === undefined ? way : [...left, operation];
		stands(after);
	}
	return left;
}

/** What a crash left is clear when the next operation found just what is said to have been left. */
function hasUnclearEnd(operations: readonly TimelineOperation[]): boolean {
	return operations.some((operation, index) => {
		const next = operations[index + 1];
		if (!operation.isUncertain || !next) return operation.isUncertain;
		return stateOf(next.before, next.meta) !== stateOf(operation.after, operation.metaAfter);
	});
}

/** What is known of a file besides its operations. */
type FileView = {
	readonly hasCaseTwin: boolean;
	/** Whether the session made files below it, so that a folder in its place may be the session's. */
	readonly isFolderNow: boolean;
	readonly startedAt: ReadonlyMap<string, number>;
	/** A crash left a content of which nobody knows whose it is, and what came after built on it. */
	readonly isUnclear: boolean;
	readonly others: Others;
};

const OWNER_WRITE = 0o200;
const UNCERTAIN_KEY = '\n?';
const UNCERTAIN_NOTE = 'something else may have changed it while a command ran';

/** `since` starts with `first` and holds every operation on the file that is to be taken back. */
async function planFile(
	world: RestoreWorld,
	first: TimelineOperation,
	since: readonly TimelineOperation[],
	view: FileView,
	isUncertainAuthor: boolean,
): Promise<PlannedFile> {
	const { workspace, blobs } = world;
	const last = since.at(-1) ?? first;
	const now = await readableFile(workspace, first.file, {
		hasCaseTwin: view.hasCaseTwin,
		isLinkKnown: since.some(({ meta, metaAfter }) => meta.link || metaAfter.link),
		mayBeFolder: last.after === 'absent' && view.isFolderNow,
	});
	const base = {
		key: isUncertainAuthor ? pathKey(first.file) + UNCERTAIN_KEY : pathKey(first.file),
		file: first.file,
		absolute: now.absolute,
		isUncertainAuthor,
		left: last.after,
		target: first.before,
		merged: undefined,
		meta: first.meta,
		currentMeta: now.kind === 'found' && now.snapshot.kind === 'file' ? now.snapshot.meta : {},
		hasCaseTwin: view.hasCaseTwin,
		movedFrom: first.from,
		made: since.filter(({ before }) => before === 'absent').map((operation) => madeAt(operation, view.startedAt)),
		addedLines: 0,
		removedLines: 0,
	};
	const blocked = (note: string, current?: ContentHash): PlannedFile => ({
		...base,
		...{ action: 'restore', status: 'blocked', note, current },
	});
	if (now.kind === 'blocked') return blocked(now.reason);
	const { snapshot } = now;
	const currentBytes = snapshot.kind === 'file' ? snapshot.bytes : undefined;
	const currentMeta = base.currentMeta;
	const current: ContentHash = currentBytes ? blobs.hash(currentBytes) : 'absent';
	if (base.target === 'notCaptured')
		return blocked(`there is no copy of it: ${first.reason ?? 'none was made'}`, current);
	const states = {
		target: stateOf(base.target, first.meta),
		left: stateOf(last.after, last.metaAfter),
		current: stateOf(current, currentMeta),
	};
	const mode = wantedMode(first, since, snapshot);
	const meta: FileMeta = { ...first.meta, ...(mode.bits === undefined ? {} : { mode: mode.bits }) };
	if (states.current === states.target) {
		const isAsWanted = mode.bits === undefined || mode.bits === currentMeta.mode || current === 'absent';
		const note = joined(mode.note, isUncertainAuthor && UNCERTAIN_NOTE);
		return { ...base, action: isAsWanted ? 'none' : 'mode', status: 'ok', note, current, meta };
	}
	const isReadOnly = currentMeta.mode !== undefined && (currentMeta.mode & OWNER_WRITE) === 0;
	if (isReadOnly && last.metaAfter.mode !== currentMeta.mode) return blocked('it is read-only', current);
	try {
		const target = base.target === 'absent' ? undefined : await blobs.get({ $blob: base.target });
		const edits = userEdits(since, states.target, states.current);
		const { others } = view;
		const verdict = await judge(
			blobs,
			{ edits, left: states.left, current: states.current, isUncertain: view.isUnclear, others },
			currentBytes,
			target,
		);
		const isAnyLink = states.current.startsWith('link ') || states.target.startsWith('link ');
		const counts = isAnyLink ? {} : countBytes(currentBytes, verdict.merged ?? target);
		const status = verdict.status === 'ok' && mode.note !== '' ? 'merge' : verdict.status;
		const note = joined(verdict.note, mode.note, isUncertainAuthor && UNCERTAIN_NOTE);
		const isModeOnly = verdict.action === 'none' && mode.bits !== undefined && mode.bits !== currentMeta.mode;
		const action = isModeOnly ? 'mode' : verdict.action;
		return { ...base, ...verdict, ...counts, action, status, note, current, meta };
	} catch (error) {
		if (error instanceof UserError) return blocked(error.message, current);
		throw error;
	}
}

const joined = (...parts: (string | false)[]): string =>
	parts.filter((part) => part !== false && part !== '').join('; ');

/** Permissions go back with the file, unless somebody else set them since. */
function wantedMode(
	first: TimelineOperation,
	since: readonly TimelineOperation[],
	snapshot: Extract<CurrentFile, { kind: 'found' }>['snapshot'],
): { readonly bits: number | undefined; readonly note: string } {
	const bits = first.meta.link ? undefined : first.meta.mode;
	if (snapshot.kind === 'absent' || bits === undefined || snapshot.meta.link) return { bits, note: '' };
	if (bits === snapshot.meta.mode) return { bits, note: '' };
	if (!hasOtherMode(since, snapshot.meta)) return { bits, note: '' };
	return { bits: snapshot.meta.mode, note: 'its permissions were changed since and stay' };
}

function madeAt(operation: TimelineOperation, startedAt: ReadonlyMap<string, number>) {
	const { toolUseId, announcedAt, endedAt } = operation;
	const isFound = announcedAt === endedAt && toolUseId !== undefined;
	return { from: (isFound ? startedAt.get(toolUseId) : undefined) ?? announcedAt, until: endedAt };
}

/** One file that cannot be read is named; the others can be restored. */
async function readableFile(...[workspace, file, options]: Parameters<typeof currentFile>): Promise<CurrentFile> {
	try {
		return await currentFile(workspace, file, options);
	} catch (error) {
		if (error instanceof UserError)
			return { kind: 'blocked', absolute: `${file.root}/${file.rel}`, reason: 'it cannot be read now' };
		throw error;
	}
}

/** Comparing more than this line by line would be felt. */
const MAX_COUNTED_BYTES = 4_000_000;

function countBytes(from: Uint8Array | undefined, to: Uint8Array | undefined) {
	if ((from?.length ?? 0) + (to?.length ?? 0) > MAX_COUNTED_BYTES) return { addedLines: 0, removedLines: 0 };
	const before = from ? plainText(from) : '';
	const after = to ? plainText(to) : '';
	return before === undefined || after === undefined ? { addedLines: 0, removedLines: 0 } : countChanges(before, after);
}
