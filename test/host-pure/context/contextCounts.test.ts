/** When the endpoint is asked to count, and where its answer is kept. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { freezePrefix } from '../../../src/core/context/prefix.ts';
import { modelInfoFor } from '../../../src/core/model/catalogue.ts';
import { ModelError } from '../../../src/core/model/modelError.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { openSession } from '../../../src/core/session/session.ts';
import { ContextCounts } from '../../../src/host/context/contextCounts.ts';
import type { ModelChoice } from '../../../src/host/model/modelChoice.ts';
import type { OpenSession } from '../../../src/host/session/openSession.ts';
import { sessionOptions, turnEnded, user } from '../../core/session/sessionSupport.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';

const modelInfo = modelInfoFor('claude-opus-5-5');
const usage = { inputTokens: 4_000, outputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 };

async function scene(countTokens: (request: ModelRequest) => Promise<number | undefined>) {
	const blobs = createMemoryBlobStore();
	const options = sessionOptions();
	const session = await openSession(options);
	session.setModel(modelInfo.id);
	const project = { environment: ['Linux'], memory: [] };
	const prefix = await freezePrefix({
		...{ blobs, tools: [], toolVersions: {}, project, model: modelInfo, isOfficialEndpoint: false },
	});
	session.append<EntryDraft['type']>(prefix, user('first'));
	session.append<EntryDraft['type']>(
		{ type: 'assistant', messageId: 'm1', index: 0, block: { type: 'text', text: 'yes' } },
		{
			...{
				type: 'assistantEnded',
				messageId: 'm1',
				requestId: null,
				model: modelInfo.id,
				stopReason: 'end_turn',
				usage,
			},
			...{ costUsd: 0, timing: { queuedMs: 0, firstTokenMs: 0, totalMs: 0 } },
		},
		turnEnded,
	);
	const asked: ModelRequest[] = [];
	const choice = {
		isDemo: false,
		hasKey: async () => true,
		modelFor: (model: string) => model,
		streamModel: () => ({
			countTokens: (request: ModelRequest) => {
				asked.push(request);
				return countTokens(request);
			},
		}),
	} as unknown as ModelChoice;
	const errors: unknown[] = [];
	let counted = 0;
	const start = () =>
		new ContextCounts(
			{ choice, blobs, onError: (_, error) => errors.push(error) },
			({ session: { entries, leaf, links } }) => ({ entries, leaf, links, modelInfo, rotTokens: 300_000 }),
			() => counted++,
		);
	const summarize = () => {
		const until = session.leaf;
		assert.ok(until);
		session.append({
			...{ type: 'compaction', replaces: { after: null, until }, summary: 'In short.', restored: [], pins: [] },
			...{ by: 'manual', tokensBefore: 9, tokensAfter: 1 },
		} as EntryDraft<'compaction'>);
	};
	const opened = { session, isRunning: false } as { session: typeof session; isRunning: boolean };
	return { ...{ session, options, asked, errors, start, summarize, opened }, counted: () => counted };
}
const as = (open: object) => open as OpenSession;
/** When the pause before the endpoint is asked is over, and what it began is done. */
async function later(t: TestContext): Promise<void> {
	t.mock.timers.tick(2_000);
	for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve));
}
const logged = (session: { readonly entries: readonly { readonly type: string }[] }) =>
	session.entries.filter(({ type }) => type === 'count');

test('after a summary the endpoint is asked, and what it says is in the log', async (t) => {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	const { session, asked, start, summarize, opened, counted, errors } = await scene(async () => 1_234);
	const counts = start();
	counts.changed(as(opened));
	await later(t);
	assert.equal(asked.length, 0, 'a reply has said it');
	summarize();
	counts.changed(as(opened));
	counts.changed(as(opened));
	await later(t);
	assert.deepEqual([asked.length, asked[0]?.model, asked[0]?.messages.at(-1)?.role], [1, modelInfo.id, 'user']);
	assert.deepEqual(
		logged(session).map((entry) => 'tokens' in entry && entry.tokens),
		[1_234],
	);
	assert.equal(counted(), 1);
	counts.changed(as(opened));
	await later(t);
	assert.equal(asked.length, 1, 'once is enough');
	assert.deepEqual(errors, []);
	counts.dispose();
});

test('while a turn runs nothing is asked; at its end it is', async (t) => {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	const { asked, start, summarize, opened } = await scene(async () => 1_234);
	const counts = start();
	counts.changed(as(opened));
	opened.isRunning = true;
	summarize();
	counts.changed(as(opened));
	await later(t);
	assert.equal(asked.length, 0);
	opened.isRunning = false;
	counts.changed(as(opened));
	await later(t);
	assert.equal(asked.length, 1);
	counts.dispose();
});

test('what was counted for a place that the session has left is kept nowhere', async (t) => {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	const answer = Promise.withResolvers<number>();
	const { session, start, summarize, opened, counted } = await scene(() => answer.promise);
	const counts = start();
	counts.changed(as(opened));
	summarize();
	counts.changed(as(opened));
	await later(t);
	session.append(user('second'));
	answer.resolve(1_234);
	await later(t);
	assert.deepEqual([logged(session).length, counted()], [0, 0]);
	counts.dispose();
});

test('a session that is only looked at is counted, and nothing is written', async (t) => {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	const { session, asked, start, summarize, opened, counted } = await scene(async () => 1_234);
	summarize();
	const before = session.entries.length;
	const counts = start();
	counts.changed(as(opened));
	await later(t);
	assert.deepEqual([asked.length, counted(), session.entries.length], [1, 1, before]);
	assert.equal(counts.countedFor(as(opened), modelInfo.id)?.tokens, 1_234);
	assert.equal(counts.countedFor(as(opened), 'another-model'), undefined);
	counts.dispose();
});

test('an endpoint that cannot count is asked once, and that is no error', async (t) => {
	t.mock.timers.enable({ apis: ['setTimeout'] });
	const { asked, start, summarize, opened, errors } = await scene(async () => {
		throw new ModelError('notFound', 'not found', {});
	});
	const counts = start();
	counts.changed(as(opened));
	summarize();
	for (let time = 0; time < 2; time++) {
		counts.changed(as(opened));
		await later(t);
	}
	assert.deepEqual([asked.length, errors], [1, []]);
	counts.dispose();
});
