/** What the file of an agent asks for: it is done, or it is said that it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instructionFile } from '../../../src/core/skills/instructionFile.ts';
import type { AgentDefinition } from '../../../src/core/subagents/agentDefinition.ts';
import { skillsFor } from '../../../src/core/subagents/agentSkills.ts';
import { text } from '../../fakes/scriptedModel.ts';
import { agentCall, createAgentsFixture } from './subagentFixture.ts';

const own: AgentDefinition = { name: 'own', description: 'd', source: 'project', prompt: 'Be brief.' };
const script = (count = 1) => ({
	main: [
		...Array.from({ length: count }, (_, index) => ({
			blocks: [agentCall('one', { agent_type: 'own' }, `toolu_${index}`)],
		})),
		{ blocks: [text('Done.')] },
	],
	agents: { one: Array.from({ length: count }, () => ({ blocks: [text('Found.')] })) },
});

test('its effort is sent, where its model has it', async () => {
	const has = await createAgentsFixture(script(), {
		definitions: [{ ...own, effort: 'low' }],
		info: { efforts: ['low', 'high'] },
	});
	await has.run('go');
	assert.deepEqual([has.requests('one')[0]?.effort, has.requests()[0]?.effort ?? null], ['low', null]);
	assert.deepEqual(notices(has), []);
});

test('what it does not get is said, once in a session', async () => {
	const fixture = await createAgentsFixture(script(2), {
		definitions: [{ ...own, effort: 'max', model: 'gpt', skills: ['charts'], unused: ['hooks', 'memory'] }],
	});
	await fixture.run('go');
	assert.equal(fixture.requests('one').length, 2);
	assert.deepEqual(
		notices(fixture).map((words) => words.replace(/^The agent own/, '').slice(0, 31)),
		[
			' asks for the model gpt, which ',
			' asks for the effort max, which',
			' asks for skills that are not t',
			': Retrace does not use this of ',
		],
	);
	assert.match(notices(fixture)[3] ?? '', /hooks \(hooks of such a file do not run.*memory \(it keeps nothing/);
});

test('its skills stand in its part of the system prompt, but for those that only the user may start', async () => {
	const skill = (name: string, head = '') =>
		instructionFile(
			{ kind: 'skill', name, folder: `/w/.claude/skills/${name}`, scope: 'project' },
			`---\n${head}\n---\nDraw ${name}.`,
		);
	const files = [skill('charts'), skill('deploy', 'disable-model-invocation: true')];
	const services = { sessionId: 's' as never, skills: { list: async () => files } };
	const found = await skillsFor({ ...own, skills: ['charts', 'deploy', 'none'] }, services);
	assert.match(found.texts.join(), /^The skill charts:\n\nDraw charts\.\n\nThe files of this skill/);
	assert.deepEqual(found.missing, ['deploy', 'none']);
	assert.deepEqual(await skillsFor(own, undefined), { texts: [], missing: [] });
});

const notices = ({ session }: Awaited<ReturnType<typeof createAgentsFixture>>): readonly string[] =>
	session.entries.flatMap((entry) => (entry.type === 'notice' && entry.code === 'agent-file' ? [entry.text] : []));
