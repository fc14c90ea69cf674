import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseFrontmatter } from '../../../src/core/memory/frontmatter.ts';
import { isCovered, pathRuleOf } from '../../../src/core/memory/pathRules.ts';

describe('frontmatter', () => {
	test('is read with its places', () => {
		const text = '---\r\nname: x\r\npaths:\r\n  - "src/**"\r\n  - **/*.ts\r\n---\r\nBody';
		const found = parseFrontmatter(text);
		assert.ok(found);
		assert.deepEqual(found.problems, []);
		assert.equal(text.slice(found.bodyOffset), 'Body');
		const paths = found.fields.get('paths');
		assert.deepEqual(paths?.value, ['src/**', '**/*.ts']);
		assert.deepEqual(
			paths?.items.map(({ range }) => text.slice(range.startOffset, range.endOffset)),
			['"src/**"', '**/*.ts'],
		);
		assert.deepEqual(paths?.keyRange.start, { lineIndex: 2, character: 0 });
		assert.equal(found.fields.get('name')?.value, 'x');
	});

	test('what is wrong in it is said where it is', () => {
		const text = '---\nname: "open\npaths: [a\n---\nBody';
		const found = parseFrontmatter(text);
		assert.ok(found && found.problems.length > 0);
		for (const { range, message } of found.problems) {
			assert.ok(message.length > 0);
			assert.ok(range.start.lineIndex >= 1 && range.end.lineIndex <= 3);
		}
		assert.equal(text.slice(found.bodyOffset), 'Body');
	});

	test('a list is no frontmatter, and nothing is none', () => {
		assert.match(parseFrontmatter('---\n- a\n---\n')?.problems[0]?.message ?? '', /list of keys/);
		assert.equal(parseFrontmatter('---\n---\nBody')?.fields.size, 0);
		assert.equal(parseFrontmatter('Body\n---\na: b\n---\n'), undefined);
		assert.equal(parseFrontmatter('---\na: b\n'), undefined);
	});

	test('for any text: no throw, and every place is in it', () => {
		const piece = fc.constantFrom(
			'---\n',
			'paths: ',
			'- ',
			'*',
			'{a,b}',
			'\n',
			'\r\n',
			': ',
			'"',
			'x',
			'[',
			' ',
			'#',
			'&',
			'!',
			'\uE000',
		);
		fc.assert(
			fc.property(fc.array(piece, { maxLength: 20 }), (parts) => {
				const text = `---\n${parts.join('')}\n---\nBody`;
				const found = parseFrontmatter(text);
				assert.ok(found);
				const ranges = [...found.problems.map(({ range }) => range)];
				for (const { range, keyRange, items } of found.fields.values())
					ranges.push(range, keyRange, ...items.map((item) => item.range));
				for (const { startOffset, endOffset } of ranges)
					assert.ok(startOffset >= 0 && startOffset <= endOffset && endOffset <= text.length);
			}),
		);
	});
});

describe('rules for paths', () => {
	const check = (frontmatter: string, paths: readonly string[] | undefined) =>
		test(JSON.stringify(frontmatter), () =>
			assert.deepEqual(pathRuleOf(`---\n${frontmatter}\n---\nBody`), { paths, body: 'Body' }),
		);
	check('paths: src/**/*.ts', ['src/**/*.ts']);
	check('paths: **/*.ts', ['**/*.ts']);
	check('paths: {src,lib}/**/*.ts, test/**', ['{src,lib}/**/*.ts', 'test/**']);
	check('paths:\n  - src/**\n  - "!src/gen/**"', ['src/**', '!src/gen/**']);
	check('paths: [a/**, "b/{c,d}"]', ['a/**', 'b/{c,d}']);
	check('description: none', undefined);
	check('', undefined);
	check('paths: 3', []);
	check('paths:', []);
	check('paths: "a', ['a']);
	test('without frontmatter', () => assert.deepEqual(pathRuleOf('Body'), { paths: undefined, body: 'Body' }));

	const covered = (patterns: readonly string[], yes: readonly string[], no: readonly string[]) =>
		test(patterns.join(' '), () => {
			assert.deepEqual(
				[...yes, ...no].filter((rel) => isCovered(patterns, rel)),
				yes,
			);
		});
	covered(['*.md'], ['a.md', '.b.md'], ['d/a.md', 'a.mdx']);
	covered(['**/*.{ts,tsx}'], ['a.ts', 'd/e/a.tsx', '.d/a.ts'], ['a.js']);
	covered(['./src/'], ['src/a', 'src/b/c'], ['src', 'x/src/a']);
	covered(['src/**', '!src/gen/**'], ['src/a'], ['src/gen/a', 'lib/a']);
	covered(['#a/[ab].ts'], ['#a/a.ts'], ['#a/c.ts']);
	covered([], [], ['a']);
});
