/**
 * What the user made of a file while the session worked on it, and whether that can be kept when the file goes back. Reads stored contents
 * only; writes nothing. A content is named by a `FileState`, so that a link is never taken for a file with the same bytes.
 */
import type { Sha256 } from '../../base/ids.ts';
import { mergeText } from '../edit/merge.ts';
import { decodeText, encodeText, type TextFile } from '../edit/textFile.ts';
import type { FileMeta, RecordedHash } from '../session/fileFields.ts';
import type { BlobStore } from '../session/storePort.ts';
import type { TimelineOperation } from './timeline.ts';

/** What stands at a path: no file, a file of these bytes, or a link to there. */
export type FileState = RecordedHash | `link ${Sha256}`;

export const stateOf = (content: RecordedHash, meta: FileMeta): FileState =>
	meta.link && content !== 'absent' && content !== 'notCaptured' ? `link ${content}` : content;
const isLink = (state: FileState): state is `link ${Sha256}` => state.startsWith('link ');

/** What the user made of a file between two operations of the session, or after the last one. */
type UserEdit = { readonly from: FileState; readonly to: FileState };

/**
 * The user's edits that stand in the file now and not in the target. A file that comes back to a content it had before has again what it
 * had of the user then; one that the user deleted has nothing.
 */
export function userEdits(
	since: readonly TimelineOperation[],
	target: FileState,
	current: FileState,
): readonly UserEdit[] {
	const known = new Map<FileState, readonly UserEdit[]>([[target, []]]);
	const all: UserEdit[] = [];
	let edits: readonly UserEdit[] = [];
	since.forEach((operation, index) => {
		const from = stateOf(operation.after, operation.metaAfter);
		// A restore that merged may have brought back anything that the user ever wrote.
		edits = known.get(from) ?? (operation.toolUseId === undefined ? [...all] : edits);
		known.set(from, edits);
		const next = since[index + 1];
		const to = next ? stateOf(next.before, next.meta) : current;
		// Two contents that nobody knows may be two.
		if (to === from && to !== 'notCaptured') return;
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

/** Whether somebody else set permissions between two operations of the session, or after the last one. */
export function hasOtherMode(since: readonly TimelineOperation[], current: FileMeta): boolean {
	return since.some(({ after, metaAfter }, index) => {
		const next = since[index + 1];
		if (after === 'absent' || next?.before === 'absent') return false;
		const found = (next ? next.meta : current).mode;
		return metaAfter.mode !== undefined && found !== undefined && metaAfter.mode !== found;
	});
}

export type Verdict = {
	readonly action: 'restore' | 'delete' | 'create' | 'none';
	readonly status: 'ok' | 'merge' | 'conflict';
	readonly note: string;
	readonly merged: Uint8Array<ArrayBuffer> | undefined;
};

/** Who changed a file that the plan finds changed: the user, anybody after the turn that is taken back, or the user beside a worktree. */
export type Others = 'you' | 'anybody' | 'worktree';
const WORDS = {
	you: {
		deleted: 'you deleted it since',
		created: 'you changed it since; the session created it',
		again: 'you created it again since',
		unknown: 'it is not known what you changed in it',
		unseen: 'it is not known whether you changed it since',
		noText: 'you changed it since, and it is not a text file',
		lines: 'you changed the same lines since',
		merged: 'you changed it since; your changes are kept',
		done: 'your changes since already have it',
	},
	anybody: {
		deleted: 'it was deleted since',
		created: 'it was changed since; the turn created it',
		again: 'it was created again since',
		unknown: 'it is not known what was changed in it',
		unseen: 'it is not known whether it was changed since',
		noText: 'it was changed since, and it is not a text file',
		lines: 'the same lines were changed since',
		merged: 'it was changed since; those changes are kept',
		done: 'changes since already have it',
	},
	worktree: {
		deleted: 'it was deleted here and changed in the worktree',
		created: 'it was changed here and deleted in the worktree',
		again: 'it was created here and in the worktree',
		unknown: 'it is not known what was changed in it',
		unseen: 'what it was at the start is not known any more',
		noText: 'it was changed here as well, and it is not a text file',
		lines: 'the same lines were changed here and in the worktree',
		merged: 'it was changed here as well; both changes are kept',
		done: 'it has the changes already',
	},
} as const;

/** What is to happen to a file that stands otherwise than wanted. Rejects with UserError when a stored content is missing. */
export async function judge(
	blobs: BlobStore,
	state: {
		readonly edits: readonly UserEdit[];
		readonly left: FileState;
		readonly current: FileState;
		readonly isUncertain: boolean;
		readonly others: Others;
	},
	currentBytes: Uint8Array | undefined,
	targetBytes: Uint8Array<ArrayBuffer> | undefined,
): Promise<Verdict> {
	const action = !targetBytes ? 'delete' : currentBytes ? 'restore' : 'create';
	const words = WORDS[state.others];
	const conflict = (note: string): Verdict => ({ action, status: 'conflict', note, merged: undefined });
	if (state.isUncertain) return conflict('Retrace was interrupted while it wrote this file');
	if (state.left === 'notCaptured') return conflict(words.unseen);
	if (!currentBytes && state.left !== 'absent') return conflict(words.deleted);
	if (state.edits.length === 0) return { action, status: 'ok', note: '', merged: undefined };
	if (!targetBytes) return conflict(words.created);
	let merged = targetBytes;
	for (const { from, to } of state.edits) {
		if (from === 'absent' || to === 'absent') return conflict(words.again);
		if (from === 'notCaptured' || to === 'notCaptured') return conflict(words.unknown);
		if (isLink(from) || isLink(to)) return conflict(words.noText);
		const mine = to === state.current && currentBytes ? currentBytes : await blobs.get({ $blob: to });
		const next = mergeFiles(await blobs.get({ $blob: from }), mine, merged);
		if (next === undefined) return conflict(words.noText);
		if (next === 'conflict') return conflict(words.lines);
		merged = next;
	}
	if (!isLink(state.current) && blobs.hash(merged) === state.current)
		return { action: 'none', status: 'ok', note: words.done, merged: undefined };
	return { action, status: 'merge', note: words.merged, merged };
}

/** Undefined when one of them is no text. The result has the line ends and the BOM of `ours`. */
function mergeFiles(
	ancestor: Uint8Array,
	ours: Uint8Array,
	theirs: Uint8Array,
): Uint8Array<ArrayBuffer> | 'conflict' | undefined {
	const texts = mergeableTexts(ancestor, ours, theirs);
	if (!texts) return undefined;
	const merged = mergeText(texts);
	return merged.conflicts > 0 ? 'conflict' : texts.encode(merged.text);
}

export type MergeableTexts = {
	readonly ancestor: string;
	readonly ours: string;
	readonly theirs: string;
	/** A text made of these as bytes, with the line ends and the BOM of `ours`. */
	encode(text: string): Uint8Array<ArrayBuffer>;
};

/** The three as texts that can be compared line by line; undefined when one of them is no text. */
export function mergeableTexts(ancestor: Uint8Array, ours: Uint8Array, theirs: Uint8Array): MergeableTexts | undefined {
	const [left, mine, target] = [textFileOf(ancestor), textFileOf(ours), textFileOf(theirs)];
	if (!left || !mine || !target) return undefined;
	const isMixed = [left, mine, target].some((file) => file.eol === 'mixed');
	const textOf = (file: TextFile) => (isMixed && file.eol === '\r\n' ? file.text.replaceAll('\n', '\r\n') : file.text);
	return {
		ancestor: textOf(left),
		ours: textOf(mine),
		theirs: textOf(target),
		encode: (text) => encodeText({ ...mine, text, eol: isMixed ? 'mixed' : mine.eol }),
	};
}

function textFileOf(bytes: Uint8Array): TextFile | undefined {
	const decoded = decodeText(bytes);
	return decoded.kind === 'text' ? decoded.file : undefined;
}
