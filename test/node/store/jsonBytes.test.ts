// The bytes are those of JSON.stringify, whatever the object holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonBytes } from '../../../src/node/store/jsonBytes.ts';

const textOf = (object: Record<string, unknown>) => Buffer.from(jsonBytes(object)).toString();

test('any object', () => {
	const value = fc.option(fc.jsonValue({ stringUnit: 'binary' }), { nil: undefined });
	const arrays = fc.array(value, { maxLength: 4 });
	fc.assert(
		fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(value, arrays)), (object) => {
			assert.equal(textOf(object), JSON.stringify(object));
		}),
	);
});

test('what is cut in the middle of a character', () => {
	const object = { messages: [{ text: 'a\ud800b' }, undefined], left: undefined, 'ke’y': '\udc00' };
	assert.equal(textOf(object), JSON.stringify(object));
});
