/** Stale is what was shown and is another text now; a change elsewhere in the file is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMemoryStale, isQuoteStale, isReadStale } from '../../../src/core/context/staleFiles.ts';

test('a read is compared line by line with the lines it shows', () => {
	const shown = '2\ttwo\n3\tthree\n(lines 2 to 3 of 4; go on with offset 4)';
	assert.equal(isReadStale(shown, 'one\ntwo\nthree\nfour\n'), false);
	assert.equal(isReadStale(shown, 'ONE\r\ntwo\r\nthree\r\n'), false, 'what it does not show, and line ends');
	assert.equal(isReadStale(shown, 'one\ntwo\nTHREE\n'), true);
	assert.equal(isReadStale(shown, 'zero\none\ntwo\nthree\n'), true, 'the numbers are wrong now');
	assert.equal(isReadStale(shown, 'one\ntwo\n'), true);
	assert.equal(isReadStale('src/\ntest/', 'one\n'), undefined, 'the names in a folder');
	assert.equal(isReadStale(`1\t${'x'.repeat(2_000)}… (line cut)`, `${'x'.repeat(3_000)}\n`), false);
});

test('masked secrets are no change', () => {
	const key = `sk-ant-${'a'.repeat(40)}`;
	assert.equal(isReadStale('1\tkey = [masked: Anthropic key]', `key = ${key}\n`), false);
	assert.equal(
		isQuoteStale('a.txt, which was used lately, as it is now:\nkey = [masked: Anthropic key]', `key = ${key}`),
		false,
	);
});

test('a quoted file is compared whole, or in its lines', () => {
	assert.equal(isQuoteStale('The user attached a.ts:\none\ntwo', 'one\ntwo'), false);
	assert.equal(isQuoteStale('The user attached a.ts:\none\ntwo', 'one\ntwo\nthree'), true);
	assert.equal(isQuoteStale('The user attached a.ts (lines 2 to 2):\ntwo', 'ONE\ntwo', { start: 1, end: 2 }), false);
	assert.equal(isMemoryStale('## /p/AGENTS.md\n\nUse tabs.', 'Use tabs.\n'), false);
	assert.equal(isMemoryStale('## /p/AGENTS.md\n\nUse tabs.', 'Use spaces.\n'), true);
});
