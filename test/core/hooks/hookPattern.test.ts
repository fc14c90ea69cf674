import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readMatcher } from '../../../src/core/hooks/hookPattern.ts';
import { workedMs } from '../../fakes/patience.ts';

const NAMES = [
	'Bash',
	'Edit',
	'MultiEdit',
	'Write',
	'NotebookEdit',
	'mcp__files__read',
	'mcp__files__write_all',
	'Read',
	'',
];

const matches = (matcher: string) => NAMES.filter((name) => readMatcher(matcher)?.(name));

describe('matcher of a hook', () => {
	test('names alone mean just these', () => {
		assert.deepEqual(matches('Edit'), ['Edit']);
		assert.deepEqual(matches('Edit|Write'), ['Edit', 'Write']);
		assert.deepEqual(matches('Edit, Write'), ['Edit', 'Write']);
		assert.deepEqual(matches('mcp__files__read'), ['mcp__files__read']);
	});

	test('empty and * mean all', () => {
		for (const all of ['', '*', '  ']) assert.deepEqual(matches(all), NAMES);
	});

	test('expressions are found anywhere', () => {
		assert.deepEqual(matches('.*Edit'), ['Edit', 'MultiEdit', 'NotebookEdit']);
		assert.deepEqual(matches('^Edit$'), ['Edit']);
		assert.deepEqual(matches('mcp__.*__write.*'), ['mcp__files__write_all']);
		assert.deepEqual(matches('^(?:Multi|Notebook)Edit$'), ['MultiEdit', 'NotebookEdit']);
		assert.deepEqual(matches('^[BR]\\w{3}$'), ['Bash', 'Read']);
	});

	test('what is not known is not guessed', () => {
		for (const bad of [
			'(',
			'[a',
			'a**',
			'(?!Read).*',
			'(a)\\1',
			'a{3',
			'a{999}',
			'\\p{L}.',
			'*a',
			'x'.repeat(600),
			'('.repeat(100),
		])
			assert.equal(readMatcher(bad), undefined, bad);
	});

	test('patterns that take a backtracking matcher ages are as fast as others', () => {
		const name = `${'a'.repeat(255)}!`;
		const begun = workedMs();
		for (const slow of [
			'^(a+)+$',
			'^((a*)*)*$',
			'^(a|a)*$',
			'^(a|aa)+$',
			`^${'a?'.repeat(60)}${'a'.repeat(60)}$`,
			'^(((a{1,9}){1,9}){1,9})$',
		])
			readMatcher(slow)?.(name);
		assert.ok(workedMs() - begun < 500);
	});

	test('the same answer as RegExp gives', () => {
		const atom = fc.constantFrom(
			'a',
			'b',
			'.',
			'[ab]',
			'[^a]',
			'\\w',
			'(a|b)',
			'(?:ab|b)',
			'^',
			'$',
			'(ab?)',
			'(a|b*)',
		);
		const piece = fc
			.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '*?'))
			.map(([one, count]) => (one === '^' || one === '$' ? one : one + count));
		const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => `(?:${parts.join('')})`);
		fc.assert(
			fc.property(pattern, fc.stringMatching(/^[abc]{0,8}$/), (text, name) => {
				assert.equal(readMatcher(text)?.(name), new RegExp(text, 's').test(name), text);
			}),
			{ numRuns: 2000 },
		);
	});
});
