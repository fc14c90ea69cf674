/** Rows of the *Changes* view, and the changes each stands for. Pure. */
import type { AgentHunk } from '../../core/edit/composeHunks.ts';
import type { ReviewTurn } from '../../core/edit/reviewTurns.ts';
import type { ChangeNode } from '../agentTypes.ts';
import type { FileReview } from './reviewFiles.ts';

/** The turn of a hunk that several turns made is the last one of them. */
function turnOf({ source }: FileReview, epochs: readonly number[]): ReviewTurn | undefined {
	return source.turns.get(epochs.at(-1) ?? 0);
}

/** The turns with something pending in the file, newest first. */
export function turnsOf(file: FileReview): readonly ReviewTurn[] {
	const epochs =
		file.pending.hunks.length > 0 ? file.pending.hunks.map((hunk) => hunk.epochs) : [file.source.review.epochs];
	const turns = new Map<string, ReviewTurn>();
	for (const one of epochs) {
		const turn = turnOf(file, one);
		if (turn) turns.set(turn.prompt, turn);
	}
	return [...turns.values()].toSorted((a, b) => b.number - a.number);
}

/** Whether a row stands for this hunk; a row without a turn stands for all of a file. */
export function isOfTurn(file: FileReview, hunk: AgentHunk, prompt: string | undefined): boolean {
	return prompt === undefined || turnOf(file, hunk.epochs)?.prompt === prompt;
}

/** The files a row stands for, in order. */
export function filesOf(node: ChangeNode, files: readonly FileReview[]): readonly FileReview[] {
	return files.filter((file) => {
		if (file.source.session.id !== node.sessionId) return false;
		if (node.kind === 'file') return file.source.uri.toString() === node.uri && hasTurn(file, node.prompt);
		return node.kind === 'session' || hasTurn(file, node.prompt);
	});
}

const hasTurn = (file: FileReview, prompt: string | undefined): boolean =>
	prompt === undefined || turnsOf(file).some((turn) => turn.prompt === prompt);

/** Added and removed lines, of one turn or of all. */
export function countLines(file: FileReview, prompt: string | undefined): { added: number; removed: number } {
	let added = 0;
	let removed = 0;
	for (const hunk of file.pending.hunks) {
		if (!isOfTurn(file, hunk, prompt)) continue;
		added += hunk.currentEnd - hunk.currentStart;
		removed += hunk.baseEnd - hunk.baseStart;
	}
	return { added, removed };
}
