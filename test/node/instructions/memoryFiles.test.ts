import assert from 'node:assert/strict';
import {
	chmodSync,
	chownSync,
	mkdirSync,
	mkdtempSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { loadMemory, loadNestedMemory, type MemoryOptions } from '../../../src/node/instructions/memoryFiles.ts';

let base = '';
beforeEach(() => {
	base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-memory-')));
	mkdirSync(join(base, 'home'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function put(path: string, content: string | Uint8Array): void {
	const absolute = join(base, path);
	mkdirSync(dirname(absolute), { recursive: true });
	writeFileSync(absolute, content);
}
const at = (path: string) => join(base, path);
const roots = (names: readonly string[]) => names.map((name) => ({ name, path: at(name) }));
const rel = (path: string) => path.replace(`${base}/`, '');

async function load(names: readonly string[] = ['w'], options: MemoryOptions = {}) {
	const loaded = await loadMemory(roots(names), { homeFolder: at('home'), ...options });
	return { ...loaded, names: loaded.files.map(({ path }) => rel(path)) };
}
async function nested(touched: readonly string[], names: readonly string[] = ['w']) {
	const loaded = await loadNestedMemory(roots(names), touched.map(at), { homeFolder: at('home') });
	return { ...loaded, names: loaded.files.map(({ path }) => rel(path)) };
}

describe('memory files that hold from the start', () => {
	test('come from general to near, with their scopes', async () => {
		put('home/.claude/CLAUDE.md', 'user');
		put('home/.claude/rules/b.md', 'user rule');
		put('home/x/.git/HEAD', '');
		put('home/x/CLAUDE.md', 'above');
		put('home/CLAUDE.md', 'not of this repository');
		put('home/x/w/AGENTS.md', 'agents');
		put('home/x/w/CLAUDE.md', 'claude');
		put('home/x/w/.claude/CLAUDE.md', 'claude in .claude');
		put('home/x/w/.claude/rules/z/a.md', '---\ndescription: x\n---\nrule');
		put('home/x/w/.claude/rules/only.md', '---\npaths: src/**\n---\nrule for paths');
		put('home/x/w/CLAUDE.local.md', 'local');
		put('home/x/w/src/CLAUDE.md', 'nested');
		const { files, names, notices } = await load(['home/x/w']);
		assert.deepEqual(
			files.map(({ path, scope, text }) => [rel(path), scope, text]),
			[
				['home/.claude/CLAUDE.md', 'user', 'user'],
				['home/.claude/rules/b.md', 'user', 'user rule'],
				['home/x/CLAUDE.md', 'parent', 'above'],
				['home/x/w/AGENTS.md', 'project', 'agents'],
				['home/x/w/CLAUDE.md', 'project', 'claude'],
				['home/x/w/.claude/CLAUDE.md', 'project', 'claude in .claude'],
				['home/x/w/.claude/rules/z/a.md', 'project', 'rule'],
				['home/x/w/CLAUDE.local.md', 'local', 'local'],
			],
		);
		assert.deepEqual(notices, []);
		assert.equal(names.length, files.length);
	});

	test('above a folder without a repository go up to the home folder, and elsewhere not up at all', async () => {
		put('home/CLAUDE.md', 'home');
		put('home/a/AGENTS.md', 'a');
		put('home/a/w/CLAUDE.md', 'w');
		put('CLAUDE.md', 'above home');
		put('other/CLAUDE.md', 'other');
		put('other/w/CLAUDE.md', 'w');
		assert.deepEqual((await load(['home/a/w'])).names, ['home/CLAUDE.md', 'home/a/AGENTS.md', 'home/a/w/CLAUDE.md']);
		assert.deepEqual((await load(['other/w'])).names, ['other/w/CLAUDE.md']);
	});

	test('above the top of a repository, or of another owner, are not read', async (context) => {
		put('home/CLAUDE.md', 'home');
		put('home/a/w/.git/HEAD', '');
		put('home/a/w/CLAUDE.md', 'w');
		assert.deepEqual((await load(['home/a/w'])).names, ['home/a/w/CLAUDE.md']);
		put('home/b/CLAUDE.md', 'of somebody else');
		put('home/b/w/CLAUDE.md', 'w');
		if (process.getuid?.() !== 0) return context.diagnostic('only the superuser can give a folder away');
		chownSync(at('home/b'), 12_345, 12_345);
		assert.deepEqual((await load(['home/b/w'])).names, ['home/b/w/CLAUDE.md']);
	});

	test('of several roots share what stands above them', async () => {
		put('x/.git/HEAD', '');
		put('x/CLAUDE.md', 'above');
		put('x/a/CLAUDE.md', 'a');
		put('x/b/CLAUDE.md', 'b');
		assert.deepEqual((await load(['x/a', 'x/b'])).names, ['x/CLAUDE.md', 'x/a/CLAUDE.md', 'x/b/CLAUDE.md']);
	});

	test('bring their imports, each file once', async () => {
		put('w/CLAUDE.md', 'See @AGENTS.md and @docs/a.md, not `@docs/b.md`. Write to me@x.org or @alice.');
		put('w/AGENTS.md', 'agents @docs/a.md');
		put('w/docs/a.md', 'a');
		put('w/docs/b.md', 'b');
		const { files, names, notices } = await load();
		assert.deepEqual(names, ['w/AGENTS.md', 'w/docs/a.md', 'w/CLAUDE.md']);
		assert.equal(files[1]?.importedBy, at('w/AGENTS.md'));
		assert.equal(files[1]?.sizeBytes, 1);
		assert.deepEqual(notices, []);
	});

	test('say what is wrong with their imports', async () => {
		put('w/CLAUDE.md', '@gone.md @a.md @pic.md @./d @d @alice');
		put('w/d/x', '');
		put('w/a.md', '@b.md');
		put('w/b.md', '@a.md');
		put('w/pic.md', Buffer.from([1, 0, 2]));
		const { names, notices } = await load();
		assert.deepEqual(names, ['w/CLAUDE.md', 'w/a.md', 'w/b.md']);
		assert.deepEqual(
			notices.map((text) => text.replaceAll(`${base}/`, '')),
			[
				'CLAUDE.md: @gone.md is not there.',
				'b.md: @a.md imports itself: w/a.md → w/b.md → w/a.md.',
				'CLAUDE.md: @pic.md is no text file.',
				'CLAUDE.md: @./d is a folder, and only files are imported.',
			],
		);
	});

	test('outside the workspace, or with secrets, are imported when the user says so', async () => {
		put('w/CLAUDE.md', '@../shared/a.md @.env');
		put('shared/a.md', 'shared');
		put('w/.env', 'SECRET=1');
		const asked = await load();
		assert.deepEqual(asked.names, ['w/CLAUDE.md']);
		assert.deepEqual(asked.notices, []);
		assert.deepEqual(
			asked.asked.map(({ path, importedBy, reason }) => [rel(path), rel(importedBy), reason]),
			[
				['shared/a.md', 'w/CLAUDE.md', 'is outside the workspace'],
				['w/.env', 'w/CLAUDE.md', 'may hold secrets'],
			],
		);
		const allowed = await load(['w'], { mayImport: (path) => (path === at('shared/a.md') ? 'yes' : 'no') });
		assert.deepEqual(allowed.names, ['w/CLAUDE.md', 'shared/a.md']);
		assert.deepEqual(allowed.notices, ['CLAUDE.md: @.env may hold secrets, so it is not read.']);
		assert.deepEqual(allowed.asked, []);
	});

	test('in the repository around the folder are no foreign ground', async () => {
		put('x/.git/HEAD', '');
		put('x/w/CLAUDE.md', '@../docs/a.md');
		put('x/docs/a.md', 'a');
		assert.deepEqual((await load(['x/w'])).names, ['x/w/CLAUDE.md', 'x/docs/a.md']);
	});

	test('are named when they are cut, binary, elsewhere or not readable', async () => {
		put('w/CLAUDE.md', 'x'.repeat(240 * 1024));
		put('w/AGENTS.md', Buffer.from([65, 0]));
		put('secret', 'secret');
		symlinkSync('../secret', at('w/CLAUDE.local.md'));
		put('w/.claude/rules/a.md', 'a');
		const isRoot = process.getuid?.() === 0;
		if (!isRoot) chmodSync(at('w/.claude/rules/a.md'), 0o000);
		const { names, files, notices } = await load();
		assert.deepEqual(names, ['w/CLAUDE.md', ...(isRoot ? ['w/.claude/rules/a.md'] : [])]);
		assert.equal(files[0]?.sizeBytes, 240 * 1024);
		assert.deepEqual(
			notices.slice(0, 3),
			[
				'AGENTS.md is no text file, so it is left out.',
				'CLAUDE.md is 240 KB: the first 64 KB were taken.',
				...(isRoot ? [] : ['.claude/rules/a.md could not be read (EACCES), so it is left out.']),
				'CLAUDE.local.md is a link that leads out of its folder, so it is left out.',
			].slice(0, 3),
		);
	});

	test('that are too much together are left out from the general end', async () => {
		for (const name of ['a', 'b', 'c', 'd']) put(`w/.claude/rules/${name}.md`, name.repeat(60 * 1024));
		const { names, notices } = await load();
		assert.deepEqual(
			names,
			['b', 'c', 'd'].map((name) => `w/.claude/rules/${name}.md`),
		);
		assert.deepEqual(notices, ['.claude/rules/a.md is left out: all memory files together are over 192 KB.']);
	});

	test('have no credentials in them', async () => {
		put('w/CLAUDE.md', `key: ${'AK'}IA${'A'.repeat(16)}`);
		assert.equal((await load()).files[0]?.text, 'key: [masked: AWS access key]');
	});

	test('of a root that was opened through a link have the names of the link', async () => {
		put('real/CLAUDE.md', '@a.md');
		put('real/a.md', 'a');
		symlinkSync('real', at('w'));
		assert.deepEqual((await load()).names, ['w/CLAUDE.md', 'w/a.md']);
	});
});

describe('memory files that come with a folder or a path', () => {
	test('are those on the way to the file, from the root down', async () => {
		put('w/CLAUDE.md', 'root');
		put('w/src/AGENTS.md', 'src @more.md');
		put('w/src/more.md', 'more');
		put('w/src/api/CLAUDE.md', 'api');
		put('w/src/api/.claude/rules/r.md', 'rule');
		put('w/lib/CLAUDE.md', 'lib');
		put('w/src/api/deep/x.ts', '');
		const { files, names } = await nested(['w/src/api/deep/x.ts']);
		assert.deepEqual(names, [
			'w/src/AGENTS.md',
			'w/src/more.md',
			'w/src/api/CLAUDE.md',
			'w/src/api/.claude/rules/r.md',
		]);
		assert.ok(files.every(({ cause, scope }) => cause === at('w/src/api/deep/x.ts') && scope === 'folder'));
	});

	test('are rules for such paths, of the user, the repository, the project and the folder', async () => {
		put('x/.git/HEAD', '');
		put('home/.claude/rules/u.md', '---\npaths: "**/*.ts"\n---\nuser');
		put('x/.claude/rules/p.md', '---\npaths: w/src/**\n---\nabove');
		put('x/w/.claude/rules/r.md', '---\npaths:\n  - src/*.ts\n---\nroot');
		put('x/w/.claude/rules/no.md', '---\npaths: "*.md"\n---\nno');
		put('x/w/.claude/rules/always.md', 'always');
		put('x/w/src/.claude/rules/n.md', '---\npaths: "*.ts"\n---\nnested');
		put('x/w/src/a.ts', '');
		const { names, files } = await nested(['x/w/src/a.ts'], ['x/w']);
		assert.deepEqual(names, [
			'home/.claude/rules/u.md',
			'x/.claude/rules/p.md',
			'x/w/.claude/rules/r.md',
			'x/w/src/.claude/rules/n.md',
		]);
		assert.equal(files[2]?.text, 'root');
	});

	test('are none for files that are elsewhere or right in the root', async () => {
		put('w/CLAUDE.md', 'root');
		put('w/a.ts', '');
		put('other/CLAUDE.md', 'other');
		put('other/a.ts', '');
		symlinkSync('../other', at('w/link'));
		assert.deepEqual((await nested(['w/a.ts', 'other/a.ts', 'w/link/a.ts', 'w/gone/a.ts'])).names, []);
	});
});
