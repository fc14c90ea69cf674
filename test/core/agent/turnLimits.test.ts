import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TurnLimits } from '../../../src/core/agent/turnTypes.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from './turnFixture.ts';

const NONE: TurnLimits = { steps: null, costUsd: null, minutes: null };
const read = (id: number): ScriptedStep => ({ blocks: [call('Read', { file_path: 'a.js' }, `r${id}`)] });

async function run(
	steps: readonly ScriptedStep[],
	limits: Partial<TurnLimits> | undefined,
	options: Omit<FixtureOptions, 'model'> = {},
) {
	const model = createScriptedModel(steps);
	const fixture = await createFixture({ files: { '/w/a.js': 'a' }, ...options, model });
	if (limits) Object.assign(fixture.ports, { turnLimits: () => ({ ...NONE, ...limits }) });
	await fixture.run('go');
	const notices = fixture.session.entries.flatMap((entry) => (entry.type === 'notice' ? [entry.text] : []));
	const end = fixture.session.branch().at(-1);
	return { ...fixture, model, notices, end: end?.type === 'turnEnded' ? end : undefined };
}

describe('limits of a turn', () => {
	test('are asked about, and each answer gives as much again', async () => {
		const steps = [read(1), read(2), read(3), read(4), { blocks: [text('done')] }];
		const { asked, notices, end } = await run(steps, { steps: 2 });
		assert.deepEqual(
			asked.map(({ tool, target, goOn }) => [tool, target, goOn]),
			[
				['Turn', 'This turn has come to 2 steps since your message.', 'Go on (2 steps more)'],
				['Turn', 'This turn has come to 4 steps since your message.', 'Go on (2 steps more)'],
			],
		);
		assert.deepEqual(notices, [
			'This turn came to 2 steps. You let it go on for 2 steps more.',
			'This turn came to 4 steps. You let it go on for 2 steps more.',
		]);
		assert.equal(end?.reason, 'endTurn');
	});

	test('a no ends the turn, with every call answered', async () => {
		const { log, end, model } = await run([read(1)], { steps: 1 }, { permission: async () => ({ verdict: 'deny' }) });
		assert.deepEqual([end?.reason, end?.code], ['stepLimit', 'steps']);
		assert.match(end?.message ?? '', /^Stopped after 1 step, as you said\. What was done is saved\./);
		assert.equal(model.requests.length, 1);
		assert.equal(log().filter((line) => line.startsWith('toolResult')).length, 1);
	});

	test('stopping while it asks is a stop', async () => {
		const fixture: { abort?: AbortController } = {};
		const { end } = await (async () => {
			const model = createScriptedModel([read(1)]);
			const made = await createFixture({
				files: { '/w/a.js': 'a' },
				model,
				permission: async (_request, signal) => {
					fixture.abort?.abort();
					signal.throwIfAborted();
					return { verdict: 'allowOnce' };
				},
			});
			fixture.abort = made.abort;
			Object.assign(made.ports, { turnLimits: () => ({ ...NONE, steps: 1 }) });
			await made.run('go');
			const last = made.session.branch().at(-1);
			return { end: last?.type === 'turnEnded' ? last : undefined };
		})();
		assert.equal(end?.reason, 'stopped');
	});

	test('money counts from the prompt on', async () => {
		const dear = (id: number): ScriptedStep => ({ ...read(id), usage: { inputTokens: 1_000_000 } });
		const { asked } = await run([dear(1), { blocks: [text('done')] }], { costUsd: 0.5 });
		assert.match(asked[0]?.target ?? '', /\$0\.50/);
		assert.equal(asked.length, 1, 'what a step cost beyond the limit is not asked about again');
	});

	test('what earlier prompts cost does not count', async () => {
		const dear: ScriptedStep = { blocks: [text('done')], usage: { inputTokens: 1_000_000 } };
		const made = await run([dear, read(1), { blocks: [text('done')] }], { costUsd: 0.5 });
		await made.run('again');
		assert.deepEqual(made.asked, []);
	});

	test('time counts without the waits for the user', async () => {
		const ask = (minutesWaited: number) => async () => {
			fixtureClock?.advance(minutesWaited * 60_000);
			return { verdict: 'allowOnce' as const };
		};
		let fixtureClock: Awaited<ReturnType<typeof createFixture>>['clock'] | undefined;
		const model = createScriptedModel([
			{ blocks: [call('Bash', { command: 'make' }, 'b1')] },
			{ blocks: [call('Bash', { command: 'make' }, 'b2')] },
			{ blocks: [text('done')] },
		]);
		const made = await createFixture({
			model,
			permission: ask(30),
			shell: async () => {
				fixtureClock?.advance(6 * 60_000);
				return {};
			},
		});
		fixtureClock = made.clock;
		Object.assign(made.ports, { turnLimits: () => ({ ...NONE, minutes: 10 }) });
		await made.run('go');
		assert.deepEqual(
			made.asked.map(({ tool }) => tool),
			['Bash', 'Bash', 'Turn'],
		);
	});

	test('two hundred steps when nothing is said', async () => {
		const steps = Array.from({ length: 200 }, (_, index) => read(index));
		const { model, asked } = await run(steps, undefined, { permission: async () => ({ verdict: 'deny' }) });
		assert.deepEqual([model.requests.length, asked.length], [200, 1]);
	});
});
