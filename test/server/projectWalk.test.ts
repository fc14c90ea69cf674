// Which files of a workspace the language server knows: context files wherever they are, none in what belongs to others.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { walkProject } from '../../src/server/projectWalk.ts';

suite('Files of a workspace', () => {
	test('context files by their kind; nothing of installed packages, of git, or behind a link', async () => {
		const root = mkdtempSync(join(tmpdir(), 'retrace-walk-'));
		try {
			const outside = join(root, 'outside');
			const project = join(root, 'project');
			const files = [
				'project/CLAUDE.md',
				'project/deep/er/AGENTS.md',
				'project/.claude/agents/a.md',
				'project/.claude/skills/s/SKILL.md',
				'project/src/a.ts',
				'project/node_modules/p/CLAUDE.md',
				'project/.git/AGENTS.md',
				'outside/CLAUDE.md',
			];
			for (const rel of files) {
				mkdirSync(dirname(join(root, rel)), { recursive: true });
				writeFileSync(join(root, rel), 'x');
			}
			symlinkSync(outside, join(project, 'linked'));
			const { contextFiles, all } = await walkProject([project, join(root, 'gone')]);
			assert.deepEqual(contextFiles.map(({ path, kind }) => `${kind} ${path.slice(project.length + 1)}`).sort(), [
				'agent .claude/agents/a.md',
				'memory CLAUDE.md',
				'memory deep/er/AGENTS.md',
				'skill .claude/skills/s/SKILL.md',
			]);
			assert.ok(all?.includes('src/a.ts'));
			assert.ok(!all?.some((path) => /node_modules|\.git\/|linked\//.test(path)));
		} finally {
			rmSync(root, { recursive: true, force: true });
		}
	});
});
