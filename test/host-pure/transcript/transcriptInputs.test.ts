import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';

const { label } = createTranscriptInputs(
	() => undefined,
	(path) => path,
);

test('a call of a server’s tool reads as what it is, also when the server is gone', () => {
	assert.deepEqual(label('mcp__booking__book_table', {}), { verb: 'Use', target: 'booking: book_table' });
	assert.deepEqual(label('mcp__a__b__c', { id: 7 }), { verb: 'Use', target: 'a: b__c {"id":7}' });
	assert.equal(label('mcp__a__b', { text: 'x'.repeat(500) }).target.length, 200);
	assert.deepEqual(label('mcp__a', {}), { verb: 'mcp__a', target: '' });
	assert.deepEqual(label('Nothing', undefined), { verb: 'Nothing', target: '' });
	assert.deepEqual(label('mcp__a__b', undefined), { verb: 'Use', target: 'a: b' });
	assert.deepEqual(label('vscode__ticket', { id: 7 }), { verb: 'Use', target: 'ticket {"id":7}' });
	assert.deepEqual(label('ext__acme_tickets__close', {}), { verb: 'Use', target: 'acme_tickets: close' });
});

test('a call whose input still streams begins with the word that its row will have', () => {
	const inputs: Readonly<Record<string, unknown>> = {
		Bash: { command: 'npm test' },
		Grep: { pattern: 'area' },
		Glob: { pattern: '*.ts' },
		BashOutput: { id: 'bg1' },
		KillBash: { id: 'bg1' },
		WebFetch: { url: 'https://example.com' },
		WebSearch: { query: 'area' },
		Diagnostics: {},
		FindTools: { query: 'x' },
		Read: { file_path: 'a' },
		Edit: { file_path: 'a', old_string: 'b', new_string: 'c' },
	};
	for (const [name, input] of Object.entries(inputs))
		assert.equal(label(name, undefined).verb, label(name, input).verb);
});
