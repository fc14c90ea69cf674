import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ownLineEnds } from '../../../src/core/edit/lineEnds.ts';
import { decodeText, encodeText, plainText, textMeta, toLf } from '../../../src/core/edit/textFile.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Bytes of files: random ones, and pieces of text with every kind of line end in every encoding. */
const pieces = ['a', '\n', '\r\n', '\r', '\r\r\n', 'é', '🚂', '\uFEFF', '\t', '\u2028', '$&', '\0'];
const anyBytes = fc.oneof(
	fc.uint8Array({ maxLength: 40 }),
	fc
		.tuple(
			fc.array(fc.constantFrom(...pieces), { maxLength: 30 }),
			fc.constantFrom('utf8' as const, 'latin1' as const, 'utf16le' as const),
			fc.boolean(),
		)
		.map(([all, encoding, hasMark]) => {
			const mark = hasMark && encoding === 'utf16le' ? '\uFEFF' : '';
			return new Uint8Array(Buffer.from(mark + all.join(''), encoding));
		}),
);

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

test('what is no text, or in an encoding that is not supported, is said', () => {
	assert.equal(decodeText(new Uint8Array([1, 0, 2])).kind, 'binary');
	assert.equal(decodeText(new Uint8Array([0x1f, 0x8b, 0x08, 0xff])).kind, 'binary');
	assert.equal(decodeText(new Uint8Array([0xff, 0xfe, 0x61, 0, 0, 0])).kind, 'binary');
	const half = decodeText(new Uint8Array([0xff, 0xfe, 0x61]));
	assert.ok(half.kind === 'notUtf8' && /half a character/.test(half.reason));
	const chinese = decodeText(new Uint8Array([0xc4, 0xe3]), 'gbk');
	assert.ok(chinese.kind === 'notUtf8' && /gbk.*save it as UTF-8 first/.test(chinese.reason));
	const hole = decodeText(new Uint8Array([0x61, 0xe1, 0xae]), 'iso88597');
	assert.ok(hole.kind === 'notUtf8' && /ISO-8859-7/.test(hole.reason), JSON.stringify(hole));
	assert.equal(plainText(bytesOf('a\r\nb\n')), 'a\nb\n');
});

test('an encoding is known by its mark, by its bytes, or by what the editor says', () => {
	const check = (bytes: readonly number[], encoding: string | undefined, text: string, name: string) => {
		const decoded = decodeText(new Uint8Array(bytes), encoding);
		assert.ok(decoded.kind === 'text');
		assert.deepEqual([decoded.file.text, textMeta(decoded.file).encoding], [text, name]);
		assert.deepEqual([...encodeText(decoded.file)], bytes);
	};
	check([0xff, 0xfe, 0x61, 0, 0x0d, 0, 0x0a, 0, 0x3d, 0xd8, 0x82, 0xde], undefined, 'a\n🚂', 'utf16le');
	check([0xfe, 0xff, 0, 0x61], 'windows1252', 'a', 'utf16be');
	check([0, 0x61], 'utf16be', 'a', 'utf16be');
	check([0x61], 'utf16be', 'a', 'utf8');
	check([0x80, 0xe9, 0x81], undefined, '€é\x81', 'windows1252');
	check([0x80, 0xe9], 'iso88591', '\x80é', 'iso88591');
	check([0xe9], 'windows1251', 'й', 'windows1251');
	check([0xc1], 'koi8r', 'а', 'koi8r');
	// What is UTF-8 beyond ASCII is no chance; what is ASCII is what the editor says, for what will be added.
	check([0xc3, 0xa9], 'windows1252', 'é', 'utf8');
	check([0x61], 'windows1252', 'a', 'windows1252');
	check([0xef, 0xbb, 0xbf, 0x61], 'windows1252', 'a', 'utf8');
	const unsure = decodeText(new Uint8Array([0xe9]));
	assert.ok(unsure.kind === 'text' && unsure.file.isCharsetUnsure);
	const told = decodeText(new Uint8Array([0xe9]), 'windows1252');
	assert.ok(told.kind === 'text' && !told.file.isCharsetUnsure);
});

test('a character that the encoding of a file does not have is refused, never replaced', () => {
	const decoded = decodeText(new Uint8Array([0xe9]));
	assert.ok(decoded.kind === 'text');
	assert.deepEqual([...encodeText({ ...decoded.file, text: 'é€' })], [0xe9, 0x80]);
	assert.throws(() => encodeText({ ...decoded.file, text: 'é🚂' }), {
		code: 'not-encodable',
		message: /“🚂” \(U\+1F682\), which the encoding of the file, Windows-1252/,
	});
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
	const encodings = fc.constantFrom(
		...[undefined, 'utf8', 'utf8bom', 'utf16le', 'utf16be', 'windows1252', 'iso88591', 'iso88592', 'windows1251'],
		...['koi8r', 'macroman', 'gbk', 'shiftjis', 'cp437'],
	);
	fc.assert(
		fc.property(anyBytes, encodings, (bytes, encoding) => {
			const decoded = decodeText(bytes, encoding);
			if (decoded.kind === 'text') assert.deepEqual([...encodeText(decoded.file)], [...bytes]);
		}),
		{ numRuns: 3_000 },
	);
});

test('property: an edit that changes one line leaves all other bytes as they are', () => {
	let texts = 0;
	fc.assert(
		fc.property(anyBytes, fc.nat(20), fc.constantFrom(undefined, 'windows1252', 'utf16le'), (bytes, line, encoding) => {
			const decoded = decodeText(bytes, encoding);
			if (decoded.kind !== 'text') return;
			texts++;
			const { file } = decoded;
			// As a model sees it: one kind of line end.
			const lines = (file.eol === 'mixed' ? toLf(file.text) : file.text).split('\n');
			const at = line % lines.length;
			lines[at] = `Q${lines[at]}`;
			const after = encodeText({ ...file, text: ownLineEnds(file, lines.join('\n')) });
			const added = [...encodeText({ ...file, bom: false, text: 'Q' })];
			const place = bytes.findIndex((byte, index) => byte !== after[index]);
			const from = (place < 0 ? bytes.length : place) - (added.length - 1);
			const found = [from, from + 1].some(
				(start) =>
					start >= 0 &&
					added.every((byte, index) => after[start + index] === byte) &&
					Buffer.from(bytes).equals(Buffer.concat([after.subarray(0, start), after.subarray(start + added.length)])),
			);
			assert.ok(found, `${Buffer.from(bytes).toString('hex')} became ${Buffer.from(after).toString('hex')}`);
		}),
		{ numRuns: 3_000 },
	);
	assert.ok(texts > 1_000, `only ${texts} texts`);
});
