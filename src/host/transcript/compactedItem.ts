/** A compaction as a row of the transcript: what it is called by how it was made, why it was made, and what was kept. Pure. */
import { readableSummary } from '../../core/agent/compact.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import { shortTokens } from '../../protocol/contextMeter.ts';
import type { ItemOf } from './transcriptRows.ts';

export function compactedItem(entry: EntryOf<'compaction'>): ItemOf<'compacted'> {
	const { id, strategy = 'summarize', tokensBefore, tokensAfter } = entry;
	const isAutomatic = entry.by === 'auto' || entry.by === 'forced';
	return {
		id,
		kind: 'compacted',
		strategy,
		title: titleOf(strategy, isAutomatic),
		cause: causeOf(entry),
		summary: readableSummary(entry.summary),
		facts: (entry.facts ?? []).map(({ topic, text }) => (topic === '' ? text : `${topic}: ${text}`)),
		tokensBefore,
		tokensAfter,
	};
}

function titleOf(strategy: NonNullable<EntryOf<'compaction'>['strategy']>, isAutomatic: boolean): string {
	switch (strategy) {
		case 'rollingWindow':
			return 'Older turns left out to make room';
		case 'selective':
			return 'Less important parts left out to make room';
		case 'summarize':
			return isAutomatic ? 'Summarized to make room' : 'Conversation summarized';
	}
}

function causeOf({ by, focus, lineTokens }: EntryOf<'compaction'>): string {
	switch (by) {
		case 'auto':
			return lineTokens === undefined ? 'the line was reached' : `the line at ${shortTokens(lineTokens)} was reached`;
		case 'forced':
			return 'the next request might not have fitted';
		case 'manual':
			return focus === undefined ? 'you asked for it' : `you asked for it, with the focus on “${focus}”`;
		case 'partial':
			return 'you asked for it, for a part';
	}
}
