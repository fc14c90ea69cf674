/** Folders of many files: every file once, at its place, with counts that add up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RewindFile } from '../../../src/protocol/toPanel.ts';
import { nodesBelow } from '../../../webview/rewind/fileTree.ts';
import { rewindFile } from '../harness/rewindSamples.ts';

const filesAt = (...paths: readonly string[]) => paths.map((path) => rewindFile({ path, key: path, addedLines: 2 }));
const shape = (files: readonly RewindFile[], prefix = '') =>
	nodesBelow(files, prefix).map((node) =>
		node.kind === 'file' ? node.file.path : `${node.name}/ ${node.files.length} +${node.addedLines}`,
	);

test('folders come first, each with what is below it', () => {
	const files = filesAt('z.ts', 'src/b.ts', 'src/deep/c.ts', 'a.ts', 'docs/x.md');
	assert.deepEqual(shape(files), ['docs/ 1 +2', 'src/ 2 +4', 'a.ts', 'z.ts']);
	assert.deepEqual(
		shape(
			files.filter((file) => file.path.startsWith('src/')),
			'src/',
		),
		['deep/ 1 +2', 'src/b.ts'],
	);
});

test('a folder that holds one folder alone is one row with it', () => {
	assert.deepEqual(shape(filesAt('a/b/c/1.ts', 'a/b/c/d/2.ts')), ['a/b/c/ 2 +4']);
});

test('every file is found once, however the folders are nested', () => {
	const path = fc
		.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 5 })
		.map((parts) => `${parts.join('/')}.ts`);
	const walk = (files: readonly RewindFile[], prefix: string): string[] =>
		nodesBelow(files, prefix).flatMap((node) => {
			if (node.kind === 'file') return [node.file.path];
			assert.ok(node.path.startsWith(prefix) && node.path.length > prefix.length);
			return walk(node.files, node.path);
		});
	fc.assert(
		fc.property(fc.uniqueArray(path, { maxLength: 40 }), (paths) => {
			assert.deepEqual(walk(filesAt(...paths), '').sort(), [...paths].sort());
		}),
	);
});
