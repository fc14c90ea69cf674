import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { filePattern, type PatternForm, termRegex } from '../../../src/core/search/pattern.ts';

/** The other ways to write the same JSON: every character escaped, and non-ASCII escaped. */
const escapeAll = (text: string, when: (code: number) => boolean) =>
	`"${[...Array(text.length).keys()]
		.map((at) => {
			const code = text.charCodeAt(at);
			if (when(code)) return `\\u${code.toString(16).padStart(4, '0')}`;
			return JSON.stringify(text.charAt(at)).slice(1, -1);
		})
		.join('')}"`;
const finds = (term: string, text: string, form: PatternForm, isCaseSensitive = false) =>
	termRegex(term, form, isCaseSensitive).test(text);

describe('terms in JSON', () => {
	const texts = [
		'say "hi"',
		'C:\\dir\\file',
		'a\nb',
		'a\r\nb',
		'a\tb',
		'bell \u0007 and \u001b[31m',
		'emoji 🙂 and 👩‍👩‍👧',
		'combining e\u0301 and n\u0303',
		'naïve café',
		'Straße',
		'istanbul ISTANBUL',
		'ıspanak İzmir',
		'日本語のテキスト',
		'한국어',
		'lone \ud83d surrogate',
		"a/b </script> & 'x'",
		'line\u2028sep \u007f',
		'.*+?()[]{}|^$',
		'"$blob":"x"',
	];
	for (const text of texts) {
		test(JSON.stringify(text), () => {
			assert.ok(finds(text, text, 'plain'), 'plain');
			assert.ok(finds(text, JSON.stringify({ text }), 'json'), 'as JSON.stringify writes it');
			assert.ok(finds(text, JSON.stringify({ text }), 'any'), 'a file that may be JSON');
			assert.ok(
				finds(
					text,
					escapeAll(text, (code) => code > 0x7e),
					'json',
				),
				'with non-ASCII as escapes',
			);
			assert.ok(
				finds(text, text.replaceAll(/[\r\n]+/g, '\\n'), 'any') || /[\u0000-\u001f"\\\ud83d]/.test(text),
				'a plain file',
			);
			assert.ok(
				finds(
					text,
					escapeAll(text, (code) => "/<>&'".includes(String.fromCharCode(code))),
					'json',
				),
				'web-safe',
			);
			assert.ok(!finds(text, JSON.stringify({ text: 'something else' }), 'json'));
		});
	}

	test('escapes of either case of the digits', () => {
		assert.ok(finds('né', '"n\\u00E9"', 'json'));
		assert.ok(finds('né', '"n\\u00e9"', 'json'));
		assert.ok(finds('né', '"n\\u00c9"', 'json'), 'the escape of É when case is ignored');
	});

	test('a backslash is not an escape', () => {
		assert.ok(!finds('a\nb', JSON.stringify('a\\nb'), 'plain'));
		assert.ok(!finds('\\n', JSON.stringify('a\nb'), 'json'));
		assert.ok(finds('\\n', JSON.stringify('a\\nb'), 'json'));
	});

	test('whole characters and letters with marks are the same', () => {
		assert.ok(finds('caf\u00e9', 'cafe\u0301', 'plain'));
		assert.ok(finds('cafe\u0301', 'caf\u00e9', 'plain'));
		assert.ok(finds('\ud55c\uae00', '\ud55c\uae00'.normalize('NFD'), 'json'));
	});

	test('case: the simple folding of Unicode; İ and ı are letters of their own', () => {
		assert.ok(finds('straße', 'STRAẞE', 'plain'));
		assert.ok(finds('σοφός', 'ΣΟΦΌΣ', 'plain'));
		assert.ok(finds('istanbul', 'ISTANBUL', 'plain'));
		assert.ok(!finds('istanbul', 'İSTANBUL', 'plain'));
		assert.ok(!finds('ı', 'I', 'plain'));
		assert.ok(!finds('needle', 'NEEDLE', 'plain', true));
	});

	test('a space stands for any white space, a line break for a line break', () => {
		assert.ok(finds('a b', 'a\n\tb', 'plain'));
		assert.ok(finds('a b', JSON.stringify('a\n\tb'), 'json'));
		assert.ok(finds('a b', '"a\\u0009\\u000Ab"', 'json'));
		assert.ok(!finds('a\nb', 'a b', 'plain'));
		assert.ok(!finds('a b', 'ab', 'plain'));
	});

	test('parts of paths, of either system, with stars', () => {
		const file = (pattern: string, path: string, form: PatternForm = 'plain') =>
			new RegExp(filePattern(pattern, form), 'iu').test(path);
		assert.ok(file('src/area', '/home/x/src/area.js'));
		assert.ok(file('src\\area', 'C:\\x\\SRC\\Area.js'));
		assert.ok(file('src/*.ts', 'src/area.ts'));
		assert.ok(!file('src/*.ts', 'src/deep/area.ts'));
		assert.ok(file('src/area', JSON.stringify('C:\\src\\area.js'), 'json'));
		assert.ok(!file('a.js', 'aXjs'));
	});

	test('whatever the text is, its JSON is found (property)', () => {
		const term = fc
			.string({ unit: 'binary', minLength: 1, maxLength: 12 })
			.filter((text) => text.trim() === text && text !== '');
		fc.assert(
			fc.property(
				term,
				fc.string({ unit: 'binary' }),
				fc.string({ unit: 'binary' }),
				fc.boolean(),
				(needle, before, after, exact) => {
					// A mark or half a character before or after would change the character that the term begins or ends with.
					const text = `${before} ${needle} ${after}`;
					assert.ok(finds(needle, text, 'plain', exact));
					assert.ok(finds(needle, JSON.stringify(text), 'json', exact));
					assert.ok(
						finds(
							needle,
							escapeAll(text, (code) => code > 0x7e),
							'json',
							exact,
						),
					);
				},
			),
		);
	});
});
