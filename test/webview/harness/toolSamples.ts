/** Rows of what the agent used besides files, long and failed ones among them, for the pictures and the tests of the panel. */

import type { ToPanel } from '../../../src/protocol/toPanel.ts';
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';
import { png } from '../../fakes/images.ts';

type ToolItem = Extract<TranscriptItem, { kind: 'tool' }>;

const row = (id: string, verb: string, target: string, summary: string, more: Partial<ToolItem> = {}): ToolItem => ({
	...{ id, kind: 'tool', verb, target, summary, state: 'done', durationMs: 3_400, preview: '', isTruncated: false },
	...more,
});

export const toolItems: TranscriptItem[] = [
	{ id: 'p1', kind: 'prompt', entryId: 'p1', text: 'جرّب المخطط', attachments: [], timestamp: 0 },
	row('w1', 'Search the web', 'RangeError for negative sides best practice', '7 pages'),
	row('w2', 'Find definition of', 'perimeterOfPolygonWithHoles', 'redirects to www.example.org', { durationMs: 340 }),
	row('w3', 'Use', 'company-issue-tracker-production: create_issue {"title":"Guard"}', 'failed', {
		state: 'failed',
		note: 'Access denied: the path is outside of the folders that this server may read',
	}),
	row('w4', 'Hook', 'PreToolUse: ./scripts/guard.sh --strict', 'blocked', {
		state: 'interrupted',
		note: 'Deploys are closed on Fridays.',
	}),
	row('w5', 'Screenshot', '', 'localhost:5173/planner', {
		preview: 'Screenshot of http://localhost:5173/planner:',
		pictures: 2,
	}),
];

export const toolPictures: ToPanel = {
	kind: 'expanded',
	id: 'w5',
	text: 'Screenshot of http://localhost:5173/planner:',
	pictures: [`data:image/png;base64,${Buffer.from(png).toString('base64')}`],
};
