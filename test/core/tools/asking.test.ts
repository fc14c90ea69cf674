/** AskUser, Plan and TaskList in whole turns: what the model gets back, what the log keeps, and what a stop leaves. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CancelledError } from '../../../src/base/errors.ts';
import { planItem } from '../../../src/core/agent/planItem.ts';
import { modeReminder, stepReminder } from '../../../src/core/agent/turnReminders.ts';
import type { PermissionMode } from '../../../src/core/session/entry.ts';
import type { Asking, PlanAnswer, QuestionsAnswer } from '../../../src/core/tools/asking.ts';
import { loadedTools, toolDefinitions } from '../../../src/core/tools/registry.ts';
import type { ToolServices } from '../../../src/core/tools/services.ts';
import { call, createScriptedModel, type ScriptedStep, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from '../agent/turnFixture.ts';

const QUESTION = {
	header: 'Database',
	question: 'Which database?',
	options: [{ label: 'SQLite', description: 'One file' }, { label: 'Postgres' }],
};
const DONE = { blocks: [text('Done.')] };

type Answers = {
	readonly questions?: QuestionsAnswer;
	readonly plan?: readonly PlanAnswer[];
	readonly waits?: boolean;
};

async function world(steps: readonly ScriptedStep[], answers: Answers = {}, mode: PermissionMode = 'ask') {
	const model = createScriptedModel([...steps, DONE, DONE]);
	const fixture = await createFixture({ model, mode, files: { '/w/a.js': 'one\n' } });
	const { session, clock } = fixture;
	const seen: string[] = [];
	const plans = [...(answers.plan ?? [])];
	const untilStopped = (signal: AbortSignal) =>
		new Promise<never>((_, reject) => {
			signal.addEventListener('abort', () => reject(new CancelledError()));
			fixture.abort.abort();
		});
	const asking: Asking = {
		async askQuestions({ questions }, signal) {
			seen.push(`${session.state}: ${questions.map((one) => one.text).join()}`);
			if (answers.waits) return await untilStopped(signal);
			await clock.sleep(60_000, signal);
			return answers.questions ?? { kind: 'declined' };
		},
		async presentPlan({ plan }, signal) {
			seen.push(`${session.state}: ${plan}`);
			if (answers.waits) return await untilStopped(signal);
			return plans.shift() ?? { kind: 'kept' };
		},
	};
	const services: ToolServices = {
		sessionId: session.id,
		asking,
		modes: { now: () => session.mode, set: (to) => session.setMode(to) },
		tasks: { keep: (tasks) => void session.append({ type: 'taskList', tasks }) },
	};
	Object.assign(fixture.ports, { services });
	await fixture.run('go');
	const results = session.entries.flatMap((entry) =>
		entry.type === 'toolResult'
			? [{ isError: entry.isError, summary: entry.summary, durationMs: entry.durationMs, text: textIn(entry.content) }]
			: [],
	);
	return { ...fixture, model, results, seen };
}
const textIn = (content: readonly object[]): string =>
	content.map((block) => ('text' in block ? String(block.text) : '')).join('\n');
const ask = (questions: unknown = [QUESTION]) => ({ blocks: [call('AskUser', { questions })] });
const plan = (input: unknown, id?: string) => ({ blocks: [call('Plan', input, id)] });
const edit = { blocks: [call('Edit', { file_path: 'a.js', old_string: 'one', new_string: 'two' })] };

describe('AskUser', () => {
	test('gives the answers back as text; waiting for them is no run time', async () => {
		const answer = { kind: 'answered', answers: [{ chosen: ['SQLite'], other: 'on a ram disk' }] } as const;
		const { results, seen } = await world([ask()], { questions: answer });
		assert.deepEqual(seen, ['awaitingUser: Which database?']);
		const [result] = results;
		assert.equal(result?.text, 'Database: Which database?\nAnswer: SQLite; in their own words: on a ram disk');
		assert.equal(result?.isError, false);
		assert.ok((result?.durationMs ?? 60_000) < 1_000);
	});
	test('a refusal to answer is told, and no error', async () => {
		const [result] = (await world([ask()])).results;
		assert.match(result?.text ?? '', /^The user declined to answer\. Do not ask it again/);
		assert.equal(result?.summary, 'declined');
		assert.equal(result?.isError, false);
	});
	test('a stop while it waits leaves a pair and a session that goes on', async () => {
		const { log, session } = await world([ask()], { waits: true });
		assert.ok(log().includes('turnEnded stopped'));
		assert.equal(log().filter((line) => line.startsWith('toolResult')).length, 1);
		assert.equal(session.state, 'idle');
	});
	test('what is no question is refused before anybody is asked', async () => {
		const bad = [
			[],
			[{ ...QUESTION, options: [{ label: 'one' }] }],
			[QUESTION, QUESTION, QUESTION, QUESTION, QUESTION],
			'x',
		];
		for (const questions of bad) {
			const { results, seen } = await world([ask(questions)]);
			assert.equal(results[0]?.isError, true);
			assert.deepEqual(seen, []);
		}
	});
	test('where nobody can be asked it says so', async () => {
		const model = createScriptedModel([ask(), DONE]);
		const fixture = await createFixture({ model });
		await fixture.run('go');
		assert.ok(fixture.log().some((line) => line.startsWith('toolResult! The user cannot be asked from here')));
	});
});

describe('Plan', () => {
	const PLAN = '# Guard the area\n\n1. Add a check.';
	test('entering switches the mode without a question, and nothing is written in it', async () => {
		const { session, results, asked, workspace, model } = await world([plan({ action: 'enter' }), edit], {});
		assert.equal(session.mode, 'plan');
		assert.deepEqual(asked, []);
		assert.equal(results[1]?.isError, true);
		assert.equal(workspace.text('/w/a.js'), 'one\n');
		assert.doesNotMatch(JSON.stringify(model.requests.at(-1)?.messages), /The user switched plan mode/);
	});
	test('what is accepted ends plan mode in the chosen way, in the same turn', async () => {
		const steps = [plan({ action: 'enter' }, 'p1'), plan({ action: 'present', plan: PLAN }, 'p2'), edit];
		const { session, results, seen, workspace } = await world(steps, {
			plan: [{ kind: 'accepted', mode: 'acceptEdits' }],
		});
		assert.deepEqual(seen, [`awaitingUser: ${PLAN}`]);
		assert.equal(session.mode, 'acceptEdits');
		assert.equal(results[1]?.summary, 'accepted');
		assert.equal(workspace.text('/w/a.js'), 'two\n');
		assert.equal(modeReminder(session.branch(), 'acceptEdits'), undefined, 'the result has told it');
		assert.match(modeReminder(session.branch(), 'plan') ?? '', /switched plan mode on/);
	});
	test('a plan that the user rewrote is what the model gets, and what a summary keeps', async () => {
		const mine = '# Mine\n\n1. Less.';
		const { session, results } = await world(
			[plan({ action: 'present', plan: PLAN })],
			{
				plan: [{ kind: 'accepted', mode: 'ask', changedPlan: mine }],
			},
			'plan',
		);
		assert.match(results[0]?.text ?? '', /The user changed the plan/);
		assert.ok(results[0]?.text.endsWith(mine));
		const branch = session.branch();
		assert.deepEqual(
			planItem(branch, 0, branch.length).map(({ content }) => textIn([content])),
			[`The plan, word for word:\n${mine}`],
		);
	});
	test('what was carried out in the turn of the plan is not taken for the plan', async () => {
		const { session } = await world(
			[plan({ action: 'present', plan: PLAN }), edit],
			{
				plan: [{ kind: 'accepted', mode: 'acceptEdits' }],
			},
			'plan',
		);
		const branch = session.branch();
		assert.deepEqual(
			planItem(branch, 0, branch.length).map(({ content }) => textIn([content])),
			[`The plan, word for word:\n${PLAN}`],
		);
	});
	test('sent back, plan mode is on with what the user said', async () => {
		const steps = [plan({ action: 'present', plan: PLAN }), edit];
		const { session, results, workspace } = await world(steps, {
			plan: [{ kind: 'kept', comment: 'cover it with a test' }],
		});
		assert.match(results[0]?.text ?? '', /They say: cover it with a test\n/);
		assert.equal(session.mode, 'plan');
		assert.equal(workspace.text('/w/a.js'), 'one\n');
	});
	test('an empty plan is no plan, and a stop leaves the mode as it was', async () => {
		const { results, seen } = await world([plan({ action: 'present', plan: ' ' })]);
		assert.equal(results[0]?.isError, true);
		assert.deepEqual(seen, []);
		const stopped = await world([plan({ action: 'present', plan: PLAN })], { waits: true }, 'plan');
		assert.equal(stopped.session.mode, 'plan');
		assert.ok(stopped.log().includes('turnEnded stopped'));
	});
});

describe('TaskList', () => {
	const tasks = [
		{ text: 'Read\nit', state: 'done' },
		{ text: 'Change it', state: 'active' },
		{ text: 'Test it', state: 'pending' },
	];
	test('the whole list goes to the log, one line each', async () => {
		const { session, results } = await world([{ blocks: [call('TaskList', { tasks })] }]);
		assert.deepEqual(session.newest('taskList')?.tasks, [
			{ text: 'Read it', state: 'completed' },
			{ text: 'Change it', state: 'inProgress' },
			{ text: 'Test it', state: 'pending' },
		]);
		assert.equal(results[0]?.summary, '1 of 3 done');
	});
	test('it follows the branch', async () => {
		const { session, run } = await world([{ blocks: [call('TaskList', { tasks })] }]);
		const leaf = session.leaf;
		const first = session.entries.find((entry) => entry.type === 'user');
		assert.ok(first && leaf);
		session.append({ type: 'rewind', to: first.parentId, from: leaf, why: 'rewind' });
		assert.equal(session.newest('taskList'), undefined);
		await run('again');
		session.append({ type: 'rewind', to: leaf, from: session.leaf, why: 'undo' });
		assert.equal(session.newest('taskList')?.tasks.length, 3);
	});
	test('a list that is forgotten is brought to mind once in a while, in our own words', async () => {
		const read = (index: number) => ({ blocks: [call('Read', { file_path: 'a.js' }, `r${index}`)] });
		const steps = [{ blocks: [call('TaskList', { tasks })] }, ...Array.from({ length: 26 }, (_, index) => read(index))];
		const { session } = await world(steps);
		const said = session.entries.flatMap((entry) => (entry.type === 'reminder' ? [entry.text] : []));
		assert.equal(said.length, 2);
		assert.ok(said.every((words) => words.startsWith('The task list was not touched') && !words.includes('Change it')));
		const done = [{ blocks: [call('TaskList', { tasks: [{ text: 'a', state: 'done' }] })] }, ...steps.slice(1)];
		const quiet = await world(done);
		assert.ok(!quiet.session.entries.some(({ type }) => type === 'reminder'));
		assert.equal(stepReminder(quiet.session.branch(), 'ask'), undefined);
	});
});

test('each of them is short in every request', () => {
	for (const definition of toolDefinitions(
		loadedTools.filter(({ name }) => ['AskUser', 'Plan', 'TaskList'].includes(name)),
	)) {
		const tokens = Buffer.byteLength(JSON.stringify(definition)) / 3.5;
		assert.ok(tokens <= 250, `${definition.name}: ${Math.round(tokens)}`);
	}
});
