import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mentionAt } from '../../webview/mentionAt.ts';

/** The caret stands at the bar. */
const cases: readonly (readonly [string, { start: number; query: string } | undefined])[] = [
	['@|', { start: 0, query: '' }],
	['see @do|cs:x', { start: 4, query: 'do' }],
	['(@docs:demo://a|)', { start: 1, query: 'docs:demo://a' }],
	['@my\\ server:a|', { start: 0, query: 'my\\ server:a' }],
	['@a b|', undefined],
	['me@example|', undefined],
	['@a.ts#L3|', undefined],
	['|@a', undefined],
	['', undefined],
	[`@${'a'.repeat(201)}|`, undefined],
];
for (const [marked, expected] of cases)
	test(`the mention at the caret of ${marked.slice(0, 30)}`, () => {
		const caret = Math.max(0, marked.indexOf('|'));
		assert.deepEqual(mentionAt(marked.replace('|', ''), caret), expected);
	});
