// What is told about the files that fill the context: each case is a small workspace and the problems of one of its files.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { diagnose } from '../../src/server/diagnose.ts';
import type { Surroundings } from '../../src/server/surroundings.ts';
import { documentIn, smallProject, textIn } from './smallProject.ts';

/** Of each problem: its code, its level and the text it is under. */
async function problemsOf(project: Surroundings, rel: string): Promise<string[]> {
	const document = await documentIn(project, rel);
	const problems = await diagnose(document, project);
	return problems.map(({ code, level, range }) => `${level} ${code}: ${textIn(document.text, range)}`);
}

async function messageOf(files: Record<string, string>, rel: string): Promise<string> {
	const project = smallProject(files);
	const [problem] = await diagnose(await documentIn(project, rel), project);
	return problem?.message ?? '';
}

const CASES: readonly (readonly [
	what: string,
	files: Record<string, string>,
	rel: string,
	expected: readonly string[],
])[] = [
	[
		'imports that are there',
		{ 'CLAUDE.md': 'See @docs/a.md and @README.', 'docs/a.md': 'a', README: 'r' },
		'CLAUDE.md',
		[],
	],
	['a broken import', { 'CLAUDE.md': 'See @docs/a.md.\n' }, 'CLAUDE.md', ['error import-missing: @docs/a.md']],
	['a name that is no import', { 'CLAUDE.md': 'Ask @ada, use @scope/pack.' }, 'CLAUDE.md', []],
	['a broken import in code', { 'CLAUDE.md': '`@docs/a.md`\n\n```\n@docs/b.md\n```\n' }, 'CLAUDE.md', []],
	[
		'an import of itself by way of another',
		{ 'CLAUDE.md': '@docs/a.md', 'docs/a.md': '@../CLAUDE.md' },
		'CLAUDE.md',
		['warning import-cycle: @docs/a.md'],
	],
	['an import of itself', { 'AGENTS.md': '@AGENTS.md' }, 'AGENTS.md', ['warning import-cycle: @AGENTS.md']],
	[
		'a broken import in an imported file',
		{ 'CLAUDE.md': '@docs/a.md', 'docs/a.md': '@b.md' },
		'CLAUDE.md',
		['note import-missing: @docs/a.md'],
	],
	[
		'and in that file itself',
		{ 'CLAUDE.md': '@docs/a.md', 'docs/a.md': '@b.md' },
		'docs/a.md',
		['error import-missing: @b.md'],
	],
	[
		'imports deeper than five',
		{
			'CLAUDE.md': '@1.md',
			'1.md': '@2.md',
			'2.md': '@3.md',
			'3.md': '@4.md',
			'4.md': '@5.md',
			'5.md': '@6.md',
			'6.md': 'x',
		},
		'CLAUDE.md',
		['warning import-tooDeep: @1.md'],
	],
	['an import from outside', { 'CLAUDE.md': '@../other/a.md' }, 'CLAUDE.md', ['note import-refused: @../other/a.md']],

	[
		'an agent as it should be',
		{ '.claude/agents/a.md': '---\nname: a\ndescription: d\ntools: Read, Bash\nmodel: opus\n---\nx' },
		'.claude/agents/a.md',
		[],
	],
	[
		'an agent without frontmatter',
		{ '.claude/agents/a.md': 'x' },
		'.claude/agents/a.md',
		['error frontmatter-missing: '],
	],
	[
		'an agent without a description',
		{ '.claude/agents/a.md': '---\nname: a\n---\nx' },
		'.claude/agents/a.md',
		['error frontmatter-missing: ---'],
	],
	[
		'frontmatter without an end',
		{ '.claude/agents/a.md': '---\nname: a\n' },
		'.claude/agents/a.md',
		['error frontmatter-open: ---'],
	],
	[
		'YAML that is none',
		{ '.claude/agents/a.md': '---\ndescription: [a\n---\nx' },
		'.claude/agents/a.md',
		['error frontmatter-yaml: '],
	],
	[
		'an unknown key',
		{ '.claude/agents/a.md': '---\ndescription: d\ncolour: red\n---\nx' },
		'.claude/agents/a.md',
		['warning frontmatter-key: colour'],
	],
	[
		'a value of another type',
		{
			'.claude/skills/s/SKILL.md':
				'---\nname: s\ndescription: d\nuser-invocable: perhaps\nallowed-tools: {a: 1}\n---\nx',
		},
		'.claude/skills/s/SKILL.md',
		['error frontmatter-value: perhaps', 'error frontmatter-value: {a: 1}'],
	],
	[
		'unknown tools',
		{
			'.claude/agents/a.md':
				'---\ndescription: d\ntools: Read, Bsh, WebFetch, NotebookRead, Agent(explore), mcp__x__y\n---\nx',
		},
		'.claude/agents/a.md',
		['warning tool-unknown: Bsh', 'note tool-unknown: NotebookRead'],
	],
	[
		'unknown tools in a list',
		{ '.claude/commands/c.md': '---\nallowed-tools:\n  - Bash(git status:*)\n  - Raed\n---\nx' },
		'.claude/commands/c.md',
		['warning tool-unknown: Raed'],
	],
	[
		'a model that nobody knows',
		{ '.claude/commands/c.md': '---\nmodel: gpt\n---\nx' },
		'.claude/commands/c.md',
		['note model-unknown: gpt'],
	],
	[
		'a rule for paths',
		{ '.claude/rules/r.md': '---\npaths: src/**/*.ts\n---\nx', 'src/a/b.ts': '' },
		'.claude/rules/r.md',
		[],
	],
	[
		'a rule that leaves the folder',
		{ '.claude/rules/r.md': '---\npaths:\n  - ../src/**\n  - "**/*.ts"\n---\nx', 'a.ts': '' },
		'.claude/rules/r.md',
		['warning glob-impossible: ../src/**'],
	],
	[
		'a rule that only takes away',
		{ '.claude/rules/r.md': '---\npaths: "!a.ts"\n---\nx', 'a.ts': '' },
		'.claude/rules/r.md',
		['warning glob-impossible: "!a.ts"'],
	],
	[
		'a rule for files that are not there',
		{ '.claude/rules/r.md': '---\npaths: src/**\n---\nx' },
		'.claude/rules/r.md',
		['note glob-unmatched: src/**'],
	],
	[
		'two agents of one name',
		{
			'.claude/agents/a.md': '---\nname: same\ndescription: d\n---\nx',
			'.claude/agents/same.md': '---\ndescription: d\n---\nx',
		},
		'.claude/agents/a.md',
		['warning name-twice: same'],
	],
	[
		'a command and a skill of one name',
		{
			'.claude/commands/git/sync.md': 'x',
			'.claude/commands/review.md': 'x',
			'.claude/skills/review/SKILL.md': '---\ndescription: d\n---\nx',
		},
		'.claude/commands/review.md',
		['warning name-twice: x'],
	],
	[
		'a command in a folder, and a name that nothing goes by',
		{
			'.claude/commands/git/review.md': '---\nname: check\n---\nx',
			'.claude/skills/review/SKILL.md': '---\ndescription: d\n---\nx',
		},
		'.claude/commands/git/review.md',
		['note name-unused: check'],
	],
	[
		'what a command, a skill or an agent says that is not done',
		{
			'.claude/commands/a.md': '---\nshell: bash\nhooks: {}\ncontext: fork\nbackground: true\neffort: high\n---\nx',
		},
		'.claude/commands/a.md',
		['note frontmatter-unused: hooks', 'note frontmatter-unused: background'],
	],
	[
		'and of an agent',
		{
			'.claude/agents/a.md':
				'---\ndescription: d\nskills: [x]\neffort: low\nmemory: user\nisolation: worktree\nmcpServers: [x]\n---\nx',
		},
		'.claude/agents/a.md',
		['memory', 'isolation', 'mcpServers'].map((key) => `note frontmatter-unused: ${key}`),
	],
	[
		'names of arguments that cannot be',
		{ '.claude/commands/a.md': '---\narguments: [issue, 2nd, ARGUMENTS]\n---\n$issue' },
		'.claude/commands/a.md',
		['warning argument-name: 2nd', 'warning argument-name: ARGUMENTS'],
	],
	[
		'arguments that are counted from 1',
		{ '.claude/commands/a.md': '---\nargument-hint: [file] [why]\n---\nIt costs \\$1 and $1.50: see $1 and $2' },
		'.claude/commands/a.md',
		['note argument-from-one: $1'],
	],
	[
		'arguments that are counted from 0',
		{ '.claude/commands/a.md': 'See $1 of $ARGUMENTS[0]' },
		'.claude/commands/a.md',
		[],
	],
	[
		'agents of one name in two projects',
		{
			'one/.claude/agents/a.md': '---\ndescription: d\n---\nx',
			'two/.claude/agents/a.md': '---\ndescription: d\n---\nx',
		},
		'one/.claude/agents/a.md',
		[],
	],

	[
		'servers as they should be',
		{
			'.mcp.json': '{"mcpServers": {"a": {"command": "x", "args": ["y"]}, "b": {"type": "http", "url": "https://b"}}}',
		},
		'.mcp.json',
		[],
	],
	['no servers', { '.mcp.json': '{"servers": {}}' }, '.mcp.json', ['error mcp-shape: {']],
	[
		'servers of no shape',
		{ '.mcp.json': '{"mcpServers": {"a": {"args": "y"}, "b c": {"command": "x"}, "d": {"url": "https://d"}, "e": 3}}' },
		'.mcp.json',
		[
			'error mcp-shape: "a"',
			'error mcp-shape: "y"',
			'error mcp-shape: {"command": "x"}',
			'error mcp-shape: "d"',
			'error mcp-shape: 3',
		],
	],
	[
		'servers in the form of VS Code',
		{
			'.vscode/mcp.json': `{"servers": {"My files": {"command": "x", "env": {"K": "\${input:key}"}}, "b": {"url": "https://b"}}, "inputs": [{"id": "key", "type": "promptString", "password": true}]}`,
		},
		'.vscode/mcp.json',
		[],
	],
	[
		'what is wrong in that form',
		{
			'.vscode/mcp.json': `{"servers": {"a": {"args": []}, "b": {"command": "x", "args": ["\${input:other}"]}}, "inputs": [{"id": "key", "type": "text"}]}`,
		},
		'.vscode/mcp.json',
		['error mcp-shape: "text"', 'error mcp-shape: "a"', `error mcp-input: \${input:other}`],
	],
	[
		'the form of another file',
		{ '.vscode/mcp.json': '{"mcpServers": {}}' },
		'.vscode/mcp.json',
		['error mcp-shape: {'],
	],
	[
		'settings of another type',
		{ '.claude/settings.json': '{"permissions": {"allow": "Read"}, "env": {"A": 1}, "model": true, "mine": 1}' },
		'.claude/settings.json',
		['error settings-shape: "Read"', 'error settings-shape: 1', 'error settings-shape: true'],
	],
	[
		'hooks that would not run',
		{
			'.claude/settings.json': JSON.stringify({
				hooks: {
					PreToolUse: [
						{
							matcher: 'Edit|Write',
							hooks: [
								{ type: 'command', command: 'fmt' },
								{ type: 'prompt', prompt: 'x' },
							],
						},
						{ matcher: '(?!Read).*', hooks: [] },
					],
					WorktreeCreate: [],
				},
			}),
		},
		'.claude/settings.json',
		['warning hook-unused: "prompt"', 'warning hook-unused: "(?!Read).*"', 'warning hook-unused: "WorktreeCreate"'],
	],
	[
		'a rule that a deny in the other file overrules',
		{
			'.claude/settings.local.json': '{"permissions": {"allow": ["Bash(npm test:*)", "Read"]}}',
			'.claude/settings.json': '{"permissions": {"deny": ["Bash(npm:*)"]}}',
		},
		'.claude/settings.local.json',
		['warning rule-shadowed: "Bash(npm test:*)"'],
	],
];

suite('Problems of context files', () => {
	for (const [what, files, rel, expected] of CASES)
		test(what, async () => assert.deepEqual(await problemsOf(smallProject(files), rel), expected));

	test('say what to do', async () => {
		assert.equal(await messageOf({ 'CLAUDE.md': '@a.md' }, 'CLAUDE.md'), '@a.md is not there.');
		assert.equal(
			await messageOf({ '.claude/commands/c.md': '---\nallowed-tools: Raed\n---\nx' }, '.claude/commands/c.md'),
			'There is no tool Raed. Did you mean Read?',
		);
		assert.equal(
			await messageOf({ '.mcp.json': '{"mcpServers": {"a": {"args": []}}}' }, '.mcp.json'),
			'command is missing: command must be a text.',
		);
		assert.equal(
			await messageOf({ 'CLAUDE.md': '@docs/a.md', 'docs/a.md': '@../CLAUDE.md' }, 'CLAUDE.md'),
			'docs/a.md: @../CLAUDE.md imports itself: CLAUDE.md → docs/a.md → CLAUDE.md.',
		);
	});
});
