import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePrompt } from '../../../src/core/agent/makePrompt.ts';

test('trims', () => assert.deepEqual(makePrompt('  hi\n'), { text: 'hi', attachments: [] }));

test('empty is refused, unless something is attached', () => {
	assert.throws(() => makePrompt(' \n'), { name: 'UserError', code: 'empty-prompt' });
	assert.equal(makePrompt('', [{ name: 'a', content: [{ type: 'text', text: 'x' }] }]).text, '');
});

test('a very long text becomes an attachment, whole', () => {
	const long = 'ab '.repeat(40_000).trim();
	const prompt = makePrompt(long);
	assert.match(prompt.text, /119,999 characters; all of it is in the attachment prompt\.txt/);
	assert.ok(prompt.text.length < 500);
	assert.deepEqual(prompt.attachments, [{ name: 'prompt.txt', content: [{ type: 'text', text: long }] }]);
	assert.equal(makePrompt('x'.repeat(100_000)).attachments.length, 0);
});
