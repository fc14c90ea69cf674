/** Rewinds as the user makes them in a view: the preview, the rewind itself, undoing it and making it again. The words go to that view. */
import type { ToPanel } from '../../protocol/toPanel.ts';
import {
	applyRewind,
	previewRewind,
	type RewindChoice,
	type RewindOutcome,
	redoRewind,
	undoRewind,
} from '../rewind/rewindFlow.ts';
import type { SessionView } from './sessionView.ts';

export async function previewRewindIn(
	view: SessionView,
	entryId: string | null,
): Promise<Extract<ToPanel, { kind: 'rewind.plan' }>> {
	return await previewRewind(view.current, entryId, view.host.world, new AbortController().signal);
}

export async function applyRewindIn(view: SessionView, choice: RewindChoice): Promise<void> {
	const outcome = await applyRewind(view.current, choice, view.host.world, new AbortController().signal);
	if (outcome.promptText !== undefined) view.say({ kind: 'input', text: outcome.promptText, how: 'replace' });
	tellRewind(view, outcome, 'Rewound');
}

export async function undoRewindIn(view: SessionView): Promise<void> {
	const outcome = await undoRewind(view.current, view.host.world, new AbortController().signal);
	tellRewind(view, outcome, 'Rewind undone');
}

export async function redoRewindIn(view: SessionView): Promise<void> {
	const outcome = await redoRewind(view.current, view.host.world, new AbortController().signal);
	tellRewind(view, outcome, 'Rewound again');
}

/** The transcript says that it was rewound; files that stayed as they are need more words. */
function tellRewind(view: SessionView, outcome: RewindOutcome, what: string): void {
	if (outcome.problems.length === 0) return;
	const text = `${what}, but not every file: ${outcome.problems.join('; ')}`;
	view.say({ kind: 'toast', level: 'warning', text });
}
