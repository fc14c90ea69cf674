import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FileMention, mentionOf, mentionsIn } from '../../../src/host/prompt/mentions.ts';

const check = (text: string, expected: readonly FileMention[]) =>
	test(`mentions in ${JSON.stringify(text)}`, () => assert.deepEqual(mentionsIn(text), expected));

check('Explain @src/a.ts', [{ path: 'src/a.ts' }]);
check('Explain @src/a.ts, then @b.md.', [{ path: 'src/a.ts' }, { path: 'b.md' }]);
check('@a.ts#L3 and @a.ts#L3-L9', [
	{ path: 'a.ts', startLine: 3, endLine: 3 },
	{ path: 'a.ts', startLine: 3, endLine: 9 },
]);
check('mail me@example.com', []);
check('(@a.ts)', [{ path: 'a.ts' }]);
check('@a.ts @a.ts', [{ path: 'a.ts' }]);
check('@my\\ notes.md', [{ path: 'my notes.md' }]);
check('nothing @ all', []);

test('what Add to Chat writes is read back', () => {
	for (const mention of [{ path: 'src/my file.ts' }, { path: 'a.ts', startLine: 2, endLine: 5 }])
		assert.deepEqual(mentionsIn(`see ${mentionOf(mention.path, mention.startLine, mention.endLine)} please`), [
			mention,
		]);
});
