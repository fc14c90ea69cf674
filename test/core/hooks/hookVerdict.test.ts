import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hookLines } from '../../../src/core/hooks/hookSets.ts';
import { HOOK_POINTS, type HookRun } from '../../../src/core/hooks/hookTypes.ts';
import { type HookVerdict, mergeVerdicts, verdictOf } from '../../../src/core/hooks/hookVerdict.ts';
import { hooksFor, parseHooks } from '../../../src/core/hooks/parseHooks.ts';

const run = (fields: Partial<HookRun>): HookRun => ({
	reason: 'exited',
	exitCode: 0,
	stdout: '',
	stderr: '',
	durationMs: 5,
	...fields,
});
const json = (value: unknown) => run({ stdout: JSON.stringify(value) });

describe('what a hook says', () => {
	test('nothing', () => assert.deepEqual(verdictOf('PreToolUse', run({ stdout: 'checked' })), {}));

	test('plain output is for the model where a prompt begins', () => {
		assert.deepEqual(verdictOf('UserPromptSubmit', run({ stdout: ' today \n' })), { context: 'today' });
		assert.deepEqual(verdictOf('SessionStart', run({ stdout: 'x' })), { context: 'x' });
		assert.deepEqual(verdictOf('Stop', run({ stdout: 'x' })), {});
	});

	test('exit 2 holds up, with what stands on stderr', () => {
		const two = run({ exitCode: 2, stderr: 'no rm\n', stdout: '{"continue":false}' });
		assert.deepEqual(verdictOf('PreToolUse', two), { permission: 'deny', reason: 'no rm' });
		for (const point of ['PostToolUse', 'UserPromptSubmit', 'Stop', 'SubagentStop', 'PreCompact'] as const)
			assert.deepEqual(verdictOf(point, two), { isBlocked: true, reason: 'no rm' });
	});

	test('any other end is a failure that holds up nothing', () => {
		assert.deepEqual(verdictOf('PreToolUse', run({ exitCode: 1, stderr: 'jq: not found\nmore' })), {
			failure: 'ended with 1: jq: not found',
		});
		assert.deepEqual(verdictOf('PreToolUse', run({ reason: 'timedOut', exitCode: null, durationMs: 60_000 })), {
			failure: 'took longer than 60 s and was ended',
		});
		assert.match(verdictOf('PreToolUse', run({ reason: 'flooded', exitCode: null })).failure ?? '', /too much/);
		assert.match(verdictOf('PreToolUse', run({ reason: 'notStarted', exitCode: null })).failure ?? '', /started/);
	});

	test('JSON of a call, in its own words and in the old ones', () => {
		assert.deepEqual(
			verdictOf(
				'PreToolUse',
				json({
					systemMessage: 'hi',
					hookSpecificOutput: {
						hookEventName: 'PreToolUse',
						permissionDecision: 'ask',
						permissionDecisionReason: 'look twice',
						updatedInput: { command: 'ls' },
						additionalContext: 'more',
					},
				}),
			),
			{ updatedInput: { command: 'ls' }, context: 'more', message: 'hi', permission: 'ask', reason: 'look twice' },
		);
		assert.deepEqual(verdictOf('PreToolUse', json({ decision: 'approve', reason: 'fine' })), {
			permission: 'allow',
			reason: 'fine',
		});
		assert.deepEqual(verdictOf('PreToolUse', json({ decision: 'block', reason: 'no' })), {
			permission: 'deny',
			reason: 'no',
		});
		assert.deepEqual(verdictOf('Stop', json({ decision: 'block', reason: 'tests fail' })), {
			isBlocked: true,
			reason: 'tests fail',
		});
		assert.deepEqual(verdictOf('PostToolUse', json({ continue: false, stopReason: 'enough', suppressOutput: true })), {
			stop: 'enough',
			isQuiet: true,
		});
	});

	test('JSON that is none, or has other values, is a failure', () => {
		assert.match(verdictOf('PreToolUse', run({ stdout: '{"decision": ' })).failure ?? '', /no JSON/);
		assert.match(verdictOf('PreToolUse', json({ decision: 'maybe' })).failure ?? '', /decision/);
		assert.match(verdictOf('Stop', json({ hookSpecificOutput: { updatedInput: 'x' } })).failure ?? '', /updatedInput/);
	});

	test('whatever is printed, something is said and nothing is thrown', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(...HOOK_POINTS),
				fc.oneof(
					fc.string(),
					fc.json(),
					fc.jsonValue().map((value) => JSON.stringify({ hookSpecificOutput: value })),
				),
				fc.constantFrom(0, 1, 2, 127),
				(point, stdout, exitCode) => {
					const verdict = verdictOf(point, run({ stdout, exitCode }));
					if (exitCode === 1) assert.ok(verdict.failure);
				},
			),
		);
	});
});

describe('what several hooks say together', () => {
	const verdict: fc.Arbitrary<HookVerdict> = fc.record(
		{
			permission: fc.constantFrom('allow' as const, 'ask' as const, 'deny' as const),
			reason: fc.constantFrom('a', 'b', 'c'),
			isBlocked: fc.boolean(),
			updatedInput: fc.record({ command: fc.constantFrom('x', 'y') }),
			context: fc.constantFrom('m', 'n'),
		},
		{ requiredKeys: [] },
	);

	test('deny wins over ask, ask over allow; who denies changes no input', () => {
		fc.assert(
			fc.property(fc.array(verdict), (verdicts) => {
				const merged = mergeVerdicts(verdicts);
				const all = verdicts.flatMap((one) => one.permission ?? []);
				const expected = (['deny', 'ask', 'allow'] as const).find((one) => all.includes(one));
				assert.equal(merged.permission, expected);
				if (expected === 'deny') assert.equal(merged.updatedInput, undefined);
				else assert.equal(merged.updatedInput, verdicts.findLast((one) => one.updatedInput)?.updatedInput);
				assert.equal(
					merged.isBlocked,
					verdicts.some((one) => one.isBlocked),
				);
				assert.deepEqual(
					merged.contexts,
					verdicts.flatMap((one) => one.context ?? []),
				);
				assert.equal(new Set(merged.reasons).size, merged.reasons.length);
			}),
		);
	});

	test('a reason is of those that decided', () => {
		const merged = mergeVerdicts([
			{ permission: 'allow', reason: 'fine' },
			{ permission: 'deny', reason: 'secret' },
			{ permission: 'deny', reason: 'secret' },
		]);
		assert.deepEqual([merged.permission, merged.reasons], ['deny', ['secret']]);
	});
});

describe('hooks of a file', () => {
	const place = { source: 'project', projectDir: '/w' } as const;

	test('what is wrong is named and the rest holds', () => {
		const { hooks, problems } = parseHooks(
			{
				PreToolUse: [
					{
						matcher: 'Bash',
						hooks: [
							{ type: 'command', command: './guard.sh', timeout: 5 },
							{ type: 'prompt', prompt: 'x' },
						],
					},
					{ matcher: '(', hooks: [{ type: 'command', command: 'never' }] },
					'odd',
				],
				Stop: [
					{ hooks: [{ type: 'command', command: 'say done' }] },
					{ hooks: [{ type: 'command', command: 'for ever', timeout: 1e9 }] },
				],
				WorktreeCreate: [],
				PostToolUse: 'no list',
			},
			place,
		);
		assert.deepEqual(
			hooks.map(({ point, matcher, command, timeoutMs }) => [point, matcher, command, timeoutMs]),
			[
				['PreToolUse', 'Bash', './guard.sh', 5000],
				['Stop', '', 'say done', 60_000],
				['Stop', '', 'for ever', 600_000],
			],
		);
		assert.equal(problems.length, 5);
	});

	test('no hooks, and no object', () => {
		assert.deepEqual(parseHooks(undefined, place), { hooks: [], problems: [] });
		assert.equal(parseHooks([1], place).problems.length, 1);
		assert.equal(parseHooks('x', place).hooks.length, 0);
	});

	test('are shown one line each, with what nobody sees written out', () => {
		const hook = { point: 'PreToolUse', timeoutMs: 1, ...place } as const;
		assert.deepEqual(
			hookLines([
				{ ...hook, matcher: '*', command: 'a\nb' },
				{ ...hook, matcher: `Bash\n\n\u202e|.`, command: 'c\u200b\r' },
			]),
			['PreToolUse: a ⏎ b', 'PreToolUse Bash ⏎  ⏎ \\u{202e}|.: c\\u{200b}\\u{d}'],
		);
	});

	test('each command once, for its point and subject', () => {
		const { hooks } = parseHooks(
			{
				PreToolUse: [
					{ matcher: 'Bash', hooks: [{ type: 'command', command: 'a' }] },
					{
						matcher: '*',
						hooks: [
							{ type: 'command', command: 'a' },
							{ type: 'command', command: 'b' },
						],
					},
				],
			},
			place,
		);
		const commands = (point: 'PreToolUse' | 'Stop', tool: string) =>
			hooksFor(hooks, point, [tool]).map((one) => one.command);
		assert.deepEqual(commands('PreToolUse', 'Bash'), ['a', 'b']);
		assert.deepEqual(commands('PreToolUse', 'Read'), ['a', 'b']);
		assert.deepEqual(commands('Stop', 'Bash'), []);
	});

	test('a hostile file is read in no time and gives no more than a hundred', () => {
		fc.assert(fc.property(fc.jsonValue(), (value) => void parseHooks({ PreToolUse: value }, place)));
		const many = Array.from({ length: 1000 }, (_, index) => ({ hooks: [{ type: 'command', command: `c${index}` }] }));
		assert.equal(parseHooks({ Stop: many }, place).hooks.length, 100);
	});
});
