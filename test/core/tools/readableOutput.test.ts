import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readableOutput } from '../../../src/core/tools/readableOutput.ts';
import { workedMs } from '../../fakes/patience.ts';

const table: readonly (readonly [printed: string, read: string])[] = [
	['\u001b[31mred\u001b[0m \u001b]0;title\u0007x\n', 'red x'],
	['\u001b[?25l\u001b(B\u001b=\u001b>ok\u001b7\u001b8\n', 'ok'],
	['10 %\r50 %\r100 %\ndone\r\n', '100 %\ndone'],
	['|\b/\b-\bready\n', 'ready'],
	['N\bNA\bAM\bME\bE', 'NAME'],
	['a\n\b\bb', 'a\nb'],
	['bell\u0007 end', 'bell end'],
	['a.ts\u0000b.ts\u0000', 'a.ts\nb.ts'],
	['\tkeeps\ttabs\n\n', '\tkeeps\ttabs'],
	['\u001bPq#0\u001b\\sixel', 'sixel'],
	['é ✓ 日本', 'é ✓ 日本'],
];
for (const [printed, read] of table) test(JSON.stringify(printed), () => assert.equal(readableOutput(printed), read));

test('a megabyte of backspaces takes no time', () => {
	const startedMs = workedMs();
	assert.equal(readableOutput('ab\b'.repeat(300_000)).length, 300_000);
	assert.ok(workedMs() - startedMs < 5_000);
});
