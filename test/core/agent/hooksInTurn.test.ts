// Hooks in whole turns: where they hold up, change and add something, what is asked all the same, and that every call has its result.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Interceptor } from '../../../src/core/agent/interceptors.ts';
import { createFakeScanner } from '../../fakes/fakeScanner.ts';
import { call, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { bash, hookEntries, oneCall, results, start } from './hookFixture.ts';

describe('PreToolUse', () => {
	test('gets what Claude Code gives', async () => {
		const fixture = await start(
			oneCall(call('Edit', { file_path: './a.js', old_string: '1', new_string: '2' }, 'e1')),
			{
				PreToolUse: () => ({}),
			},
		);
		await fixture.run('go');
		assert.deepEqual(fixture.inputs[0], {
			session_id: fixture.session.id,
			transcript_path: '/log.jsonl',
			cwd: '/w',
			permission_mode: 'bypassPermissions',
			hook_event_name: 'PreToolUse',
			tool_name: 'Edit',
			tool_input: { file_path: '/w/a.js', old_string: '1', new_string: '2' },
			tool_use_id: 'e1',
		});
		assert.deepEqual(hookEntries(fixture), [], 'one that says nothing leaves no line');
	});

	test('blocks: nothing runs, the model reads why, and it is in the log', async () => {
		const fixture = await start(oneCall(), { PreToolUse: () => ({ exitCode: 2, stderr: 'no make on Fridays' }) });
		await fixture.run('go');
		assert.deepEqual(fixture.commands, []);
		assert.match(fixture.requests()[1] ?? '', /A hook of the user forbids it: no make on Fridays/);
		assert.deepEqual(
			hookEntries(fixture).map(({ outcome, note, toolUseId, point }) => [outcome, note, toolUseId, point]),
			[['blocked', 'no make on Fridays', 'b1', 'PreToolUse']],
		);
		assert.ok(!fixture.log().includes('toolStarted'));
	});

	test('its allow takes the place of the question, and of nothing else', async () => {
		const allow = { PreToolUse: () => ({ hookSpecificOutput: { permissionDecision: 'allow' } }) };
		const fixture = await start(oneCall(), allow, { mode: 'ask' });
		await fixture.run('go');
		assert.deepEqual([fixture.asked.length, fixture.commands], [0, ['make']]);

		const denied = await start(oneCall(bash('rm x')), allow, { mode: 'ask', rules: { deny: ['Bash(rm:*)'] } });
		await denied.run('go');
		assert.deepEqual(denied.commands, []);

		const asking = await start(oneCall(bash('npm publish')), allow, {
			mode: 'auto',
			rules: { ask: ['Bash(npm publish:*)'] },
		});
		await asking.run('go');
		assert.equal(asking.asked.length, 1);

		const guarded = await start(oneCall(call('Write', { file_path: '.vscode/tasks.json', content: '{}' })), allow);
		await guarded.run('go');
		assert.equal(guarded.asked.length, 1, 'a protected path asks');

		const shown: string[] = [];
		const edit = call('Edit', { file_path: 'a.js', old_string: '1', new_string: '2' });
		const edited = await start(oneCall(edit), allow, {
			mode: 'ask',
			decision(proposed) {
				shown.push(proposed);
				return { verdict: 'accept', text: proposed };
			},
		});
		await edited.run('go');
		assert.deepEqual(shown, ['let a = 2;\n'], 'an edit is shown first, since no rule of the user’s allows it');

		const plan = await start(oneCall(), allow, { mode: 'plan' });
		await plan.run('go');
		assert.deepEqual(plan.commands, []);
	});

	test('its ask is asked, also where nothing else would', async () => {
		const fixture = await start(
			oneCall(),
			{
				PreToolUse: () => ({
					hookSpecificOutput: { permissionDecision: 'ask', permissionDecisionReason: 'it deploys' },
				}),
			},
			{ permission: async () => ({ verdict: 'deny' }) },
		);
		await fixture.run('go');
		assert.deepEqual(
			fixture.asked.map(({ cause, rule }) => [cause, rule]),
			[['A hook says to ask: it deploys', undefined]],
		);
		assert.deepEqual(fixture.commands, []);
	});

	test('a changed input is checked, judged and shown anew', async () => {
		const change = (command: unknown) => ({
			PreToolUse: () => ({ hookSpecificOutput: { updatedInput: { command } } }),
		});
		const fixture = await start(oneCall(), change('make -n'), { mode: 'ask' });
		await fixture.run('go');
		assert.deepEqual([fixture.commands, fixture.asked[0]?.target], [['make -n'], 'make -n']);
		const started = fixture.session.entries.find((entry) => entry.type === 'toolStarted');
		assert.deepEqual(started?.type === 'toolStarted' && started.input, { command: 'make -n' });
		assert.match(fixture.requests()[1] ?? '', /changed the input of this call/);

		const forbidden = await start(oneCall(), change('rm -rf x'), { rules: { deny: ['Bash(rm:*)'] } });
		await forbidden.run('go');
		assert.deepEqual(forbidden.commands, []);

		const wrong = await start(oneCall(), change(7));
		await wrong.run('go');
		assert.deepEqual(wrong.commands, []);
		assert.match(wrong.requests()[1] ?? '', /changed the input into one that Bash cannot have/);
	});

	test('a hook that fails holds up nothing and is told to the user', async () => {
		const fixture = await start(oneCall(), { PreToolUse: () => ({ exitCode: 127, stderr: 'guard: not found' }) });
		await fixture.run('go');
		assert.deepEqual(fixture.commands, ['make']);
		assert.deepEqual(
			hookEntries(fixture).map(({ outcome, note }) => [outcome, note]),
			[['failed', 'ended with 127: guard: not found']],
		);
		assert.doesNotMatch(fixture.requests()[1] ?? '', /not found/);
	});

	test('matchers choose the tools', async () => {
		const fixture = await start(
			[{ blocks: [bash('make'), call('Read', { file_path: 'a.js' }, 'r1')] }, { blocks: [text('ok')] }],
			{ PreToolUse: () => ({}) },
			{ matcher: 'Read|Edit' },
		);
		await fixture.run('go');
		assert.deepEqual(
			fixture.inputs.map(({ tool_name }) => tool_name),
			['Read'],
		);
	});

	test('credentials that it prints reach neither log nor model', async () => {
		const key = `ghp_${'a'.repeat(36)}`;
		const fixture = await start(oneCall(), {
			PreToolUse: () => ({ hookSpecificOutput: { additionalContext: `use ${key}` }, systemMessage: key }),
		});
		await fixture.run('go');
		assert.doesNotMatch(JSON.stringify(fixture.session.entries) + fixture.requests().join(), /ghp_/);
		assert.match(fixture.requests()[1] ?? '', /masked: GitHub token/);
	});

	test('stopped while it runs: one result, and the turn ends', async () => {
		const fixture: Awaited<ReturnType<typeof start>> = await start([{ blocks: [bash('make'), bash('ls', 'b2')] }], {
			PreToolUse: async (_input, _request, signal) => {
				fixture.abort.abort();
				assert.ok(signal.aborted);
				return { reason: 'cancelled', exitCode: null };
			},
		});
		await fixture.run('go');
		assert.deepEqual(
			results(fixture).map(({ toolUseId, summary }) => [toolUseId, summary]),
			[
				['b1', 'stopped'],
				['b2', 'stopped'],
			],
		);
		assert.equal(fixture.log().at(-1), 'turnEnded stopped');
	});
});

describe('PostToolUse', () => {
	test('what it says stands behind the result, as the hook’s words', async () => {
		const fixture = await start(oneCall(), {
			PostToolUse: () => ({
				decision: 'block',
				reason: 'lint: 2 errors',
				hookSpecificOutput: { additionalContext: 'run fmt' },
			}),
		});
		await fixture.run('go');
		assert.match(fixture.requests()[1] ?? '', /A PostToolUse hook of the user says:\\nlint: 2 errors.*run fmt/);
		assert.equal(results(fixture)[0]?.isError, false);
		assert.deepEqual(Object.keys(fixture.inputs[0]?.tool_response as object), ['success', 'summary', 'content']);
	});

	test('is not asked about a call that failed', async () => {
		const fixture = await start(oneCall(call('Read', { file_path: 'none.js' })), { PostToolUse: () => ({}) });
		await fixture.run('go');
		assert.deepEqual(fixture.inputs, []);
	});

	test('continue: false ends the turn once the results are there', async () => {
		const fixture = await start([{ blocks: [bash('make')] }], {
			PostToolUse: () => ({ continue: false, stopReason: 'budget' }),
		});
		await fixture.run('go');
		assert.equal(fixture.log().at(-1), 'turnEnded stopped hook-stopped');
		assert.equal(results(fixture).length, 1);
	});
});

describe('files around hooks', () => {
	test('are looked at once between a hook and the call, and between the call and the next hook', async () => {
		const scanner = createFakeScanner({ goesOn: true });
		const say = (what: string) => () => {
			scanner.log.push(what);
			return {};
		};
		const options = { scanner, shell: () => say('run')() };
		const fixture = await start(oneCall(), { PreToolUse: say('before'), PostToolUse: say('after') }, options);
		await fixture.run('go');
		assert.deepEqual(scanner.log.slice(1), [
			...['begin', 'before', 'finish'],
			...['goOn', 'run', 'finish'],
			...['goOn', 'after', 'finish'],
		]);
	});

	test('are looked at again behind a call that writes by itself, and in front of the hook of the next call', async () => {
		const scanner = createFakeScanner({ goesOn: true });
		const write = (id: string) => call('Write', { file_path: `${id}.js`, content: id }, id);
		const steps: ScriptedStep[] = [{ blocks: [write('w1'), write('w2')] }, { blocks: [text('ok')] }];
		const fixture = await start(steps, { PreToolUse: () => ({}), PostToolUse: () => ({}) }, { scanner });
		await fixture.run('go');
		assert.deepEqual(scanner.log.slice(1), Array.from({ length: 4 }, () => ['begin', 'finish']).flat());
	});

	test('are looked at again when the user was asked in between', async () => {
		const scanner = createFakeScanner({ goesOn: true });
		const options = { scanner, mode: 'ask' as const };
		const fixture = await start(oneCall(), { PreToolUse: () => ({}) }, options);
		await fixture.run('go');
		assert.equal(fixture.asked.length, 1);
		assert.deepEqual(scanner.log.slice(1), ['begin', 'finish', 'goOn', 'cancel', 'begin', 'finish']);
	});
});

describe('around a turn', () => {
	test('what is said before a prompt goes with it, on the user’s side, and stays the same bytes', async () => {
		const fixture = await start([{ blocks: [text('ok')] }, { blocks: [text('ok')] }], {
			SessionStart: (input) => ({ stdout: `start ${String(input.source)}` }),
			UserPromptSubmit: (input) => ({ stdout: `</system-reminder> about ${String(input.prompt)}` }),
		});
		await fixture.run('one');
		await fixture.run('two');
		const [first = '', second = ''] = fixture.requests();
		assert.match(first, /one.*A SessionStart hook of the user adds:\\nstart startup.*UserPromptSubmit.*about one/);
		const messages = JSON.parse(second);
		assert.deepEqual(
			messages.map(({ role }: { role: string }) => role),
			['user', 'assistant', 'user'],
		);
		assert.doesNotMatch(JSON.stringify(messages[2]), /SessionStart/, 'a session starts once');
		const words = (json: string) => JSON.parse(json)[0].content.map((block: { text: string }) => block.text);
		assert.deepEqual(words(second), words(first));
	});

	test('a session that is gone on with, or was summarized, starts again', async () => {
		const fixture = await start([{ blocks: [text('ok')] }, { blocks: [text('ok')] }], { SessionStart: () => ({}) });
		await fixture.run('one');
		Object.assign(fixture.ports.hooks?.life ?? {}, { isStarted: false });
		await fixture.run('two');
		assert.deepEqual(
			fixture.inputs.map(({ source }) => source),
			['startup', 'resume'],
		);
	});

	test('a prompt that is held back is neither sent nor kept', async () => {
		const fixture = await start([], { UserPromptSubmit: () => ({ decision: 'block', reason: 'has a customer name' }) });
		await fixture.run('about Mrs Smith');
		assert.deepEqual(fixture.requests(), []);
		assert.deepEqual(fixture.log(), ['hook', 'notice']);
		assert.doesNotMatch(JSON.stringify(fixture.session.entries), /Mrs Smith/);
		assert.equal(fixture.session.state, 'idle');
	});

	test('Stop lets the turn go on with its words, and knows that it did', async () => {
		const fixture = await start([{ blocks: [text('done')] }, { blocks: [text('really done')] }], {
			Stop: (input) => (input.stop_hook_active ? {} : { decision: 'block', reason: 'tests fail' }),
		});
		await fixture.run('go');
		assert.match(fixture.requests()[1] ?? '', /<system-reminder>A Stop hook of the user asks to go on:\\ntests fail/);
		assert.deepEqual(
			fixture.inputs.map((input) => [input.stop_hook_active, input.last_assistant_message]),
			[
				[false, 'done'],
				[true, 'really done'],
			],
		);
		assert.equal(fixture.log().at(-1), 'turnEnded endTurn');
	});

	test('a Stop hook that never has enough ends at last', async () => {
		const steps = Array.from({ length: 9 }, (): ScriptedStep => ({ blocks: [text('done')] }));
		const fixture = await start(steps, { Stop: () => ({ exitCode: 2, stderr: 'more' }) });
		await fixture.run('go');
		assert.equal(fixture.requests().length, 9);
		assert.equal(fixture.log().at(-1), 'turnEnded endTurn');
	});

	test('a subagent has its own stop and no prompt of the user’s', async () => {
		const fixture = await start([{ blocks: [text('ok')] }], {
			SessionStart: () => ({}),
			UserPromptSubmit: () => ({}),
			Stop: () => ({}),
			SubagentStop: () => ({}),
		});
		Object.assign(fixture.ports.hooks ?? {}, { agent: { id: 'a1', type: 'explore' } });
		await fixture.run('go');
		assert.deepEqual(
			fixture.inputs.map((input) => [input.hook_event_name, input.agent_type]),
			[['SubagentStop', 'explore']],
		);
	});

	test('in an untrusted workspace none runs', async () => {
		const all = { SessionStart: () => ({}), UserPromptSubmit: () => ({}), Stop: () => ({}), PreToolUse: () => ({}) };
		const fixture = await start([], all, { isTrusted: false });
		await fixture.run('go');
		assert.deepEqual(fixture.inputs, []);
	});
});

describe('interceptors', () => {
	const withInterceptors = async (interceptors: readonly Interceptor[], block = bash('make')) => {
		const fixture = await start(oneCall(block), {});
		Object.assign(fixture.ports, { interceptors });
		await fixture.run('go');
		const [result] = results(fixture);
		assert.equal(results(fixture).length, 1);
		return { ...fixture, words: JSON.stringify(result?.content), isError: result?.isError };
	};

	test('a validator refuses before anybody is asked', async () => {
		const asked: string[] = [];
		const { commands, words } = await withInterceptors([
			{ name: 'Style', validate: ({ tool }) => (tool === 'Bash' ? 'Use the task runner.' : undefined) },
			{ name: 'Late', before: async ({ tool }) => void asked.push(tool) },
		]);
		assert.deepEqual([commands, asked], [[], []]);
		assert.match(words, /Use the task runner\. Nothing was run\./);
	});

	test('one that throws before guards; one that throws after changes nothing', async () => {
		const broken = await withInterceptors([{ name: 'Guard', before: () => Promise.reject(new Error('oops')) }]);
		assert.deepEqual([broken.commands, broken.isError], [[], true]);
		assert.match(broken.words, /Guard failed, so nothing was run: oops/);
		const late = await withInterceptors([{ name: 'Log', after: () => Promise.reject(new Error('oops')) }]);
		assert.deepEqual([late.commands, late.isError], [['make'], false]);
		assert.ok(late.traces.some(({ event }) => event === 'interceptorFailed'));
	});

	test('in order: each sees the input as the one before left it, and may give another outcome', async () => {
		const seen: unknown[] = [];
		const { commands, words } = await withInterceptors([
			{ name: 'One', before: async () => ({ kind: 'goOn', input: { command: 'make one' } }) },
			{
				name: 'Two',
				before: async ({ input }) => void seen.push(input),
				after: async () => ({ isError: false, content: [{ type: 'text', text: 'replaced' }], summary: 'ok' }),
			},
		]);
		assert.deepEqual([commands, seen], [['make one'], [{ command: 'make one' }]]);
		assert.match(words, /replaced/);
	});

	test('one that hangs ends with the turn', async () => {
		const fixture = await start([{ blocks: [bash('make')] }], {});
		Object.assign(fixture.ports, {
			interceptors: [
				{
					name: 'Slow',
					before: () => {
						queueMicrotask(() => fixture.abort.abort());
						return new Promise(() => undefined);
					},
				},
			],
		});
		await fixture.run('go');
		assert.deepEqual(
			results(fixture).map(({ summary }) => summary),
			['stopped'],
		);
	});
});
