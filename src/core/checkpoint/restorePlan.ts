/**
 * What a restore would do, file by file: what the agent left, what is there now, what was there then. Reads only.
 * Nothing the user changed since is overwritten without a clean merge or a question; nothing the session did not create is deleted.
 */
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { countChanges } from '../edit/diffText.ts';
import { mergeText } from '../edit/merge.ts';
import { decodeText, encodeText, plainText, type TextFile } from '../edit/textFile.ts';
import type { BlobStore, Workspace } from '../ports.ts';
import type { ContentHash, FileMeta, FilePath, RecordedHash } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { RecordedSnapshot } from './recordingWorkspace.ts';
import { operationsAfter, pathKey, readTimeline, type TimelineOperation } from './timeline.ts';

export type RestoreWorld = { readonly session: Session; readonly workspace: Workspace; readonly blobs: BlobStore };

export type PlannedFile = {
	/** Opaque; names the file in `overwrite`. */
	readonly key: string;
	readonly file: FilePath;
	readonly absolute: string;
	readonly action: 'restore' | 'delete' | 'create' | 'none';
	/** `ok`: the file is as the agent left it. `merge`: changed since, merges cleanly. `conflict`: asks. `blocked`: cannot. */
	readonly status: 'ok' | 'merge' | 'conflict' | 'blocked';
	/** Why it is a merge, a conflict or blocked, as a sentence part; empty for `ok`. */
	readonly note: string;
	readonly addedLines: number;
	readonly removedLines: number;
	readonly left: RecordedHash;
	/** Undefined when blocked. */
	readonly current: ContentHash | undefined;
	readonly target: RecordedHash;
	readonly merged: Uint8Array<ArrayBuffer> | undefined;
	/** As the target was. */
	readonly meta: FileMeta;
};
export type RestorePlan = {
	readonly toEpoch: number;
	readonly undoOf: EntryId | undefined;
	/** Sorted by path. */
	readonly files: readonly PlannedFile[];
};

/** Plans bringing every file the session changed after `toEpoch` back to what it was then. */
export async function planRestore(
	input: RestoreWorld & { readonly toEpoch: number; readonly undoOf?: EntryId },
	signal: AbortSignal,
): Promise<RestorePlan> {
	const { session, toEpoch, undoOf } = input;
	const files: PlannedFile[] = [];
	const entries = await session.history(['fileOperation', 'fileOperationDone'], signal);
	for (const operations of readTimeline(entries).values()) {
		signal.throwIfAborted();
		const since = operationsAfter(operations, toEpoch);
		const [first] = since;
		if (first) files.push(await planFile(input, first, since));
	}
	const order = (file: PlannedFile) => pathKey(file.file);
	files.sort((a, b) => (order(a) < order(b) ? -1 : 1));
	return { toEpoch, undoOf, files };
}

export type CurrentFile =
	| { readonly kind: 'found'; readonly absolute: string; readonly snapshot: RecordedSnapshot }
	| { readonly kind: 'blocked'; readonly absolute: string; readonly reason: string };

/** What is at a recorded path now, when it is still an ordinary place inside the workspace. */
export async function currentFile(workspace: Workspace, file: FilePath): Promise<CurrentFile> {
	const place = await workspace.resolve(file.rel, file.root);
	const { absolute } = place;
	if (place.kind === 'outside') return { kind: 'blocked', absolute, reason: 'it is outside the workspace now' };
	if (place.isLink || pathKey(place.file) !== pathKey(file))
		return { kind: 'blocked', absolute, reason: 'it is reached through a link now' };
	const snapshot = await workspace.read(absolute);
	switch (snapshot.kind) {
		case 'file':
		case 'absent':
			return { kind: 'found', absolute, snapshot };
		case 'directory':
			return { kind: 'blocked', absolute, reason: 'it is a folder now' };
		case 'special':
			return { kind: 'blocked', absolute, reason: `it is ${snapshot.what} now` };
		case 'tooLarge':
			return { kind: 'blocked', absolute, reason: 'it is too large now' };
	}
}

/** One file that cannot be read is named; the others can be restored. */
async function readableFile(workspace: Workspace, file: FilePath): Promise<CurrentFile> {
	try {
		return await currentFile(workspace, file);
	} catch (error) {
		if (error instanceof UserError)
			return { kind: 'blocked', absolute: `${file.root}/${file.rel}`, reason: 'it cannot be read now' };
		throw error;
	}
}

type Verdict = Pick<PlannedFile, 'action' | 'status' | 'note' | 'merged'>;
const OWNER_WRITE = 0o200;

/** `since` starts with `first` and holds every operation on the file after the epoch to restore to. */
async function planFile(
	world: RestoreWorld,
	first: TimelineOperation,
	since: readonly TimelineOperation[],
): Promise<PlannedFile> {
	const { workspace, blobs } = world;
	const last = since.at(-1) ?? first;
	const now = await readableFile(workspace, first.file);
	const base = {
		key: pathKey(first.file),
		file: first.file,
		absolute: now.absolute,
		left: last.after,
		target: first.before,
		merged: undefined,
		meta: first.meta,
	};
	const blocked = (note: string, current?: ContentHash): PlannedFile => ({
		...base,
		...{ action: 'restore', status: 'blocked', note, addedLines: 0, removedLines: 0, current },
	});
	if (now.kind === 'blocked') return blocked(now.reason);
	const { snapshot } = now;
	const currentBytes = snapshot.kind === 'file' ? snapshot.bytes : undefined;
	const current: ContentHash = currentBytes ? blobs.hash(currentBytes) : 'absent';
	if (base.target === 'notCaptured')
		return blocked(`there is no copy of it: ${first.reason ?? 'none was made'}`, current);
	if (current === base.target)
		return { ...base, action: 'none', status: 'ok', note: '', addedLines: 0, removedLines: 0, current };
	if (snapshot.kind === 'file' && snapshot.meta.mode !== undefined && (snapshot.meta.mode & OWNER_WRITE) === 0)
		return blocked('it is read-only', current);
	try {
		const target = await load(blobs, base.target);
		const edits = userEdits(since, base.target, current);
		const verdict = await judge(
			blobs,
			{ edits, left: base.left, current, isUncertain: last.isUncertain },
			currentBytes,
			target,
		);
		const result = verdict.merged ?? target;
		return { ...base, ...verdict, ...countBytes(currentBytes, result), current };
	} catch (error) {
		if (error instanceof UserError) return blocked(error.message, current);
		throw error;
	}
}

/** What the user made of a file between two operations of the session, or after the last one. */
type UserEdit = { readonly from: RecordedHash; readonly to: RecordedHash };

/**
 * The user's edits that stand in the file now and not in the target. A file that comes back to a content it had before has again what it
 * had of the user then; one that the user deleted has nothing.
 */
function userEdits(
	since: readonly TimelineOperation[],
	target: RecordedHash,
	current: ContentHash,
): readonly UserEdit[] {
	const known = new Map<RecordedHash, readonly UserEdit[]>([[target, []]]);
	const all: UserEdit[] = [];
	let edits: readonly UserEdit[] = [];
	since.forEach(({ after: from, toolUseId }, index) => {
		// A restore that merged may have brought back anything that the user ever wrote.
		edits = known.get(from) ?? (toolUseId === undefined ? [...all] : edits);
		known.set(from, edits);
		const next = since[index + 1];
		const to = next?.before ?? current;
		if (to === from) return;
		all.push({ from, to });
		const earlier = known.get(to);
		if (to === 'absent') edits = [];
		// What the user did last is never passed over, also when it takes back what the session did.
		else if (earlier && (next || earlier.length > 0)) edits = earlier;
		else edits = [...edits, { from, to }];
		known.set(to, edits);
	});
	return edits;
}

async function judge(
	blobs: BlobStore,
	state: { edits: readonly UserEdit[]; left: RecordedHash; current: ContentHash; isUncertain: boolean },
	currentBytes: Uint8Array | undefined,
	targetBytes: Uint8Array<ArrayBuffer> | undefined,
): Promise<Verdict> {
	const action = !targetBytes ? 'delete' : currentBytes ? 'restore' : 'create';
	const conflict = (note: string): Verdict => ({ action, status: 'conflict', note, merged: undefined });
	if (state.isUncertain) return conflict('Retrace was interrupted while it wrote this file');
	if (state.left === 'notCaptured') return conflict('it is not known whether you changed it since');
	if (!currentBytes && state.left !== 'absent') return conflict('you deleted it since');
	if (state.edits.length === 0) return { action, status: 'ok', note: '', merged: undefined };
	if (!targetBytes) return conflict('you changed it since; the session created it');
	let merged = targetBytes;
	for (const { from, to } of state.edits) {
		if (from === 'absent' || to === 'absent') return conflict('you created it again since');
		if (from === 'notCaptured' || to === 'notCaptured') return conflict('it is not known what you changed in it');
		const mine = to === state.current && currentBytes ? currentBytes : await blobs.get({ $blob: to });
		const next = mergeFiles(await blobs.get({ $blob: from }), mine, merged);
		if (next === undefined) return conflict('you changed it since, and it is not a text file');
		if (next === 'conflict') return conflict('you changed the same lines since');
		merged = next;
	}
	if (blobs.hash(merged) === state.current)
		return { action: 'none', status: 'ok', note: 'your changes since already have it', merged: undefined };
	return { action, status: 'merge', note: 'you changed it since; your changes are kept', merged };
}

/** Undefined when one of them is no text. The result has the line ends and the BOM of `ours`. */
function mergeFiles(
	ancestor: Uint8Array,
	ours: Uint8Array,
	theirs: Uint8Array,
): Uint8Array<ArrayBuffer> | 'conflict' | undefined {
	const [left, mine, target] = [textFileOf(ancestor), textFileOf(ours), textFileOf(theirs)];
	if (!left || !mine || !target) return undefined;
	const isMixed = [left, mine, target].some((file) => file.eol === 'mixed');
	const textOf = (file: TextFile) => (isMixed && file.eol === '\r\n' ? file.text.replaceAll('\n', '\r\n') : file.text);
	const merged = mergeText({ ancestor: textOf(left), ours: textOf(mine), theirs: textOf(target) });
	if (merged.conflicts > 0) return 'conflict';
	return encodeText({ text: merged.text, eol: isMixed ? 'mixed' : mine.eol, bom: mine.bom });
}

function textFileOf(bytes: Uint8Array): TextFile | undefined {
	const decoded = decodeText(bytes);
	return decoded.kind === 'text' ? decoded.file : undefined;
}

const load = async (blobs: BlobStore, hash: ContentHash) =>
	hash === 'absent' ? undefined : blobs.get({ $blob: hash });

function countBytes(from: Uint8Array | undefined, to: Uint8Array | undefined) {
	const before = from ? plainText(from) : '';
	const after = to ? plainText(to) : '';
	return before === undefined || after === undefined ? { addedLines: 0, removedLines: 0 } : countChanges(before, after);
}
