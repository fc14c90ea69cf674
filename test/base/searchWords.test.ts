import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterValue, quoted, searchWords, withFilter } from '../../src/base/searchWords.ts';

const words = (typed: string) =>
	searchWords(typed).map(({ key, text }) => (key === undefined ? text : `${key}=${text}`));

test('words, phrases and filters', () => {
	const table: readonly (readonly [string, readonly string[]])[] = [
		['', []],
		['  a  b ', ['a', 'b']],
		['"a b" c', ['a b', 'c']],
		['say("hi") x', ['say("hi")', 'x']],
		['"say \\"hi\\" now"', ['say "hi" now']],
		['"name":"Bash"', ['name":"Bash']],
		['"C:\\\\dir"', ['C:\\\\dir']],
		['"still open', ['still open']],
		['"', ['"']],
		['""', ['""']],
		['tool:Bash file:"my file.ts" is:error', ['tool=Bash', 'file=my file.ts', 'is=error']],
		['TOOL:bash', ['tool=bash']],
		['https://x.y path:z', ['https://x.y', 'path:z']],
		['"file:x"', ['file:x']],
		['file:', ['file=']],
	];
	for (const [typed, expected] of table) assert.deepEqual(words(typed), expected, typed);
});

test('a filter is set, changed and taken out, and the rest stays as it was typed', () => {
	assert.equal(withFilter('foo', 'is', 'error'), 'foo is:error ');
	assert.equal(withFilter('a tool:Read  b', 'tool', 'Bash'), 'a b tool:Bash ');
	assert.equal(withFilter('a tool:Read b', 'tool', undefined), 'a b');
	assert.equal(withFilter('', 'file', 'my file'), 'file:"my file" ');
	assert.equal(filterValue('a file:"my file" b', 'file'), 'my file');
	assert.equal(filterValue('"tool:Bash"', 'tool'), undefined);
});

test('what is quoted is one phrase again', () => {
	for (const text of ['a b', 'say "hi"', 'x\\y', '"', 'C:\\', 'a\\" b', '\\\\" x\\\\'])
		assert.deepEqual(words(`x ${quoted(text)}`), ['x', text]);
});
