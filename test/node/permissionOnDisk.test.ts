/**
 * Permission decided on a real disk: whatever way a path takes to a protected place (links, `..`, case), the call is asked about in every
 * mode and against every rule, and no write gets there without.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decide } from '../../src/core/permission/decide.ts';
import { createDiskWorkspace } from '../../src/node/files/diskWorkspace.ts';

const EVERYTHING = [
	'Bash',
	'Read',
	'Edit',
	'Write',
	'Grep',
	'Glob',
	'Edit(**)',
	'Write(**)',
	'Edit(//**)',
	'Write(//**)',
];
const MODES = ['ask', 'acceptEdits', 'auto'] as const;

let base = '';
let root = '';
before(() => {
	base = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-permission-')));
	root = join(base, 'w');
	for (const folder of ['src/deep', '.vscode', '.claude/hooks', '.git/hooks', 'sub/.git'])
		mkdirSync(join(root, folder), { recursive: true });
	mkdirSync(join(base, 'outside'));
	mkdirSync(join(base, 'w-other'));
	writeFileSync(join(root, 'src', 'a.js'), '');
	const link = (target: string, path: string) => symlinkSync(target, join(root, path));
	link('.git', 'notgit');
	link('../.vscode', 'src/editor');
	link('.claude', 'settings');
	link('..', 'src/up');
	link('../outside', 'vendor');
	link(join(base, 'outside'), 'src/absolute');
	link('../nowhere', 'dangling');
	link('src/absolute', 'chain');
	link('src/a.js', 'leaf.js');
	link('../outside/new.txt', 'leaf-out.txt');
	link('src', 'plain');
});
after(() => rmSync(base, { recursive: true, force: true }));

async function decisions(path: string, tool: 'Write' | 'Read'): Promise<readonly string[]> {
	const workspace = createDiskWorkspace({ roots: () => [{ name: 'w', path: root }], isTrusted: () => true });
	const resolved = await workspace.resolve(path.replace('BASE', base), join(root, 'src'));
	return MODES.map((mode) => {
		const decision = decide({
			tool,
			effect: tool === 'Write' ? 'write' : 'read',
			target: { kind: 'path', path, resolved },
			mode,
			rules: { allow: EVERYTHING, ask: [], deny: [] },
			sessionRules: EVERYTHING,
		});
		// A question that offers a rule could be answered once and for all.
		return 'rule' in decision ? `${decision.kind} with a rule` : decision.kind;
	});
}

describe('always asked, in every mode and against every rule: writing', () => {
	for (const path of [
		'../.vscode/settings.json',
		'../.VSCODE/tasks.json',
		'deep/../../.vscode/new/folder/file',
		'BASE/w/.vscode/settings.json',
		'BASE/w/src/../.Vscode/settings.json',
		'editor/settings.json',
		'up/.vscode/settings.json',
		'up/src/editor/settings.json',
		'../notgit/hooks/pre-commit',
		'../.git/config',
		'../.Git/hooks/post-checkout',
		'../.git',
		'../sub/.git/config',
		'../settings/settings.json',
		'../.claude/settings.local.json',
		'../.mcp.json',
		'../.MCP.json',
		'deep/.mcp.json',
		'../.bashrc',
		'../.envrc',
		'../project.code-workspace',
		'../.v\u017fcode/settings.json',
		'../vendor/new.txt',
		'absolute/new.txt',
		'../chain/new.txt',
		'../dangling/new.txt',
		'../leaf.js',
		'../leaf-out.txt',
		'../../outside/new.txt',
		'BASE/w-other/file',
		'BASE/outside/new.txt',
		'/etc/passwd',
		'~/.profile',
	])
		test(JSON.stringify(path), async () => assert.deepEqual(await decisions(path, 'Write'), ['ask', 'ask', 'ask']));
});

describe('always asked: reading', () => {
	for (const path of ['../vendor/x', 'absolute/x', '../../outside/x', '/etc/passwd', '../.env', '~/.netrc'])
		test(path, async () => assert.deepEqual(await decisions(path, 'Read'), ['ask', 'ask', 'ask']));
});

describe('not asked with such rules, so that the question above means something: writing', () => {
	for (const path of [
		'a.js',
		'new.js',
		'../plain/a.js',
		'up/src/a.js',
		'../.github/workflow.yml',
		'BASE/w/x',
		'../.gitignore',
	])
		test(path, async () => assert.deepEqual(await decisions(path, 'Write'), ['allow', 'allow', 'allow']));
});
