/**
 * Two branches side by side: their files as a native multi-file diff, their messages as a native diff from where they part, and what each
 * took. Changes nothing.
 */
import * as vscode from 'vscode';
import { asSha256, type EntryId } from '../../base/ids.ts';
import { plural } from '../../base/text.ts';
import { differencesBetween, epochOf, type FileDifference } from '../../core/checkpoint/branchFiles.ts';
import { readTimeline } from '../../core/checkpoint/timeline.ts';
import { amountsOf, type BranchAmounts, entriesAfter } from '../../core/session/branchAmounts.ts';
import { commonPoint } from '../../core/session/branches.ts';
import type { SessionBranches } from '../../core/session/branchReader.ts';
import type { RecordedHash } from '../../core/session/fileFields.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import { amountsText } from './branchRow.ts';
import { branchUri, documentName } from './branchUri.ts';

export type ComparedSide = {
	readonly end: EntryId | null;
	readonly label: string;
	readonly summary: string | undefined;
	readonly amounts: BranchAmounts;
};
export type Comparison = {
	/** Where they part; null = from the start. */
	readonly point: EntryId | null;
	readonly left: ComparedSide;
	readonly right: ComparedSide;
	readonly files: readonly FileDifference[];
};

/** What the ways to `left` and `right` have each of their own. Null = before the first prompt. */
export async function compareWays(
	session: Session,
	branches: SessionBranches,
	left: EntryId | null,
	right: EntryId | null,
	signal?: AbortSignal,
): Promise<Comparison> {
	const { tree, outline, details } = branches;
	const point = commonPoint(tree, left, right);
	const sideOf = (end: EntryId | null): ComparedSide => {
		const branch = end === null ? undefined : tree.branchOf(end);
		const label = branch?.label ?? 'Before the first prompt';
		return { end, label, summary: branch?.summary, amounts: amountsOf(branches, entriesAfter(branches, point, end)) };
	};
	const epochs = [left, right].map((end) => epochOf(outline, details, end));
	const [leftEpoch, rightEpoch] = epochs;
	const timeline = readTimeline(await session.history(['fileOperation', 'fileOperationDone'], signal));
	const files =
		leftEpoch === undefined || rightEpoch === undefined ? [] : differencesBetween(timeline, leftEpoch, rightEpoch);
	return { point, left: sideOf(left), right: sideOf(right), files };
}

/** Shows one part; without `what`, asks when there is a choice. */
export async function showComparison(
	session: Session,
	comparison: Comparison,
	what?: 'files' | 'messages',
): Promise<void> {
	const chosen = what ?? (comparison.files.length === 0 ? 'messages' : await chooseWhat(comparison));
	if (chosen === 'files') await showFiles(comparison);
	else if (chosen === 'messages') await showMessages(session, comparison);
}

const titleOf = ({ left, right }: Comparison) => `${left.label} ↔ ${right.label}`;

async function chooseWhat(comparison: Comparison): Promise<'files' | 'messages' | undefined> {
	const { left, right, files } = comparison;
	const items = [
		{ label: 'Files', description: `${plural(files.length, 'file')} differ`, what: 'files' as const },
		{ label: 'Messages', description: 'from where the branches part', what: 'messages' as const },
	];
	const picked = await vscode.window.showQuickPick(
		items.map((item) => ({ ...item, detail: item.what === 'files' ? sideText(left) : sideText(right) })),
		{ title: `Compare: ${titleOf(comparison)}`, placeHolder: 'What to compare' },
	);
	return picked?.what;
}

const sideText = (side: ComparedSide) => `${side.label}: ${amountsText(side.amounts)}`;

async function showFiles(comparison: Comparison): Promise<void> {
	const resources = comparison.files.map(({ file, left, right }) => [
		vscode.Uri.joinPath(vscode.Uri.file(file.root), file.rel),
		contentUri(file.rel, left),
		contentUri(file.rel, right),
	]);
	await vscode.commands.executeCommand('vscode.changes', `Branches: ${titleOf(comparison)}`, resources);
}

/** Undefined for no file, and for one of which there is no copy: the diff then shows an added or a deleted one. */
const contentUri = (rel: string, content: RecordedHash): vscode.Uri | undefined =>
	content === 'absent' || content === 'notCaptured'
		? undefined
		: branchUri({ kind: 'file', sha256: asSha256(content) }, rel);

async function showMessages(session: Session, comparison: Comparison): Promise<void> {
	const { point, left, right } = comparison;
	const uriOf = (side: ComparedSide) =>
		branchUri(
			{ kind: 'messages', sessionId: session.id, after: point ?? undefined, end: side.end ?? undefined },
			documentName(side.label),
		);
	await vscode.commands.executeCommand('vscode.diff', uriOf(left), uriOf(right), `Messages: ${titleOf(comparison)}`, {
		preview: false,
	});
}
