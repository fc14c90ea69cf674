import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { ShellCommand } from '../../../src/core/permission/shellParts.ts';
import { createShellGrammar } from '../../../src/node/process/lazyShellGrammar.ts';
import { grammarFiles, parseShell } from '../../core/permission/shellFixture.ts';
import { workedMs } from '../../fakes/patience.ts';

/** The words of each command; an unknown one stands as it is written, in angle brackets. */
const words = ({ words }: ShellCommand): string[] => words.map(({ value, source }) => value ?? `<${source}>`);
const commands = (text: string): string[][] => parseShell(text).commands.map(words);

describe('words', () => {
	const cases: readonly (readonly [text: string, ...words: string[]])[] = [
		[`a 'b c' "d e" f\\ g`, 'a', 'b c', 'd e', 'f g'],
		[`a b'c'"d"e`, 'a', 'bcde'],
		[`a $'x\\ty\\x41\\101\\u00e9'`, 'a', 'x\tyAA\u00e9'],
		[`a "q\\"r\\$s\\\\t"`, 'a', 'q"r$s\\t'],
		['a "x  y" \'  z\'', 'a', 'x  y', '  z'],
		['a $b "$c" $(d)', 'a', '<$b>', '<"$c">', '<$(d)>'],
		['a {b,c} d{1..3} {e}', 'a', '<{b,c}>', '<d{1..3}>', '{e}'],
		['a ~/b "~/c"', 'a', '<~/b>', '~/c'],
		[`a $'\\xff'`, 'a', `<$'\\xff'>`],
		['a -- -b --c=d', 'a', '--', '-b', '--c=d'],
	];
	for (const [text, ...expected] of cases) test(text, () => assert.deepEqual(commands(text)[0], expected));
});

test('what stands behind a redirection is an argument', () => {
	const [command] = parseShell('echo a > f b 2>&1 < "g h"').commands;
	assert.deepEqual(command && words(command), ['echo', 'a', 'b']);
	assert.deepEqual(
		command?.redirects.map(({ direction, target }) => `${direction} ${target.value}`),
		['write f', 'read g h'],
	);
});

test('here-documents say what they hold, and what they substitute is a command', () => {
	assert.deepEqual(parseShell("cat <<'EOF'\n$(x)\nEOF").commands[0]?.input, { text: '$(x)\n' });
	assert.deepEqual(parseShell('cat <<EOF\n$(x y)\nEOF').commands[0]?.input, { text: undefined });
	assert.deepEqual(commands('cat <<EOF\n$(x y)\nEOF'), [['cat'], ['x', 'y']]);
	assert.deepEqual(commands('cat <<EOF && b\n1\nEOF\nc'), [['cat'], ['b'], ['c']]);
});

test('a line that goes on is read both ways', () => {
	assert.deepEqual(commands('r\\\nm x').at(-1), ['rm', 'x']);
	assert.deepEqual(commands('a # b\\\nc'), [['a'], ['c'], ['a']]);
	assert.match(parseShell('a # b\\\nc').problems.join(), /comment/);
});

test('what the grammar leaves out, it says', () => {
	for (const text of ["'", 'a |', 'if a', 'a )', '$(', 'cat <<EOF', '{a,b}', 'ls\n\\rm a', 'env a; then b'])
		assert.ok(parseShell(text).problems.length > 0, text);
	for (const text of ['a\u200b', 'a\u00a0b', 'a\rb', 'a\u0000b', 'x'.repeat(20_001)])
		assert.ok(parseShell(text).problems.length > 0, JSON.stringify(text.slice(0, 5)));
	for (const text of ['a', 'a && b', 'for i in 1; do a; done', "python3 - <<'EOF'\nx\nEOF"])
		assert.deepEqual(parseShell(text).problems, [], text);
});

test('a here-document ends where the shell ends it, and not where the grammar does', () => {
	for (const text of [
		// The shell is at the end with the first A, and runs what stands behind it.
		'cat <<A\n$(cat <<B\nA\nrm a\nB\n)\nA',
		"cat <<A\n$(bash <<'B'\n\\rm a\nB\n)\nA",
		'cat <<A\n$(cat <<B\nb\nB )\nA',
		'cat <<A\nb\\\nA\nc\nA',
		'cat <<A\nb\n A',
		'cat <<-A\n\t$(cat <<B\n\tA\nrm a\nB\n)\nA',
		'cat <<"$x"\nb\n$x',
	])
		assert.ok(parseShell(text).problems.length > 0, text);
	for (const text of [
		'cat <<-A\n\tb\n\tA\nc',
		"a \"$(cat <<'A'\nb '\nA\n)\"",
		"a - <<'A' | b\nc\\\nd\nA",
		'cat <<A\nA',
	])
		assert.deepEqual(parseShell(text).problems, [], text);
});

test('a text that the shell translates, and a # inside a word, are not guessed', () => {
	assert.deepEqual(commands('r$"m" a'), [['<r$"m">', 'a']]);
	assert.deepEqual(commands('$"rm" a'), [['<$"rm">', 'a']]);
	for (const text of ['}\\ ]]# =[{ ', ' ]]\\$ ', '- a=b', "'a\\\nb'\\\nc"])
		assert.ok(parseShell(text).problems.length > 0, text);
	assert.deepEqual(commands('a "b\\\\\nc"')[0], ['a', 'b\\\nc']);
});

test('deep nesting ends', () => {
	assert.ok(parseShell(`${'$('.repeat(1_000)}a${')'.repeat(1_000)}`).problems.length > 0);
	assert.ok(parseShell(`${'('.repeat(300)}a${')'.repeat(300)}`).problems.length > 0);
});

test('a warm parse takes less than 2 ms', () => {
	const text = 'cd src && npm test 2>&1 | tee "$x" > out.txt; for i in a b; do echo $(cat $i); done';
	const times = Array.from({ length: 200 }, () => {
		const startedAt = workedMs();
		parseShell(text);
		return workedMs() - startedAt;
	}).sort((left, right) => left - right);
	assert.ok((times[100] ?? 0) < 2, `${times[100]} ms`);
});

test('a grammar that cannot be loaded is tried again', async () => {
	const grammar = createShellGrammar({ ...grammarFiles, grammar: '/nowhere.wasm' });
	await assert.rejects(grammar.load(), { code: 'ENOENT' });
	await assert.rejects(grammar.load(), { code: 'ENOENT' });
	const parse = await createShellGrammar(grammarFiles).load();
	assert.equal(parse('ls').commands.length, 1);
});

test('the first commands take little memory, since nothing is optimized', {
	skip: process.platform !== 'linux',
}, async () => {
	const code = `
			const { readFileSync } = await import('node:fs');
			const { loadShellGrammar } = await import(${JSON.stringify(new URL('../../../src/node/process/shellGrammar.ts', import.meta.url).href)});
			const mostMb = () => Number(/^VmHWM:\\s+(\\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1000;
			const before = mostMb();
			const parse = await loadShellGrammar(${JSON.stringify(grammarFiles)});
			for (let index = 0; index < 100; index++) parse('echo ' + index + ' >> a.txt && git commit -m "b $(date)" | tee c');
			process.stdout.write(String(mostMb() - before));
		`;
	// Otherwise optimizing goes on beside, and is done at another moment each time.
	const args = ['--wasm-sync-tier-up', '--input-type=module', '-e', code];
	const { stdout } = await promisify(execFile)(process.execPath, args);
	assert.ok(Number(stdout) < 60, `${stdout} MB`);
});
