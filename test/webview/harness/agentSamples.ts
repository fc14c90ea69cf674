/** Agents that work for a session, for the pictures and the tests of the panel. */
import type { AgentLane } from '../../../src/protocol/agentLane.ts';
import type { ToPanel } from '../../../src/protocol/toPanel.ts';
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';

const lane = (id: string, target: string, agent: Partial<AgentLane> & Pick<AgentLane, 'state'>): TranscriptItem => ({
	...{ id, kind: 'tool', verb: 'Agent', target, summary: '', preview: '', isTruncated: false },
	state:
		agent.state === 'waiting'
			? 'waiting'
			: agent.state === 'done'
				? 'done'
				: agent.state === 'stopped'
					? 'failed'
					: 'running',
	agent: {
		...{ name: 'general', step: '', steps: 0, tokens: 0, windowTokens: 200_000, costUsd: 0, changedFiles: 0 },
		...(agent.state === 'waiting' ? {} : { startedAt: Date.UTC(2026, 10, 20, 9, 30) }),
		...agent,
	},
});

export const agentItems: TranscriptItem[] = [
	{
		id: 'p1',
		kind: 'prompt',
		entryId: 'p1',
		text: 'Find the callers and guard both functions',
		attachments: [],
		timestamp: 0,
	},
	{
		id: 'm1:0',
		kind: 'answer',
		entryId: 'e1',
		text: 'I hand this to four agents.',
		isStreaming: false,
		isPartial: false,
	},
	lane('a1', 'Find all callers of area()', {
		...{ state: 'running', agentId: 'explore-1', name: 'explore', step: 'Search "area(" in src/geometry' },
		...{ steps: 4, tokens: 41_200, costUsd: 0.18 },
	}),
	lane('a2', 'Guard perimeter() against negatives', {
		...{ state: 'done', agentId: 'general-1', steps: 6, tokens: 23_400, costUsd: 0.11 },
		...{ durationMs: 74_000, changedFiles: 2 },
	}),
	lane('a3', 'Run the tests of the floor planner and say which ones fail and why', {
		...{
			state: 'asking',
			agentId: 'general-2',
			step: 'Run npm test -- --reporter=dot',
			steps: 1,
			tokens: 9_800,
			costUsd: null,
		},
	}),
	lane('a4', 'Rename the module', {
		...{
			state: 'stopped',
			agentId: 'general-3',
			steps: 2,
			tokens: 12_000,
			costUsd: 0.04,
			durationMs: 8_100,
			changedFiles: 1,
		},
	}),
	lane('a5', 'Check the docs', { state: 'waiting', name: 'explore' }),
	{
		...{ id: 'permission:c1', kind: 'permission', tool: 'Bash', target: 'npm test -- --reporter=dot' },
		...{ cause: 'No rule allows this command yet', rule: 'Bash(npm test *)', state: 'asking', agent: 'general-2' },
	},
];

export const agentRows: ToPanel = {
	kind: 'agent.rows',
	id: 'a2',
	olderRows: 3,
	items: [
		{
			id: 'q1',
			kind: 'prompt',
			entryId: 'q1',
			text: 'Guard perimeter() in src/geometry.js against negatives.',
			attachments: [],
			timestamp: 0,
		},
		{
			...{ id: 'r1', kind: 'tool', verb: 'Read', target: 'src/geometry.js', state: 'done' },
			...{ summary: '40 lines', preview: '', isTruncated: false },
		},
		{
			...{
				id: 'r2',
				kind: 'edit',
				path: 'src/geometry.js',
				state: 'applied',
				isNewFile: false,
				addedLines: 2,
				removedLines: 1,
			},
			...{ lines: [], isDiffTruncated: false, note: '' },
		},
		{
			id: 'r3',
			kind: 'answer',
			text: '`perimeter` throws a **RangeError** for negative sides. Tests pass.',
			isStreaming: false,
			isPartial: false,
		},
	],
};
