/** The frozen start in the pieces that a person knows it by. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prefixTexts } from '../../../src/core/context/prefix.ts';
import { prefixPieces } from '../../../src/core/context/prefixItems.ts';

test('a list of agents is no part of the last memory file', () => {
	const list = '# Further kinds of agents\n\n- reviewer: Reads a change';
	const project = { environment: ['Linux'], memory: [{ path: '/w/CLAUDE.md', text: 'Use tabs.' }] };
	const piecesOf = (lists: readonly string[]) =>
		prefixPieces(prefixTexts([], { ...project, lists })).filter(({ kind }) => kind !== 'system');
	const [environment, memory, ...rest] = piecesOf([list]);
	assert.deepEqual(rest, []);
	assert.equal(environment?.kind, 'environment');
	assert.ok(environment?.text.endsWith(list));
	assert.match(memory?.text ?? '', /## \/w\/CLAUDE\.md\n\nUse tabs\.$/);
	assert.deepEqual(piecesOf([])[1], memory);
});
