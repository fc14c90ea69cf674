/** Messages of a made-up session, for the pictures and the tests of the panel. Every row kind and every dialog is in here. */

import type { ContextMeter } from '../../../src/protocol/contextMeter.ts';
import type { PanelHead, ToPanel } from '../../../src/protocol/toPanel.ts';
import type { TranscriptItem } from '../../../src/protocol/transcriptItem.ts';
import { plainHead } from '../../fakes/plainHead.ts';
import { agentItems, agentRows } from './agentSamples.ts';
import { commandPrompt, commands, planCard, questionCard, tasks } from './askingSamples.ts';
import { brief, briefCard, continued, mechanicalBrief, startedBrief, suggestion, turnEnd } from './briefSamples.ts';
import { contextMessage, contextPlan } from './contextSamples.ts';
import { effectItems } from './effectSamples.ts';
import { rewindFileHunks, rewindMany, rewindPlan, rewound } from './rewindSamples.ts';
import { toolItems, toolPictures } from './toolSamples.ts';

const START_MS = Date.UTC(2026, 10, 20, 9, 30);

export const head: PanelHead = {
	...plainHead,
	sessionId: 'session-1',
	title: 'Guard the area function',
	model: 'claude-opus-5-5',
	models: [
		{ id: 'claude-opus-5-5', label: 'Opus 5.5', detail: 'Most capable' },
		{ id: 'claude-sonnet-5', label: 'Sonnet 5', detail: 'Fast' },
	],
	tuning: 'Effort: high',
	provider: 'Anthropic API',
	isDemo: false,
};

export const meter: ContextMeter = {
	usedTokens: 41_200,
	maxTokens: 200_000,
	triggerTokens: 167_000,
	rotTokens: 300_000,
	estimatedTokens: 1_300,
	layers: [
		{ layer: 'tools', label: 'Tools', tokens: 3_800 },
		{ layer: 'system', label: 'System prompt', tokens: 2_400 },
		{ layer: 'context', label: 'Project context', tokens: 4_100 },
		{ layer: 'messages', label: 'Messages', tokens: 9_600 },
		{ layer: 'toolResults', label: 'Tool results', tokens: 19_900 },
		{ layer: 'reply', label: 'Replies', tokens: 1_400 },
	],
	costUsd: 0.1834,
	cacheShare: 0.968,
	turnsLeft: 6,
};

const ANSWER = `I'll add a range check to \`area\` and cover it with a test.

1. The guard goes **before** the multiplication, so that \`NaN\` is caught too.
2. Callers in [src/shapes.js](src/shapes.js) already expect a \`RangeError\`.

\`\`\`js
// Both sides must be finite and not negative.
export function area(width, height) {
	if (!(width >= 0 && height >= 0)) throw new RangeError(\`bad size \${width} × \${height}\`);
	return width * height;
}
\`\`\`

| case | before | after |
|---|---:|---|
| \`area(2, 3)\` | 6 | 6 |
| \`area(-1, 3)\` | -3 | throws |

See [the guide](https://example.com/guide) for why.`;

const tool = (
	id: string,
	verb: string,
	target: string,
	summary: string,
	more: Partial<Extract<TranscriptItem, { kind: 'tool' }>> = {},
) =>
	({
		id,
		kind: 'tool',
		verb,
		target,
		state: 'done',
		summary,
		durationMs: 12,
		preview: '',
		isTruncated: false,
		...more,
	}) as const;

export const items: TranscriptItem[] = [
	{
		id: 'p1',
		kind: 'prompt',
		entryId: 'p1',
		text: 'Guard area against negatives',
		attachments: [],
		timestamp: START_MS,
	},
	{
		id: 'th1',
		kind: 'thinking',
		text: 'The function multiplies without checks.\nI should read it and its callers first.',
		isStreaming: false,
	},
	tool('t1', 'Read', 'src/area.js', '3 lines', {
		path: 'src/area.js',
		preview: '1\texport function area(w, h) {\n2\t\treturn w * h;\n3\t}',
	}),
	tool('t2', 'Searched', '"area("', '4 hits', { durationMs: 120 }),
	{ id: 'a1', kind: 'answer', entryId: 'e-a1', text: ANSWER, isStreaming: false, isPartial: false },
	{
		id: 'e1',
		kind: 'edit',
		path: 'src/area.js',
		state: 'applied',
		isNewFile: false,
		addedLines: 1,
		removedLines: 0,
		lines: [{ kind: '+', lineNumber: 2, text: '\tif (w < 0) throw new RangeError();' }],
		isDiffTruncated: false,
		note: '',
	},
	{ id: 'pm1', kind: 'permission', tool: 'Bash', target: 'npm test', cause: 'Not in your rules', state: 'allowed' },
	tool('t3', 'Ran', 'npm test', 'exit 0', { durationMs: 1_432, preview: '✔ 12 tests passed', isTruncated: true }),
	{ id: 'te1', kind: 'turnEnd', text: 'Done', durationMs: 12_400, costUsd: 0.0412 },
	{
		id: 'p2',
		kind: 'prompt',
		entryId: 'p2',
		text: 'Now do the same for perimeter, and make the message say which side was wrong.',
		attachments: [{ name: 'screenshot.png', sizeBytes: 48_200 }],
		timestamp: START_MS + 90_000,
	},
	tool('t4', 'Read', 'src/perimeter.js', '14 lines'),
	tool('t5', 'Read', 'src/shapes.js', '88 lines'),
	tool('t6', 'Read', 'test/shapes.test.js', '120 lines'),
	tool('t7', 'Searched', '"RangeError"', '2 hits'),
	{
		id: 'a2',
		kind: 'answer',
		text: '`perimeter` has the same gap. One edit, then the tests.',
		isStreaming: false,
		isPartial: false,
	},
];

export const proposedEdit: TranscriptItem = {
	id: 'e2',
	kind: 'edit',
	path: 'src/geometry/rectangles/perimeter.js',
	state: 'proposed',
	isNewFile: false,
	addedLines: 3,
	removedLines: 1,
	lines: [
		{ kind: ' ', lineNumber: 1, text: 'export function perimeter(width, height) {' },
		{ kind: '-', lineNumber: 2, text: '\treturn 2 * (width + height);' },
		{ kind: '+', lineNumber: 2, text: '\tif (width < 0) throw new RangeError(`width ` + width);' },
		{ kind: '+', lineNumber: 3, text: '\tif (height < 0) throw new RangeError(`height ` + height);' },
		{ kind: '+', lineNumber: 4, text: '\treturn 2 * (width + height);' },
		{ kind: ' ', lineNumber: 5, text: '}' },
	],
	isDiffTruncated: false,
	note: '',
};

export const askedPermission: TranscriptItem = {
	id: 'pm2',
	kind: 'permission',
	tool: 'Bash',
	target: 'npm test -- --grep perimeter',
	cause: 'Asks because it is not in your rules.',
	rule: 'Bash(npm test:*)',
	state: 'asking',
};

/** A command in a sandbox wants to reach a site. */
export const askedSite: TranscriptItem = {
	id: 'pm5',
	kind: 'permission',
	tool: 'Bash',
	target: 'registry.example.org',
	site: 'registry.example.org',
	cause:
		'“npm ci --ignore-scripts” in the sandbox waits to reach it. Allowed once, it may until it ends; denied, it goes on without',
	rule: 'WebFetch(domain:registry.example.org)',
	state: 'asking',
};

/** A command of several parts, of which two ask. */
export const askedCompound = {
	id: 'pm4',
	kind: 'permission',
	tool: 'Bash',
	target: 'git status && cargo build --release && npm run lint | tee lint.txt',
	cause: 'cargo build --release: no rule allows this command yet, and one more part asks',
	rules: ['Bash(cargo build:*)', 'Bash(tee lint.txt)'],
	parts: [
		{ text: 'git status', kind: 'allow', cause: 'It only looks, and only inside the workspace' },
		{ text: 'cargo build --release', kind: 'ask', cause: 'No rule allows this command yet' },
		{ text: 'npm run lint', kind: 'allow', cause: 'The rule Bash(npm run *) allows it' },
		{ text: 'tee lint.txt', kind: 'ask', cause: 'No rule allows this command yet' },
	],
	state: 'asking',
} satisfies TranscriptItem;

/** The file of a command asks for rules. */
export const askedGrant = {
	id: 'pm4',
	kind: 'permission',
	tool: '/review',
	target: 'Bash(git diff:*)\nBash(npm test:*)\nRead',
	cause: 'Until this turn ends, what these rules cover would run without a question',
	grant: '/home/ada/shapes/.claude/commands/review.md',
	state: 'asking',
} satisfies TranscriptItem;

/** The turn came to a limit. */
export const askedToGoOn: TranscriptItem = {
	id: 'pm3',
	kind: 'permission',
	tool: 'Turn',
	target: 'This turn has come to 200 steps since your message.',
	cause: 'What was done is saved either way',
	goOn: 'Go on (200 steps more)',
	state: 'asking',
};

const blockedHook: TranscriptItem = {
	id: 'h1',
	kind: 'tool',
	verb: 'Hook',
	target: 'PreToolUse: ./scripts/guard.sh --strict',
	state: 'interrupted',
	summary: 'blocked',
	durationMs: 240,
	preview: 'Deploys are closed on Fridays.',
	isTruncated: false,
};

export const errorNotice: TranscriptItem = {
	id: 'n1',
	kind: 'notice',
	level: 'error',
	text: 'The API key was refused (401). Your message and all files are as they were. Set another key, then try again.',
	actions: [
		{ label: 'Set API key', action: 'setApiKey' },
		{ label: 'Try again', action: 'retry' },
	],
};

export function snapshot(
	change: {
		head?: Partial<PanelHead>;
		items?: TranscriptItem[];
		meter?: Partial<ContextMeter>;
		draft?: string;
		hasOlder?: boolean;
	} = {},
): ToPanel {
	return {
		kind: 'snapshot',
		seq: 0,
		head: { ...head, ...change.head },
		items: change.items ?? items,
		hasOlder: change.hasOlder ?? false,
		meter: { ...meter, ...change.meter },
		draft: change.draft ?? '',
	};
}

const growing = { kind: 'edit', state: 'writing', isNewFile: false, isGrowing: true, note: '' } as const;
const growingPart: TranscriptItem = {
	...growing,
	id: 'e8',
	path: 'src/area.js',
	addedLines: 2,
	removedLines: 1,
	lines: [
		{ kind: ' ', lineNumber: 0, text: 'export function area(width, height) {' },
		{ kind: '-', lineNumber: 0, text: '\treturn width * height;' },
		{
			kind: '+',
			lineNumber: 0,
			text: '\tif (!(width >= 0 && height >= 0)) throw new RangeError("the sides of an area must not be negative");',
		},
		{ kind: '+', lineNumber: 0, text: '\treturn wid' },
	],
	isDiffTruncated: false,
};
const growingFile: TranscriptItem = {
	...growing,
	id: 'e9',
	path: 'src/geometry/polygons/intersections.js',
	addedLines: 1_482,
	removedLines: 0,
	lines: Array.from({ length: 12 }, (_, index) => ({
		kind: '+' as const,
		lineNumber: 1_471 + index,
		text:
			index % 4 === 3
				? ''
				: `\tconst side${index} = Math.hypot(points[${index}].x - from.x, points[${index}].y - from.y);`,
	})),
	isDiffTruncated: true,
};

interface Sample {
	readonly messages: readonly ToPanel[];
	/** Selectors to click after the messages. */
	readonly clicks?: readonly string[];
	readonly type?: string;
}

/** One picture each. */
export const samples: Readonly<Record<string, Sample>> = {
	agents: {
		messages: [snapshot({ items: agentItems, head: { state: 'awaitingUser' } }), agentRows],
		clicks: ['[data-row=a2] .tool-line'],
	},
	question: { messages: [snapshot({ items: [...items, questionCard], head: { state: 'awaitingUser' } })] },
	plan: { messages: [snapshot({ items: [...items, planCard], head: { state: 'awaitingUser', tasks } })] },
	commands: { messages: [snapshot({ items: [...items, commandPrompt] }), { kind: 'commands', commands }], type: '/re' },
	tasks: { messages: [snapshot({ items, head: { tasks } })], clicks: ['.tasks-line'] },
	transcript: { messages: [snapshot()] },
	tools: { messages: [snapshot({ items: toolItems }), toolPictures], clicks: ['[data-row=w5] .tool-line'] },
	opened: {
		messages: [snapshot({ hasOlder: true, items: items.slice(0, 9) })],
		clicks: ['.tool:nth-child(2) .tool-line', '.tool:nth-child(3) .tool-line', '.tool.is-applied .tool-line'],
	},
	brief: { messages: [snapshot({ head: { brief } })] },
	briefMechanical: { messages: [snapshot({ head: { brief: mechanicalBrief } })] },
	briefStarted: { messages: [snapshot({ head: { brief: startedBrief }, items: [briefCard] })] },
	briefCard: { messages: [snapshot({ head: { title: 'New session', state: 'ready' }, items: [briefCard] })] },
	continues: { messages: [snapshot({ items: [{ ...briefCard, canEdit: false }, ...items.slice(9), continued] })] },
	branching: { messages: [snapshot({ items: [...items, turnEnd] })] },
	suggestion: { messages: [snapshot({ head: { suggestion }, draft: 'Write a migration for the customers' })] },
	edit: { messages: [snapshot({ head: { state: 'awaitingUser' }, items: [...items.slice(9), proposedEdit] })] },
	permission: {
		messages: [
			snapshot({
				head: { state: 'awaitingUser', queue: [{ id: 'q1', text: 'And then update the changelog' }] },
				items: [...items.slice(9), { ...proposedEdit, state: 'applied' }, askedPermission],
			}),
		],
	},
	site: { messages: [snapshot({ head: { state: 'awaitingUser' }, items: [...items.slice(9), askedSite] })] },
	compound: {
		messages: [snapshot({ head: { state: 'awaitingUser' }, items: [...items.slice(9), askedCompound] })],
		clicks: ['.card-parts > summary'],
	},
	limit: {
		messages: [
			snapshot({
				head: {
					state: 'awaitingUser',
					queue: [
						{ id: 'q1', text: 'And then update the changelog' },
						{ id: 'q2', text: 'Run the linter when that is done' },
					],
				},
				items: [...items.slice(9), blockedHook, askedToGoOn, askedGrant],
			}),
		],
	},
	streaming: {
		messages: [
			snapshot({
				head: { state: 'streaming', progress: 'Overloaded. Trying again in 4 s (2 of 8)' },
				items: [...items.slice(9), { id: 'a3', kind: 'answer', text: '', isStreaming: true, isPartial: false }],
			}),
			{ kind: 'delta', seq: 1, id: 'a3', text: 'Both guards are in place.\n\n```js\nconst answer = 4' },
			{ kind: 'delta', seq: 2, id: 'a3', text: '2;' },
		],
	},
	growing: {
		messages: [
			snapshot({
				head: { state: 'streaming' },
				items: [...items.slice(9), growingPart, growingFile],
			}),
		],
	},
	effects: {
		messages: [snapshot({ head: { state: 'awaitingUser' }, items: effectItems })],
		clicks: ['[data-row=c1] .changes-line', '[data-row="permission:c5"] .link[aria-expanded]'],
	},
	notice: {
		messages: [
			snapshot({
				items: [
					...items.slice(0, 1),
					errorNotice,
					{
						id: 'n2',
						kind: 'notice',
						level: 'warning',
						text: 'The last line of the log was torn and is left out. Everything before it is safe.',
						actions: [{ label: 'Show log', action: 'showLog' }],
					},
				],
			}),
		],
	},
	rewoundUndone: {
		messages: [
			snapshot({
				items: [
					...items,
					{ ...rewound, text: 'Rewind undone', canUndo: false, canRedo: true, details: [], conflicts: [] },
				],
			}),
		],
	},
	rewoundDetails: {
		messages: [snapshot({ items: [...items.slice(0, 6), rewound] })],
		clicks: ['.rewound .link[aria-expanded]'],
	},
	rewound: {
		messages: [
			snapshot({
				head: { canUndoRewind: true },
				items: [...items.slice(0, 9), rewound],
				draft: 'Now do the same for perimeter, and make the message say which side was wrong.',
			}),
			{ kind: 'toast', level: 'info', text: 'Copied.' },
		],
	},
	rewind: { messages: [snapshot(), rewindPlan] },
	rewindHunks: {
		messages: [snapshot(), rewindPlan, rewindFileHunks],
		clicks: ['button[title^="README.md"]', 'input[aria-label^="Restore line 18"]'],
	},
	rewindMany: { messages: [snapshot(), rewindMany] },
	rewindRunning: { messages: [snapshot({ head: { state: 'streaming' } }), rewindPlan] },
	rewindChoose: {
		messages: [
			snapshot(),
			{
				...rewindPlan,
				entryId: null,
				files: [],
				warnings: [],
				prompts: [
					{ entryId: 'p1', text: 'Guard area against negatives', timestamp: START_MS },
					{
						entryId: 'p2',
						text: 'Now do the same for perimeter, and make the message say which side was wrong.',
						timestamp: START_MS + 90_000,
					},
				],
			},
		],
	},
	rewindNoCode: {
		messages: [
			snapshot(),
			{ ...rewindPlan, files: [], codeReason: 'Checkpoints are off in the settings, so files cannot be restored.' },
		],
	},
	context: {
		messages: [
			snapshot({ meter: { rotTokens: 120_000 } }),
			contextMessage(
				{ ...meter, rotTokens: 120_000 },
				{ miss: 'The last request read 12k of 41k tokens from the cache.' },
			),
		],
	},
	contextFacts: {
		messages: [snapshot(), contextMessage(meter)],
		clicks: ['.facts-section > summary', '[data-fact="f2"] [data-edit] vscode-button'],
	},
	contextPlan: {
		messages: [snapshot(), contextMessage(meter), { kind: 'context.plan', plan: contextPlan }],
	},
	contextBusy: {
		messages: [
			snapshot({ head: { state: 'streaming' } }),
			contextMessage(meter, { busyReason: 'A turn is running: the context can be changed when it has ended.' }),
		],
		clicks: ['[role=option] >> nth=9'],
	},
	setup: {
		messages: [
			snapshot({
				head: { needsSetup: true, sessionId: null, title: '' },
				items: [],
				meter: { usedTokens: 0, layers: [], costUsd: 0, cacheShare: null },
			}),
		],
	},
	untrusted: { messages: [snapshot({ head: { isTrusted: false, sessionId: null, title: '' }, items: [] })] },
	noFolder: { messages: [snapshot({ head: { hasFolder: false, sessionId: null, title: '' }, items: [] })] },
	empty: {
		messages: [
			snapshot({
				head: {
					sessionId: null,
					title: '',
					isDemo: true,
					model: 'demo',
					models: [{ id: 'demo', label: 'Demo model', detail: '' }],
					provider: 'Demo model',
				},
				items: [],
			}),
		],
	},
	readOnly: {
		messages: [
			snapshot({
				head: { readOnlyReason: 'This session is open in another window. You can read it here.', isPersisted: false },
			}),
		],
	},
	slash: { messages: [snapshot()], type: '/re' },
	full: {
		messages: [
			snapshot({
				meter: {
					usedTokens: 171_000,
					rotTokens: 120_000,
					layers: [
						{ layer: 'tools', label: 'Tools', tokens: 4_000 },
						{ layer: 'messages', label: 'Messages', tokens: 67_000 },
						{ layer: 'toolResults', label: 'Tool results', tokens: 100_000 },
					],
				},
			}),
		],
	},
};
