/** Thinking is bound to all that was sent before it, so with a new start of the requests what was thought before is left out. Pure. */
import { UserError } from '../../base/errors.ts';
import type { ContextEditItem } from '../context/contextEdits.ts';
import { completeEdits } from '../context/planEdits.ts';
import { sentEntries } from '../context/sentEntries.ts';
import type { Entry } from '../session/entry.ts';

/** The edit that leaves out all thinking so far; empty when there is none, undefined in the middle of a turn. */
export function earlierThinking(branch: readonly Entry[]): readonly ContextEditItem[] | undefined {
	const [first] = sentEntries(branch);
	if (!first) return [];
	try {
		return completeEdits(branch, [{ ref: { entry: first.entry.id }, op: 'stripThinking' }]);
	} catch (error) {
		if (error instanceof UserError && error.code === 'nothing-to-change') return [];
		if (error instanceof UserError && error.code === 'turn-unfinished') return undefined;
		throw error;
	}
}
