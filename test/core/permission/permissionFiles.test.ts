import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileRules, grantText, joinRules } from '../../../src/core/permission/permissionFiles.ts';

const NONE = { allow: [], ask: [], deny: [] };

test('rules of a settings file are read one by one', () => {
	const read = (value: unknown) => fileRules(JSON.stringify(value));
	assert.deepEqual(read({ permissions: { allow: ['Bash(ls)', 3, ''], deny: ['Read(x)'] } }), {
		allow: ['Bash(ls)'],
		ask: [],
		deny: ['Read(x)'],
	});
	assert.deepEqual(read({}), NONE);
	assert.deepEqual(read({ permissions: 3 }), NONE);
	assert.deepEqual(read({ permissions: { deny: 'Bash', allow: ['Bash'] } }), { ...NONE, allow: ['Bash'] });
	assert.deepEqual(
		read({ permissions: { deny: ['Bash(rm *)', 'Bash(git push *)', 'Bash(a b*)', 'Bash(*)', 'Read(a *)'] } }),
		{ ...NONE, deny: ['Bash(rm:*)', 'Bash(git push:*)', 'Bash(a b*)', 'Bash(*)', 'Read(a *)'] },
		'a star behind a space is how other programs write it',
	);
	assert.equal(read([]), undefined);
	assert.equal(fileRules('{'), undefined);
});

test('what is agreed to is what grants, in any order', () => {
	assert.equal(
		grantText({ allow: ['b', 'a', 'b'], ask: [], deny: ['c'] }),
		grantText({ allow: ['a', 'b'], ask: ['d'], deny: [] }),
	);
	assert.notEqual(grantText({ ...NONE, allow: ['a'] }), grantText({ ...NONE, allow: ['a', 'b'] }));
	assert.notEqual(grantText({ ...NONE, allow: ['a\nb'] }), grantText({ ...NONE, allow: ['a', 'b'] }));
});

test('rules of several places only add', () => {
	assert.deepEqual(
		joinRules([
			{ ...NONE, allow: ['a'], secrets: ['s'] },
			{ ...NONE, allow: ['b'], deny: ['c'] },
		]),
		{
			allow: ['a', 'b'],
			ask: [],
			deny: ['c'],
			secrets: ['s'],
		},
	);
});
