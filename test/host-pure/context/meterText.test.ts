/** What the tooltip of the status bar says of the two lines, on both sides of each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meterLines, meterWarning } from '../../../src/host/context/meterText.ts';
import type { ContextMeter } from '../../../src/protocol/contextMeter.ts';

const meter = (usedTokens: number, more: Partial<ContextMeter> = {}): ContextMeter => ({
	usedTokens,
	maxTokens: 1_000_000,
	triggerTokens: 967_000,
	rotTokens: 300_000,
	estimatedTokens: 0,
	layers: [{ layer: 'tools', label: 'Tools', tokens: usedTokens }],
	costUsd: 0.184,
	cacheShare: 0.974,
	turnsLeft: 1,
	...more,
});

test('both lines are told with how far they are', () => {
	assert.deepEqual(meterLines(meter(299_999)), [
		'Retrace context: 299,999 of 1,000,000 tokens, 30 %',
		'Tools: 299,999',
		'Compaction line: 967k (667k to go)',
		'Rot zone: from 300k (1 to go)',
		'Read from the cache: 97 %',
		'Cost so far: $0.18',
		'Full in about 1 turn',
	]);
});

test('a price that is not known is not nothing', () => {
	const unknown = meterLines(meter(1_000, { costUsd: 0, costText: 'price not known' }));
	assert.ok(unknown.includes('Cost so far: price not known'));
	assert.ok(meterLines(meter(1_000, { costText: '$0.18 and more' })).includes('Cost so far: $0.18 and more'));
	const free = meterLines(meter(1_000, { costUsd: 0, costText: '$0.00' }));
	assert.ok(free.every((line) => !line.startsWith('Cost')));
});

test('a warning from the line on, and from the zone on', () => {
	assert.equal(meterWarning(meter(299_999)), undefined);
	assert.match(meterWarning(meter(300_000)) ?? '', /rot zone/);
	assert.match(meterWarning(meter(966_999)) ?? '', /rot zone/);
	assert.match(meterWarning(meter(967_000)) ?? '', /compaction is due/);
	const past = meterLines(meter(968_000));
	assert.equal(past[1], 'Past the line: compaction is due.');
	assert.ok(past.includes('Compaction line: 967k (1k past it)'));
});

test('what a window does not have is not told', () => {
	const small = meter(150_000, {
		maxTokens: 200_000,
		triggerTokens: 167_000,
		costUsd: 0,
		cacheShare: null,
		turnsLeft: null,
	});
	assert.equal(meterWarning(small), undefined);
	assert.deepEqual(meterLines(small).slice(2), ['Compaction line: 167k (17k to go)']);
	assert.equal(meterWarning(meter(10_000, { maxTokens: 20_000, triggerTokens: 0, rotTokens: 20_000 })), undefined);
});
