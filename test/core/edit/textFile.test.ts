import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decodeText, encodeText, plainText, textMeta } from '../../../src/core/edit/textFile.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

test('line ends and BOM are told and taken out of the text', () => {
	const check = (raw: string, text: string, eol: string, bom = false) =>
		assert.deepEqual(decodeText(bytesOf(raw)), { kind: 'text', file: { text, eol, bom } });
	check('', '', '\n');
	check('a', 'a', '\n');
	check('a\nb\n', 'a\nb\n', '\n');
	check('a\r\nb\r\n', 'a\nb\n', '\r\n');
	check('a\r\nb', 'a\nb', '\r\n');
	check('a\r\nb\n', 'a\r\nb\n', 'mixed');
	check('a\rb', 'a\rb', '\n');
	check('\uFEFFa\n', 'a\n', '\n', true);
	check('\uFEFF\uFEFFa', '\uFEFFa', '\n', true);
	check('grüße 🚂\r\n', 'grüße 🚂\n', '\r\n');
});

test('what is not UTF-8 text is said', () => {
	assert.equal(decodeText(new Uint8Array([1, 0, 2])).kind, 'binary');
	assert.equal(decodeText(new Uint8Array([0x61, 0xff, 0x62])).kind, 'notUtf8');
	assert.equal(decodeText(new Uint8Array([0xc3])).kind, 'notUtf8');
	const utf16 = decodeText(new Uint8Array([0xff, 0xfe, 0x61, 0]));
	assert.ok(utf16.kind === 'notUtf8' && /UTF-16/.test(utf16.reason));
	assert.equal(plainText(new Uint8Array([0xff])), undefined);
	assert.equal(plainText(bytesOf('a\r\nb\n')), 'a\nb\n');
});

test('the meta says what the text does not show', () => {
	assert.deepEqual(textMeta({ text: '', eol: '\r\n', bom: true }), { eol: '\r\n', bom: true, encoding: 'utf8' });
	assert.deepEqual(textMeta({ text: '', eol: 'mixed', bom: false }), { bom: false, encoding: 'utf8' });
});

test('property: decoding and encoding again gives the same bytes', () => {
	const piece = fc.constantFrom('a', '\n', '\r\n', '\r', 'é', '🚂', '\uFEFF', '\t', '\u2028', '$&');
	fc.assert(
		fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
			const bytes = bytesOf(pieces.join(''));
			const decoded = decodeText(bytes);
			assert.ok(decoded.kind === 'text');
			assert.deepEqual(encodeText(decoded.file), bytes);
		}),
	);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
			const decoded = decodeText(bytes);
			if (decoded.kind === 'text') assert.deepEqual([...encodeText(decoded.file)], [...bytes]);
		}),
	);
});
