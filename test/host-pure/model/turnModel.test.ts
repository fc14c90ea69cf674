/** The model that a slash command names holds for its turn: the log says it both ways, and a crash in between is made good. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { Prompt, TurnPorts } from '../../../src/core/agent/turnTypes.ts';
import { newestReplies, requestOf } from '../../../src/core/context/pastRequests.ts';
import type { ModelInfo } from '../../../src/core/model/modelPort.ts';
import { DEFAULT_TUNING, frozenTuning } from '../../../src/core/model/modelTuning.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { chooseTuning, chosenTuning, takeInTuning } from '../../../src/host/model/chosenTuning.ts';
import { enterTurnModel, findModel, leaveBrokenTurn } from '../../../src/host/model/turnModel.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const OWN = 'claude-sonnet-5-5';
const OTHER = 'claude-haiku-5';
const info = (id: string, windowTokens = 200_000): ModelInfo => ({
	...{ id, displayName: id, windowTokens, maxOutputTokens: 32_000, isAdaptiveThinking: false, isDeprecated: false },
	...(id === OTHER ? {} : { efforts: ['low', 'medium', 'high'] as const }),
});

async function scene(otherWindow = 200_000, inputTokens = 9_000) {
	const usage = {
		inputTokens,
		outputTokens: 20,
		cacheReadTokens: 0,
		cacheWriteTokens: 0,
		cacheWrite1hTokens: 0,
	};
	const model = createScriptedModel(Array.from({ length: 4 }, () => ({ blocks: [text('Yes.')], usage })));
	const fixture = await createFixture({ model });
	const { session } = fixture;
	const told: string[] = [];
	const models = [info('claude-opus-5-5'), info(OTHER, otherWindow), info(OWN)];
	const infoFor = (id: string) => models.find((one) => one.id === id) ?? info(id);
	const choice = { models, infoFor };
	const ports: TurnPorts = {
		...fixture.ports,
		modelInfo: () => infoFor(session.model),
		tuning: () => chosenTuning(session) ?? frozenTuning(session) ?? DEFAULT_TUNING,
	};
	const enter = (wanted?: string, effort?: string) => {
		takeInTuning(session, infoFor(session.model));
		const command = {
			...{ name: 'review', argument: '' },
			...(wanted === undefined ? {} : { model: { wanted } }),
			...(effort === undefined ? {} : { tuning: { effort } }),
		};
		return enterTurnModel(session, { text: 'Go', attachments: [], command }, choice, ports, (words) =>
			told.push(words),
		);
	};
	const run = async (prompt: Prompt) =>
		await runTurn(session, prompt, ports, () => undefined, new AbortController().signal);
	const turn = async (wanted?: string, effort?: string) => {
		const entered = enter(wanted, effort);
		await run(entered.prompt);
		entered.leave();
	};
	const used = () => model.requests.map((request) => request.model);
	const efforts = () => model.requests.map((request) => request.effort ?? null);
	return { ...fixture, ports, run, infoFor, model, told, enter, turn, used, efforts };
}

it('holds for the turn, and the next one has the bytes of the session’s own again', async () => {
	const { turn, used, session, model, blobs } = await scene();
	await turn();
	await turn('haiku');
	assert.equal(session.model, OWN);
	await turn();
	assert.deepEqual(used(), [OWN, OTHER, OWN]);
	const [first, , third] = model.requests;
	assert.equal(JSON.stringify(third?.system), JSON.stringify(first?.system));
	assert.equal(JSON.stringify(third?.tools), JSON.stringify(first?.tools));
	const replies = newestReplies(session.entries);
	const again = await Promise.all(replies.map((reply) => requestOf(reply, session, blobs, '5m')));
	assert.deepEqual(
		again.map((one) => JSON.stringify(one)),
		[model.requests[2], model.requests[1]].map((one) => JSON.stringify(one)),
	);
});

it('is left behind after a crash in the middle of it, and not twice', async () => {
	const { enter, run, session, store, blobs, clock, infoFor } = await scene();
	await run(enter('haiku').prompt);
	await session.close();
	const open = async () =>
		await openSession({
			...{ store, blobs, clock, ids: createFakeIds(), id: session.id, trace: () => undefined },
			defaults: { cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' },
		});
	const again = await open();
	assert.equal(again.model, OTHER, 'what was sent last');
	leaveBrokenTurn(again, infoFor);
	assert.equal(again.model, OWN);
	again.setModel('claude-opus-5-5');
	leaveBrokenTurn(again, infoFor);
	assert.equal(again.model, 'claude-opus-5-5', 'a choice that was made since stays');
});

it('yields to what the user chooses while the turn runs', async () => {
	const { enter, run, session } = await scene();
	const entered = enter('haiku');
	await run(entered.prompt);
	session.setModel('claude-opus-5-5');
	entered.leave();
	assert.equal(session.model, 'claude-opus-5-5');
});

it('is not taken when nobody knows it, or the conversation does not fit; that is said', async () => {
	const unknown = await scene();
	await unknown.turn('gpt');
	assert.deepEqual(unknown.used(), [OWN]);
	assert.match(unknown.told[0] ?? '', /^\/review asks for the model gpt, which is not known here\./);
	const small = await scene(50_000, 60_000);
	await small.turn();
	await small.turn('haiku');
	assert.deepEqual(small.used(), [OWN, OWN]);
	assert.match(small.told[0] ?? '', /whose window is too small for this conversation/);
	assert.equal(findModel('haiku', [info(OTHER)])?.id, OTHER);
	assert.equal(findModel('hai', [info(OTHER)]), undefined);
});

it('comes with its effort, on the first turn and later ones, and the session’s own is back after each', async () => {
	const { turn, efforts, session, told } = await scene();
	await turn(undefined, 'low');
	await turn();
	await turn(undefined, 'high');
	await turn();
	assert.deepEqual(efforts(), ['low', null, 'high', null]);
	const commands = session.entries.flatMap((entry) => (entry.type === 'user' ? [entry.command?.tuning] : []));
	assert.deepEqual(commands[0], { effort: 'low', before: { effort: null, isThinking: true } });
	assert.equal(commands[1], undefined);
	assert.deepEqual(told, []);
});

it('leaves the effort that was chosen for the session alone, also when another model has none', async () => {
	const { turn, efforts, session, infoFor, used } = await scene();
	await turn();
	chooseTuning(session, { effort: 'medium', isThinking: true });
	takeInTuning(session, infoFor(OWN));
	await turn('haiku');
	await turn();
	assert.deepEqual(used(), [OWN, OTHER, OWN]);
	assert.deepEqual(efforts(), [null, null, 'medium']);
});

it('says when the model does not have the effort', async () => {
	const { turn, efforts, told } = await scene();
	await turn('haiku', 'high');
	await turn(undefined, 'max');
	await turn(undefined, 'enormous');
	assert.deepEqual(efforts(), [null, null, null]);
	assert.deepEqual(
		told.map((words) => /for the effort (\w+), which ([\w-]+) does not have/.exec(words)?.slice(1)),
		[
			['high', OTHER],
			['max', OWN],
			['enormous', OWN],
		],
	);
});

it('has its own effort again after a crash in the turn, unless another one was chosen since', async () => {
	for (const isChosen of [false, true]) {
		const { turn, enter, run, session, infoFor, efforts } = await scene();
		await turn();
		await run(enter(undefined, 'high').prompt);
		if (isChosen) chooseTuning(session, { effort: 'low', isThinking: true });
		leaveBrokenTurn(session, infoFor);
		leaveBrokenTurn(session, infoFor);
		await turn();
		assert.deepEqual(efforts(), [null, 'high', isChosen ? 'low' : null]);
	}
});

it('is left behind when a hook held the prompt back', async () => {
	const { turn, enter, session } = await scene();
	await turn();
	enter('haiku', 'high').leave();
	assert.equal(session.model, OWN);
	const opus = enter('opus', 'high');
	assert.equal(session.model, 'claude-opus-5-5');
	opus.leave();
	assert.equal(session.model, OWN);
	assert.equal(frozenTuning(session)?.effort, null);
});
