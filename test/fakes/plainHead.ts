/** What stands above and below the transcript of a session of which nothing is to be said, for tests that are about something else. */
import type { ContextMeter } from '../../src/protocol/contextMeter.ts';
import type { PanelHead } from '../../src/protocol/toPanel.ts';

export const plainHead: PanelHead = {
	sessionId: 's',
	title: '',
	state: 'idle',
	readOnlyReason: null,
	isPersisted: true,
	isFork: false,
	mode: 'ask',
	model: 'm',
	models: [],
	provider: '',
	isDemo: true,
	needsSetup: false,
	isTrusted: true,
	hasFolder: true,
	queue: [],
	progress: null,
	canUndoRewind: false,
	summary: null,
	brief: null,
	suggestion: null,
	tasks: [],
};

export const emptyMeter: ContextMeter = {
	usedTokens: 0,
	maxTokens: 1,
	triggerTokens: 0,
	rotTokens: 0,
	estimatedTokens: 0,
	layers: [],
	costUsd: 0,
	cacheShare: null,
	turnsLeft: null,
};
