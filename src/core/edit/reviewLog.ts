/**
 * The review of edits as the log holds it: which files have changes of the agent to look at, and the verdicts on them.
 * Only changes that nobody was asked about count; what the user accepted in a diff is reviewed already. What a command of the agent
 * changed is the agent's; what the editor, another session or nobody known changed is not.
 */
import { FILE_MEDIA_TYPE } from '../checkpoint/recordingWorkspace.ts';
import { hashOf, pathKey } from '../checkpoint/timeline.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { Author, ContentHash, FilePath } from '../session/fileFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import type { AgentHunk } from './composeHunks.ts';
import { type Hunk, splitLines } from './hunks.ts';
import { type ReviewedText, type ReviewState, type ReviewStep, replayReview, textOf } from './pendingHunks.ts';
import { plainText } from './textFile.ts';

type LoggedStep =
	| {
			readonly kind: 'operation';
			readonly epoch: number;
			readonly before: ContentHash;
			readonly after: ContentHash;
			/** Permission bits before it, as far as they are known. */
			readonly mode: number | undefined;
			readonly encoding: string | undefined;
	  }
	| { readonly kind: 'restored'; readonly after: ContentHash; readonly encoding: string | undefined }
	| {
			readonly kind: 'review';
			readonly base: ContentHash;
			readonly text: ContentHash;
			readonly hunks: readonly AgentHunk[] | undefined;
			readonly epochs: readonly number[];
	  };
export type LoggedReview = {
	readonly file: FilePath;
	readonly steps: readonly LoggedStep[];
	/** Of the operations that are not wholly reviewed. */
	readonly epochs: readonly number[];
	/** Where the file was before a command of the agent renamed it. */
	readonly from: FilePath | undefined;
	/** By its name in VS Code, as it was when the agent changed it last; undefined when its bytes tell, or nothing did. */
	readonly encoding: string | undefined;
};

const AGENT_AUTHORS: ReadonlySet<Author> = new Set<Author>(['agent', 'subagent', 'shell']);

/** The files that have something to review or to remember of it, by `pathKey`. */
export function readReviews(entries: readonly Entry[]): ReadonlyMap<string, LoggedReview> {
	const done = new Map<number, ContentHash>();
	const accepted = new Set<string>();
	for (const entry of entries) {
		if (entry.type === 'fileOperationDone') done.set(entry.epoch, entry.after);
		if (entry.type === 'editDecided' && entry.verdict === 'accept') accepted.add(entry.toolUseId);
	}
	const reviews = new Map<
		string,
		{
			file: FilePath;
			steps: LoggedStep[];
			epochs: number[];
			from: FilePath | undefined;
			encoding: string | undefined;
		}
	>();
	for (const entry of entries) {
		if (entry.type === 'review') {
			const review = reviews.get(pathKey(entry.path));
			if (!review) continue;
			const step = reviewStep(entry);
			review.steps.push(step);
			if (step.base === step.text) review.epochs = [];
		}
		if (entry.type !== 'fileOperation' || !AGENT_AUTHORS.has(entry.author)) continue;
		if (entry.toolUseId !== undefined && accepted.has(entry.toolUseId)) continue;
		const before = hashOf(entry.before);
		const after = entry.state === 'done' ? entry.after : done.get(entry.epoch);
		if (after === undefined || after === before) continue;
		const key = pathKey(entry.path);
		// A link's text is where it points: it is not to be written like a file.
		const isLink = entry.meta.link === true || entry.metaAfter?.link === true;
		if (after === 'notCaptured' || before === 'notCaptured' || isLink) {
			reviews.delete(key);
			continue;
		}
		const known = reviews.get(key);
		if (entry.toolUseId === undefined) {
			// A restore, which is the user's.
			known?.steps.push({ kind: 'restored', after, encoding: known.encoding });
			continue;
		}
		const review = known ?? { file: entry.path, steps: [], epochs: [], from: undefined, encoding: undefined };
		// What a command did is recorded without one.
		const encoding = entry.meta.encoding ?? review.encoding;
		// UTF-8 tells itself; what is no UTF-8 any more is better asked about anew.
		review.encoding = encoding === 'utf8' ? undefined : encoding;
		review.steps.push({
			...{ kind: 'operation', epoch: entry.epoch, before, after, mode: entry.meta.mode },
			encoding: review.encoding,
		});
		review.epochs.push(entry.epoch);
		review.from = entry.from ?? review.from;
		reviews.set(key, review);
	}
	return reviews;
}

function reviewStep(entry: EntryOf<'review'>): Extract<LoggedStep, { kind: 'review' }> {
	const { after, text, pending, hunk } = entry;
	const base = hashOf(after);
	// Logs of before have no word for a file that is gone.
	const isGone = base === 'absent' && text !== undefined && text !== 'absent' && text.size === 0;
	const hunks = pending?.map((one) => ({
		...{ baseStart: one.base.start, baseEnd: one.base.end },
		...{ currentStart: one.range.start, currentEnd: one.range.end, epochs: one.epochs },
	}));
	const now = text === undefined || isGone ? base : hashOf(text);
	return { kind: 'review', base, text: now, hunks, epochs: hunk.epochs };
}

/**
 * The texts behind it; undefined when the file is no text. With `withReviewed` also those from before the last verdict that left nothing
 * pending: the user may go back to them. Rejects with UserError `blob-missing` or `blob-damaged`.
 */
export async function loadReview(
	review: LoggedReview,
	blobs: BlobStore,
	withReviewed = false,
): Promise<ReviewState | undefined> {
	const steps: ReviewStep[] = [];
	const load = async (hash: ContentHash, encoding?: string): Promise<ReviewedText | undefined> =>
		hash === 'absent' ? hash : plainText(await blobs.get({ $blob: hash }), encoding);
	for (const step of withReviewed ? review.steps : sinceReviewed(review.steps)) {
		if (step.kind === 'operation') {
			const { encoding } = step;
			const [before, after] = await Promise.all([load(step.before, encoding), load(step.after, encoding)]);
			if (before === undefined || after === undefined) return undefined;
			steps.push({ kind: 'operation', epoch: step.epoch, before, after });
		} else if (step.kind === 'restored') {
			const after = await load(step.after, step.encoding);
			if (after !== undefined) steps.push({ kind: 'restored', after });
		} else {
			// Texts, not files: always UTF-8.
			const [base, text] = await Promise.all([load(step.base), load(step.text)]);
			if (base === undefined || text === undefined) return undefined;
			steps.push({ ...step, base, text });
		}
	}
	return replayReview(steps);
}

/** The file as it was before the agent took it away, byte for byte; undefined when its text was not `text`. */
export async function deletedFile(
	review: LoggedReview,
	text: string,
	blobs: BlobStore,
): Promise<{ readonly bytes: Uint8Array; readonly mode: number | undefined } | undefined> {
	const step = review.steps.findLast((one) => one.kind === 'operation' && one.after === 'absent');
	if (step?.kind !== 'operation' || step.before === 'absent') return undefined;
	const bytes = await blobs.get({ $blob: step.before });
	return plainText(bytes, step.encoding) === text ? { bytes, mode: step.mode } : undefined;
}

/**
 * Records a verdict. `before` is the review as it was when the user judged `hunks` (all of it without any), `after` what it is since; its
 * text is the file's. An undo is recorded after the file was changed. `edited`: the user changed the agent's lines instead.
 */
export async function recordVerdict(input: {
	readonly session: Session;
	readonly blobs: BlobStore;
	readonly review: LoggedReview;
	readonly verdict: 'keep' | 'undo' | 'edited';
	readonly hunks: readonly Hunk[];
	readonly before: ReviewState;
	readonly after: ReviewState;
	/** Of what was judged. */
	readonly epochs: readonly number[];
}): Promise<void> {
	const { session, blobs, review, verdict, hunks, before, after } = input;
	const put = async (content: ReviewedText) =>
		content === 'absent' ? content : await blobs.put(new TextEncoder().encode(content), FILE_MEDIA_TYPE);
	const [base, text] = await Promise.all([put(after.base), put(after.text)]);
	const first = hunks[0];
	const last = hunks.at(-1);
	const anchor = splitLines(textOf(before.base)).slice(first?.baseStart ?? 0, last?.baseEnd ?? 0);
	session.append<'review'>({
		type: 'review',
		path: review.file,
		hunk: {
			epochs: [...(input.epochs.length > 0 ? input.epochs : review.epochs)],
			anchorHash: blobs.hash(new TextEncoder().encode(anchor.join(''))),
			range: { start: first?.currentStart ?? 0, end: last?.currentEnd ?? 0 },
		},
		verdict,
		after: base,
		text,
		pending: after.hunks.map((one) => ({
			base: { start: one.baseStart, end: one.baseEnd },
			range: { start: one.currentStart, end: one.currentEnd },
			epochs: [...one.epochs],
		})),
	});
}

/** What comes before a verdict that left nothing pending plays no part any more. */
function sinceReviewed(steps: readonly LoggedStep[]): readonly LoggedStep[] {
	const last = steps.findLastIndex((step) => step.kind === 'review' && step.base === step.text);
	return last < 0 ? steps : steps.slice(last);
}
