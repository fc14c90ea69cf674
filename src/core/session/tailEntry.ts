/**
 * The `tail` entry: a summary of the session near the end of its log, so that a list reads only the end of each file.
 * Decides when one is due and what it says; appending it is the session's.
 */

import type { Entry, EntryDraft } from './entry.ts';
import type { LogIndex } from './logIndex.ts';
import type { LineRange } from './storePort.ts';
import { promptPreview } from './titles.ts';

/** Half of what a list reads of each log, so that the part read always holds a tail. */
const TAIL_EVERY_BYTES = 32 * 1024;
const MAX_EXTENTS = 64;

/** `bytesSinceTail` counts what stands after the last tail, the lines just written included. */
export function isTailDue(written: {
	readonly bytesSinceTail: number;
	readonly longestLineBytes: number;
	readonly hasTurnEnded: boolean;
	/** The leaf went elsewhere, so the ranges of the last tail are of another branch. */
	readonly hasMoved: boolean;
}): boolean {
	return (
		written.hasTurnEnded ||
		written.hasMoved ||
		written.longestLineBytes > TAIL_EVERY_BYTES ||
		written.bytesSinceTail >= TAIL_EVERY_BYTES
	);
}

/** Whether one is due behind these entries, whose lines are as long as `sizes` say. */
export function isTailDueAfter(entries: readonly Entry[], sizes: readonly number[], bytesSinceTail: number): boolean {
	if (entries.some(({ type }) => type === 'tail')) return false;
	return isTailDue({
		bytesSinceTail,
		longestLineBytes: Math.max(0, ...sizes),
		hasTurnEnded: entries.some(({ type }) => type === 'turnEnded'),
		hasMoved: entries.some(({ type }) => type === 'rewind' || type === 'state' || type === 'compaction'),
	});
}

/** `upTo` is where the log ends now; undefined when not all that stands there is known. */
export function tailDraft(index: LogIndex, state: string, upTo: number | undefined): EntryDraft<'tail'> {
	const held = index.held();
	const links = index.tailLinks();
	return {
		type: 'tail',
		title: index.title,
		leaf: index.leaf,
		counts: index.counts,
		costUsd: index.costUsd,
		state,
		lastPrompt: promptPreview(index.lastPrompt),
		pinned: index.isPinned,
		...(index.isArchived ? { isArchived: true } : {}),
		usedAt: index.usedAt,
		...(index.hasFailed ? { hasFailed: true } : {}),
		...(upTo === undefined ? {} : { upTo }),
		epoch: index.newestEpoch,
		...(index.model === undefined ? {} : { model: index.model }),
		...(index.titleBy === undefined ? {} : { titleBy: index.titleBy }),
		...(index.origin === undefined ? {} : { origin: index.origin }),
		...(index.worktree === undefined ? {} : { worktree: index.worktree }),
		...(held.size === 0 ? {} : { held: [...held] }),
		...(links.size === 0 ? {} : { links: [...links] }),
		extents: mergeExtents(index.extents(), MAX_EXTENTS).map(({ start, end }) => [start, end]),
	};
}

/** Joins ranges across the smallest gaps until at most `maxRanges` are left. Ranges are in order and do not overlap. */
export function mergeExtents(ranges: readonly LineRange[], maxRanges: number): readonly LineRange[] {
	const surplus = ranges.length - maxRanges;
	if (surplus <= 0) return ranges;
	const gaps = ranges
		.slice(1)
		.map((range, index) => ({ index: index + 1, size: range.start - (ranges[index]?.end ?? 0) }));
	const closed = new Set(
		gaps
			.sort((left, right) => left.size - right.size)
			.slice(0, surplus)
			.map((gap) => gap.index),
	);
	const merged: LineRange[] = [];
	ranges.forEach((range, index) => {
		const last = merged.at(-1);
		if (last && closed.has(index)) merged[merged.length - 1] = { start: last.start, end: range.end };
		else merged.push(range);
	});
	return merged;
}
