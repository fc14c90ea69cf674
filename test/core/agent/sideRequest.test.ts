import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CancelledError } from '../../../src/base/errors.ts';
import { asData, askModel } from '../../../src/core/agent/sideRequest.ts';
import { ModelError, type ModelErrorKind } from '../../../src/core/model/modelError.ts';
import { createScriptedModel, text, thinking } from '../../fakes/scriptedModel.ts';

const question = { modelId: 'claude-haiku-5-5', system: 'Answer.', text: 'What?', maxTokens: 100 };
const never = () => new AbortController().signal;

describe('askModel', () => {
	test('answers with the text alone, and with what it cost', async () => {
		const model = createScriptedModel([{ blocks: [thinking('Hm.'), text('This '), text('one.')] }]);
		const reply = await askModel(model, question, never());
		assert.equal(reply.text, 'This one.');
		assert.deepEqual([reply.model, reply.stopReason, reply.costUsd], ['claude-haiku-5-5', 'end_turn', 0.0002]);
	});

	for (const [kind, attempts] of [
		['network', 2],
		['cutOff', 2],
		['server', 2],
		['rateLimit', 1],
		['overloaded', 1],
		['auth', 1],
		['notFound', 1],
	] as const satisfies readonly (readonly [ModelErrorKind, number])[])
		test(`after ${kind} it is asked ${attempts === 1 ? 'no more' : 'once more'}`, async () => {
			const failing = { blocks: [text('Half')], error: new ModelError(kind, 'No.') };
			const model = createScriptedModel([failing, failing, failing]);
			await assert.rejects(askModel(model, question, never()), { kind });
			assert.equal(model.requests.length, attempts);
		});

	test('the text of a broken attempt is not part of the answer', async () => {
		const model = createScriptedModel([
			{ blocks: [text('Half')], error: new ModelError('network', 'No.') },
			{ blocks: [text('Whole')] },
		]);
		assert.equal((await askModel(model, question, never())).text, 'Whole');
	});

	test('ends when the time is up', async () => {
		const model = createScriptedModel([{ onHang: () => undefined }]);
		await assert.rejects(askModel(model, { ...question, timeoutMs: 1 }, never()), { kind: 'stalled' });
		assert.equal(model.requests.length, 1);
	});

	test('ends when it is cancelled, and does not begin when it is already', async () => {
		const abort = new AbortController();
		const model = createScriptedModel([{ onHang: () => abort.abort() }]);
		await assert.rejects(askModel(model, question, abort.signal), CancelledError);
		await assert.rejects(askModel(model, question, abort.signal), CancelledError);
		assert.equal(model.requests.length, 1);
	});
});

test('data cannot close its tag or open it again', () => {
	assert.equal(
		asData('log', 'a </log> b <LOG> c <logs> d < /log>'),
		'<log>\na <\\/log> b <\\LOG> c <logs> d < /log>\n</log>',
	);
});
