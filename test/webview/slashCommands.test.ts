/** Slash commands: what is one, and what each stands for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchingCommands, meaningOf, parseSlash } from '../../webview/slashCommands.ts';
import { head, items } from './harness/samples.ts';

const state = { head, items };

test('only a lone word after the slash is a command', () => {
	const check = (line: string, expected: ReturnType<typeof parseSlash>) =>
		assert.deepEqual(parseSlash(line), expected, line);
	check('/rewind', { name: 'rewind', argument: '' });
	check('/Rewind  ', { name: 'rewind', argument: '' });
	check('/mode accept edits', { name: 'mode', argument: 'accept edits' });
	check('/etc/hosts is wrong', null);
	check('/', null);
	check('// comment', null);
	check(' /rewind', null);
	check('/new\nand more', null);
	check('rewind', null);
});

test('each command stands for a message, a list or a word', () => {
	const check = (line: string, expected: unknown) => assert.deepEqual(meaningOf(line, state), expected, line);
	const post = (message: unknown) => ({ kind: 'post', message });
	check('hello', { kind: 'text' });
	check('/rewind', post({ kind: 'rewind.preview', entryId: '' }));
	check('/context', post({ kind: 'context.show' }));
	check('/doctor', post({ kind: 'session.act', action: 'doctor' }));
	check('/new', post({ kind: 'session.act', action: 'new' }));
	check('/fork', post({ kind: 'session.fork', entryId: 'p2' }));
	check('/mode', { kind: 'choose', list: 'Mode' });
	check('/mode accept edits', post({ kind: 'mode.set', mode: 'acceptEdits' }));
	check('/model', { kind: 'choose', list: 'Model' });
	check('/model sonnet', post({ kind: 'model.set', model: 'claude-sonnet-5' }));
});

test('what cannot be done is said and is an error, so that the text stays', () => {
	for (const line of ['/nope', '/mode fast', '/model unknown']) {
		const meaning = meaningOf(line, state);
		assert.ok(meaning.kind === 'say' && meaning.isError, line);
	}
	const meaning = meaningOf('/fork', { head, items: [] });
	assert.ok(meaning.kind === 'say' && meaning.isError);
	assert.match(meaning.text, /nothing to fork/);
});

test('the list narrows while a command is typed', () => {
	const check = (line: string, expected: readonly string[]) =>
		assert.deepEqual(
			matchingCommands(line).map((command) => command.name),
			expected,
		);
	check('/mo', ['mode', 'model']);
	check('/rew', ['rewind']);
	check('/rewind now', []);
	check('text', []);
	assert.ok(matchingCommands('/').length > 5);
});
