import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addNote } from '../../../src/core/memory/addNote.ts';

describe('a note', () => {
	const check = (name: string, before: string, after: string) =>
		test(name, () => assert.equal(addNote(before, ' Use\n tabs. ').text, after));
	check('in an empty file', '', '# Memories\n\n- Use tabs.\n');
	check('in a file without a list', '# A\n\nText.\n', '# A\n\nText.\n\n# Memories\n\n- Use tabs.\n');
	check('in a file that ends with an empty line', 'Text.\n\n', 'Text.\n\n# Memories\n\n- Use tabs.\n');
	check('in a file without a last line end', 'Text.', 'Text.\n\n# Memories\n\n- Use tabs.');
	check('at the end of the list', '# Memories\n\n- a\n- b\n\n# B\n', '# Memories\n\n- a\n- b\n- Use tabs.\n\n# B\n');
	check('with the mark of the list', '## Memory\n* a\n  more\n', '## Memory\n* a\n  more\n* Use tabs.\n');
	check('under a heading with nothing', 'x\n# Remember ##\n\n# B', 'x\n# Remember ##\n\n- Use tabs.\n\n# B');
	check('below smaller headings of the list', '# Memories\n- a\n## C\n- c', '# Memories\n- a\n## C\n- c\n- Use tabs.');
	check('with Windows line ends', '# Memories\r\n\r\n- a\r\n', '# Memories\r\n\r\n- a\r\n- Use tabs.\r\n');
	check(
		'not in code that looks like it',
		'```\n# Memories\n```\n',
		'```\n# Memories\n```\n\n# Memories\n\n- Use tabs.\n',
	);
	check('behind a heading that a lone carriage return ends', '# Memories\r', '# Memories\r\r- Use tabs.\r');
	check('behind code in the list', '# Memories\n```\nx\n```\n\n', '# Memories\n```\nx\n```\n- Use tabs.\n\n');

	test('has the line ends it is told where there are none', () =>
		assert.equal(addNote('', 'x', '\r\n').text, '# Memories\r\n\r\n- x\r\n'));

	test('changes nothing else in any text, and a second one comes behind it', () => {
		const piece = fc.constantFrom('# Memories', '## B', '- a', 'x', '\n', '\r\n', '```', '  ', 'ä😀', '\r');
		const texts = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(''));
		fc.assert(
			fc.property(texts, (text) => {
				const one = addNote(text, 'first');
				assert.equal(one.text.slice(0, one.offset) + one.text.slice(one.offset + one.inserted.length), text);
				assert.equal(one.text.slice(one.offset, one.offset + one.inserted.length), one.inserted);
				assert.match(one.inserted, /(?:^|[\r\n])[-*+] first(?:\r\n|\n|\r)?$/);
				const two = addNote(one.text, 'second');
				assert.ok(two.text.indexOf('second') > two.text.indexOf('first'));
			}),
		);
	});
});
