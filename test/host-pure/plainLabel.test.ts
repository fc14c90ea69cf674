import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainLabel, plainMessage } from '../../src/host/plainLabel.ts';

test('only what VS Code would draw as an icon is marked as text', () => {
	assert.equal(plainLabel('Explain $(trash) and $(sync~spin)'), 'Explain \\$(trash) and \\$(sync~spin)');
	assert.equal(plainLabel('cost $5 (net), $(npm bin)/x, $()'), 'cost $5 (net), $(npm bin)/x, $()');
});

test('no message has a link', () => {
	assert.equal(
		plainMessage('Run `[ok](command:x.y?%5B1%5D)` (now) [a] (b)'),
		'Run `[ok] (command:x.y?%5B1%5D)` (now) [a] (b)',
	);
});
