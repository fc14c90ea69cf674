/** Settings and scripts as the documentation of the format has them, run for real in a turn: the same effect here. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Hooks } from '../../../src/core/hooks/hookTypes.ts';
import { parseHooks } from '../../../src/core/hooks/parseHooks.ts';
import { createHookRunner } from '../../../src/node/process/hookProcess.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'retrace-hook-examples-')));
after(() => rmSync(folder, { recursive: true, force: true }));
const scripts = join(folder, '.claude', 'hooks');
mkdirSync(scripts, { recursive: true });
writeFileSync(
	join(scripts, 'validate.mjs'),
	`import { readFileSync } from 'node:fs';
const { tool_name, tool_input, hook_event_name } = JSON.parse(readFileSync(0, 'utf8'));
if (tool_name !== 'Bash') process.exit(0);
if (/\\bgrep\\b(?!.*\\|)/.test(tool_input.command)) {
	console.error("Use 'rg' instead of 'grep' (" + hook_event_name + ')');
	process.exit(2);
}
`,
);

/** Of a turn with these calls: what ran, what the model was told, and what the rows say. */
async function turnWith(settings: object, calls: readonly ReturnType<typeof call>[], mode: 'ask' | 'auto' = 'auto') {
	const { hooks, problems } = parseHooks(settings, { source: 'user', projectDir: folder });
	assert.deepEqual(problems, []);
	const port: Hooks = {
		list: () => hooks,
		run: createHookRunner({ hiddenEnvironment: [] }),
		transcriptPath: join(folder, 'log.jsonl'),
		life: { isStarted: false },
	};
	const model = createScriptedModel([...calls.map((block) => ({ blocks: [block] })), { blocks: [text('done')] }]);
	const fixture = await createFixture({ model, mode, files: { '/w/a.js': 'let a = 1;\n' } });
	Object.assign(fixture.ports, { hooks: port });
	await fixture.run('go');
	return {
		commands: fixture.commands,
		asked: fixture.asked.map(({ cause }) => cause),
		requests: JSON.stringify(model.requests.at(-1)?.messages),
		rows: fixture.session.entries.flatMap((entry) => (entry.type === 'hook' ? [entry] : [])),
		end: fixture.session.branch().at(-1),
	};
}
const bash = (command: string, id = 'b1') => call('Bash', { command, description: 'x' }, id);
const one = (point: string, command: string, matcher?: string) => ({
	[point]: [{ ...(matcher === undefined ? {} : { matcher }), hooks: [{ type: 'command', command }] }],
});
const printing = (value: object) => `cat >/dev/null; printf '%s' '${JSON.stringify(value)}'`;

describe('an example of the documentation', { skip: process.platform === 'win32' && 'written for sh' }, () => {
	test('a script of the project that ends with 2 keeps the call back and tells the model why', async () => {
		const command = `"${process.execPath}" "$CLAUDE_PROJECT_DIR"/.claude/hooks/validate.mjs`;
		const turn = await turnWith(one('PreToolUse', command, 'Bash'), [bash('grep x a.js'), bash('rg x', 'b2')]);
		assert.deepEqual(turn.commands, ['rg x']);
		assert.match(turn.requests, /Use 'rg' instead of 'grep' \(PreToolUse\)/);
		assert.equal(turn.rows[0]?.outcome, 'blocked');
	});

	test('a log of the commands, for just the tools that the matcher names', async () => {
		const log = join(folder, 'commands.log');
		const command = `cat >> '${log}'; echo >> '${log}'`;
		await turnWith(one('PreToolUse', command, 'Bash|Edit.*'), [
			bash('make'),
			call('Read', { file_path: '/w/a.js' }, 'r1'),
		]);
		const [line = '', ...others] = readFileSync(log, 'utf8').trim().split('\n');
		assert.equal(others.length, 0);
		const input = JSON.parse(line);
		assert.deepEqual(
			[input.hook_event_name, input.tool_name, input.tool_input, input.permission_mode],
			['PreToolUse', 'Bash', { command: 'make', description: 'x' }, 'bypassPermissions'],
		);
		assert.equal(typeof input.session_id, 'string');
		assert.equal(input.transcript_path, join(folder, 'log.jsonl'));
	});

	test('permissionDecision: allow asks nothing, ask asks, deny tells the model; updatedInput is what runs', async () => {
		const decide = (permissionDecision: string, updatedInput?: object) =>
			one(
				'PreToolUse',
				printing({
					hookSpecificOutput: {
						hookEventName: 'PreToolUse',
						permissionDecision,
						permissionDecisionReason: 'Known to be fine',
						...(updatedInput ? { updatedInput } : {}),
					},
				}),
			);
		const allowed = await turnWith(decide('allow', { command: 'make safe' }), [bash('make')], 'ask');
		assert.deepEqual([allowed.commands, allowed.asked], [['make safe'], []]);
		const asked = await turnWith(decide('ask'), [bash('make')]);
		assert.match(asked.asked.join(), /A hook says to ask: Known to be fine/);
		const denied = await turnWith(decide('deny'), [bash('make')]);
		assert.deepEqual(denied.commands, []);
		assert.match(denied.requests, /Known to be fine/);
	});

	test('fields that a script left out as null say nothing', async () => {
		const nothing = { decision: null, reason: null, continue: true, hookSpecificOutput: { permissionDecision: null } };
		const turn = await turnWith(one('PreToolUse', printing(nothing)), [bash('make')]);
		assert.deepEqual([turn.commands, turn.rows.filter(({ outcome }) => outcome === 'failed')], [['make'], []]);
	});

	test('additionalContext, plain words and systemMessage reach whom they are for', async () => {
		const turn = await turnWith(
			{
				...one('SessionStart', 'echo "Branch: main"', 'startup|resume'),
				...one(
					'UserPromptSubmit',
					printing({ hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext: 'Today is Monday' } }),
					'says nothing here',
				),
				...one('PostToolUse', printing({ decision: 'block', reason: 'Run the formatter', systemMessage: 'for you' })),
			},
			[bash('make')],
		);
		for (const words of ['Branch: main', 'Today is Monday', 'Run the formatter'])
			assert.ok(turn.requests.includes(words), words);
		assert.ok(!turn.requests.includes('for you'));
	});

	test('Stop with a reason goes on, and continue: false ends the turn', async () => {
		const stop = join(folder, 'stopped');
		const again = `grep -q '"stop_hook_active":true' && exit 0; touch '${stop}'; echo "Tests fail" >&2; exit 2`;
		const held = await turnWith(one('Stop', again, '*'), [bash('make')]);
		assert.match(held.requests, /Tests fail/);
		const ended = await turnWith(one('PostToolUse', printing({ continue: false, stopReason: 'Enough' })), [
			bash('make'),
			bash('make two', 'b2'),
		]);
		assert.deepEqual(ended.commands, ['make']);
		assert.ok(ended.end?.type === 'turnEnded' && /Enough/.test(JSON.stringify(ended.end)));
	});
});
