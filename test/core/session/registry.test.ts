import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asSessionId } from '../../../src/base/ids.ts';
import { distinctTitle, parseWindowFile } from '../../../src/core/session/registry.ts';

const session = { sessionId: asSessionId('s1'), title: 'Fix it', state: 'running', since: 5 } as const;
const file = { host: 'h', bootId: 'b', pid: 7, window: 'project', sessions: [session] };

test('a file of a window is read back as it was written, and what is more in it is left alone', () => {
	assert.deepEqual(parseWindowFile(JSON.stringify({ ...file, more: 1 })), file);
});

test('what is cut, damaged or of another form is no file of a window', () => {
	const text = JSON.stringify(file);
	assert.equal(parseWindowFile(text.slice(0, -5)), undefined);
	assert.equal(parseWindowFile(''), undefined);
	assert.equal(parseWindowFile(JSON.stringify({ ...file, pid: 'seven' })), undefined);
	assert.equal(parseWindowFile(JSON.stringify({ ...file, sessions: [{ ...session, state: 'asleep' }] })), undefined);
});

test('a name that another session has gets the first free number', () => {
	assert.equal(distinctTitle('Fix it', []), 'Fix it');
	assert.equal(distinctTitle('Fix it', ['Fix it']), 'Fix it (2)');
	assert.equal(distinctTitle('Fix it', ['fix it ', 'Fix it (2)']), 'Fix it (3)');
	assert.equal(distinctTitle('Fix it (2)', ['Fix it', 'Fix it (2)']), 'Fix it (3)');
	assert.equal(distinctTitle('Cafe\u0301', ['Caf\u00e9']), 'Cafe\u0301 (2)');
});
