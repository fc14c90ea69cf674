/**
 * The review of one file: which of the agent's changes the user has not yet kept or undone. Pure, on texts with `\n` line ends.
 * What the user typed is never part of a hunk, wherever it was typed.
 */
import { type AgentHunk, addAgentEdit, carryUserEdits } from './composeHunks.ts';
import { diffLines } from './diffText.ts';
import { joinLines, splitLines } from './hunks.ts';

/** A text, or no file. */
export type ReviewedText = string | 'absent';
/** What is known of a file between two edits. */
export type ReviewState = {
	/** The reviewed text, as it was when `text` was the file: every pending change undone. */
	readonly base: ReviewedText;
	/** The last text known to hold exactly the reviewed text and the pending changes. */
	readonly text: ReviewedText;
	readonly hunks: readonly AgentHunk[];
	/** What was pending at texts the file had before: the editor's own undo and redo go back to them. */
	readonly earlier?: ReadonlyMap<ReviewedText, ReviewState>;
};

/** What moves a review on, in the order of the log. */
export type ReviewStep =
	| { readonly kind: 'operation'; readonly epoch: number; readonly before: ReviewedText; readonly after: ReviewedText }
	/** The user went back to this text by a rewind. */
	| { readonly kind: 'restored'; readonly after: ReviewedText }
	| {
			/** `text` is the file's text at the verdict, `base` what is reviewed since. */
			readonly kind: 'review';
			readonly base: ReviewedText;
			readonly text: ReviewedText;
			/** What stayed pending; when it was not recorded, whatever differs is. */
			readonly hunks: readonly AgentHunk[] | undefined;
			readonly epochs: readonly number[];
	  };

export type PendingHunks = {
	/** What the file would be with every hunk undone; empty for no file. */
	readonly base: string;
	readonly hunks: readonly AgentHunk[];
	/** The agent created the file, or took it away, and undoing all of it reverses that. */
	readonly kind: 'changed' | 'created' | 'deleted';
	/** Without hunks a file may still be new, or gone. */
	readonly isPending: boolean;
};

/** The review after the steps; undefined when the agent did nothing to the file. */
export function replayReview(steps: Iterable<ReviewStep>): ReviewState | undefined {
	let state: ReviewState | undefined;
	/** A rewind brings a text back as it was then, pending and reviewed. */
	const known = new Map<ReviewedText, ReviewState>();
	/** So does the editor's own undo, but what was kept since stays kept. */
	let sinceKept = new Map<ReviewedText, ReviewState>();
	for (const step of steps) {
		if (step.kind === 'restored') state = known.get(step.after) ?? (state && carried(state, step.after));
		else if (step.kind === 'review') {
			const { base, text } = step;
			const hunks =
				step.hunks ?? diffLines(textOf(base), textOf(text)).map((hunk) => ({ ...hunk, epochs: step.epochs }));
			// An undo takes lines out of the text and leaves what is reviewed; only a keep changes that.
			if (!state || carried(state, text).base !== base) sinceKept = new Map();
			state = { base, text, hunks };
		} else {
			const { before, after, epoch } = step;
			const found: ReviewState = state ? carried(state, before) : { base: before, text: before, hunks: [] };
			const hunks = addAgentEdit(
				{ base: textOf(found.base), hunks: found.hunks },
				textOf(before),
				textOf(after),
				epoch,
			);
			state = { base: found.base, text: after, hunks };
			if (!known.has(before)) known.set(before, found);
			if (!sinceKept.has(before)) sinceKept.set(before, found);
		}
		if (!state) continue;
		known.set(state.text, state);
		sinceKept.set(state.text, state);
	}
	return state && { ...state, earlier: sinceKept };
}

/** What is pending in the file as it is now. */
export function pendingHunks(state: ReviewState, current: ReviewedText): PendingHunks {
	return pendingOf(carried(state, current));
}

/** The state with what the user made of the file since. */
export function carried(state: ReviewState, current: ReviewedText): ReviewState {
	if (current === state.text) return state;
	const earlier = state.earlier?.get(current);
	if (earlier) return earlier;
	// A file the user deleted, or made anew after the agent had, is the user's.
	if (current === 'absent' || state.text === 'absent') return { base: current, text: current, hunks: [] };
	const base = textOf(state.base);
	const isNew = state.base === 'absent';
	if (current === base) return { base: isNew && current === '' ? 'absent' : current, text: current, hunks: [] };
	const changes = carryUserEdits({ base, hunks: state.hunks }, state.text, current);
	// With nothing pending both are the same text, also where only the end of the last line differed.
	const reviewed = changes.hunks.length === 0 ? current : changes.base;
	return { base: isNew && reviewed === '' ? 'absent' : reviewed, text: current, hunks: changes.hunks };
}

/** What is pending in a state, at its own text. */
export function pendingOf({ base, text, hunks }: ReviewState): PendingHunks {
	const isOtherFile = (base === 'absent') !== (text === 'absent');
	const kind = !isOtherFile ? 'changed' : base === 'absent' ? 'created' : 'deleted';
	return { base: textOf(base), hunks, kind, isPending: isOtherFile || hunks.length > 0 };
}

/** The state when the user keeps these hunks, all of them without `chosen`. */
export function keepHunks(state: ReviewState, chosen?: ReadonlySet<AgentHunk>): ReviewState {
	const rest = state.hunks.filter((hunk) => chosen !== undefined && !chosen.has(hunk));
	if (rest.length === 0) return { base: state.text, text: state.text, hunks: [] };
	const baseLines = splitLines(textOf(state.base));
	const lines = splitLines(textOf(state.text));
	const hunks: AgentHunk[] = [];
	let shift = 0;
	for (const hunk of state.hunks) {
		if (rest.includes(hunk)) {
			hunks.push({ ...hunk, baseStart: hunk.baseStart + shift, baseEnd: hunk.baseEnd + shift });
			continue;
		}
		const put = lines.slice(hunk.currentStart, hunk.currentEnd);
		baseLines.splice(hunk.baseStart + shift, hunk.baseEnd - hunk.baseStart, ...put);
		shift += put.length - (hunk.baseEnd - hunk.baseStart);
	}
	return { base: joinLines(baseLines), text: state.text, hunks };
}

/** The state when the user undoes these hunks, all of them without `chosen`; its `text` is what the file becomes. */
export function undoHunks(state: ReviewState, chosen?: ReadonlySet<AgentHunk>): ReviewState {
	const rest = state.hunks.filter((hunk) => chosen !== undefined && !chosen.has(hunk));
	if (rest.length === 0) return { base: state.base, text: state.base, hunks: [] };
	const baseLines = splitLines(textOf(state.base));
	const lines = splitLines(textOf(state.text));
	const hunks: AgentHunk[] = [];
	let shift = 0;
	for (const hunk of state.hunks) {
		if (rest.includes(hunk)) {
			hunks.push({ ...hunk, currentStart: hunk.currentStart + shift, currentEnd: hunk.currentEnd + shift });
			continue;
		}
		const put = baseLines.slice(hunk.baseStart, hunk.baseEnd);
		lines.splice(hunk.currentStart + shift, hunk.currentEnd - hunk.currentStart, ...put);
		shift += put.length - (hunk.currentEnd - hunk.currentStart);
	}
	return { base: state.base, text: joinLines(lines), hunks };
}

export const textOf = (text: ReviewedText): string => (text === 'absent' ? '' : text);
