/**
 * The review of one file: which of the agent's changes the user has not yet kept or undone. Pure, on texts with `\n` line ends.
 * Edits of the user are never hunks; one made inside a hunk belongs to it.
 */
import { diffLines } from './diffText.ts';
import { applyHunk, carryEdits, type Hunk, revertHunk } from './hunks.ts';

/** What is known of a file between two edits. `absent` = there is no such file. */
export type ReviewState = {
	/** The reviewed text, as it was when `agentText` was written: every pending change undone. */
	readonly base: string | 'absent';
	/** The last text known to hold exactly the reviewed text and the pending changes. */
	readonly agentText: string;
};

/** What moves a review on, in the order of the log. */
export type ReviewStep =
	| { readonly kind: 'operation'; readonly before: string | 'absent'; readonly after: string }
	/** `text` is the file's text at the verdict, `base` what is reviewed since. */
	| { readonly kind: 'review'; readonly base: string | 'absent'; readonly text: string | undefined };

export type PendingHunks = {
	/** What the file would be with every hunk undone. */
	readonly base: string;
	readonly hunks: readonly Hunk[];
	/** Undoing all of it takes the file away: the agent created it. */
	readonly isNewFile: boolean;
};

/** The review after the steps; undefined when the agent did nothing to the file. */
export function replayReview(steps: Iterable<ReviewStep>): ReviewState | undefined {
	let state: ReviewState | undefined;
	for (const step of steps) {
		if (step.kind === 'review')
			state = { base: step.base, agentText: step.text ?? state?.agentText ?? textOf(step.base) };
		else if (!state || step.before === 'absent') state = { base: step.before, agentText: step.after };
		else state = { base: rebased(state, step.before), agentText: step.after };
	}
	return state;
}

/** The hunks between what is reviewed and the text as it is now. */
export function pendingHunks(state: ReviewState, current: string): PendingHunks {
	const base = rebased(state, current);
	return { base: textOf(base), hunks: diffLines(textOf(base), current), isNewFile: base === 'absent' };
}

/** The new reviewed text when the user keeps this hunk. */
export function keepHunk(pending: PendingHunks, current: string, hunk: Hunk): string {
	return applyHunk(pending.base, current, hunk);
}

/** The new text of the file when the user undoes this hunk; the reviewed text stays. */
export function undoHunk(pending: PendingHunks, current: string, hunk: Hunk): string {
	return revertHunk(pending.base, current, hunk);
}

/**
 * The base with the edits made to the agent's text since. A file that the agent created stays `absent` in the base
 * as long as the user's own edits did not give it a text of its own.
 */
function rebased(state: ReviewState, current: string): string | 'absent' {
	if (current === state.agentText) return state.base;
	const base = textOf(state.base);
	if (current === base) return state.base;
	const carried = carryEdits(base, current, diffLines(base, state.agentText), diffLines(state.agentText, current));
	return state.base === 'absent' && carried === '' ? 'absent' : carried;
}

const textOf = (base: string | 'absent'): string => (base === 'absent' ? '' : base);
