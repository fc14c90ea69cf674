/**
 * What can be done with the rows of the *Changes* view, and with the changes of a turn or a session from the palette: open, compare, keep,
 * undo, and go to the next file of the queue. More than one file is undone only after a question.
 */
import * as vscode from 'vscode';
import { isCancelled, messageOf, UserError } from '../../base/errors.ts';
import type { ChangeNode } from '../agentTypes.ts';
import type { Command } from '../window/commands.ts';
import { filesOf, isOfTurn, turnsOf } from './changeNode.ts';
import type { PendingReviews } from './pendingReviews.ts';
import { fileOf, REVIEWED_SCHEME, reviewedUri } from './reviewedDocuments.ts';
import { documentOf, type FileReview, type ReviewFiles } from './reviewFiles.ts';
import type { ReviewVerdicts, Verdict } from './reviewVerdicts.ts';

export type ReviewCommandsWorld = {
	readonly reviews: PendingReviews;
	readonly files: ReviewFiles;
	readonly verdicts: ReviewVerdicts;
	/** Of the session the panel shows. */
	shownId(): string;
	groupByTurn(isByTurn: boolean): Promise<void>;
};

/** Files compared in one tab. */
const MAX_COMPARED = 200;

export function createReviewCommands(world: ReviewCommandsWorld): Readonly<Record<string, Command>> {
	const { reviews, files, verdicts } = world;
	const settled = async () => {
		await reviews.settled();
		await files.refresh();
	};
	const judge = async (verdict: Verdict, nodes: readonly ChangeNode[]) => {
		await settled();
		const chosen = nodes.map((node) => ({ node, own: filesOf(node, files.pending()) }));
		const count = new Set(chosen.flatMap(({ own }) => own.map(({ source }) => source.uri.toString()))).size;
		if (count === 0) throw nothingPending();
		if (verdict === 'undo' && count > 1 && !(await confirmUndo(count))) return;
		const failures: string[] = [];
		for (const { node, own } of chosen) {
			const prompt = node.kind === 'session' ? undefined : node.prompt;
			for (const file of own) {
				const isAll = file.pending.hunks.every((hunk) => isOfTurn(file, hunk, prompt));
				try {
					await verdicts.judge(file.source, verdict, isAll ? undefined : (hunk) => isOfTurn(file, hunk, prompt));
				} catch (error) {
					if (isCancelled(error) || count === 1) throw error;
					failures.push(messageOf(error));
				}
			}
		}
		await settled();
		const [first] = failures;
		if (first !== undefined)
			throw new UserError('review-failed', `${failures.length} of ${count} files stayed as they are. ${first}`);
	};
	const sessionNode = (): ChangeNode => {
		const pending = files.pending();
		const sessionId = world.shownId();
		const own = pending.find(({ source }) => source.session.id === sessionId) ?? pending[0];
		if (!own) throw nothingPending();
		return { kind: 'session', sessionId: own.source.session.id };
	};
	const lastTurnNode = (): ChangeNode => {
		const session = sessionNode();
		const [turn] = filesOf(session, files.pending())
			.flatMap(turnsOf)
			.toSorted((a, b) => b.number - a.number);
		return turn ? { kind: 'turn', sessionId: session.sessionId, prompt: turn.prompt } : session;
	};
	const judgeOf = async (verdict: Verdict, nodeOf: () => ChangeNode) => {
		await settled();
		await judge(verdict, [nodeOf()]);
	};
	const fileAt = async (node: unknown): Promise<FileReview> => {
		await settled();
		const [chosen] = nodesOf([node], files);
		const [file] = chosen ? filesOf(chosen, files.pending()) : [];
		if (!file) throw nothingPending();
		return file;
	};

	return {
		keepChanges: (...args) => judge('keep', nodesOf(args, files)),
		undoChanges: (...args) => judge('undo', nodesOf(args, files)),
		keepTurnChanges: () => judgeOf('keep', lastTurnNode),
		undoTurnChanges: () => judgeOf('undo', lastTurnNode),
		keepSessionChanges: () => judgeOf('keep', sessionNode),
		undoSessionChanges: () => judgeOf('undo', sessionNode),
		openChange: async (node) => openDiff(await fileAt(node)),
		openChangedFile: async (node) => openAtChange(await fileAt(node)),
		openAllChanges: async (...args) => {
			await settled();
			const nodes = nodesOf(args, files);
			const own = nodes.length > 0 ? nodes.flatMap((node) => filesOf(node, files.pending())) : files.pending();
			if (own.length === 0) throw nothingPending();
			await compare(own);
		},
		reviewNextFile: async () => {
			await settled();
			const queue = distinct(files.pending());
			if (queue.length === 0) throw nothingPending();
			const active = activeFile()?.toString();
			const index = queue.findIndex(({ source }) => source.uri.toString() === active);
			const next = queue[(index + 1) % queue.length];
			if (next) await openAtChange(next);
		},
		groupChangesByTurn: () => world.groupByTurn(true),
		groupChangesByFile: () => world.groupByTurn(false),
	};
}

/** The pending change that a tab of ours is about, whichever side has the focus. */
function activeFile(): vscode.Uri | undefined {
	const { input } = vscode.window.tabGroups.activeTabGroup.activeTab ?? {};
	if (input instanceof vscode.TabInputTextDiff) return input.modified;
	if (!(input instanceof vscode.TabInputText)) return undefined;
	return input.uri.scheme === REVIEWED_SCHEME ? fileOf(input.uri) : input.uri;
}

/** Rows of our view (the clicked one, then all that are chosen), rows or groups of the source control, or nothing. */
function nodesOf(args: readonly unknown[], files: ReviewFiles): readonly ChangeNode[] {
	const [first, chosen] = args;
	const rows: readonly unknown[] = Array.isArray(chosen) && chosen.length > 0 ? chosen : [first, ...args.slice(1)];
	const nodes = rows.flatMap((row): readonly ChangeNode[] => {
		if (isChangeNode(row)) return [row];
		if (!isRecord(row)) return [];
		if (row.resourceUri instanceof vscode.Uri) return nodesOfFiles(files.of(row.resourceUri));
		if (Array.isArray(row.resourceStates)) return nodesOf(row.resourceStates, files);
		return [];
	});
	return nodes;
}

const nodesOfFiles = (own: readonly FileReview[]): readonly ChangeNode[] =>
	own.map(({ source }) => ({ kind: 'file', sessionId: source.session.id, uri: source.uri.toString() }));

function isChangeNode(value: unknown): value is ChangeNode {
	if (!isRecord(value) || typeof value.sessionId !== 'string') return false;
	return value.kind === 'session' || value.kind === 'turn' || (value.kind === 'file' && typeof value.uri === 'string');
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const distinct = (own: readonly FileReview[]): readonly FileReview[] => [
	...new Map(own.map((file) => [file.source.uri.toString(), file])).values(),
];

async function confirmUndo(count: number): Promise<boolean> {
	const undo = 'Undo Changes';
	const picked = await vscode.window.showWarningMessage(
		`Undo Retrace’s changes in ${count} files?`,
		{
			modal: true,
			detail: 'What you wrote yourself stays. Files that Retrace created are deleted, and deleted ones come back.',
		},
		undo,
	);
	return picked === undo;
}

/** The real file at its first change: there it is reviewed. One that is gone is shown as it was. */
async function openAtChange({ source, pending }: FileReview): Promise<void> {
	if (pending.kind === 'deleted') {
		await vscode.window.showTextDocument(reviewedUri(source.uri));
		return;
	}
	const editor = await vscode.window.showTextDocument(await documentOf(source));
	const place = editor.document.validatePosition(new vscode.Position(pending.hunks[0]?.currentStart ?? 0, 0));
	editor.selection = new vscode.Selection(place, place);
	editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

async function openDiff({ source, pending }: FileReview): Promise<void> {
	const { uri } = source;
	if (pending.kind === 'deleted') {
		await vscode.window.showTextDocument(reviewedUri(uri));
		return;
	}
	const title = `${uri.path.slice(uri.path.lastIndexOf('/') + 1)} (Retrace: pending changes)`;
	await vscode.commands.executeCommand('vscode.diff', reviewedUri(uri), uri, title);
}

async function compare(own: readonly FileReview[]): Promise<void> {
	const rows = distinct(own)
		.slice(0, MAX_COMPARED)
		.map(({ source: { uri }, pending: { kind } }) => [
			uri,
			kind === 'created' ? undefined : reviewedUri(uri),
			kind === 'deleted' ? undefined : uri,
		]);
	await vscode.commands.executeCommand('vscode.changes', 'Retrace: pending changes', rows);
}

const nothingPending = () =>
	new UserError('nothing-pending', 'There are no changes to review here. They are all kept or undone.');
