/** Slash commands: what is one, and what each stands for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calledCommand, matchingCommands, meaningOf, memoryNote, parseSlash } from '../../webview/slashCommands.ts';
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
	check('/permissions', post({ kind: 'session.act', action: 'permissions' }));
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

test('a line behind # is kept, but no heading, no issue number and no text of several lines', () => {
	const check = (line: string, expected: string | null) => assert.equal(memoryNote(line), expected, line);
	check('# use tabs ', 'use tabs');
	check('#use tabs\n', 'use tabs');
	check('#', '');
	check('# ', '');
	for (const line of ['## Heading', '#12 is open', '#!/bin/sh', ' # a', '# Title\ntext', 'a # b', ''])
		check(line, null);
	assert.deepEqual(meaningOf('# use tabs', state), { kind: 'post', message: { kind: 'memory.add', text: 'use tabs' } });
	const empty = meaningOf('#', state);
	assert.ok(empty.kind === 'say' && empty.isError, 'the # stays in the input');
	assert.deepEqual(meaningOf('/memory', state), {
		kind: 'post',
		message: { kind: 'session.act', action: 'memory' },
	});
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

test('custom commands stand beside the built-in ones, by the start of any part of their names', () => {
	const custom = ['git:commit', 'review', 'rewind', 'mcp__demo__greet'].map((name) => ({
		...{ name, detail: '', hint: name === 'review' ? 'file' : '' },
		origin: 'project' as const,
	}));
	const names = (line: string) => matchingCommands(line, custom).map(({ name }) => name);
	assert.deepEqual(names('/re'), ['resume', 'review', 'rewind'], 'a built-in one cannot be replaced');
	assert.deepEqual(names('/comm'), ['git:commit']);
	assert.deepEqual(names('/gcm'), ['git:commit'], 'letters in order, when nothing begins like it');
	assert.deepEqual(names('/mcp__demo'), ['mcp__demo__greet']);
	assert.equal(calledCommand('/review a.js', custom)?.hint, 'file');
	for (const line of ['/review', '/rewind x', '/nope x', 'x /review y'])
		assert.equal(calledCommand(line, custom), undefined);
	const meaning = (line: string, commands: typeof custom | null) => meaningOf(line, { ...state, commands }).kind;
	assert.equal(meaning('/review a.js', custom), 'text');
	assert.equal(meaning('/git:commit', custom), 'text');
	assert.equal(meaning('/nope', custom), 'say');
	assert.equal(meaning('/nope', null), 'text', 'the host knows');
});
