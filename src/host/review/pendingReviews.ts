/**
 * What of the agent's edits waits for review, by file, over all open sessions; read from their logs, so it survives a reload.
 * Shows nothing and changes no file.
 */
import * as vscode from 'vscode';
import { type Disposable, toDisposable } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { pathKey } from '../../core/checkpoint/timeline.ts';
import type { ReviewState } from '../../core/edit/pendingHunks.ts';
import { type LoggedReview, loadReview, readReviews } from '../../core/edit/reviewLog.ts';
import { type ReviewTurn, readTurns } from '../../core/edit/reviewTurns.ts';
import type { EntryType } from '../../core/session/entry.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BlobStore } from '../../core/session/storePort.ts';

export type PendingReview = {
	readonly session: Session;
	readonly uri: vscode.Uri;
	readonly review: LoggedReview;
	readonly state: ReviewState;
	/** The turn an operation belongs to, by its epoch. */
	readonly turns: ReadonlyMap<number, ReviewTurn>;
};
export type PendingReviews = Disposable & {
	/** Follows the session's log until disposed. */
	attach(session: Session): Disposable;
	/** One per session that has something to review in this file. */
	of(uri: vscode.Uri): readonly PendingReview[];
	all(): readonly PendingReview[];
	/** Whether the session has something to review by its log; true as well while that is being read. */
	hasPending(session: Session): boolean;
	/** Files left out because one command changed too many. */
	readonly leftOutCount: number;
	/** Resolves when everything appended so far is seen. */
	settled(): Promise<void>;
	readonly onDidChange: Event<void>;
};

/** Entries after which a review may be another one. */
const RELEVANT: ReadonlySet<EntryType | 'unknown'> = new Set<EntryType>([
	'fileOperation',
	'fileOperationDone',
	'review',
	'editDecided',
]);
/** Of one session. Nobody looks through more, and each is read and compared. */
const MAX_FILES = 500;

export function createPendingReviews(input: {
	readonly blobs: BlobStore;
	readonly onError: (error: unknown) => void;
}): PendingReviews {
	const { blobs, onError } = input;
	const onDidChange = new Emitter<void>(onError);
	const bySession = new Map<Session, { readonly found: readonly PendingReview[]; readonly leftOut: number }>();
	let byUri = new Map<string, PendingReview[]>();
	/** Judged in this window, so that the editor's own undo of a verdict brings the change back to be reviewed. */
	const judged = new Map<Session, Set<string>>();
	const scheduled = new Set<Session>();
	/** Of these the log is not read to its end. */
	const unread = new Set<Session>();
	let work: Promise<void> = Promise.resolve();

	const changed = () => {
		byUri = new Map();
		for (const pending of all()) {
			const key = pending.uri.toString();
			byUri.set(key, [...(byUri.get(key) ?? []), pending]);
		}
		onDidChange.fire();
	};
	const refresh = async (session: Session): Promise<void> => {
		scheduled.delete(session);
		const known = bySession.get(session);
		if (!known) return;
		const found: PendingReview[] = [];
		const entries = await session.history(['user', 'fileOperation', 'fileOperationDone', 'editDecided', 'review']);
		const turns = readTurns(entries);
		const own = judged.get(session);
		const isJudged = ({ file }: LoggedReview) => own?.has(pathKey(file)) === true;
		const reviews = [...readReviews(entries).values()].filter((review) => review.epochs.length > 0 || isJudged(review));
		for (const review of reviews.slice(0, MAX_FILES)) {
			const old = known.found.find((one) => isSame(one.review, review));
			const state = old?.state ?? (await loadReview(review, blobs, isJudged(review)));
			if (state) found.push({ session, uri: uriOf(review), review, state, turns });
		}
		if (!bySession.has(session)) return;
		bySession.set(session, { found, leftOut: Math.max(0, reviews.length - MAX_FILES) });
		changed();
	};
	/** One after the other, so that an older reading never replaces a newer one; once for entries that come together. */
	const schedule = (session: Session) => {
		if (scheduled.has(session)) return;
		scheduled.add(session);
		unread.add(session);
		work = work
			.then(() => refresh(session))
			.catch(onError)
			.finally(() => scheduled.has(session) || unread.delete(session));
	};
	const all = () => [...bySession.values()].flatMap(({ found }) => found);

	return {
		attach(session) {
			bySession.set(session, { found: [], leftOut: 0 });
			judged.set(session, new Set());
			const listening = session.onDidAppend((entry) => {
				if (entry.type === 'review') judged.get(session)?.add(pathKey(entry.path));
				if (RELEVANT.has(entry.type)) schedule(session);
			});
			schedule(session);
			return toDisposable(() => {
				listening.dispose();
				bySession.delete(session);
				judged.delete(session);
				changed();
			});
		},
		of: (uri) => byUri.get(uri.toString()) ?? [],
		all,
		hasPending: (session) =>
			unread.has(session) || bySession.get(session)?.found.some(({ review }) => review.epochs.length > 0) === true,
		get leftOutCount() {
			return [...bySession.values()].reduce((sum, { leftOut }) => sum + leftOut, 0);
		},
		settled: () => work,
		onDidChange: onDidChange.event,
		dispose() {
			bySession.clear();
			onDidChange.dispose();
		},
	};
}

const uriOf = ({ file }: LoggedReview): vscode.Uri => vscode.Uri.joinPath(vscode.Uri.file(file.root), file.rel);

/** Steps are only ever added, so the same number is the same steps; an edit accepted later takes its own away. */
const isSame = (a: LoggedReview, b: LoggedReview): boolean =>
	a.file.root === b.file.root && a.file.rel === b.file.rel && a.steps.length === b.steps.length;
