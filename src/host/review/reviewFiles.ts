/**
 * The files that have something to review, each with what of it is pending in the text it has now: the open document's, else the disk's.
 * Follows both. Shows nothing and changes nothing.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import {
	carried,
	type PendingHunks,
	pendingOf,
	type ReviewedText,
	type ReviewState,
} from '../../core/edit/pendingHunks.ts';
import { plainText, toLf } from '../../core/edit/textFile.ts';
import type { Workspace } from '../../core/ports.ts';
import type { PendingReview, PendingReviews } from './pendingReviews.ts';

/** One session's changes in one file, as they are now. */
export type FileReview = {
	readonly source: PendingReview;
	readonly state: ReviewState;
	readonly pending: PendingHunks;
};
export type ReviewFiles = Disposable & {
	/** With something pending, in the order of the sessions and of their first operation. */
	pending(): readonly FileReview[];
	/** Likewise of one file. */
	of(uri: vscode.Uri): readonly FileReview[];
	/** Also those where the user's own edits left nothing pending. */
	all(): readonly FileReview[];
	/** The review of this document as its text is now; at once. */
	stateIn(source: PendingReview, document: vscode.TextDocument): ReviewState;
	/** Reads again what may be another text by now. */
	refresh(): Promise<void>;
	readonly onDidChange: Event<void>;
};

/** Typing goes on undisturbed; what is shown follows when it pauses. */
const PAUSE_MS = 120;

export function createReviewFiles(input: {
	readonly reviews: PendingReviews;
	readonly workspace: Workspace;
	readonly onError: (error: unknown) => void;
}): ReviewFiles {
	const { reviews, workspace, onError } = input;
	const store = new DisposableStore();
	const onDidChange = store.add(new Emitter<void>(onError));
	let files: readonly FileReview[] = [];
	/** Texts of files that are not open, until something changes them. */
	const onDisk = new Map<string, ReviewedText | undefined>();
	let running: Promise<void> | undefined;
	let isStale = false;
	let timer: ReturnType<typeof setTimeout> | undefined;

	const pending = () => files.filter((one) => one.pending.isPending);
	const textOf = async ({ uri, review }: PendingReview): Promise<ReviewedText | undefined> => {
		const key = uri.toString();
		if (!openDocument(uri)?.isDirty && !onDisk.has(key))
			onDisk.set(key, await readText(workspace, uri, review.encoding));
		return textIn(openDocument(uri), onDisk.get(key));
	};
	/** The last one of each. */
	const carriedStates = new WeakMap<ReviewState, ReviewState>();
	const stateAt = (source: PendingReview, text: ReviewedText): ReviewState => {
		const known = carriedStates.get(source.state);
		if (known?.text === text) return known;
		const state = carried(source.state, text);
		carriedStates.set(source.state, state);
		return state;
	};
	const read = async () => {
		do {
			isStale = false;
			const found: FileReview[] = [];
			for (const source of reviews.all()) {
				const text = await textOf(source);
				if (text === undefined) continue;
				const state = stateAt(source, text);
				found.push({ source, state, pending: pendingOf(state) });
			}
			files = found;
		} while (isStale);
		onDidChange.fire();
	};
	const refresh = async (): Promise<void> => {
		clearTimeout(timer);
		timer = undefined;
		isStale = true;
		running ??= read().finally(() => {
			running = undefined;
		});
		await running;
	};
	const later = () => {
		clearTimeout(timer);
		timer = setTimeout(() => void refresh().catch(onError), PAUSE_MS);
	};
	const touched = (uri: vscode.Uri) => {
		if (reviews.of(uri).length === 0) return;
		onDisk.delete(uri.toString());
		later();
	};

	store.add({ dispose: () => clearTimeout(timer) });
	store.add(
		reviews.onDidChange(() => {
			onDisk.clear();
			void refresh().catch(onError);
		}),
	);
	store.add(vscode.workspace.onDidChangeTextDocument(({ document }) => touched(document.uri)));
	store.add(vscode.workspace.onDidOpenTextDocument(({ uri }) => touched(uri)));
	store.add(vscode.workspace.onDidCloseTextDocument(({ uri }) => touched(uri)));
	const watcher = store.add(vscode.workspace.createFileSystemWatcher('**/*'));
	for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete]) store.add(event(touched));

	return {
		pending,
		of: (uri) => pending().filter((one) => one.source.uri.toString() === uri.toString()),
		all: () => files,
		stateIn: (source, document) => stateAt(source, toLf(document.getText())),
		refresh,
		onDidChange: onDidChange.event,
		dispose: () => store.dispose(),
	};
}

function openDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
	const wanted = uri.toString();
	return vscode.workspace.textDocuments.find((one) => !one.isClosed && one.uri.toString() === wanted);
}

/**
 * What the file is now, as the editor has it; undefined for what is no text, or cannot be read now. `encoding` is that of the log, if any:
 * the editor knows of none while the file is not open.
 */
export async function currentText(
	workspace: Workspace,
	uri: vscode.Uri,
	encoding?: string,
): Promise<ReviewedText | undefined> {
	const onDisk = await readText(workspace, uri, encoding);
	return textIn(openDocument(uri), onDisk);
}

/** Opened in the log's encoding when it is not open: the editor by itself would take it for another. */
export async function documentOf({ uri, review: { encoding } }: PendingReview): Promise<vscode.TextDocument> {
	const options = encoding === undefined ? [] : [{ encoding }];
	return openDocument(uri) ?? (await vscode.workspace.openTextDocument(uri, ...options));
}

/** A document stays in memory for a while when its file is gone. */
function textIn(document: vscode.TextDocument | undefined, onDisk: ReviewedText | undefined): ReviewedText | undefined {
	if (!document || (onDisk === 'absent' && !document.isDirty)) return onDisk;
	return toLf(document.getText());
}

async function readText(
	workspace: Workspace,
	uri: vscode.Uri,
	encoding: string | undefined,
): Promise<ReviewedText | undefined> {
	const snapshot = await workspace.read(uri.fsPath);
	if (snapshot.kind === 'absent') return 'absent';
	return snapshot.kind === 'file' ? plainText(snapshot.bytes, encoding ?? snapshot.meta.encoding) : undefined;
}
