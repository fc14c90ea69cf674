/** What a screen reader is told when the transcript changes. Pure; the page puts the text into its live regions. */
import { plural } from '../src/base/text.ts';
import type { ToPanel } from '../src/protocol/toPanel.ts';
import type { PanelState } from './panelState.ts';

export interface Announcement {
	readonly text: string;
	/** True for what waits for the user. */
	readonly isUrgent: boolean;
}

/** Enough to know what was said; the whole stands in the log. */
const SPOKEN_CHARS = 600;

/** Streaming text is not spoken piece by piece: an answer is told once, when it is complete. */
export function announcementFor(before: PanelState, message: ToPanel): Announcement | null {
	if (message.kind === 'head') {
		const { suggestion } = message.head;
		if (suggestion === null || before.head?.suggestion?.cause === suggestion.cause) return null;
		return { isUrgent: false, text: `Suggestion: ${suggestion.text}` };
	}
	if (message.kind !== 'item') return null;
	const item = message.item;
	const old = before.items.findLast((other) => other.id === item.id);
	if (item.kind === 'permission' && item.state === 'asking' && (old?.kind !== 'permission' || old.state !== 'asking')) {
		return { isUrgent: true, text: `Retrace asks for permission. ${item.tool}: ${item.target}. ${item.cause}` };
	}
	if (item.kind === 'question' && old === undefined)
		return { isUrgent: true, text: `Retrace asks: ${item.questions.map(({ text }) => text).join(' ')}` };
	if (item.kind === 'plan' && old === undefined)
		return { isUrgent: true, text: `Retrace has a plan to agree on: ${item.text.slice(0, SPOKEN_CHARS)}` };
	if (item.kind === 'edit' && item.state === 'proposed' && (old?.kind !== 'edit' || old.state !== 'proposed')) {
		return {
			isUrgent: true,
			text: `Edit to review: ${item.path}, ${plural(item.addedLines, 'line')} added, ${item.removedLines} removed.`,
		};
	}
	if (item.kind === 'answer' && !item.isStreaming && (old?.kind !== 'answer' || old.isStreaming)) {
		return { isUrgent: false, text: `Retrace: ${item.text.slice(0, SPOKEN_CHARS)}` };
	}
	if (item.kind === 'notice' && item.level !== 'info' && old === undefined) return { isUrgent: true, text: item.text };
	return null;
}
