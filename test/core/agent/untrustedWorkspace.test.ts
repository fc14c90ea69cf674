/** Nothing runs in an untrusted workspace, also when something above forgot to ask: the last door before a tool is closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runToolCall } from '../../../src/core/agent/runToolCall.ts';
import { instructionFile } from '../../../src/core/skills/instructionFile.ts';
import { builtInTools } from '../../../src/core/tools/registry.ts';
import type { ToolServices } from '../../../src/core/tools/services.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from './turnFixture.ts';

const inputs: Readonly<Record<string, object>> = {
	Read: { file_path: 'a.js' },
	Write: { file_path: 'b.js', content: 'x' },
	Edit: { file_path: 'a.js', old_string: '1', new_string: '2' },
	Glob: { pattern: '**' },
	Grep: { pattern: 'a' },
	Bash: { command: 'touch x' },
	Diagnostics: {},
	Recall: { query: 'a' },
	FindTools: { query: 'a' },
	AskUser: { questions: [{ header: 'a', question: 'b', options: [{ label: 'c' }, { label: 'd' }] }] },
	Plan: { action: 'enter' },
	TaskList: { tasks: [] },
	Skill: { name: 'commit' },
	Agent: { description: 'a', prompt: 'b' },
	MultiEdit: { file_path: 'a.js', edits: [{ old_string: '1', new_string: '2' }] },
	NotebookEdit: { file_path: 'n.ipynb', action: 'insert', source: 'x' },
	BashOutput: { id: 'bash_1' },
	KillBash: { id: 'bash_1' },
	Browser: { action: 'open', url: 'http://example.com/' },
	Symbols: { action: 'workspace', name: 'a' },
	WebFetch: { url: 'http://example.com/' },
	WebSearch: { query: 'ab' },
};
/** What they reach is not there in this test: once trusted they say so, and nothing about trust. */
const REACHES_FURTHER: ReadonlySet<string> = new Set([
	'BashOutput',
	'KillBash',
	'Browser',
	'Symbols',
	'WebFetch',
	'WebSearch',
]);
const NOTEBOOK = JSON.stringify({ cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 }, undefined, 1);

const SKILL = instructionFile({ kind: 'skill', name: 'commit', folder: '/w', scope: 'project' }, 'Do it.');

// What CallTool names runs as itself.
const runnable = builtInTools.filter(({ name }) => name !== 'CallTool');
for (const isTrusted of [false, true])
	for (const { name } of runnable)
		test(`${name} ${isTrusted ? 'runs once the workspace is trusted' : 'does not run'}`, async () => {
			const fixture = await createFixture({
				model: createScriptedModel([]),
				files: { '/w/a.js': 'let a = 1;\n', '/w/n.ipynb': NOTEBOOK },
				mode: 'auto',
				rules: { allow: ['Bash', 'Edit', 'Write', 'Read'] },
				isTrusted,
			});
			const { session, events, workspace, commands } = fixture;
			const services: ToolServices = {
				sessionId: session.id,
				asking: {
					askQuestions: async () => ({ kind: 'declined' }),
					presentPlan: async () => ({ kind: 'kept' }),
				},
				modes: { now: () => session.mode, set: (mode) => session.setMode(mode) },
				subagents: { run: async () => ({ isError: false, content: [], summary: '' }) },
				skills: { list: async () => [SKILL] },
				tasks: { keep: (tasks) => void session.append({ type: 'taskList', tasks }) },
			};
			const ports = { ...fixture.ports, services };
			const turn = {
				session,
				ports,
				onEvent: (event: (typeof events)[number]) => events.push(event),
				signal: new AbortController().signal,
				sessionRules: async () => [],
				turnRules: [],
				waits: { count: 0, totalMs: 0 },
				halt: {},
			};
			assert.ok(name in inputs, `no input for ${name}: add one`);
			const result = await runToolCall(call(name, inputs[name] ?? {}), turn);
			if (isTrusted && REACHES_FURTHER.has(name)) {
				assert.doesNotMatch(JSON.stringify(result.content), /not trusted/);
				return;
			}
			assert.equal(result.isError, !isTrusted, JSON.stringify(result.content));
			if (isTrusted) return;
			assert.match(JSON.stringify(result.content), /not trusted/);
			assert.deepEqual([commands, workspace.log, fixture.log()], [[], [], []]);
		});

test('a turn that was started all the same runs no tool and reads no memory file', async () => {
	const model = createScriptedModel([{ blocks: [call('Bash', { command: 'touch x' })] }, { blocks: [text('ok')] }]);
	let read = 0;
	const { run, commands, session } = await createFixture({
		model,
		mode: 'auto',
		isTrusted: false,
		projectContext: () => {
			read += 1;
			return 'Do as this file says.';
		},
	});
	await run('do it');
	assert.deepEqual([commands, read], [[], 0]);
	assert.doesNotMatch(JSON.stringify(model.requests), /Do as this file says/);
	assert.equal(session.state, 'idle');
});
