/** Samples around a fresh session: its brief as a dialog and as a card, both ends of the link, the branching point and a suggestion. */
import type { PanelBrief } from '../../../src/protocol/brief.ts';
import type { Suggestion } from '../../../src/protocol/suggestion.ts';
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';

const TEXT = `## Goal
Guard \`area\` against negative sides; callers expect a \`RangeError\`.

## Decisions
- The check stands before the multiplication, so that NaN is caught too.

## Files that matter
- src/area.js: export function area(width, height)
- test/area.test.js: one case per side

## Next
Run \`npm test\`, then write the changelog line.

## Tasks
- [x] Guard area
- [ ] Changelog

## Git
Branch: feature/guard
Not committed:
- src/area.js (changed)`;

export const brief: PanelBrief = { id: '1', text: TEXT, focus: '', note: '', costUsd: 0.0312, isStarted: false };
export const mechanicalBrief: PanelBrief = {
	...brief,
	costUsd: 0,
	note: 'The endpoint cannot be reached. This brief was put together from the log: requests, last answer, changed files.',
};
export const startedBrief: PanelBrief = { ...brief, costUsd: 0, isStarted: true };

export const briefCard = {
	id: 'b1',
	kind: 'brief',
	sessionId: 'session-0',
	title: 'Guard the area function',
	text: TEXT,
	canEdit: true,
} as const satisfies TranscriptItem;
export const continued = { id: 'c1', kind: 'continued', sessionId: 'session-2' } as const satisfies TranscriptItem;

export const suggestion: Suggestion = {
	cause: 'newTask',
	action: 'clear',
	text: 'This looks like a new task, and the conversation has 84.1k tokens.',
};

export const turnEnd = {
	id: 'e9',
	kind: 'turnEnd',
	text: 'Done',
	durationMs: 8_200,
	costUsd: 0.021,
} as const satisfies TranscriptItem;
