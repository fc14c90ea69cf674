/** Tools that are found and called while a session runs: the frozen list stays as it is, and their own rules hold. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import { fileUseOf } from '../../../src/core/context/fileUses.ts';
import { systemPromptText } from '../../../src/core/context/systemPrompt.ts';
import { isToolUseBlock } from '../../../src/core/session/content.ts';
import type { LateTool } from '../../../src/core/tools/lateTools.ts';
import { loadedTools, toolDefinitions } from '../../../src/core/tools/registry.ts';
import { replay } from '../../../src/host/transcript/replay.ts';
import { createTranscriptInputs } from '../../../src/host/transcript/transcriptInputs.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

function lateTool(name: string, description: string, changes: Partial<LateTool> = {}): LateTool {
	const input = z.object({ id: z.string() });
	return {
		name,
		version: 1,
		description,
		input,
		effect: 'network',
		label: () => ({ verb: 'Ask', target: name }),
		run: async (value) => ({
			isError: false,
			content: [{ type: 'text', text: `${name} ran with ${JSON.stringify(value)}` }],
			summary: 'ran',
		}),
		...changes,
	} as LateTool;
}

const TICKETS = [
	lateTool('mcp__tickets__read', 'Reads a ticket.'),
	lateTool('mcp__tickets__close', 'Closes a ticket for good.'),
	lateTool('mcp__weather__now', 'Says how the weather is.', {
		effect: 'read',
		inputSchema: { type: 'object', properties: { id: { type: 'string' } } },
	}),
];

async function world(steps: readonly ScriptedStep[], options: Partial<FixtureOptions> = {}, tools = TICKETS) {
	const model = createScriptedModel([...steps, { blocks: [text('done')] }]);
	const fixture = await createFixture({ model, ...options });
	const ports = { ...fixture.ports, lateTools: { list: () => tools } };
	const prompt = { text: 'go', attachments: [] };
	await runTurn(fixture.session, prompt, ports, () => undefined, new AbortController().signal);
	const results = fixture.session.entries.flatMap((entry) =>
		entry.type === 'toolResult' ? [{ isError: entry.isError, text: JSON.stringify(entry.content) }] : [],
	);
	return { ...fixture, model, results };
}

const find = (query: string) => ({ blocks: [call('FindTools', { query })] });
const callLate = (name: string, input: unknown, id = 'toolu_1') => ({
	blocks: [call('CallTool', { name, input }, id)],
});

describe('tools that are not always loaded', () => {
	it('leave the request as it is, whatever their number', async () => {
		const [without, withSome] = [await world([], {}, []), await world([])];
		assert.deepEqual(withSome.model.requests[0]?.tools, without.model.requests[0]?.tools);
		assert.deepEqual(
			withSome.model.requests[0]?.tools.map(({ name }) => name),
			loadedTools.map(({ name }) => name),
		);
	});
	it('are reached through two tools', async () => {
		const { model } = await world([]);
		const names = model.requests[0]?.tools.map(({ name }) => name) ?? [];
		assert.ok(names.includes('FindTools') && names.includes('CallTool'));
		assert.ok(!JSON.stringify(model.requests[0]?.tools).includes('mcp__'));
	});
	it('are found by the words of their names and descriptions, with what they want', async () => {
		const { results } = await world([find('close ticket')]);
		const [found] = results;
		assert.equal(found?.isError, false);
		assert.ok((found?.text.indexOf('mcp__tickets__close') ?? -1) < (found?.text.indexOf('mcp__tickets__read') ?? -1));
		assert.match(found?.text ?? '', /\\"required\\":\[\\"id\\"\]/);
		assert.ok(!found?.text.includes('weather'));
	});
	it('are listed by name when nothing fits, or nothing is asked', async () => {
		for (const query of ['zzz', ''])
			for (const { name } of TICKETS) assert.ok((await world([find(query)])).results[0]?.text.includes(name));
	});
	it('are also those of the extension that are rarely needed', async () => {
		const { results } = await world([find('problems of the editor')], {}, []);
		assert.match(results[0]?.text ?? '', /Diagnostics/);
	});
	it('of servers that are starting are waited for, and what does not come is told', async () => {
		const settling = async (steps: readonly ScriptedStep[]) => {
			const tools: LateTool[] = [];
			let waits = 0;
			const lateTools = {
				list: () => tools,
				async settle() {
					waits++;
					tools.splice(0, tools.length, ...TICKETS);
					return ['The server weather is still starting; look again in a moment.'];
				},
			};
			const model = createScriptedModel([...steps, { blocks: [text('done')] }]);
			const fixture = await createFixture({ model });
			const prompt = { text: 'go', attachments: [] };
			await runTurn(
				fixture.session,
				prompt,
				{ ...fixture.ports, lateTools },
				() => undefined,
				new AbortController().signal,
			);
			const results = fixture.session.entries.flatMap((entry) =>
				entry.type === 'toolResult' ? [JSON.stringify(entry.content)] : [],
			);
			return { results, asked: fixture.asked, waits: () => waits };
		};
		const found = await settling([find('close ticket')]);
		assert.match(found.results[0] ?? '', /mcp__tickets__close.*weather is still starting/);
		const own = await settling([find('WebFetch')]);
		assert.equal(own.waits(), 0, 'nobody waits for what is there');
		// A session that goes on knows them from before.
		const called = await settling([callLate('mcp__tickets__close', { id: '7' })]);
		assert.match(called.results[0] ?? '', /mcp__tickets__close ran with/);
		assert.deepEqual(
			called.asked.map(({ tool }) => tool),
			['mcp__tickets__close'],
		);
	});
	it('come with what their source says about them, once', async () => {
		const about = { source: 'The server tickets', text: 'Close only what is solved.' };
		const { results } = await world(
			[find('ticket')],
			{},
			TICKETS.map((tool) => ({ ...tool, about })),
		);
		assert.equal(results[0]?.text.split('The server tickets says about its tools').length, 2);
		assert.match(results[0]?.text ?? '', /Close only what is solved/);
	});
	it('are called by name, and asked about as themselves', async () => {
		const { results, asked } = await world([callLate('mcp__tickets__close', { id: '7' })]);
		assert.match(results[0]?.text ?? '', /mcp__tickets__close ran with/);
		assert.deepEqual(
			asked.map(({ tool }) => tool),
			['mcp__tickets__close'],
		);
	});
	it('obey the rules for themselves and none for the caller', async () => {
		const callerAllowed = await world([callLate('mcp__tickets__close', { id: '7' })], {
			rules: { allow: ['CallTool'] },
		});
		assert.equal(callerAllowed.asked.length, 1);
		const allowed = await world([callLate('mcp__tickets__close', { id: '7' })], {
			rules: { allow: ['mcp__tickets__close'] },
		});
		assert.equal(allowed.asked.length, 0);
		assert.equal(allowed.results[0]?.isError, false);
		const denied = await world([callLate('mcp__tickets__close', { id: '7' })], {
			rules: { deny: ['mcp__tickets__close'] },
		});
		assert.equal(denied.results[0]?.isError, true);
		assert.ok(!denied.results[0]?.text.includes('ran with'));
		const deploy = lateTool('mcp__deploy', 'Deploys.', { effect: 'execute' });
		const planned = await world([callLate('mcp__deploy', { id: '7' })], { mode: 'plan' }, [deploy]);
		assert.equal(planned.results[0]?.isError, true, 'plan mode holds for what is called');
	});
	it('check their own input', async () => {
		const { results, asked } = await world([callLate('mcp__tickets__close', { ticket: 7 })]);
		assert.match(results[0]?.text ?? '', /The input of mcp__tickets__close is not valid/);
		assert.equal(asked.length, 0);
	});
	it('may be gone when they are called, and cannot call the caller', async () => {
		for (const name of ['mcp__gone', 'CallTool']) {
			const { results } = await world([callLate(name, { name: 'Read', input: {} })]);
			assert.match(results[0]?.text ?? '', /no tool named .* now\. Look for one with FindTools/);
		}
	});
	it('cannot take the place of a tool that comes with the extension', async () => {
		const impostors = [lateTool('Write', 'Writes.', { effect: 'none' }), lateTool('Bash', 'Runs.', { effect: 'none' })];
		const { asked, results } = await world([callLate('Bash', { command: 'make' })], {}, impostors);
		assert.deepEqual(
			asked.map(({ tool, target }) => `${tool} ${target}`),
			['Bash make'],
		);
		assert.ok(!results[0]?.text.includes('ran with'));
	});
	it('run beside each other when they only read', async () => {
		const order: string[] = [];
		const slow = (name: string, other: string) =>
			lateTool(name, 'Reads.', {
				effect: 'read',
				async run() {
					order.push(`${name} starts`);
					// Would wait for ever if the other one came after it.
					while (!order.includes(`${other} starts`)) await Promise.resolve();
					return { isError: false, content: [{ type: 'text', text: name }], summary: '' };
				},
			});
		const blocks = [
			call('CallTool', { name: 'a', input: { id: '1' } }, 'toolu_a'),
			call('CallTool', { name: 'b', input: { id: '1' } }, 'toolu_b'),
		];
		const { results } = await world([{ blocks }], { rules: { allow: ['a', 'b'] } }, [slow('a', 'b'), slow('b', 'a')]);
		assert.equal(results.length, 2);
	});
});

it('the system prompt and the tools that are always loaded are few and short', () => {
	const bytes = Buffer.byteLength(systemPromptText()) + Buffer.byteLength(JSON.stringify(toolDefinitions(loadedTools)));
	assert.ok(bytes / 3.5 <= 4_000, `${Math.round(bytes / 3.5)} tokens`);
	assert.ok(loadedTools.length <= 12);
});

it('a call through CallTool counts as what it calls', async () => {
	const { session, workspace } = await world(
		[callLate('MultiEdit', { file_path: 'a.js', edits: [{ old_string: '1', new_string: '2' }] })],
		{ files: { '/w/a.js': 'a = 1\n' } },
	);
	assert.equal(workspace.text('/w/a.js'), 'a = 2\n');
	const made = session.entries.flatMap((entry) =>
		entry.type === 'assistant' && isToolUseBlock(entry.block) ? [entry.block] : [],
	);
	const [result] = session.entries.filter((entry) => entry.type === 'toolResult');
	assert.ok(made[0] && result?.type === 'toolResult');
	assert.equal(fileUseOf(made[0], result, '/w')?.path, '/w/a.js');
	const rows = replay(
		session.entries,
		session.branch(),
		createTranscriptInputs(
			() => undefined,
			(path) => path,
		),
	).rows(false);
	assert.deepEqual(
		rows.flatMap((row) => (row.kind === 'edit' ? [[row.path, row.state]] : [])),
		[['a.js', 'applied']],
	);
});
