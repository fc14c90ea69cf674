/** The model that a slash command names holds for its turn: the log says it both ways, and a crash in between is made good. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Prompt } from '../../../src/core/agent/turnTypes.ts';
import { newestReplies, requestOf } from '../../../src/core/context/pastRequests.ts';
import type { ModelInfo } from '../../../src/core/model/modelPort.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { enterTurnModel, findModel, leaveTurnModel } from '../../../src/host/model/turnModel.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';

const OWN = 'claude-sonnet-5-5';
const OTHER = 'claude-haiku-5';
const info = (id: string, windowTokens = 200_000): ModelInfo => ({
	...{ id, displayName: id, windowTokens, maxOutputTokens: 32_000, isAdaptiveThinking: false, isDeprecated: false },
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
	const { session, ports } = fixture;
	const told: string[] = [];
	const models = [info('claude-opus-5-5'), info(OTHER, otherWindow), info(OWN)];
	const choice = { models, infoFor: (id: string) => models.find((one) => one.id === id) ?? info(id) };
	const enter = (wanted?: string): Prompt => {
		const command = { name: 'review', argument: '', ...(wanted === undefined ? {} : { model: { wanted } }) };
		return enterTurnModel(session, { text: 'Go', attachments: [], command }, choice, ports, (words) =>
			told.push(words),
		);
	};
	const turn = async (wanted?: string) => {
		const entered = enter(wanted);
		await fixture.run(entered);
		leaveTurnModel(session, entered.command?.model?.before);
	};
	const used = () => model.requests.map((request) => request.model);
	return { ...fixture, model, told, enter, turn, used };
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
	const { enter, run, session, store, blobs, clock } = await scene();
	await run(enter('haiku'));
	await session.close();
	const open = async () =>
		await openSession({
			...{ store, blobs, clock, ids: createFakeIds(), id: session.id, trace: () => undefined },
			defaults: { cwd: '/w', mode: 'ask', model: 'm', roots: ['/w'], extensionVersion: '0' },
		});
	const again = await open();
	assert.equal(again.model, OTHER, 'what was sent last');
	leaveTurnModel(again);
	assert.equal(again.model, OWN);
	again.setModel('claude-opus-5-5');
	leaveTurnModel(again);
	assert.equal(again.model, 'claude-opus-5-5', 'a choice that was made since stays');
});

it('yields to what the user chooses while the turn runs', async () => {
	const { enter, run, session } = await scene();
	const entered = enter('haiku');
	await run(entered);
	session.setModel('claude-opus-5-5');
	leaveTurnModel(session, entered.command?.model?.before);
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
