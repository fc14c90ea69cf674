/** Which tool calls of a branch have no result yet, and the results that close them. Every call gets exactly one. */
import type { ToolUseId } from '../../base/ids.ts';
import { isToolUseBlock, type ToolUseBlock } from '../session/content.ts';
import type { Entry, EntryDraft } from '../session/entry.ts';

/** In the order of the calls. */
export function openCallsOf(branch: readonly Entry[]): ToolUseBlock[] {
	// Some servers number the calls of each reply anew, so one id may stand for several calls: results are counted.
	const results = new Map<ToolUseId, number>();
	const open: ToolUseBlock[] = [];
	for (let index = branch.length - 1; index >= 0; index--) {
		const entry = branch[index];
		// Calls of earlier turns were closed when those ended.
		if (entry === undefined || entry.type === 'user') break;
		if (entry.type === 'toolResult') results.set(entry.toolUseId, (results.get(entry.toolUseId) ?? 0) + 1);
		else if (entry.type === 'assistant' && isToolUseBlock(entry.block)) {
			const count = results.get(entry.block.id) ?? 0;
			if (count > 0) results.set(entry.block.id, count - 1);
			else open.push(entry.block);
		}
	}
	return open.reverse();
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
