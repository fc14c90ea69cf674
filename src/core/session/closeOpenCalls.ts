/**
 * Closes what a crash left open, before the first prompt of whoever goes on: every tool call gets its one result.
 * Looks at the log only; what happened to files is settled elsewhere.
 */
import type { ToolUseId } from '../../base/ids.ts';
import { isToolUseBlock, type ToolUseBlock } from './content.ts';
import { type Entry, type EntryDraft, type EntryOf, isType } from './entry.ts';
import type { Session } from './sessionTypes.ts';

/**
 * Appends, as one write, an error result for each open call and one `interrupted` entry when the last turn did not end.
 * They stand at the leaf, so directly behind the message that was cut; requests join results to calls by id. Returns what was appended:
 * nothing when all is closed, so it may be called again. Does nothing for a session that can only be read. `reason` says why the turn did not
 * end: this window took the session from one that ran it, or else that one is gone.
 */
export function closeOpenCalls(session: Session, reason: 'crash' | 'takeover' = 'crash'): readonly Entry[] {
	if (session.readOnlyReason !== undefined) return [];
	const branch = session.branch();
	const started = new Set(session.entries.filter((entry) => isType(entry, 'toolStarted')).map(toolUseIdOf));
	const drafts: EntryDraft<'toolResult' | 'interrupted'>[] = openCalls(branch).map((block) => ({
		type: 'toolResult',
		toolUseId: block.id,
		isError: true,
		content: [{ type: 'text', text: started.has(block.id) ? EFFECT_UNKNOWN : NO_EFFECT }],
		durationMs: 0,
		summary: 'interrupted',
	}));
	if (isCutOff(branch)) drafts.push({ type: 'interrupted', reason });
	return drafts.length === 0 ? [] : session.append(...drafts);
}

const EFFECT_UNKNOWN =
	'Interrupted: Retrace was closed while this call ran, whether it took effect is not known. Check before you repeat it.';
const NO_EFFECT = 'Interrupted: Retrace was closed before this call started, so it had no effect.';

const toolUseIdOf = (entry: EntryOf<'toolStarted'>): ToolUseId => entry.toolUseId;

/** In the order of the branch. An id that a model used twice is two calls. */
function openCalls(branch: readonly Entry[]): ToolUseBlock[] {
	const open = new Map<ToolUseId, ToolUseBlock>();
	for (const entry of branch) {
		if (isType(entry, 'toolResult')) open.delete(entry.toolUseId);
		else if (isType(entry, 'assistant') && isToolUseBlock(entry.block)) open.set(entry.block.id, entry.block);
	}
	return [...open.values()];
}

/** Since the last prompt the turn has neither ended nor been marked as interrupted. */
function isCutOff(branch: readonly Entry[]): boolean {
	const last = branch.findLast(
		(entry) => entry.type === 'user' || entry.type === 'turnEnded' || entry.type === 'interrupted',
	);
	return last?.type === 'user';
}
