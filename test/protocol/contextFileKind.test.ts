// Which files get help, by their path alone.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { contextFileKind } from '../../src/protocol/contextFileKind.ts';

const CASES: readonly (readonly [path: string, kind: ReturnType<typeof contextFileKind>])[] = [
	['/p/CLAUDE.md', 'memory'],
	['/p/.claude/CLAUDE.md', 'memory'],
	['/p/src/AGENTS.md', 'memory'],
	['/p/CLAUDE.local.md', 'memory'],
	['C:\\p\\CLAUDE.md', 'memory'],
	['/p/.claude/rules/web/style.md', 'rule'],
	['/p/.claude/agents/a.md', 'agent'],
	['/p/.claude/skills/web/test/SKILL.md', 'skill'],
	['/p/.claude/commands/git/commit.md', 'command'],
	['/p/.claude/settings.json', 'settings'],
	['/p/.claude/settings.local.json', 'settings'],
	['/p/.mcp.json', 'mcp'],
	['/p/.vscode/mcp.json', 'vscodeMcp'],
	['/p/mcp.json', undefined],
	['/p/README.md', undefined],
	['/p/MY-CLAUDE.md', undefined],
	['/p/CLAUDE.md.txt', undefined],
	['/p/.claude/skills/web/notes.md', undefined],
	['/p/.claude/agents/a.txt', undefined],
	['/p/.vscode/settings.json', undefined],
];

suite('Context files', () => {
	for (const [path, kind] of CASES) test(`${path}: ${kind ?? 'none'}`, () => assert.equal(contextFileKind(path), kind));
});
