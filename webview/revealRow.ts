/**
 * Brings a row into view: asks for the older rows until it is there, opens it and the fold it stands in, scrolls, marks, and on
 * request puts the focus on its message.
 */
import type { FindMark } from '../src/protocol/findMark.ts';
import type { TranscriptItem } from '../src/protocol/transcriptItem.ts';
import type { FoundMarks } from './foundMarks.ts';
import { oldestRow, type PanelState } from './panelState.ts';
import { groupTranscript } from './transcriptGroups.ts';
import type { Post } from './views/viewTypes.ts';

export interface RevealWorld {
	readonly root: HTMLElement;
	readonly post: Post;
	readonly marks: FoundMarks;
	state(): PanelState;
	/** Opens rows and folds that can be opened. */
	openRows(ids: readonly string[]): void;
	drawNow(): void;
	/** The end of the transcript is not followed any more. */
	leaveEnd(): void;
}

export interface Reveal {
	/** `rows`: what else is marked; with `takesFocus` the focus goes to the message and it flashes. */
	show(id: string, options: { mark?: FindMark; rows?: ReadonlySet<string>; takesFocus: boolean }): void;
	/** Rows have come, or more of one. */
	rowsChanged(): void;
	cancel(): void;
}

/** As long as the animation of `.is-revealed`. */
const FLASH_MS = 1_600;

export function createReveal(world: RevealWorld): Reveal {
	type Wanted = { id: string; mark?: FindMark; rows?: ReadonlySet<string>; takesFocus: boolean };
	let wanted: Wanted | null = null;
	let askedBefore: string | undefined;
	/** The row is there, its whole output is not yet. */
	let awaited: Wanted | null = null;

	function tryShow(): void {
		if (wanted === null) {
			if (awaited !== null) settle(awaited);
			return;
		}
		const state = world.state();
		const item = state.items.find((one) => one.id === wanted?.id);
		if (item === undefined) {
			askOlder(state, wanted.id);
			return;
		}
		const target = wanted;
		wanted = null;
		world.openRows([...(isFolded(item) ? [item.id] : []), ...foldsWith(state, item.id)]);
		world.drawNow();
		if (item.kind === 'tool' && item.isTruncated && target.mark !== undefined && !state.wholeOutputs.has(item.id)) {
			awaited = target;
			world.post({ kind: 'item.expand', id: item.id });
		} else awaited = null;
		settle(target);
		if (target.takesFocus) focusMessage(target.id);
	}

	function askOlder(state: PanelState, untilId: string): void {
		const beforeId = oldestRow(state);
		if (!state.hasOlder || beforeId === undefined || beforeId === askedBefore) {
			wanted = null;
			return;
		}
		askedBefore = beforeId;
		world.post({ kind: 'transcript.older', beforeId, untilId });
	}

	/** Marks, and scrolls to the mark or else to the row. */
	function settle(target: Wanted): void {
		if (target.mark !== undefined) world.marks.set(target.mark, target.rows ?? new Set([target.id]), target.id);
		const row = rowOf(target.id);
		const scroller = world.root.querySelector<HTMLElement>('.scroller');
		if (row === null || scroller === null) return;
		if (scroller.clientHeight === 0) {
			whenShown(scroller, () => settle(target));
			return;
		}
		const place = world.marks.currentPlace() ?? row.getBoundingClientRect();
		const view = scroller.getBoundingClientRect();
		// A third from the top: what led to it is seen as well.
		if (place.top < view.top || place.bottom > view.bottom || target.takesFocus)
			scroller.scrollTop += place.top - view.top - view.height / 3;
		// Behind all drawing: a drawing at the end begins to follow it again.
		world.leaveEnd();
	}

	function focusMessage(id: string): void {
		const row = rowOf(id);
		const message = row?.closest<HTMLElement>('article') ?? row;
		if (row === null || message == null) return;
		message.tabIndex = -1;
		message.focus({ preventScroll: true });
		row.classList.remove('is-revealed');
		// Read back, so that the animation starts anew.
		void row.offsetWidth;
		row.classList.add('is-revealed');
		setTimeout(() => row.classList.remove('is-revealed'), FLASH_MS);
	}

	const rowOf = (id: string): HTMLElement | null =>
		world.root.querySelector<HTMLElement>(`.log [data-row="${CSS.escape(id)}"]`);

	return {
		show(id, options) {
			wanted = { id, ...options };
			askedBefore = undefined;
			tryShow();
		},
		rowsChanged: tryShow,
		cancel() {
			wanted = null;
			awaited = null;
		},
	};
}

/** A page that is hidden has no places to scroll to. `then` is called once, when it has a height. */
function whenShown(element: HTMLElement, then: () => void): void {
	const observer = new ResizeObserver(() => {
		if (element.clientHeight === 0) return;
		observer.disconnect();
		then();
	});
	observer.observe(element);
}

/** What shows a part of itself until it is opened. */
function isFolded(item: TranscriptItem): boolean {
	return ['prompt', 'thinking', 'tool', 'edit'].includes(item.kind);
}

function foldsWith(state: PanelState, id: string): readonly string[] {
	const turns = groupTranscript(state.items).flatMap((group) => (group.kind === 'turn' ? group.rows : []));
	return turns.flatMap((row) => (row.kind === 'fold' && row.items.some((item) => item.id === id) ? [row.id] : []));
}
