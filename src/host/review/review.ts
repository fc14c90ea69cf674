/**
 * Review of what the agent changed, put together: the log's pending changes, the marks and change bars in the editor, the *Changes* view, and
 * the commands on them. Decides nothing; every piece is in its own file.
 */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import type { Workspace } from '../../core/ports.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { ChangeNode } from '../agentTypes.ts';
import type { Command } from '../window/commands.ts';
import { type ChangesMemory, ChangesTree, type ChangesView } from './changesTree.ts';
import { createHunkReview } from './hunkReview.ts';
import { createPendingReviews } from './pendingReviews.ts';
import { createReviewCommands } from './reviewCommands.ts';
import { createReviewedDocuments, REVIEWED_SCHEME } from './reviewedDocuments.ts';
import { createReviewFiles, type ReviewFiles } from './reviewFiles.ts';
import { createReviewGutter } from './reviewGutter.ts';
import { createReviewVerdicts } from './reviewVerdicts.ts';

export type Review = Disposable & {
	/** Every open session, shown or not. */
	attach(session: Session): Disposable;
	/** Whether it has something to review, or may have; at once. */
	hasPending(session: Session): boolean;
	/** Notes in the session's log where the user rewrote its pending changes, so that the next prompt can say so. */
	recordEdits(session: Session): Promise<void>;
	/** Command name → what it does. */
	readonly commands: Readonly<Record<string, Command>>;
	readonly tree: vscode.TreeDataProvider<ChangeNode>;
	readonly files: ReviewFiles;
};

export function createReview(input: {
	readonly blobs: BlobStore;
	readonly workspace: Workspace;
	readonly view: ChangesView;
	readonly state: ChangesMemory;
	readonly shownId: () => string;
	readonly onError: (error: unknown) => void;
}): Review {
	const { blobs, workspace, view, state, shownId, onError } = input;
	const store = new DisposableStore();
	const reviews = store.add(createPendingReviews({ blobs, onError }));
	const files = store.add(createReviewFiles({ reviews, workspace, onError }));
	const verdicts = createReviewVerdicts({ blobs, workspace });
	const hunks = store.add(createHunkReview({ reviews, files, verdicts }));
	store.add(createReviewedDocuments({ reviews, files, workspace }));
	store.add(createReviewGutter(files));
	const tree = store.add(new ChangesTree({ view, files, state, leftOutCount: () => reviews.leftOutCount }));
	store.add(watchReviewTabs());

	return {
		attach: (session) => reviews.attach(session),
		hasPending: (session) => reviews.hasPending(session),
		async recordEdits(session) {
			await reviews.settled();
			await files.refresh();
			for (const { source, state: now } of files.all())
				if (source.session === session && now.text !== source.state.text) await verdicts.recordEdited(source);
			await reviews.settled();
		},
		commands: {
			keepChange: (...args) => hunks.keepChange(...args),
			undoChange: (...args) => hunks.undoChange(...args),
			nextChange: () => hunks.nextChange(),
			previousChange: () => hunks.previousChange(),
			keepAllChanges: () => hunks.keepAllChanges(),
			undoAllChanges: () => hunks.undoAllChanges(),
			...createReviewCommands({
				reviews,
				files,
				verdicts,
				shownId,
				groupByTurn: (isByTurn) => tree.groupByTurn(isByTurn),
			}),
		},
		tree,
		files,
		dispose: () => store.dispose(),
	};
}

/** Whether the active tab is one of ours, for the buttons in its title. */
function watchReviewTabs(): Disposable {
	let shown: boolean | undefined;
	const update = () => {
		const { input } = vscode.window.tabGroups.activeTabGroup.activeTab ?? {};
		const original =
			input instanceof vscode.TabInputTextDiff
				? input.original
				: input instanceof vscode.TabInputText
					? input.uri
					: undefined;
		const isOurs = original?.scheme === REVIEWED_SCHEME;
		if (isOurs === shown) return;
		shown = isOurs;
		void vscode.commands.executeCommand('setContext', 'retrace.isReviewDiff', isOurs);
	};
	const store = new DisposableStore();
	store.add(vscode.window.tabGroups.onDidChangeTabs(update));
	store.add(vscode.window.tabGroups.onDidChangeTabGroups(update));
	update();
	return store;
}
