/** The next request before it is sent, and past ones made again from the log: each is what the model was or will be given. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nextRequest } from '../../../src/core/context/nextRequest.ts';
import { newestReplies, requestOf } from '../../../src/core/context/pastRequests.ts';
import { applyEdits, planEdits } from '../../../src/core/context/planEdits.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { call, createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from '../agent/turnFixture.ts';

const usage = { inputTokens: 900, outputTokens: 30, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 };

async function scene() {
	const model = createScriptedModel([
		{ blocks: [text('I look.'), call('Read', { file_path: 'a.js' })], usage },
		{ blocks: [text('It is short.')], usage },
		{ blocks: [text('Yes.')], usage },
		{ blocks: [text('No.')], usage },
	]);
	const fixture = await createFixture({
		model,
		files: { '/w/a.js': 'one\ntwo\n' },
		projectContext: () => 'Use tabs.',
	});
	const ports = { ...fixture.ports, isOfficialEndpoint: false };
	return { ...fixture, model, next: () => nextRequest(fixture.session, ports) };
}

/** Without the last message, which is the prompt's own. */
const withoutPrompt = (request: ModelRequest | undefined) => ({ ...request, messages: request?.messages.slice(0, -1) });

it('is what is then sent, apart from the prompt: before the first one, between two, and after an edit', async () => {
	const { session, run, model, next, ports } = await scene();
	const entries = session.entries.length;
	const first = await next();
	assert.deepEqual(first.messages, []);
	assert.equal(session.entries.length, entries, 'nothing is appended');
	await run('Look at it');
	assert.equal(JSON.stringify(withoutPrompt(model.requests[0])), JSON.stringify(first));
	const second = await next();
	await run('Really?');
	assert.equal(JSON.stringify(withoutPrompt(model.requests[2])), JSON.stringify(second));
	const result = session.branch().find((entry) => entry.type === 'toolResult');
	assert.ok(result?.type === 'toolResult');
	const ref = { entry: result.id, toolUseId: result.toolUseId };
	await applyEdits(session, planEdits(session, [{ ref, op: 'fold', text: 'Folded by hand.' }], ports));
	const third = await next();
	assert.match(JSON.stringify(third.messages), /Folded by hand\./);
	await run('And now?');
	assert.equal(JSON.stringify(withoutPrompt(model.requests[3])), JSON.stringify(third));
});

it('past requests come again from the log byte for byte, also after a rewind', async () => {
	const { session, run, model, ports } = await scene();
	await run('Look at it');
	const start = session.leaf;
	await run('Really?');
	session.append({ type: 'rewind', to: start, from: session.leaf, why: 'rewind' });
	await run('Something else');
	const [last, before] = newestReplies(session.entries);
	assert.ok(last && before);
	const again = await Promise.all([last, before].map((reply) => requestOf(reply, session, ports.blobs, '5m')));
	assert.equal(JSON.stringify(again[0]), JSON.stringify(model.requests[3]));
	assert.equal(JSON.stringify(again[1]), JSON.stringify(model.requests[2]));
});
