/** Which tool calls of a branch have no result yet, and the results that close them. Every call gets exactly one. */
import type { ToolUseId } from '../../base/ids.ts';
import { isToolUseBlock, type ToolUseBlock } from '../session/content.ts';
import type { Entry, EntryDraft } from '../session/entry.ts';

/** In the order of the calls. */
export function openCallsOf(branch: readonly Entry[]): ToolUseBlock[] {
	const answered = new Set<ToolUseId>();
	const open: ToolUseBlock[] = [];
	for (let index = branch.length - 1; index >= 0; index--) {
		const entry = branch[index];
		// Calls of earlier turns were closed when those ended.
		if (entry === undefined || entry.type === 'user') break;
		if (entry.type === 'toolResult') answered.add(entry.toolUseId);
		else if (entry.type === 'assistant' && isToolUseBlock(entry.block)) open.push(entry.block);
	}
	return open.filter((call) => !answered.has(call.id)).reverse();
}

/** A result that says why the call has no other one. */
export function unrunResult(toolUseId: ToolUseId, text: string, summary: string): EntryDraft<'toolResult'> {
	return {
		type: 'toolResult',
		toolUseId,
		isError: true,
		content: [{ type: 'text', text }],
		durationMs: 0,
		summary,
	};
}
