/** What one entry says was paid: replies, and what was asked beside the conversation. One place, so that all sums agree. */
import type { Entry } from './entry.ts';

/** In USD; 0 for an unknown price and for entries that cost nothing. */
export function costOfEntry(entry: Entry): number {
	switch (entry.type) {
		case 'assistantEnded':
		case 'title':
		case 'compaction':
		case 'continuedIn':
		case 'toolResult':
			return entry.costUsd ?? 0;
		case 'subagent':
			return entry.end?.costUsd ?? 0;
		default:
			return 0;
	}
}
