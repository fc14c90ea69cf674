/**
 * How much of a branch is settled: nothing that can still come changes what is sent of it. `buildContext` keeps what it made of that part
 * and goes on from there. Always on the safe side: where it cannot tell, nothing is settled and all is made anew.
 */

import { isToolUseBlock } from '../session/content.ts';
import type { Entry } from '../session/entry.ts';
import type { MessagesSoFar } from './apiMessages.ts';

/** A settled part of one branch, and what was made of it. */
export type SettledPart = {
	/** The entries it is made of, the first `length` of this array. */
	readonly branch: readonly Entry[];
	readonly length: number;
	/** Of all its replies. An entry that speaks of one of them unsettles it. */
	readonly messageIds: ReadonlySet<string>;
	/** What else the messages depend on. */
	readonly variant: string;
	readonly soFar: MessagesSoFar;
};

/** One per conversation, freed with its entries. */
const parts = new WeakMap<Entry, SettledPart>();

export function keepSettled(part: SettledPart): void {
	const first = part.branch[0];
	if (first) parts.set(first, part);
}

/** What is kept of the start of this branch, if nothing after it reaches back into it. */
export function settledStart(branch: readonly Entry[], variant: string): SettledPart | undefined {
	const first = branch[0];
	const part = first && parts.get(first);
	if (!part || part.variant !== variant || part.length > branch.length) return undefined;
	for (let index = 0; index < part.length; index++) if (branch[index] !== part.branch[index]) return undefined;
	for (let index = part.length; index < branch.length; index++) {
		const entry = branch[index];
		if (entry && reachesBack(entry, part)) return undefined;
	}
	return part;
}

function reachesBack(entry: Entry, part: SettledPart): boolean {
	switch (entry.type) {
		case 'compaction':
		case 'contextEdit':
			return true;
		case 'assistant':
		case 'assistantEnded':
			return part.messageIds.has(entry.messageId);
		default:
			return false;
	}
}

/** What is settled beyond `start`. Undefined when there is nothing. */
export function settledEnd(
	branch: readonly Entry[],
	start: SettledPart | undefined,
): Pick<SettledPart, 'length' | 'messageIds'> | undefined {
	const from = start?.length ?? 0;
	const length = settledLength(branch, from);
	if (length <= from) return undefined;
	const messageIds = new Set(start?.messageIds);
	for (const entry of branch.slice(from, length)) if (entry.type === 'assistant') messageIds.add(entry.messageId);
	return { length, messageIds };
}

/**
 * Whatever stands behind a reply that ended, with every call answered, is settled until another reply begins or an entry changes earlier
 * ones. 0 where replies run into each other.
 */
function settledLength(branch: readonly Entry[], from: number): number {
	let length = 0;
	let messageId: string | undefined;
	let hasEnded = false;
	const over = new Set<string>();
	const openCalls = new Set<string>();
	for (let index = from; index < branch.length; index++) {
		const entry = branch[index];
		switch (entry?.type) {
			case 'compaction':
			case 'contextEdit':
				hasEnded = false;
				length = 0;
				break;
			case 'assistant':
				if (over.has(entry.messageId)) return 0;
				if (isToolUseBlock(entry.block)) openCalls.add(entry.block.id);
				if (messageId === entry.messageId) break;
				if (messageId !== undefined) over.add(messageId);
				messageId = entry.messageId;
				hasEnded = false;
				break;
			case 'assistantEnded':
				if (over.has(entry.messageId)) return 0;
				// A reply without blocks ends nothing of the one before it.
				if (entry.messageId === messageId) hasEnded = true;
				break;
			case 'toolResult':
				openCalls.delete(entry.toolUseId);
				break;
			default:
				break;
		}
		if (hasEnded && openCalls.size === 0) length = index + 1;
	}
	return length;
}
