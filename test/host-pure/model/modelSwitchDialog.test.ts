/** When a change of the model is asked about, on both sides of each edge, and in which words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ModelSwitch, modelSwitchDialog } from '../../../src/host/model/modelSwitchDialog.ts';

const change = (usedTokens: number, more: Partial<ModelSwitch> = {}): ModelSwitch => ({
	from: 'Sonnet 5.5',
	to: 'Haiku 5.5',
	now: { usedTokens, maxTokens: 1_000_000, triggerTokens: 967_000 },
	after: { usedTokens, maxTokens: 200_000, triggerTokens: 167_000 },
	hasReply: true,
	autoCompact: true,
	...more,
});

test('from the line of the smaller window on it is asked', () => {
	assert.equal(modelSwitchDialog(change(166_999)), undefined);
	assert.match(
		modelSwitchDialog(change(167_000))?.message ?? '',
		/nearly fills the window of Haiku 5\.5: 167k of 200k/,
	);
	assert.match(modelSwitchDialog(change(200_000))?.message ?? '', /nearly fills/);
	assert.match(modelSwitchDialog(change(200_001))?.message ?? '', /does not fit into/);
});

test('a window that is no smaller, and a session without a reply, are not asked about', () => {
	const { now } = change(980_000);
	assert.equal(modelSwitchDialog(change(980_000, { after: now })), undefined);
	assert.equal(modelSwitchDialog(change(400_000, { hasReply: false })), undefined);
});

test('what each choice brings is said', () => {
	const on = modelSwitchDialog(change(400_000))?.detail ?? '';
	assert.match(
		on,
		/Compact first: Sonnet 5\.5 .*cache[\s\S]*Switch anyway: .*Haiku 5\.5 summarizes[\s\S]*Nothing is deleted/,
	);
	assert.match(modelSwitchDialog(change(400_000, { autoCompact: false }))?.detail ?? '', /refused as too long/);
});
