/** What a slash command that is no built-in one becomes, and what is offered in the input. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { McpServer } from '../../../src/core/mcp/mcpPorts.ts';
import { instructionFile } from '../../../src/core/skills/instructionFile.ts';
import { readAttachments } from '../../../src/host/prompt/attachments.ts';
import { createCustomCommands } from '../../../src/host/prompt/customCommands.ts';
import { readSubmission } from '../../../src/host/prompt/readSubmission.ts';
import { createMemoryWorkspace } from '../../fakes/memoryWorkspace.ts';

const place = { folder: '/w/.claude/commands', scope: 'project' } as const;
const files = [
	instructionFile({ ...place, kind: 'skill', name: 'both' }, 'The skill.'),
	instructionFile({ ...place, kind: 'skill', name: 'hidden' }, '---\nuser-invocable: false\n---\nThe skill.'),
	instructionFile({ ...place, kind: 'command', name: 'both' }, 'The command.'),
	instructionFile({ ...place, kind: 'command', name: 'hidden' }, 'The command.'),
	instructionFile(
		{ ...place, kind: 'command', name: 'deep' },
		'---\neffort: high\nmodel: opus\narguments: [issue]\ndisable-model-invocation: false\n---\nFix $issue.',
	),
	instructionFile(
		{ ...place, kind: 'command', name: 'deputy' },
		'---\ncontext: fork\nagent: Explore\nmodel: haiku\neffort: low\nhooks: {}\n---\nLook at $0.',
	),
	instructionFile({ ...place, kind: 'command', name: 'review' }, '---\nargument-hint: file\n---\nReview $0.'),
	instructionFile({ ...place, kind: 'command', name: 'keys' }, 'See @.env'),
	instructionFile({ ...place, kind: 'command', name: 'named' }, '---\narguments: [part]\n---\nSee @$part.env'),
	instructionFile({ ...place, kind: 'command', name: 'pieces' }, 'See @conf/own$ARGUMENTS.txt'),
	instructionFile({ ...place, kind: 'command', name: 'empty' }, ''),
	instructionFile({ ...place, kind: 'skill', name: 'commit' }, '---\nuser-invocable: false\n---\nx'),
];
const prompt = {
	name: 'greet',
	callName: 'mcp__demo__greet',
	description: 'Greets\nsomebody',
	arguments: [
		{ name: 'who', isRequired: true },
		{ name: 'how', isRequired: false },
	],
};

function world(changes: { isTrusted?: boolean; answer?: string | undefined; said?: string } = {}) {
	const asked: string[] = [];
	const got: unknown[] = [];
	const state = { get: () => undefined, update: async () => undefined };
	const commands = createCustomCommands({
		...{ blobs: { hash: (bytes) => String(bytes.length) as never }, workspaceState: state, globalState: state },
		outside: { loadInstructionFiles: async () => files, homeFolder: '/home' },
		roots: () => [],
		isTrusted: () => changes.isTrusted ?? true,
		mcp: () => ({
			list: () => [{ name: 'demo', prompts: [prompt] } as unknown as McpServer],
			async getPrompt(...args) {
				got.push(args.slice(0, 3));
				return [{ role: 'user', content: { kind: 'text', text: changes.said ?? 'Hello.' } }];
			},
		}),
		secretFiles: () => ['conf/*.txt'],
		async askArgument(_, { name }) {
			asked.push(name);
			return changes.answer;
		},
	});
	return { asked, got, commands, read: (line: string) => commands.read(line, {}, new AbortController().signal) };
}

test('a skill comes before a command of the same name, and the row names it as it was typed', async () => {
	assert.deepEqual(await world().read('/review  a.js'), {
		kind: 'prompt',
		text: 'Review a.js.',
		command: { name: 'review', argument: 'a.js' },
	});
	for (const [line, expected] of [
		['/both', /^The skill\./],
		['/hidden', /^The command\./],
	] as const) {
		const meaning = await world().read(line);
		assert.ok(meaning.kind === 'prompt');
		assert.match(meaning.text, expected);
	}
});

test('model, effort and names of arguments come from the file; a command is for the agent only where its file says so', async () => {
	assert.deepEqual(await world().read('/deep 12'), {
		kind: 'prompt',
		text: 'Fix 12.',
		command: { name: 'deep', argument: '12', model: { wanted: 'opus' }, tuning: { effort: 'high' } },
	});
	const deputy = await world().read('/deputy src');
	assert.ok(deputy.kind === 'prompt');
	assert.equal(deputy.text, '[/deputy src: the report of the agent explore]');
	const { notes = [], ...command } = deputy.command;
	assert.deepEqual(command, {
		...{ name: 'deputy', argument: 'src' },
		fork: { kind: 'explore', prompt: 'Look at src.', model: 'haiku', effort: 'low' },
	});
	assert.match(notes.join(), /^\/deputy: Retrace does not use this of the frontmatter of a command: hooks \(/);
	const offered = (await world().commands.skills.list()).map(({ kind, name }) => `${kind} ${name}`);
	assert.deepEqual(offered, ['skill both', 'skill hidden', 'command deep', 'skill commit']);
});

test('what is no command is text; a name that is not there is told', async () => {
	const { read } = world();
	for (const line of ['hello', '/etc/hosts is wrong', '/ x', '// x', 'see /review'])
		assert.deepEqual(await read(line), { kind: 'text' }, line);
	assert.deepEqual(await read('/nope x'), { kind: 'unknown', name: 'nope' });
	assert.deepEqual(await read('/commit'), { kind: 'unknown', name: 'commit' }, 'not for people');
});

test('a file brings no secret in by itself; what the user names is theirs', async () => {
	const { read } = world();
	await assert.rejects(read('/keys'), { code: 'command-names-secret' });
	assert.equal((await read('/keys @.env')).kind, 'prompt');
	// Put together from pieces, or a secret by the user's own list.
	await assert.rejects(read('/named'), { code: 'command-names-secret', message: / \.env,/ });
	await assert.rejects(read('/pieces x'), { code: 'command-names-secret', message: /conf\/ownx\.txt/ });
	await assert.rejects(read('/empty'), { code: 'empty-command' });
});

test('prompts of servers take what was typed, and ask for what is missing', async () => {
	const typed = world();
	assert.deepEqual(await typed.read('/mcp__demo__greet "Ada L" very politely'), {
		kind: 'prompt',
		text: 'Hello.',
		command: { name: 'mcp__demo__greet', argument: '"Ada L" very politely' },
		isForeign: true,
	});
	assert.deepEqual([typed.asked, typed.got], [[], [['demo', 'greet', { who: 'Ada L', how: 'very politely' }]]]);
	const asking = world({ answer: 'Ada' });
	await asking.read('/mcp__demo__greet');
	assert.deepEqual([asking.asked, asking.got], [['who', 'how'], [['demo', 'greet', { who: 'Ada', how: 'Ada' }]]]);
	const left = world();
	assert.deepEqual(await left.read('/mcp__demo__greet'), { kind: 'cancelled' });
	assert.deepEqual(left.got, []);
});

test('what a server says attaches nothing; what was typed behind its name does', async () => {
	const workspace = createMemoryWorkspace({ '/w/.env': 'KEY=1', '/w/a.js': 'let a;' });
	const { commands } = world({ said: 'Look at @.env and @a.js.' });
	const sent = async (text: string) =>
		(
			await readSubmission(
				{ text, attached: [], isLiteral: false },
				{ workspace, cwd: '/w', digests: async () => undefined, customCommands: commands },
			)
		).prompt;
	const silent = await sent('/mcp__demo__greet Ada');
	assert.deepEqual([silent?.text, silent?.attachments], ['Look at @.env and @a.js.', []]);
	const named = await sent('/mcp__demo__greet @a.js');
	assert.deepEqual(
		named?.attachments.map(({ name }) => name),
		['a.js'],
	);
	const own = await sent('see @a.js');
	assert.equal(own?.attachments.length, 1);
});

test('a mention brings in nothing from outside, and nothing at all without trust', async () => {
	const workspace = createMemoryWorkspace({ '/w/a.js': 'let a;', '/etc/passwd': 'root' });
	const names = async (text: string, isTrusted = true) =>
		(await readAttachments(text, [], { ...workspace, isTrusted }, '/w')).map(({ name }) => name);
	assert.deepEqual(await names('see @../etc/passwd, @/etc/passwd and @a.js'), ['a.js']);
	assert.deepEqual(await names('see @a.js', false), []);
});

test('all of them are offered with what they need, and none where the folder is not trusted', async () => {
	const shown = await world().commands.list();
	assert.deepEqual(
		shown.map(({ name, hint, origin }) => `${name} ${hint} ${origin}`),
		[
			'both  skill',
			'deep [issue] project',
			'deputy [arguments] project',
			'empty  project',
			'hidden  project',
			'keys  project',
			'mcp__demo__greet <who> [how] mcp',
			'named [part] project',
			'pieces [arguments] project',
			'review file project',
		],
	);
	assert.equal(shown[6]?.detail, 'Greets somebody');
	const untrusted = world({ isTrusted: false });
	assert.deepEqual(await untrusted.commands.list(), []);
	assert.deepEqual(await untrusted.commands.skills.list(), []);
	assert.deepEqual(await untrusted.read('/review a.js'), { kind: 'unknown', name: 'review' });
});
