import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { parseSessionLink } from '../../../src/host/session/sessionLink.ts';

const id = '0198c5f0-1111-7000-8000-000000000001';

test('a link names a session and may bring a text for its input', () => {
	assert.deepEqual(parseSessionLink(`/session/${id}`, ''), { id, prompt: '' });
	assert.deepEqual(parseSessionLink(`/session/${id}`, 'prompt=Fix%20it%0Anow&more=1'), { id, prompt: 'Fix it\nnow' });
});

for (const [what, path, query] of [
	['another path', '/settings', ''],
	['no id', '/session/', ''],
	['a way out of the folder', '/session/../../etc', ''],
	['an encoded way out', '/session/%2e%2e', ''],
	['something behind the id', `/session/${id}/run`, ''],
	['a prompt of any length', `/session/${id}`, `prompt=${'x'.repeat(20_001)}`],
] as const)
	test(`${what} opens nothing`, () => {
		assert.throws(
			() => parseSessionLink(path, query),
			(error) => error instanceof UserError && error.code === 'bad-link',
		);
	});
