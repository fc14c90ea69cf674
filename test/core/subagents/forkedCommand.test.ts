/** `context: fork`: an agent of the named kind does the command or the skill, and its report is what the session gets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { Prompt, PromptCommand } from '../../../src/core/agent/turnTypes.ts';
import { newestReplies, requestOf } from '../../../src/core/context/pastRequests.ts';
import { grantOf } from '../../../src/core/skills/commandGrant.ts';
import { expandPrompt, reportMark } from '../../../src/core/skills/expandInstruction.ts';
import { type InstructionFile, instructionFile } from '../../../src/core/skills/instructionFile.ts';
import { Transcript } from '../../../src/host/transcript/transcript.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { call, text } from '../../fakes/scriptedModel.ts';
import { createAgentsFixture } from './subagentFixture.ts';

const HEAD =
	'context: fork\nagent: own\nallowed-tools: Bash(make:*)\ndisallowed-tools: WebFetch\neffort: low\nmodel: opus';
const fileOf = (body: string, kind: 'command' | 'skill' = 'command', head = HEAD): InstructionFile =>
	instructionFile({ kind, name: 'check', folder: '/w/.claude/x', scope: 'project' }, `---\n${head}\n---\n${body}`);

/** As the window makes it. */
function promptOf(file: InstructionFile, argument: string): Prompt {
	const { text: prompt, runs } = expandPrompt(file, argument);
	const { agent: kind = '', model, effort } = file;
	const command: PromptCommand = {
		...{ name: 'check', argument, runs, grant: grantOf(file, (words) => `hash of ${words}`) },
		...{ denied: file.disallowedTools, fork: { kind, prompt, model, effort } },
	};
	return { text: reportMark(`/check ${argument}`, kind), attachments: [], command };
}

const scene = async (main: Parameters<typeof createAgentsFixture>[0]['main'], more = {}) => {
	const one = [{ blocks: [call('Bash', { command: 'make all' }, 'a1')] }, { blocks: [text('All is well.')] }];
	const fixture = await createAgentsFixture(
		{ main, agents: { one } },
		{
			...{ mode: 'ask', info: { efforts: ['low', 'high'] } },
			definitions: [{ name: 'own', description: 'd', source: 'project', prompt: 'Be brief.' }],
			permission: async ({ grant, target }) => ({ verdict: grant || target === 'git status' ? 'allowOnce' : 'deny' }),
			shell: (command) => ({ output: command === 'git status' ? 'clean' : 'made' }),
			...more,
		},
	);
	const send = async (prompt: Prompt) =>
		await runTurn(fixture.session, prompt, fixture.ports, () => undefined, fixture.abort.signal);
	return { ...fixture, send };
};

test('a command: what it runs goes to the agent, the report takes the place of the mark, and rules and effort are the agent’s', async () => {
	const { send, requests, session, blobs, commands, asked } = await scene([{ blocks: [text('It is fine.')] }]);
	await send(promptOf(fileOf('State: !`git status`. Check <one> of $ARGUMENTS.'), 'src'));
	const [first] = requests('one');
	assert.match(JSON.stringify(first?.messages), /State: clean\. Check <one> of src\./);
	assert.equal(first?.effort, 'low');
	assert.deepEqual(commands, ['git status', 'make all']);
	assert.deepEqual(
		asked.map(({ tool, grant }) => (grant === undefined ? tool : 'rules')),
		['rules', 'Bash'],
		'the rules that were agreed to hold for the agent',
	);
	const [request] = requests();
	assert.ok(request);
	const said = JSON.stringify(request.messages);
	assert.match(said, /\/check src\\n\\nAn agent \(own\) has done this\. Its report:\\n\\nAll is well\./);
	assert.ok(!said.includes('clean') && !said.includes('<one>'), 'what the agent got is its own');
	assert.equal(request.effort ?? null, null);
	const [reply] = newestReplies(session.entries);
	assert.ok(reply);
	assert.equal(JSON.stringify(await requestOf(reply, session, blobs, '5m')), JSON.stringify(request));
	const told = session.entries.flatMap((entry) => (entry.type === 'notice' ? [entry.text] : []));
	assert.ok(told.some((words) => /agent own asks for the model opus, which is not known/.test(words)));
	const inputs = createTranscriptInputs(
		() => undefined,
		(path) => path,
	);
	const transcript = new Transcript(inputs);
	for (const entry of session.entries) transcript.apply(entry);
	const rows = transcript.rows(false);
	const prompt = rows.find((row) => row.kind === 'prompt');
	assert.equal(prompt?.kind === 'prompt' && prompt.command, '/check src');
	const lane = rows.find((row) => row.kind === 'tool' && row.agent);
	assert.ok(lane?.kind === 'tool' && lane.agent?.agentId === 'own-1');
	assert.deepEqual([lane.agent.state, lane.state], ['done', 'done']);
});

test('a kind that is not there is told, and nothing runs', async () => {
	const { send, requests, commands } = await scene([{ blocks: [text('There is none.')] }]);
	await send(promptOf(fileOf('Check <one>.', 'command', 'context: fork\nagent: nobody'), 'src'));
	assert.match(JSON.stringify(requests()[0]?.messages), /There is no agent_type nobody now/);
	assert.deepEqual(commands, []);
});

test('a skill that the agent chooses: its report is the result', async () => {
	const skill = fileOf('Check <one> of $ARGUMENTS.', 'skill');
	const use = { blocks: [call('Skill', { name: 'check', arguments: 'src' }, 's1')] };
	const { send, results, ports, requests, commands } = await scene([use, { blocks: [text('Done.')] }]);
	Object.assign(ports.services ?? {}, { skills: { list: async () => [skill] } });
	await send({ text: 'go', attachments: [] });
	assert.match(results()[0] ?? '', /^All is well\./);
	assert.equal(requests('one')[0]?.effort, 'low');
	assert.deepEqual(commands, ['make all']);
});

test('agents are named as elsewhere, and general is the one that is meant by none', () => {
	const kind = (head: string) => fileOf('x', 'command', head).agent;
	assert.deepEqual(
		['context: fork', 'context: fork\nagent: Explore', 'context: fork\nagent: general-purpose', 'agent: own'].map(kind),
		['general', 'explore', 'general', undefined],
	);
});
