/** Paths and patterns as models write them, against a real folder: the answer names what was meant. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { rgPath } from '@vscode/ripgrep';
import { isBlobRef } from '../../src/core/session/content.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';
import { createSearch } from '../../src/node/files/ripgrep.ts';
import { createFixture } from '../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../fakes/scriptedModel.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-missing-')));
after(() => rmSync(root, { recursive: true, force: true }));
const isCaseSensitive = process.platform === 'linux';

async function saidTo(calls: readonly (readonly [tool: string, input: Readonly<Record<string, unknown>>])[]) {
	const blocks = calls.map(([tool, input], index) => call(tool, input, `toolu_${index}`));
	const fixture = await createFixture({
		model: createScriptedModel([{ blocks }, { blocks: [text('done')] }]),
		mode: 'auto',
	});
	const roots = [{ name: 'w', path: root }];
	Object.assign(fixture.ports, {
		workspace: createDiskWorkspace({ roots: () => roots, isTrusted: () => true }),
		search: createSearch(rgPath),
	});
	fixture.session.setCwd(root);
	await fixture.run('go');
	return fixture.session.entries.flatMap((entry) => {
		if (entry.type !== 'toolResult') return [];
		const [first] = entry.content;
		return [first && !isBlobRef(first) && 'text' in first ? String(first.text) : ''];
	});
}

describe('a path that names nothing', { skip: process.platform === 'win32' && 'written for POSIX paths' }, () => {
	before(() => {
		mkdirSync(join(root, 'src', 'sub dir'), { recursive: true });
		mkdirSync(join(root, 'app', '[slug]'), { recursive: true });
		writeFileSync(join(root, 'src', 'a.ts'), 'export const area = 1;\n');
		writeFileSync(join(root, 'src', 'sub dir', 'b c.ts'), 'x\n');
		writeFileSync(join(root, 'app', '[slug]', 'page.tsx'), 'x\n');
		writeFileSync(join(root, '.env'), 'KEY=1\n');
	});

	it('is answered with what was meant', async () => {
		const meant: readonly (readonly [path: string, name: string])[] = [
			['a.ts', 'src/a.ts'],
			['/src/a.ts', 'src/a.ts'],
			['/workspace/src/a.ts', 'src/a.ts'],
			['lib/a.ts', 'src/a.ts'],
			['src/a.tsx', 'src/a.ts'],
			['@src/a.ts', 'src/a.ts'],
			['`src/a.ts`', 'src/a.ts'],
			['src/a.ts\n', 'src/a.ts'],
			['src/a.ts:1', 'src/a.ts'],
			['src\\a.ts', 'src/a.ts'],
			['src/sub\\ dir/b\\ c.ts', 'src/sub dir/b c.ts'],
			[pathToFileURL(join(root, 'src/a.ts')).href, 'src/a.ts'],
			...(isCaseSensitive ? ([['src/A.ts', 'src/a.ts']] as const) : []),
		];
		const said = await saidTo(meant.map(([file_path]) => ['Read', { file_path }]));
		for (const [index, [path, name]] of meant.entries())
			assert.ok(said[index]?.endsWith(`Did you mean ${name}?`), `${path}: ${said[index]}`);
	});

	it('is looked for with Glob where nothing is like it, and in every tool that takes one', async () => {
		const said = await saidTo([
			['Read', { file_path: 'zebra.txt' }],
			['Edit', { file_path: 'a.ts', old_string: 'x', new_string: 'y' }],
			['Grep', { pattern: 'area', path: 'a.ts' }],
			['Grep', { pattern: 'area', path: 'src/*.ts' }],
		]);
		assert.match(said[0] ?? '', /Use Glob, e\.g\. \*\*\/zebra\.txt/);
		assert.match(said[1] ?? '', /Did you mean src\/a\.ts\? Or use Write/);
		assert.match(said[2] ?? '', /Did you mean src\/a\.ts\?/);
		assert.match(said[3] ?? '', /Put a pattern for names into .* glob \(Grep\)/);
	});

	it('as a model writes it leads to the file whose name cannot be typed', async () => {
		writeFileSync(join(root, 'cafe\u0301.txt'), 'accent\n');
		writeFileSync(join(root, 'Shot 3.45\u202fPM.txt'), 'narrow\n');
		const said = await saidTo([
			['Read', { file_path: 'caf\u00e9.txt' }],
			['Read', { file_path: 'Shot 3.45 PM.txt' }],
			['Edit', { file_path: 'caf\u00e9.txt', old_string: 'accent', new_string: 'edited' }],
			['Read', { file_path: 'Shot 4.45 PM.txt' }],
		]);
		assert.deepEqual(said.slice(0, 2), ['1\taccent', '1\tnarrow']);
		assert.equal(readFileSync(join(root, 'cafe\u0301.txt'), 'utf8'), 'edited\n');
		assert.match(said[3] ?? '', /does not exist/);
		rmSync(join(root, 'cafe\u0301.txt'));
	});

	it('is no question about files elsewhere', async () => {
		const said = await saidTo([['Read', { file_path: '/etc/passwdx' }]]);
		assert.doesNotMatch(said[0] ?? '', /Did you mean/);
	});

	it('in patterns is taken as meant', async () => {
		const said = await saidTo([
			['Glob', { pattern: 'app/[slug]/page.tsx' }],
			['Glob', { pattern: `${root}/src/**/*.ts` }],
			['Glob', { pattern: '/src/*.ts' }],
			['Glob', { pattern: '../*.ts' }],
			['Glob', { pattern: 'src' }],
			['Grep', { pattern: 'area', path: 'src', glob: 'src/*.ts' }],
			['Grep', { pattern: 'KEY=' }],
			['Grep', { pattern: 'area(' }],
			['Grep', { pattern: '(?<=x)y' }],
			['Grep', { pattern: 'a\\nb' }],
		]);
		assert.equal(said[0], 'app/[slug]/page.tsx');
		assert.deepEqual((said[1] ?? '').split('\n').sort(), ['src/a.ts', 'src/sub dir/b c.ts']);
		assert.equal(said[2], 'src/a.ts');
		assert.match(said[3] ?? '', /taken from path/);
		assert.match(said[4] ?? '', /with \/\*\* behind it/);
		assert.match(said[5] ?? '', /glob is taken from src/);
		assert.match(said[6] ?? '', /files that may hold secrets are left out/);
		assert.match(said[7] ?? '', /set literal\.$/);
		assert.match(said[8] ?? '', /rg -P with Bash/);
		assert.doesNotMatch(said[8] ?? '', /--pcre2/);
		assert.match(said[9] ?? '', /One line is looked at at a time/);
	});
});
