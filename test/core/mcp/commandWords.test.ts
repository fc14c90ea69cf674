import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandWords } from '../../../src/core/mcp/commandWords.ts';

const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
	['npx -y pkg', ['npx', '-y', 'pkg']],
	['  a\t b\n', ['a', 'b']],
	['"two words" \'and $more\'', ['two words', 'and $more']],
	['--x="a b"c', ['--x=a bc']],
	['""', ['']],
	['a\\ b \\"c', ['a b', '"c']],
	["'a\\b'", ['a\\b']],
	['a; rm -rf b && $(c) | d', ['a;', 'rm', '-rf', 'b', '&&', '$(c)', '|', 'd']],
	['"open', undefined],
	['', []],
];
for (const [line, words] of cases)
	test(`words of ${JSON.stringify(line)}`, () => assert.deepEqual(commandWords(line, false), words));

test('on Windows a backslash is part of a path', () => {
	assert.deepEqual(commandWords('C:\\tools\\x.exe "C:\\a b\\c"', true), ['C:\\tools\\x.exe', 'C:\\a b\\c']);
});
