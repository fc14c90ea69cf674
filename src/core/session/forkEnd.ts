/**
 * Where a fork that is asked for at an entry ends, so that no tool call is copied without its result. Pure; what is copied is fork.ts's.
 */
import type { EntryId, ToolUseId } from '../../base/ids.ts';
import { isToolUseBlock } from './content.ts';
import { type Entry, isType } from './entry.ts';

/**
 * The last entry to copy: the end of the prompt or of the whole message that `at` belongs to, with the results of its calls, and with the end
 * of the turn when it is the turn's last. While a call of it has no result yet, the end of what was complete before it; null when nothing was.
 * `branch` leads from the root to `at` or beyond; an entry that is not on it is its own end.
 */
export function forkEnd(branch: readonly Entry[], at: EntryId): EntryId | null {
	const index = branch.findIndex(({ id }) => id === at);
	if (index === -1) return at;
	const isComplete = completePlaces(branch);
	const after = endOfPart(branch, index);
	const last = branch.findIndex((_, place) => place >= index && place < after && isComplete[place]);
	if (last === -1) {
		const before = isComplete.findLastIndex((complete, place) => complete && place < index);
		return branch[before]?.id ?? null;
	}
	return branch[withEnding(branch, last)]?.id ?? null;
}

/** Places behind which no call waits for its result and no message goes on. */
function completePlaces(branch: readonly Entry[]): readonly boolean[] {
	// Some servers number the calls of each reply anew, so one id may stand for several calls: they are counted.
	const open = new Map<ToolUseId, number>();
	return branch.map((entry, index) => {
		if (isType(entry, 'assistant') && isToolUseBlock(entry.block)) add(open, entry.block.id, 1);
		else if (isType(entry, 'toolResult') && open.has(entry.toolUseId)) add(open, entry.toolUseId, -1);
		const next = branch[index + 1];
		return open.size === 0 && !(next && isSameMessage(entry, next)) && !(next && isPartOfPrompt(next));
	});
}

function add(open: Map<ToolUseId, number>, id: ToolUseId, step: 1 | -1): void {
	const count = (open.get(id) ?? 0) + step;
	if (count > 0) open.set(id, count);
	else open.delete(id);
}

/** The first entry behind `index` that begins something else: another prompt, or another message. */
function endOfPart(branch: readonly Entry[], index: number): number {
	const from = branch[index];
	const messageId = from && messageOf(from);
	const end = branch.findIndex((entry, place) => {
		if (place <= index) return false;
		return isType(entry, 'user') || (isType(entry, 'assistant') && entry.messageId !== messageId);
	});
	return end === -1 ? branch.length : end;
}

/** How the turn ended stands right behind its last message. */
function withEnding(branch: readonly Entry[], from: number): number {
	let end = from;
	for (let place = from + 1; place < branch.length; place++) {
		const entry = branch[place];
		if (!entry || !(isType(entry, 'interrupted') || isType(entry, 'turnEnded'))) break;
		end = place;
	}
	return end;
}

function isSameMessage(entry: Entry, next: Entry): boolean {
	const id = messageOf(entry);
	return id !== undefined && messageOf(next) === id;
}

const messageOf = (entry: Entry): string | undefined =>
	isType(entry, 'assistant') || isType(entry, 'assistantEnded') ? entry.messageId : undefined;

const isPartOfPrompt = (entry: Entry): boolean => isType(entry, 'attachment') || isType(entry, 'reminder');
