/**
 * Keeps the agent's changes of a text apart from the user's while both go on. Pure, on lines; knows no log and no file.
 * A line belongs to who wrote it last: a line of the agent that the user rewrote is the user's, and splits the change around it.
 */
import { diffWholeLines, ended } from './diffText.ts';
import { type Hunk, joinLines, splitLines } from './hunks.ts';

/** A change of the agent that nobody judged yet, with the epochs of the operations it came with, in order. */
export type AgentHunk = Hunk & { readonly epochs: readonly number[] };
/** `base` is `text` with every hunk undone; outside of the hunks both have the same lines. */
export type AgentChanges = { readonly base: string; readonly hunks: readonly AgentHunk[] };

/**
 * The changes after the user made `current` of `text`. What the user typed stands in the base as well, so no hunk holds it.
 * Lines of the base come back with the lines of the agent that replaced them; those whose replacement the user rewrote do not, since the
 * user decided there. Lines the agent took away stay pending, unless the user put them back.
 */
export function carryUserEdits(changes: AgentChanges, text: string, current: string): AgentChanges {
	const baseLines = splitLines(changes.base);
	const currentLines = splitLines(current);
	const weave = createWeave(currentLines);
	const hunks = changes.hunks.map((hunk) => cutHunk(hunk, baseLines));
	let nextHunk = 0;
	let line = 0;

	/** Lines of `text` up to `end` that the user left alone; with what the agent took away right there, if wanted. */
	const passUntil = (end: number, withRemovals = true) => {
		for (;;) {
			const hunk = hunks[nextHunk];
			if (!hunk || hunk.start > end || (hunk.start === end && (hunk.end > end || !withRemovals))) break;
			weave.common(hunk.start - line);
			line = Math.max(line, hunk.start);
			const until = Math.min(hunk.end, end);
			weave.agent(hunk.take(until), until - line, hunk.epochs);
			line = until;
			if (hunk.end > end) break;
			nextHunk++;
		}
		weave.common(end - line);
		line = end;
	};
	/** The lines the agent took away right at a place, which it put nothing in for. */
	const removalsAt = (place: number, from: number) => {
		let end = from;
		while (hunks[end]?.start === place && hunks[end]?.end === place) end++;
		return hunks.slice(from, end);
	};

	for (const edit of diffWholeLines(text, current)) {
		const typed = currentLines.slice(edit.currentStart, edit.currentEnd);
		const isDeletion = typed.length === 0;
		const leading: Removed = { lines: [], epochs: [] };
		// What the agent took away right before the edit may be what the user put back.
		passUntil(edit.baseStart, isDeletion);
		for (const hunk of removalsAt(edit.baseStart, nextHunk)) {
			add(leading, hunk.take(hunk.end), hunk.epochs);
			nextHunk++;
		}
		const inside: Removed = { lines: [], epochs: [] };
		for (;;) {
			const hunk = hunks[nextHunk];
			if (!hunk || hunk.start >= edit.baseEnd) break;
			const until = Math.min(hunk.end, edit.baseEnd);
			const own = hunk.take(until, !isDeletion);
			add(inside, isDeletion ? own : hunk.excess(until), hunk.epochs);
			if (hunk.end > edit.baseEnd) break;
			nextHunk++;
		}
		const trailing = isDeletion ? [] : removalsAt(edit.baseEnd, nextHunk);
		const removed: Removed = {
			lines: [...leading.lines, ...inside.lines],
			epochs: [...leading.epochs, ...inside.epochs],
		};
		for (const hunk of trailing) add(removed, hunk.peek(), hunk.epochs);
		const restored = isDeletion ? undefined : restoredLines(removed.lines, typed);
		if (restored) {
			nextHunk += trailing.length;
			let at = 0;
			for (const { baseStart, baseEnd, currentStart, currentEnd } of restored) {
				weave.common(currentStart - at);
				weave.agent(removed.lines.slice(baseStart, baseEnd), 0, removed.epochs);
				weave.common(currentEnd - currentStart);
				at = currentEnd;
			}
			weave.common(typed.length - at);
		} else {
			weave.agent(leading.lines, 0, leading.epochs);
			weave.common(typed.length);
			weave.agent(inside.lines, 0, inside.epochs);
		}
		line = edit.baseEnd;
	}
	passUntil(splitLines(text).length);
	const carried = weave.end();
	return { ...carried, base: endedAs(changes.base, carried.base) };
}

/**
 * Where the user changed lines of pending changes on the way from `text` to `current`: ranges of lines in `current`, each with the epochs of what it
 * was. What the user wrote beside them is not among it.
 */
export function rewrittenPlaces(hunks: readonly AgentHunk[], text: string, current: string): AgentHunk[] {
	return diffWholeLines(text, current).flatMap((edit) => {
		const within = hunks.filter((hunk) => edit.baseStart < hunk.currentEnd && edit.baseEnd > hunk.currentStart);
		if (within.length === 0) return [];
		return [{ ...edit, epochs: [...new Set(within.flatMap((hunk) => hunk.epochs))].toSorted((a, b) => a - b) }];
	});
}

/** The changes after the agent made `after` of `before` in the operation `epoch`. Changes that touch become one. */
export function addAgentEdit(changes: AgentChanges, before: string, after: string, epoch: number): AgentHunk[] {
	const edits = agentDiff(before, after);
	if (changes.hunks.length === 0) return edits.map((edit) => ({ ...edit, epochs: [epoch] }));
	const baseLines = splitLines(changes.base);
	const afterLines = splitLines(after);
	const places = [
		...changes.hunks.map((hunk) => ({ start: hunk.currentStart, end: hunk.currentEnd, hunk, edit: undefined })),
		...edits.map((edit) => ({ start: edit.baseStart, end: edit.baseEnd, hunk: undefined, edit })),
	].toSorted((a, b) => a.start - b.start || a.end - b.end);
	const result: AgentHunk[] = [];
	let baseShift = 0;
	let afterShift = 0;
	for (let index = 0; index < places.length; ) {
		const first = places[index];
		if (!first) break;
		let { end } = first;
		const cluster = [];
		for (let place = places[index]; place && place.start <= end; place = places[++index]) {
			cluster.push(place);
			end = Math.max(end, place.end);
		}
		const baseStart = first.start + baseShift;
		const currentStart = first.start + afterShift;
		const epochs = new Set<number>();
		for (const { hunk, edit } of cluster) {
			if (hunk) baseShift += hunk.baseEnd - hunk.baseStart - (hunk.currentEnd - hunk.currentStart);
			if (edit) afterShift += edit.currentEnd - edit.currentStart - (edit.baseEnd - edit.baseStart);
			for (const one of hunk?.epochs ?? [epoch]) epochs.add(one);
		}
		const whole = { baseStart, baseEnd: end + baseShift, currentStart, currentEnd: end + afterShift };
		const parts = cluster.length === 1 ? [whole] : refined(whole, baseLines, afterLines);
		result.push(...parts.map((part) => ({ ...part, epochs: [...epochs].toSorted((a, b) => a - b) })));
	}
	return result;
}

/** What the operations of the cluster left of each other. */
function refined(hunk: Hunk, baseLines: readonly string[], currentLines: readonly string[]): Hunk[] {
	const { baseStart, currentStart } = hunk;
	const before = baseLines.slice(baseStart, hunk.baseEnd).join('');
	return agentDiff(before, currentLines.slice(currentStart, hunk.currentEnd).join('')).map((part) => ({
		baseStart: part.baseStart + baseStart,
		baseEnd: part.baseEnd + baseStart,
		currentStart: part.currentStart + currentStart,
		currentEnd: part.currentEnd + currentStart,
	}));
}

/** When the newline at the end is all that the agent changed, the last line is changed. */
function agentDiff(before: string, after: string): Hunk[] {
	const hunks = diffWholeLines(before, after);
	if (hunks.length > 0 || before === after) return hunks;
	const end = splitLines(after).length;
	return [{ baseStart: end - 1, baseEnd: end, currentStart: end - 1, currentEnd: end }];
}

/** With the newline at the end that `base` has, where its last line is still the last. */
function endedAs(base: string, text: string): string {
	const isSameLine = splitLines(ended(base)).at(-1) === splitLines(ended(text)).at(-1);
	if (!isSameLine || base.endsWith('\n') === text.endsWith('\n')) return text;
	return base.endsWith('\n') ? ended(text) : text.slice(0, -1);
}

type Removed = { readonly lines: string[]; readonly epochs: number[] };

function add(removed: Removed, lines: readonly string[], epochs: readonly number[]): void {
	if (lines.length === 0) return;
	removed.lines.push(...lines);
	removed.epochs.push(...epochs);
}

/**
 * Lines that were typed are lines put back when all of one side stand in the other. The hunks between the two; undefined when they are not.
 * A blank line or a bracket that both happen to have is no sign of it.
 */
function restoredLines(removed: readonly string[], typed: readonly string[]): readonly Hunk[] | undefined {
	if (removed.length === 0) return undefined;
	const hunks = diffWholeLines(joinLines(removed), joinLines(typed));
	const isAllTyped = hunks.every((hunk) => hunk.baseStart === hunk.baseEnd);
	const isAllRemoved = hunks.every((hunk) => hunk.currentStart === hunk.currentEnd);
	return isAllTyped || isAllRemoved ? hunks : undefined;
}

/**
 * Gives out the lines of the base for parts of what the agent wrote, line for line; those that are more than the agent's lines
 * go with the last part.
 */
function cutHunk(hunk: AgentHunk, baseLines: readonly string[]) {
	const lines = baseLines.slice(hunk.baseStart, hunk.baseEnd);
	const height = hunk.currentEnd - hunk.currentStart;
	let taken = 0;
	const takeTo = (end: number) => {
		const from = taken;
		taken = Math.max(taken, end);
		return lines.slice(from, taken);
	};
	return {
		start: hunk.currentStart,
		end: hunk.currentEnd,
		epochs: hunk.epochs,
		/** For the agent's lines up to `until`; with `isPaired` never more than these are. */
		take(until: number, isPaired = false): readonly string[] {
			const offset = until - hunk.currentStart;
			return takeTo(offset === height && !isPaired ? lines.length : Math.min(offset, lines.length));
		},
		/** What is left at the end of the hunk. */
		excess(until: number): readonly string[] {
			return until === hunk.currentEnd ? takeTo(lines.length) : [];
		},
		peek: (): readonly string[] => lines.slice(taken),
	};
}

/** Puts the base and the hunks together, in the order of the current text. */
function createWeave(currentLines: readonly string[]) {
	const base: string[] = [];
	const hunks: AgentHunk[] = [];
	let current = 0;
	let isOpen = false;
	return {
		common(count: number) {
			if (count <= 0) return;
			base.push(...currentLines.slice(current, current + count));
			current += count;
			isOpen = false;
		},
		agent(removed: readonly string[], count: number, epochs: readonly number[]) {
			if (removed.length === 0 && count === 0) return;
			const last = isOpen ? hunks.pop() : undefined;
			const begun = last ?? { baseStart: base.length, currentStart: current, epochs: [] };
			base.push(...removed);
			current += count;
			hunks.push({
				...{ baseStart: begun.baseStart, baseEnd: base.length },
				...{ currentStart: begun.currentStart, currentEnd: current },
				epochs: [...new Set([...begun.epochs, ...epochs])].toSorted((a, b) => a - b),
			});
			isOpen = true;
		},
		end: (): AgentChanges => ({ base: joinLines(base), hunks }),
	};
}
