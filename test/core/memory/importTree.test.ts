import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { followImports, importProblemText } from '../../../src/core/memory/importTree.ts';

/** Follows from `/w/CLAUDE.md` through files given by name. */
async function follow(files: Readonly<Record<string, string>>, included?: Set<string>) {
	const at = (path: string) => files[path.replace('/w/', '')];
	const tree = await followImports(
		{ path: '/w/CLAUDE.md', text: files['CLAUDE.md'] ?? '', identity: '/w/CLAUDE.md' },
		{
			read: async (path) => {
				const text = at(path);
				if (text === 'BINARY') return { kind: 'refused', reason: 'is no text file' };
				return text === undefined ? { kind: 'missing' } : { kind: 'text', text, identity: path };
			},
			homeFolder: '/home/u',
			...(included ? { included } : {}),
		},
	);
	return {
		...tree,
		names: tree.files.map(({ path }) => path.replace('/w/', '')),
		words: tree.problems.map(importProblemText),
	};
}

describe('following imports', () => {
	test('each file comes once, behind the one that names it first', async () => {
		const { files, names, problems } = await follow({
			'CLAUDE.md': '@a.md @d/b.md @a.md',
			'a.md': 'a @c.md',
			'd/b.md': 'b @../c.md',
			'c.md': 'c',
		});
		assert.deepEqual(names, ['a.md', 'c.md', 'd/b.md']);
		assert.deepEqual(files[1], { path: '/w/c.md', text: 'c', importedBy: '/w/a.md', depth: 2 });
		assert.deepEqual(problems, []);
	});

	test('a cycle is named with its files', async () => {
		const { names, words } = await follow({ 'CLAUDE.md': '@a.md', 'a.md': '@b.md', 'b.md': '@a.md @CLAUDE.md' });
		assert.deepEqual(names, ['a.md', 'b.md']);
		assert.deepEqual(words, [
			'@a.md imports itself: /w/a.md → /w/b.md → /w/a.md.',
			'@CLAUDE.md imports itself: /w/CLAUDE.md → /w/a.md → /w/b.md → /w/CLAUDE.md.',
		]);
	});

	test('at most five deep', async () => {
		const chain = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`${n}.md`, `@${n + 1}.md`]));
		const { names, words } = await follow({ ...chain, 'CLAUDE.md': '@0.md' });
		assert.deepEqual(names, ['0.md', '1.md', '2.md', '3.md', '4.md']);
		assert.deepEqual(words, ['@5.md is more than 5 imports deep, so it is left out.']);
	});

	test('what is not there is said of certain imports only, what is not read of all', async () => {
		const { names, words } = await follow({
			'CLAUDE.md': '@gone.md @scope/package @alice @pic.png @x',
			x: 'x',
			'pic.png': 'BINARY',
		});
		assert.deepEqual(names, ['x']);
		assert.deepEqual(words, ['@gone.md is not there.', '@pic.png is no text file.']);
	});

	test('what another file brought in does not come again', async () => {
		const included = new Set(['/w/a.md']);
		assert.deepEqual((await follow({ 'CLAUDE.md': '@a.md @b.md', 'a.md': 'a', 'b.md': 'b' }, included)).names, [
			'b.md',
		]);
		assert.ok(included.has('/w/b.md'));
	});

	test('for any files: each once, all of them reachable, and it ends', async () => {
		const names = ['CLAUDE.md', 'a.md', 'b.md', 'c.md', 'd.md', 'e.md', 'f.md', 'g.md'];
		const edges = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), { maxLength: 24 });
		await fc.assert(
			fc.asyncProperty(edges, async (pairs) => {
				const files = Object.fromEntries(
					names.map((name) => [name, pairs.flatMap(([from, to]) => (from === name ? [`@${to}`] : [])).join(' ')]),
				);
				const tree = await follow(files);
				assert.equal(new Set(tree.names).size, tree.names.length);
				assert.ok(!tree.names.includes('CLAUDE.md'));
				for (const { path, importedBy, depth } of tree.files) {
					assert.ok(files[importedBy.replace('/w/', '')]?.includes(`@${path.replace('/w/', '')}`));
					assert.ok(depth >= 1 && depth <= 5);
				}
				for (const { kind, chain } of tree.problems) if (kind === 'cycle') assert.equal(chain?.[0], chain?.at(-1));
			}),
		);
	});
});
