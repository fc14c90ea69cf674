/** A definition can only take away: tools, and what the mode of the session allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PermissionMode } from '../../../src/core/session/entry.ts';
import {
	type AgentDefinition,
	joinDefinitions,
	parseAgentFile,
	refusedTool,
	tighterMode,
} from '../../../src/core/subagents/agentDefinition.ts';

const file = (head: string, name = 'own.md', source: 'user' | 'project' = 'project') =>
	parseAgentFile(`---\ndescription: d\n${head}\n---\nDo it.`, name, source);
const parsed = (head: string): AgentDefinition => {
	const found = file(head);
	assert.ok(!('problem' in found), JSON.stringify(found));
	return found;
};

test('of two modes the tighter one holds, whatever a file wishes', () => {
	const modes: readonly PermissionMode[] = ['plan', 'ask', 'acceptEdits', 'auto'];
	for (const [at, mode] of modes.entries())
		for (const [other, wish] of modes.entries()) assert.equal(tighterMode(mode, wish), modes[Math.min(at, other)]);
	assert.equal(tighterMode('ask', undefined), 'ask');
	assert.equal(tighterMode('ask', parsed('permissionMode: bypassPermissions').mode), 'ask');
});

test('tools that a file names are the only ones, and those it takes away are gone', () => {
	const has = (definition: AgentDefinition, name: string, effect: 'read' | 'write' | 'execute' = 'read') =>
		refusedTool(definition, { name, effect }) === undefined;
	const some = parsed('tools: Read, Bash(git *)');
	assert.deepEqual(
		['Read', 'Bash', 'Write', 'Grep'].map((name) => has(some, name)),
		[true, true, false, false],
	);
	const fewer = parsed('disallowedTools: [Bash, Write]');
	assert.deepEqual(
		['Read', 'Bash', 'Write'].map((name) => has(fewer, name)),
		[true, false, false],
	);
	assert.equal(has(parsed('tools: "*"'), 'Write', 'write'), true);
	for (const name of ['Agent', 'AskUser', 'Plan', 'TaskList']) assert.equal(has(parsed(`tools: ${name}`), name), false);
	const explore = joinDefinitions([]).find(({ name }) => name === 'explore');
	assert.ok(explore && !has(explore, 'Bash', 'execute') && has(explore, 'Read'));
});

test('a file says effort, skills and what is not done here', () => {
	const { effort, skills, unused } = parsed('effort: low\nskills: [a, b]\nhooks: {}\nmemory: user\nbackground: false');
	assert.deepEqual([effort, skills, unused], ['low', ['a', 'b'], ['hooks', 'memory']]);
	const plain = parsed('effort: enormous\nskills: []');
	assert.deepEqual([plain.effort, plain.skills, plain.unused], [undefined, undefined, undefined]);
});

test('no file takes the place of an agent that comes with the extension, nor works for ever', () => {
	assert.match(JSON.stringify(file('', 'explore.md')), /is an agent of Retrace itself/);
	const impostor: AgentDefinition = { name: 'explore', description: 'x', source: 'user', prompt: 'x' };
	const mine: AgentDefinition = { name: 'own', description: 'mine', source: 'user', prompt: 'x' };
	const joined = joinDefinitions([impostor, mine, { ...mine, source: 'project', description: 'theirs' }]);
	assert.equal(joined.find(({ name }) => name === 'explore')?.source, 'builtIn');
	assert.equal(joined.find(({ name }) => name === 'own')?.description, 'theirs');
	assert.equal(parsed('maxTurns: 500').maxSteps, 500);
	for (const wrong of ['501', '0', '1.5', 'many']) assert.equal(parsed(`maxTurns: ${wrong}`).maxSteps, undefined);
});
