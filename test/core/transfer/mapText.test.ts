/** Texts that leave a machine or come to it: paths there and back, credentials gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mapStrings, pathMap } from '../../../src/core/transfer/mapText.ts';
import { createRedaction } from '../../../src/core/transfer/redaction.ts';

const redaction = (
	roots: readonly { name: string; path: string }[],
	home: string,
	knownSecrets: readonly string[] = [],
) => createRedaction({ isRedacted: true, roots, home, knownSecrets });

test('a folder counts only where its path ends, the longest first', () => {
	const { text } = redaction(
		[
			{ name: 'app', path: '/home/ann/app' },
			{ name: 'lib', path: '/home/ann/app/lib' },
		],
		'/home/ann',
	);
	assert.equal(text('/home/ann/app/lib/x /home/ann/app, /home/ann/app.'), '{folder:lib}/x {folder:app}, {folder:app}.');
	assert.equal(
		text('/home/ann/app-old /home/ann/app.js /home/annabel'),
		'{home-folder}/app-old {home-folder}/app.js /home/annabel',
	);
	assert.equal(text('file:///home/ann/app/a b -I/home/ann/inc'), 'file://{folder:app}/a b -I{home-folder}/inc');
});

test('a Windows path goes in all its spellings', () => {
	const { text } = redaction([{ name: 'app', path: 'C:\\Users\\Ann\\app' }], 'C:\\Users\\Ann');
	const spellings = 'C:\\Users\\Ann\\app\\x c:/Users/Ann/app/x {"p":"C:\\\\Users\\\\Ann\\\\y"}';
	assert.equal(text(spellings), '{folder:app}\\x {folder:app}/x {"p":"{home-folder}\\\\y"}');
});

test('two folders of one name stay two', () => {
	const { paths } = redaction(
		[
			{ name: 'app', path: '/a/app' },
			{ name: 'app', path: '/b/app' },
		],
		'',
	);
	assert.deepEqual(
		paths.map(({ from }) => from),
		['{folder:app}', '{folder:app-2}'],
	);
});

test('what was redacted comes back under the folders of the other machine', () => {
	const word = fc.string({
		unit: fc.constantFrom('a', '/', '.', ' ', '-', 'app', '/home/ann/app', '/home/ann'),
		maxLength: 12,
	});
	const property = fc.property(word, (text) => {
		const made = redaction([{ name: 'app', path: '/home/ann/app' }], '/home/ann');
		const same = pathMap(
			made.paths.map(({ from, kind }) => ({ from, to: kind === 'root' ? '/home/ann/app' : '/home/ann' })),
		);
		assert.equal(same(made.text(text)), text);
	});
	fc.assert(property, { numRuns: 500 });
});

test('a configured key goes in any form, a short one stays', () => {
	const { text, value } = redaction([], '', ['se"cret\\key', 'abc']);
	assert.equal(text('x se"cret\\key abc'), 'x [masked: configured key] abc');
	assert.equal(text(JSON.stringify({ k: 'se"cret\\key' })), '{"k":"[masked: configured key]"}');
	assert.deepEqual(value({ 'se"cret\\key': ['se"cret\\key', 1, null] }), {
		'[masked: configured key]': ['[masked: configured key]', 1, null],
	});
});

test('the data of an image is no text', () => {
	const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'SECRET' } };
	const map = (text: string) => text.replaceAll('SECRET', 'x');
	assert.deepEqual(mapStrings({ image, data: 'SECRET' }, map), { image, data: 'x' });
});
