import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSha256 } from '../../../src/base/ids.ts';
import {
	forkTitle,
	isForkTitle,
	plainName,
	promptPreview,
	promptText,
	titleFromPrompt,
} from '../../../src/core/session/titles.ts';

test('a title is the first line with text, collapsed and cut', () => {
	const check = (prompt: string, expected: string) => assert.equal(titleFromPrompt(prompt), expected);
	check('Fix the bug', 'Fix the bug');
	check('\n \n  Fix\t the   bug \nand more', 'Fix the bug');
	check('one\r\ntwo', 'one');
	check('', 'Untitled session');
	check('  \n\t', 'Untitled session');
	check('x'.repeat(60), 'x'.repeat(60));
	check('x'.repeat(61), `${'x'.repeat(59)}…`);
	check(`${'x'.repeat(58)}😀 and more`, `${'x'.repeat(58)}…`);
});

test('a name from anywhere is one line that means what it shows', () => {
	const check = (name: string, expected: string) => assert.equal(plainName(name), expected);
	check('a\u0000b\u001b[31m\tc\u2028d\u00a0e', 'a b [31m c d e');
	check('invoice\u202egpj.exe\u2066x\u2069', 'invoicegpj.exex');
	check('\ufeff\u200bzero\u00ad width\ud800', 'zero width');
	check('👩\u200d💻 می\u200cخواهم', '👩\u200d💻 می\u200cخواهم');
	check('[Show](command:workbench.action.terminal.new)', '[Show] (command:workbench.action.terminal.new)');
	assert.equal(titleFromPrompt('\u202e\n\u200b \nFix it'), 'Fix it');
	assert.equal(titleFromPrompt('\u202e'), 'Untitled session');
	assert.equal(promptPreview('one\u0007two\u2029three'), 'one two three');
});

test('the name of a fork says so, and which one of a fork it is', () => {
	const check = (title: string, expected: string) => assert.equal(forkTitle(title), expected);
	check('Fix the bug', 'Fix the bug (fork)');
	check('Fix the bug (fork)', 'Fix the bug (fork 2)');
	check('Fix the bug (fork 9)', 'Fix the bug (fork 10)');
	check('Fix (fork) it', 'Fix (fork) it (fork)');
	assert.deepEqual(['a (fork)', 'a (fork 2)', 'a (fork) b'].map(isForkTitle), [true, true, false]);
});

test('a preview is one line of at most 200 characters', () => {
	assert.equal(promptPreview(' a\n\n b '), 'a b');
	assert.equal(promptPreview('y'.repeat(500)).length, 200);
});

test('the text of a prompt comes from its text blocks and from the heads of stored ones', () => {
	const sha = asSha256('0'.repeat(64));
	const stored = {
		$blob: sha,
		size: 9,
		mediaType: 'application/json',
		head: '{"type":"text","text":"Say \\"hi\\"\\nnow',
	};
	const image = { type: 'image' as const, source: { type: 'base64' as const, media_type: 'image/png', data: '' } };
	assert.equal(promptText([image, { type: 'text', text: 'a' }, stored]), 'a\nSay "hi"\nnow');
});
