/**
 * The review of edits as the log holds it: which files have changes of the agent to look at, and the verdicts on them.
 * Only changes that nobody was asked about count; what the user accepted in a diff is reviewed already.
 */
import type { Sha256 } from '../../base/ids.ts';
import { FILE_MEDIA_TYPE } from '../checkpoint/recordingWorkspace.ts';
import { hashOf, pathKey } from '../checkpoint/timeline.ts';
import type { BlobStore } from '../ports.ts';
import type { ContentHash, Entry, FilePath } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { Hunk } from './hunks.ts';
import { splitLines } from './hunks.ts';
import { type PendingHunks, type ReviewState, type ReviewStep, replayReview } from './pendingHunks.ts';
import { plainText } from './textFile.ts';

type LoggedStep =
	| { readonly kind: 'operation'; readonly before: ContentHash; readonly after: Sha256 }
	| { readonly kind: 'review'; readonly base: ContentHash; readonly text: Sha256 | undefined };
export type LoggedReview = {
	readonly file: FilePath;
	readonly steps: readonly LoggedStep[];
	/** Of the operations that are not wholly reviewed. */
	readonly epochs: readonly number[];
};

/** The files that have something to review or to remember of it, by `pathKey`. */
export function readReviews(entries: readonly Entry[]): ReadonlyMap<string, LoggedReview> {
	const done = new Map<number, ContentHash>();
	const accepted = new Set<string>();
	for (const entry of entries) {
		if (entry.type === 'fileOperationDone') done.set(entry.epoch, entry.after);
		if (entry.type === 'editDecided' && entry.verdict === 'accept') accepted.add(entry.toolUseId);
	}
	const reviews = new Map<string, { file: FilePath; steps: LoggedStep[]; epochs: number[] }>();
	for (const entry of entries) {
		if (entry.type === 'review') {
			const review = reviews.get(pathKey(entry.path));
			if (!review) continue;
			const base = hashOf(entry.after);
			const text = entry.text?.$blob;
			review.steps.push({ kind: 'review', base, text });
			if (base === text) review.epochs = [];
		}
		if (entry.type !== 'fileOperation' || entry.toolUseId === undefined || accepted.has(entry.toolUseId)) continue;
		const before = hashOf(entry.before);
		const after = entry.state === 'done' ? entry.after : done.get(entry.epoch);
		if (after === undefined || after === before) continue;
		const key = pathKey(entry.path);
		if (after === 'absent' || after === 'notCaptured' || before === 'notCaptured') {
			reviews.delete(key);
			continue;
		}
		const review = reviews.get(key) ?? { file: entry.path, steps: [], epochs: [] };
		review.steps.push({ kind: 'operation', before, after });
		review.epochs.push(entry.epoch);
		reviews.set(key, review);
	}
	return reviews;
}

/** The texts behind it; undefined when the file is no text. Rejects with UserError `blob-missing` or `blob-damaged`. */
export async function loadReview(review: LoggedReview, blobs: BlobStore): Promise<ReviewState | undefined> {
	const steps: ReviewStep[] = [];
	const textOf = async (hash: ContentHash) => (hash === 'absent' ? hash : plainText(await blobs.get({ $blob: hash })));
	for (const step of sinceReviewed(review.steps)) {
		if (step.kind === 'operation') {
			const [before, after] = await Promise.all([textOf(step.before), textOf(step.after)]);
			if (before === undefined || after === undefined) return undefined;
			steps.push({ kind: 'operation', before, after });
		} else {
			const [base, text] = await Promise.all([textOf(step.base), step.text && textOf(step.text)]);
			if (base === undefined) return undefined;
			steps.push({ kind: 'review', base, text });
		}
	}
	return replayReview(steps);
}

/**
 * Records a verdict: `base` is the reviewed text since, `text` the file's text now (`absent` when the verdict took the file away).
 * An undo is recorded after the file was changed.
 */
export async function recordVerdict(input: {
	readonly session: Session;
	readonly blobs: BlobStore;
	readonly review: LoggedReview;
	readonly verdict: 'keep' | 'undo';
	readonly pending: PendingHunks;
	readonly hunks: readonly Hunk[];
	readonly base: string | 'absent';
	readonly text: string | 'absent';
}): Promise<void> {
	const { session, blobs, review, verdict, pending, hunks, base, text } = input;
	const put = async (content: string) => await blobs.put(new TextEncoder().encode(content), FILE_MEDIA_TYPE);
	const [after, now] = await Promise.all([
		base === 'absent' ? Promise.resolve<'absent'>('absent') : put(base),
		put(text === 'absent' ? '' : text),
	]);
	const first = hunks[0];
	const last = hunks.at(-1);
	const anchor = splitLines(pending.base).slice(first?.baseStart ?? 0, last?.baseEnd ?? 0);
	session.append<'review'>({
		type: 'review',
		path: review.file,
		hunk: {
			epochs: [...review.epochs],
			anchorHash: blobs.hash(new TextEncoder().encode(anchor.join(''))),
			range: { start: first?.currentStart ?? 0, end: last?.currentEnd ?? 0 },
		},
		verdict,
		after,
		text: now,
	});
}

/** What comes before a verdict that left nothing pending plays no part any more. */
function sinceReviewed(steps: readonly LoggedStep[]): readonly LoggedStep[] {
	const last = steps.findLastIndex((step) => step.kind === 'review' && step.base === step.text);
	return last < 0 ? steps : steps.slice(last);
}
