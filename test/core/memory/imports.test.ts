import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importsIn, importTarget, positionsIn } from '../../../src/core/memory/imports.ts';
import { proseOnly } from '../../../src/core/memory/proseOnly.ts';

const paths = (text: string) => importsIn(text).map(({ path }) => path);
const fence = '```';

describe('imports', () => {
	const check = (name: string, text: string, expected: readonly string[]) =>
		test(name, () => assert.deepEqual(paths(text), expected));

	check('in a line and at its ends', '@a.md x @./b @../c/d.md\n@~/e.md', ['a.md', './b', '../c/d.md', '~/e.md']);
	check('absolute', 'see @/etc/rules.md and @C:\\rules\\a.md', ['/etc/rules.md', 'C:\\rules\\a.md']);
	check('in lists, quotes and emphasis', '- @a.md\n> @b.md\n**@c.md** (@d.md)', ['a.md', 'b.md', 'c.md', 'd.md']);
	check('before the end of a sentence', 'As @a.md, @b.md; “@c.md”. Or @docs/d.', ['a.md', 'b.md', 'c.md', 'docs/d']);
	check('with an escaped space and a bracket', '@my\\ notes/a\\ b.md @n(1).md', ['my notes/a b.md', 'n(1).md']);
	check('in other letters', '@docs/überblick.md @日本.md', ['docs/überblick.md', '日本.md']);
	check('with a part of a file named', '@a.md#part', ['a.md']);
	check('none: an e-mail address', 'mail me@example.org or <you@example.md>', []);
	check('none: escaped', '\\@a.md', []);
	check('none: another’s home, a lone mark', '@~bob/a.md @ @/ @# @(x)', []);
	check('none: a code span', '`@a.md` ``@b.md ` @c.md`` @d.md', ['d.md']);
	check('a backtick that nothing closes is no code', 'it`s @a.md\n\n` @b.md', ['a.md', 'b.md']);
	check('a span ends with its paragraph', '`open @a.md\n\nand` @b.md', ['a.md', 'b.md']);
	check('an escaped backtick opens nothing', '\\`@a.md\\` @b.md', ['b.md']);
	check('none: a fence', `${fence}md\n@a.md\n${fence}\n@b.md\n~~~\n@c.md\n${fence}\n~~~~\n@d.md`, ['b.md', 'd.md']);
	check('none: a fence in a list or a quote', `- x\n  ${fence}\n  @a.md\n  ${fence}\n> ~~~\n> @b.md\n> ~~~\n@c.md`, [
		'c.md',
	]);
	check('none: a fence that nothing closes', `@a.md\n${fence}\n@b.md`, ['a.md']);
	check('none: indented code', 'x\n\n    @a.md\n\n    @b.md\n\ty\n@c.md', ['c.md']);
	check('what is indented in a list is no code', '- x\n\n    @a.md\n\nEnd\n\n    @b.md', ['a.md']);
	check('none: a comment', '<!-- @a.md\n\n@b.md --> @c.md <!-- @d.md', ['c.md', 'd.md']);
	check('none: frontmatter', '---\npaths: "@a.md"\n---\n@b.md', ['b.md']);
	check('a rule is no frontmatter', 'x\n---\n@a.md\n---\n', ['a.md']);
	check('with Windows line ends', `@a.md\r\n\r\n${fence}\r\n@b.md\r\n${fence}\r\n\`x\r\n@c.md\` @d.md`, [
		'a.md',
		'd.md',
	]);

	test('what is more often something else is not certain', () => {
		const certain = (text: string) => importsIn(text).map(({ isCertain }) => isCertain);
		assert.deepEqual(certain('@a.md @./x @~/x @/x/y @../x'), [true, true, true, true, true]);
		assert.deepEqual(certain('@alice @scope/package @types/node@1 @README @vue/core.js'), Array(5).fill(false));
	});

	test('say where they stand', () => {
		const text = 'one\r\n  see @my\\ a.md.';
		const [found] = importsIn(text);
		assert.deepEqual(found?.range, {
			startOffset: 11,
			endOffset: 20,
			start: { lineIndex: 1, character: 6 },
			end: { lineIndex: 1, character: 15 },
		});
		assert.equal(text.slice(11, 20), '@my\\ a.md');
	});
});

describe('the file that an import means', () => {
	const check = (path: string, file: string, expected: string | undefined, home: string | undefined = '/home/u') =>
		test(`${path} in ${file}`, () => assert.equal(importTarget(path, file, home), expected));
	check('a.md', '/w/CLAUDE.md', '/w/a.md');
	check('./docs//a.md', '/w/CLAUDE.md', '/w/docs/a.md');
	check('../../../a.md', '/w/x/CLAUDE.md', '/a.md');
	check('~/a.md', '/w/CLAUDE.md', '/home/u/a.md');
	check('/etc/../a.md', '/w/CLAUDE.md', '/a.md');
	check('..\\a.md', 'C:\\w\\x\\CLAUDE.md', 'C:\\w\\a.md');
	check('docs/a.md', 'C:\\w\\CLAUDE.md', 'C:\\w\\docs\\a.md');
	check('~/a.md', 'C:\\w\\CLAUDE.md', 'C:\\Users\\u\\a.md', 'C:\\Users\\u');
	test('none without a home folder', () => assert.equal(importTarget('~/a.md', '/w/C.md', undefined), undefined));
});

const piece = fc.constantFrom(
	'@a.md',
	'@./b c',
	'\\@x',
	'`',
	'``',
	fence,
	'~~~',
	'\n',
	'\r\n',
	'\n\n',
	'    ',
	'- ',
	'> ',
	'<!--',
	'-->',
	'---\n',
	'text ',
	'ä😀',
	'\\',
	'a@b.c ',
);
const texts = fc.oneof(
	fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
	fc.string({ unit: 'binary' }),
);

describe('for any text', () => {
	test('what is left of it has the same places, and differs by blanks only', () => {
		fc.assert(
			fc.property(texts, (text) => {
				const prose = proseOnly(text);
				assert.equal(prose.length, text.length);
				for (let at = 0; at < text.length; at++)
					if (prose.charAt(at) !== text.charAt(at)) {
						assert.equal(prose.charAt(at), ' ');
						assert.doesNotMatch(text.charAt(at), /[\r\n]/);
					}
			}),
		);
	});

	test('each import stands where it says, in order, and its places agree', () => {
		fc.assert(
			fc.property(texts, (text) => {
				const positionAt = positionsIn(text);
				let last = -1;
				for (const { path, range } of importsIn(text)) {
					assert.ok(range.startOffset > last);
					last = range.endOffset - 1;
					assert.equal(text.slice(range.startOffset, range.endOffset).replaceAll('\\ ', ' '), `@${path}`);
					assert.deepEqual(range.start, positionAt(range.startOffset));
					assert.equal(range.start.lineIndex, range.end.lineIndex);
				}
			}),
		);
	});

	test('a target is absolute and has no dots to follow', () => {
		fc.assert(
			fc.property(fc.array(fc.constantFrom('a', '..', '.', '', 'b c')), (parts) => {
				const target = importTarget(parts.join('/'), '/w/x/CLAUDE.md', '/h') ?? '';
				assert.match(target, /^\//);
				assert.doesNotMatch(target, /\/\.{1,2}(?:\/|$)|\/\//);
			}),
		);
	});

	test('many marks that nothing closes take no time', { timeout: 5_000 }, () => {
		importsIn(
			`${'`'.repeat(3)}x @a.md ${Array.from({ length: 400 }, (_, n) => '`'.repeat(n + 4)).join(' ')}`.repeat(3),
		);
		importsIn('<!-- `@a.md '.repeat(20_000));
	});
});
