// Effort and thinking reach the request as far as the model has them, between turns, and without new bytes where nothing changed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ModelInfo } from '../../../src/core/model/modelPort.ts';
import { frozenTuning, type ModelTuning, retune, tunedFields } from '../../../src/core/model/modelTuning.ts';
import { createScriptedModel, text } from '../../fakes/scriptedModel.ts';
import { createFixture } from '../agent/turnFixture.ts';

const info: ModelInfo = {
	...{ id: 'claude-sonnet-5-5', displayName: 'S', windowTokens: 200_000, maxOutputTokens: 32_000 },
	...{ isAdaptiveThinking: true, isDeprecated: false, efforts: ['low', 'high'], canDisableThinking: true },
};
const adaptive = { type: 'adaptive', display: 'summarized' };

suite('Model tuning', () => {
	test('what the model does not have is left out', () => {
		const cases: readonly [Partial<ModelInfo>, ModelTuning, unknown, string | null][] = [
			[{}, { effort: 'high', isThinking: true }, adaptive, 'high'],
			[{}, { effort: 'max', isThinking: false }, { type: 'disabled' }, null],
			[{ canDisableThinking: false }, { effort: null, isThinking: false }, adaptive, null],
			[{ isAdaptiveThinking: false, efforts: [] }, { effort: 'low', isThinking: true }, null, null],
		];
		for (const [facts, tuning, thinking, effort] of cases)
			assert.deepEqual(tunedFields({ ...info, ...facts }, tuning), { thinking, effort });
	});

	test('a session is frozen with it, changes between turns, and keeps everything else', async () => {
		const model = createScriptedModel([1, 2, 3].map((count) => ({ blocks: [text(`reply ${count}`)] })));
		const { session, ports, run } = await createFixture({ model });
		Object.assign(ports, { modelInfo: () => info, tuning: (): ModelTuning => ({ effort: 'low', isThinking: true }) });
		assert.equal(frozenTuning(session), undefined);
		await run('one');
		assert.deepEqual(frozenTuning(session), { effort: 'low', isThinking: true });
		assert.equal(retune(session, info, { effort: 'low', isThinking: true }), false);
		assert.equal(retune(session, { ...info, id: 'other' }, { effort: 'high', isThinking: true }), false);
		await run('two');
		assert.equal(retune(session, info, { effort: 'high', isThinking: false }), true);
		await run('three');
		const [first, second, third] = model.requests;
		assert.deepEqual([first?.effort, second?.effort, third?.effort], ['low', 'low', 'high']);
		assert.deepEqual(third?.thinking, { type: 'disabled' });
		assert.deepEqual(frozenTuning(session), { effort: 'high', isThinking: false });
		const start = ({ system, tools }: NonNullable<typeof third>) => JSON.stringify([system, tools]);
		assert.ok(second && third && start(second) === start(third));
	});
});
