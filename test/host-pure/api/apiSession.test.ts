/** A prompt of another extension: whoever sends it hears how its turn ended, or that it was not sent. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Emitter } from '../../../src/base/emitter.ts';
import { createPromptQueue } from '../../../src/core/agent/promptQueue.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { Prompt } from '../../../src/core/agent/turnTypes.ts';
import { createApiSession } from '../../../src/host/api/apiSession.ts';
import type { OpenSession } from '../../../src/host/session/openSession.ts';
import { createFixture } from '../../core/agent/turnFixture.ts';
import { createFakeIds } from '../../fakes/fakeClock.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';

async function scene() {
	const model = createScriptedModel([{ blocks: [text('Hello.')] }, { blocks: [text('Hello again.')] }]);
	const { session, ports } = await createFixture({ model });
	const changed = new Emitter<{ kind: 'head' }>();
	const state = { isRunning: false };
	const queue = createPromptQueue(createFakeIds());
	const open = {
		session,
		queue,
		get isRunning() {
			return state.isRunning;
		},
		onDidChange: changed.event,
	} as unknown as OpenSession;
	const running = (isRunning: boolean) => {
		state.isRunning = isRunning;
		changed.fire({ kind: 'head' });
	};
	const take = async (prompt: Prompt) => {
		running(true);
		await runTurn(session, prompt, ports, () => undefined, new AbortController().signal);
		running(false);
	};
	const sent: Prompt[] = [];
	const end = new AbortController();
	const api = createApiSession(open, {
		caller: 'Acme',
		ended: end.signal,
		open: async () => open,
		refusal: async () => undefined,
		async start(_open, prompt) {
			if (state.isRunning) queue.add(prompt);
			else sent.push(prompt);
			if (sent.includes(prompt)) running(true);
		},
		stop: async () => undefined,
		onDidOpen: new Emitter<OpenSession>().event,
		own: (disposable) => disposable,
		safely: (listener) => listener,
	});
	return { api, sent, queue, running, take, end };
}
const tick = () => new Promise((resolve) => setImmediate(resolve));

it('tells how its turn ended, also when it waited behind another', async () => {
	const { api, sent, queue, running, take } = await scene();
	const first = api.send('one');
	await tick();
	const second = api.send('two');
	await tick();
	await take(sent[0] as Prompt);
	assert.deepEqual(await first, { reason: 'endTurn', answer: 'Hello.' });
	const next = queue.takeNext();
	running(true);
	await take(next as Prompt);
	assert.deepEqual(await second, { reason: 'endTurn', answer: 'Hello again.' });
});

it('that is held back, or taken out of the queue, is told as not sent', async () => {
	const { api, queue, running } = await scene();
	const held = api.send('one');
	await tick();
	const dropped = api.send('two');
	await tick();
	queue.take(queue.items[0]?.id ?? '');
	// A hook said no: nothing of it is in the log.
	running(false);
	await assert.rejects(held, { code: 'not-sent', message: /held back/ });
	await assert.rejects(dropped, { code: 'not-sent' });
});

it('is a text with something in it', async () => {
	const { api, sent } = await scene();
	for (const wrong of ['', ' ', undefined, 7, { text: 'x' }])
		await assert.rejects(api.send(wrong as string), { code: 'bad-prompt' });
	assert.deepEqual(sent, []);
});
