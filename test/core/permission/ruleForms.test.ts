/** What stands in the brackets of a rule: what is said of each tool is what its calls really reach for, and rules by name hold for calls. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exampleRule, hostPattern, reachOfTool, ruleReaches } from '../../../src/core/permission/ruleForms.ts';
import { findRule, hostOf, type PermissionTarget } from '../../../src/core/permission/rules.ts';
import { builtInTools, findTool } from '../../../src/core/tools/registry.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from '../agent/turnFixture.ts';

describe('the form of a rule', () => {
	it('is what the calls of each tool reach for', () => {
		const input = { command: 'ls', file_path: 'a', path: 'a', url: 'https://a.b/', name: 'n', action: 'open' };
		for (const tool of builtInTools) {
			const target = tool.target?.(input);
			const kind = target?.kind === 'url' ? 'host' : (target?.kind ?? 'none');
			assert.equal(reachOfTool(tool), kind, tool.name);
		}
	});
	it('has an example that parses and matches something', () => {
		const targets: Partial<Record<string, PermissionTarget>> = {
			command: { kind: 'command', command: 'npm test -- a' },
			host: { kind: 'host', host: hostOf('https://Example.com/x') },
			name: { kind: 'name', name: 'name' },
			path: {
				...{ kind: 'path', path: 'src/a' },
				resolved: { kind: 'inside', file: { root: '/w', rel: 'src/a' }, absolute: '/w/src/a', isLink: false },
			},
		};
		for (const reach of ruleReaches) {
			const rule = exampleRule('T', reach);
			const target = targets[reach];
			assert.equal(rule === undefined, target === undefined, reach);
			if (rule !== undefined && target) assert.equal(findRule([rule], 'T', target, 'strict'), rule);
		}
	});
	it('names a host and nothing else', () => {
		assert.deepEqual(hostPattern('domain:*.A.b'), { host: 'a.b', isBelow: true });
		for (const pattern of ['a.b', 'domain:', 'domain:*', 'domain:a.b/c', 'domain:a.b:80', 'https://a.b'])
			assert.equal(hostPattern(pattern), undefined, pattern);
	});
});

describe('rules by name', () => {
	const ran: unknown[] = [];
	const subagents = {
		async run(request: unknown) {
			ran.push(request);
			return { isError: false, content: [{ type: 'text' as const, text: 'found' }], summary: '' };
		},
	};
	const skills = { list: async () => [] };
	const scene = async (blocks: ScriptedStep['blocks'], more: Partial<FixtureOptions>) => {
		ran.length = 0;
		const model = createScriptedModel([{ ...(blocks ? { blocks } : {}) }, { blocks: [text('done')] }]);
		const fixture = await createFixture({ model, ...more });
		Object.assign(fixture.ports, { services: { sessionId: fixture.session.id, subagents, skills } });
		await fixture.run('go');
		const results = fixture.session.entries.flatMap((one) => (one.type === 'toolResult' ? [one.summary ?? ''] : []));
		return { ...fixture, results };
	};
	const agent = (more: object) =>
		call('Agent', { description: 'd', prompt: 'p', ...more }, `toolu_${JSON.stringify(more)}`);

	it('hold for kinds of agents, also for one that goes on, and spare the others', async () => {
		const blocks = [
			agent({ agent_type: 'explore' }),
			agent({ resume: 'explore-2' }),
			agent({}),
			agent({ agent_type: 'plan' }),
		];
		const { results, asked } = await scene(blocks, { rules: { deny: ['Agent(Explore)'], ask: ['Agent(plan)'] } });
		assert.deepEqual(results, ['not allowed', 'not allowed', '', '']);
		assert.deepEqual(
			asked.map(({ tool, cause }) => `${tool}: ${cause}`),
			['Agent: The rule Agent(plan) says to ask'],
		);
		assert.equal(ran.length, 2);
	});
	it('hold for skills, however they are called', async () => {
		const blocks = [
			call('Skill', { name: '/commit' }, 'toolu_1'),
			call('CallTool', { name: 'Skill', input: { name: 'commit' } }, 'toolu_2'),
			call('Skill', { name: 'other' }, 'toolu_3'),
		];
		const { results } = await scene(blocks, { rules: { deny: ['Skill(commit)'] } });
		assert.deepEqual(results, ['not allowed', 'not allowed', 'no such skill']);
	});
	it('a whole tool can be denied', async () => {
		const { results } = await scene([agent({})], { rules: { deny: ['Agent'] } });
		assert.deepEqual(results, ['not allowed']);
		assert.equal(findTool('Agent')?.effect, 'none');
	});
});
