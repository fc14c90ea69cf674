import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { demoModelInfo, fallbackModels, modelInfoFor, smallModelFor } from '../../../src/core/model/catalogue.ts';

describe('modelInfoFor', () => {
	const check = (id: string, expected: object) =>
		it(id, () => {
			const info = modelInfoFor(id);
			assert.deepEqual({ ...info, ...expected, id }, info);
		});
	check('claude-opus-5-5', { displayName: 'Claude Opus 5.5', isAdaptiveThinking: true, maxOutputTokens: 64_000 });
	check('claude-opus-4-6', { isAdaptiveThinking: true, windowTokens: 200_000 });
	check('claude-fable-5-2', { isAdaptiveThinking: true });
	check('claude-mythos-preview', { isAdaptiveThinking: true });
	check('claude-haiku-4-5-20251001', {
		displayName: 'Claude Haiku 4.5',
		isAdaptiveThinking: false,
		maxOutputTokens: 32_000,
	});
	check('claude-opus-4-5', { isAdaptiveThinking: false });
	check('claude-sonnet-4-5-20250929', { isAdaptiveThinking: false, isDeprecated: true });
	check('retrace-demo', { windowTokens: 200_000, isAdaptiveThinking: false, displayName: demoModelInfo.displayName });
	check('local/llama', { displayName: 'local/llama', windowTokens: 200_000, isAdaptiveThinking: false });

	it('prefers what the endpoint said', () => {
		const known = [{ ...modelInfoFor('claude-opus-5-5'), windowTokens: 1_000_000 }];
		assert.equal(modelInfoFor('claude-opus-5-5', known).windowTokens, 1_000_000);
		assert.equal(modelInfoFor('claude-opus-5-5-20260922', known).windowTokens, 1_000_000);
	});
	it('the table names each model once', () => {
		assert.equal(new Set(fallbackModels.map((model) => model.id)).size, fallbackModels.length);
	});
});

describe('smallModelFor', () => {
	it('is the newest small model that the endpoint lists', () =>
		assert.equal(smallModelFor('claude-opus-5-5', fallbackModels), 'claude-haiku-5-5'));
	it('passes over one that is going away', () => {
		const listed = fallbackModels.map((model) => ({ ...model, isDeprecated: model.id === 'claude-haiku-5-5' }));
		assert.equal(smallModelFor('claude-opus-5-5', listed), 'claude-haiku-4-5');
	});
	it('is the own model where none is listed', () =>
		assert.equal(smallModelFor('local-model', [modelInfoFor('local-model')]), 'local-model'));
});
