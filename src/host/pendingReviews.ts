/**
 * What of the agent's edits waits for review, by file, over all open sessions; read from their logs, so it survives a reload.
 * Shows nothing and changes no file.
 */
import * as vscode from 'vscode';
import { type Disposable, toDisposable } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import type { ReviewState } from '../core/edit/pendingHunks.ts';
import { type LoggedReview, loadReview, readReviews } from '../core/edit/reviewLog.ts';
import type { BlobStore } from '../core/ports.ts';
import type { EntryType } from '../core/session/entry.ts';
import type { Session } from '../core/session/sessionTypes.ts';

export type PendingReview = {
	readonly session: Session;
	readonly uri: vscode.Uri;
	readonly review: LoggedReview;
	readonly state: ReviewState;
};
export type PendingReviews = Disposable & {
	/** Follows the session's log until disposed. */
	attach(session: Session): Disposable;
	/** One per session that has something to review in this file. */
	of(uri: vscode.Uri): readonly PendingReview[];
	all(): readonly PendingReview[];
	/** Resolves when everything appended so far is seen. */
	settled(): Promise<void>;
	readonly onDidChange: Event<void>;
};

/** Entries after which a review may be another one. */
const RELEVANT: ReadonlySet<EntryType | 'unknown'> = new Set<EntryType>(['fileOperationDone', 'review', 'editDecided']);

export function createPendingReviews(input: {
	readonly blobs: BlobStore;
	readonly onError: (error: unknown) => void;
}): PendingReviews {
	const { blobs, onError } = input;
	const onDidChange = new Emitter<void>(onError);
	const bySession = new Map<Session, readonly PendingReview[]>();
	let work: Promise<void> = Promise.resolve();

	const refresh = async (session: Session): Promise<void> => {
		const known = bySession.get(session);
		if (!known) return;
		const found: PendingReview[] = [];
		const entries = await session.history(['fileOperation', 'fileOperationDone', 'editDecided', 'review']);
		for (const review of readReviews(entries).values()) {
			if (review.epochs.length === 0) continue;
			const old = known.find((one) => isSame(one.review, review));
			const state = old?.state ?? (await loadReview(review, blobs));
			if (state) found.push(old ?? { session, uri: uriOf(review), review, state });
		}
		if (!bySession.has(session)) return;
		bySession.set(session, found);
		onDidChange.fire();
	};
	/** One after the other, so that an older reading never replaces a newer one. */
	const schedule = (session: Session) => {
		work = work.then(() => refresh(session)).catch(onError);
	};
	const all = () => [...bySession.values()].flat();

	return {
		attach(session) {
			bySession.set(session, []);
			const listening = session.onDidAppend((entry) => {
				if (RELEVANT.has(entry.type)) schedule(session);
			});
			schedule(session);
			return toDisposable(() => {
				listening.dispose();
				bySession.delete(session);
				onDidChange.fire();
			});
		},
		of(uri) {
			const wanted = uri.toString();
			return all().filter((pending) => pending.uri.toString() === wanted);
		},
		all,
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
