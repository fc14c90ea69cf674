import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Instruction, parseInstructions } from '../../../../src/core/model/demo/instructions.ts';
import { workedMs } from '../../../fakes/patience.ts';

function check(prompt: string, ...expected: readonly Instruction[]) {
	test(JSON.stringify(prompt), () => assert.deepEqual(parseInstructions(prompt), expected));
}

check('hello', { kind: 'hello' });
check('What can you do?', { kind: 'help' });
check('count to 30 slowly', { kind: 'count', to: 30, isSlow: true });
check('read src/a.js', { kind: 'read', file: 'src/a.js' });
check('Please read @src/a.js.', { kind: 'read', file: 'src/a.js' });
check('show lines 3-5 of a.js', { kind: 'read', file: 'a.js', first: 3, last: 5 });
check('explain the file `src/my app.js`', { kind: 'explain', file: 'src/my app.js' });
check('What does src/cart.js do?', { kind: 'explain', file: 'src/cart.js' });
check('summarise README.md', { kind: 'explain', file: 'README.md' });
check('search for "total price" in src', { kind: 'search', text: 'total price', path: 'src' });
check('find total', { kind: 'search', text: 'total' });
check('list files', { kind: 'list', pattern: '**/*' });
check('list files in src', { kind: 'list', pattern: 'src/**/*' });
check('list src/**/*.js', { kind: 'list', pattern: 'src/**/*.js' });
check('find files named cart', { kind: 'list', pattern: '**/*cart*' });
check('create hello.txt with "Hello!"', { kind: 'create', file: 'hello.txt', text: 'Hello!\n', mayReplace: false });
check('create a file notes.md containing one; two', {
	kind: 'create',
	file: 'notes.md',
	text: 'one; two\n',
	mayReplace: false,
});
check('write a.js:\n```js\nconst a = 1;\nthen();\n```', {
	kind: 'create',
	file: 'a.js',
	text: 'const a = 1;\nthen();\n',
	mayReplace: true,
});
check('replace foo with bar in a.js', { kind: 'replace', from: 'foo', to: 'bar', files: ['a.js'] });
check('Replace "a in b" with "c; then run x" in a.js and lib/b.js.', {
	kind: 'replace',
	from: 'a in b',
	to: 'c; then run x',
	files: ['a.js', 'lib/b.js'],
});
check('change colour to color in all files', { kind: 'replace', from: 'colour', to: 'color', files: [] });
check('replace all occurrences of x by y everywhere', { kind: 'replace', from: 'x', to: 'y', files: [] });
check('rename the function total to sum in src/cart.js', {
	kind: 'rename',
	from: 'total',
	to: 'sum',
	files: ['src/cart.js'],
});
check('rename symbol a to b', { kind: 'rename', from: 'a', to: 'b', files: [] });
check('add the line "# End" to the end of notes.md', {
	kind: 'insert',
	text: '# End',
	file: 'notes.md',
	place: { kind: 'end' },
});
check('add a line // hi at the top of a.js', { kind: 'insert', text: '// hi', file: 'a.js', place: { kind: 'top' } });
check('add "x" to a.js', { kind: 'insert', text: 'x', file: 'a.js', place: { kind: 'end' } });
check('insert "b" after the line containing "a" in a.js', {
	kind: 'insert',
	text: 'b',
	file: 'a.js',
	place: { kind: 'after', anchor: 'a' },
});
check('add b before line 3 of a.js', {
	kind: 'insert',
	text: 'b',
	file: 'a.js',
	place: { kind: 'beforeLine', lineNumber: 3 },
});
check('delete the line containing debug in a.js', {
	kind: 'deleteLines',
	containing: 'debug',
	isAll: false,
	file: 'a.js',
});
check('remove all lines with "x y" from a.js', { kind: 'deleteLines', containing: 'x y', isAll: true, file: 'a.js' });
check('delete line 4 in a.js', { kind: 'deleteLine', lineNumber: 4, file: 'a.js' });
check('run npm test', { kind: 'run', command: 'npm test' });
check('run `echo a; echo b`', { kind: 'run', command: 'echo a; echo b' });
check('run the command: node -e "console.log(1)"', { kind: 'run', command: 'node -e "console.log(1)"' });
check('check problems', { kind: 'check' });
check('are there errors in a.js?', { kind: 'check', file: 'a.js' });
check('Make me a sandwich machine', { kind: 'unknown', text: 'Make me a sandwich machine' });
check('', { kind: 'unknown', text: '' });
check(
	'replace a with b in x.js, then run npm test; then explain x.js',
	{ kind: 'replace', from: 'a', to: 'b', files: ['x.js'] },
	{ kind: 'run', command: 'npm test' },
	{ kind: 'explain', file: 'x.js' },
);
check(
	'1. read a.js\n2. replace "one" with "two" in a.js\n3) run ls',
	{ kind: 'read', file: 'a.js' },
	{ kind: 'replace', from: 'one', to: 'two', files: ['a.js'] },
	{ kind: 'run', command: 'ls' },
);
check(
	'Replace foo with bar in a.js and add the line "end" to b.js',
	{ kind: 'replace', from: 'foo', to: 'bar', files: ['a.js'] },
	{ kind: 'insert', text: 'end', file: 'b.js', place: { kind: 'end' } },
);

test('a long or odd text is answered at once', () => {
	const started = workedMs();
	for (const text of [
		`replace a with b in ${'x'.repeat(60)} ${'y, '.repeat(60)}!? z w`,
		`add ${'a to b of '.repeat(400)}`,
		`replace ${'a with b in '.repeat(300)}`,
		`rename ${'a to b '.repeat(500)}`,
		'and then '.repeat(10_000),
		`read ${'"'.repeat(5_000)}`,
		`create a.txt with ${'x; then y. '.repeat(9_000)}`,
		'1. '.repeat(30_000),
	])
		assert.ok(parseInstructions(text).length > 0);
	assert.ok(workedMs() - started < 5_000);
});
check('replace a with b in x.js, y.js, and z.js', {
	kind: 'replace',
	from: 'a',
	to: 'b',
	files: ['x.js', 'y.js', 'z.js'],
});
check('delegate "read a.js" and "run npm test; then read b.js"', {
	kind: 'delegate',
	tasks: ['read a.js', 'run npm test; then read b.js'],
});
check('ask an explore agent to find total in src', {
	kind: 'delegate',
	tasks: ['find total in src'],
	agentType: 'explore',
});
check(
	'delegate "count to 9 slowly", then read a.js',
	{ kind: 'delegate', tasks: ['count to 9 slowly'] },
	{
		kind: 'read',
		file: 'a.js',
	},
);
check('Continue the agent general-1: read b.js', { kind: 'delegate', tasks: ['read b.js'], resume: 'general-1' });
