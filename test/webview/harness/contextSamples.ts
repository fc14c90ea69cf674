/** What the context dialog shows: the items of a short session, a plan of an edit, and thousands of items. */
import type { ContextList, ContextPlan, PanelContextItem } from '../../../src/protocol/contextItems.ts';
import type { ContextMeter } from '../../../src/protocol/contextMeter.ts';
import type { ToPanel } from '../../../src/protocol/toPanel.ts';

const start = (kind: PanelContextItem['kind'], label: string, tokens: number): PanelContextItem => ({
	id: `${kind}:${label}`,
	kind,
	label,
	tokens,
	turnsAgo: 4,
	state: 'whole',
	isPinned: false,
	isSuperseded: false,
	stale: null,
	importance: 1,
	ops: [],
	opens: kind === 'memory' ? ['file'] : [],
});

const part = (
	id: string,
	kind: PanelContextItem['kind'],
	label: string,
	tokens: number,
	more: Partial<PanelContextItem> = {},
): PanelContextItem => ({
	...start(kind, label, tokens),
	id,
	turnsAgo: 0,
	importance: 0.5,
	ops: ['fold', 'drop', 'pin'],
	opens: kind === 'toolResult' ? ['file', 'message'] : ['message'],
	...more,
});

const contextItems: readonly PanelContextItem[] = [
	start('tools', 'Bash', 610),
	start('tools', 'Edit', 540),
	start('tools', 'Read', 480),
	start('system', 'Identity and conduct', 900),
	start('system', 'Edits and review', 760),
	start('environment', 'Environment', 120),
	start('memory', 'AGENTS.md', 1_840),
	{ ...start('memory', 'packages/geometry/CLAUDE.md', 2_140), stale: 'changed' },
	part('s1', 'summary', 'The user wants guards in all shape functions; area is done.', 1_900, {
		turnsAgo: 3,
		importance: 0.81,
		ops: ['fold', 'pin'],
	}),
	part('p1', 'prompt', 'Now do the same for perimeter, and make the message say which side was wrong.', 40, {
		turnsAgo: 2,
		importance: 0.86,
	}),
	part('r1', 'toolResult', 'Read src/shapes.js', 6_480, { turnsAgo: 2, isSuperseded: true, importance: 0.14 }),
	part('r2', 'toolResult', 'Bash npm test', 9_210, {
		turnsAgo: 2,
		state: 'folded',
		importance: 0.38,
		ops: ['unfold', 'pin'],
		opens: ['message'],
	}),
	part('t1', 'thinking', 'Thinking', 820, { turnsAgo: 2, importance: 0.24, ops: [] }),
	part('a1', 'reply', 'The guard goes before the multiplication, so that NaN is caught too.', 310, {
		turnsAgo: 2,
		importance: 0.53,
	}),
	part('p2', 'prompt', 'Cover it with a test.', 12, { importance: 0.9 }),
	part('at1', 'attachment', 'test/shapes.test.js#L1-L40', 730, {
		stale: 'changed',
		importance: 0.7,
		opens: ['file', 'message'],
	}),
	part('r3', 'toolResult', 'Read src/shapes.js', 6_500, {
		isPinned: true,
		importance: 1,
		ops: ['fold', 'drop', 'unpin'],
	}),
	part('a2', 'reply', 'I will add two cases.', 90, { importance: 0.6 }),
];

const contextList = (changes: Partial<ContextList> = {}): ContextList => ({
	items: [...contextItems],
	busyReason: null,
	hasLast: true,
	miss: null,
	facts: {
		pendingTokens: 0,
		facts: [
			{
				id: 'f1',
				kind: 'decision',
				topic: 'guards',
				text: 'Guards stand before the multiplication, so that NaN is caught as well as a negative side',
				isPinned: true,
				isOwn: false,
				canOpen: true,
			},
			{
				id: 'f2',
				kind: 'constraint',
				topic: 'style',
				text: 'No new dependency for this',
				isPinned: false,
				isOwn: true,
				canOpen: false,
			},
		],
	},
	...changes,
});

export const contextMessage = (meter: ContextMeter, changes: Partial<ContextList> = {}): ToPanel => ({
	kind: 'context',
	meter,
	model: 'Opus 5.5',
	list: contextList(changes),
});

export const contextPlan: ContextPlan = {
	op: 'fold',
	ids: ['r1'],
	refusal: null,
	tokensFreed: 6_400,
	thinkingRemoved: 1,
	tokensToWrite: 17_900,
	costUsd: 0.11,
	savedUsd: 0.003,
	isCacheCold: false,
};

export const manyItems = (count: number): readonly PanelContextItem[] =>
	Array.from({ length: count }, (_, index) =>
		part(
			`m${index}`,
			index % 3 === 0 ? 'prompt' : index % 3 === 1 ? 'toolResult' : 'reply',
			`Item ${index + 1} of src/file${index % 97}.ts`,
			(index * 37) % 9_000,
			{ turnsAgo: Math.floor((count - 1 - index) / 3), importance: (index % 100) / 100, isSuperseded: index % 7 === 0 },
		),
	);
