// A request in the words of a model that knows less: nothing is lost that it can take, and roles alternate.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { plainMessages, plainText } from '../../../src/core/model/plainMessages.ts';

const request: ModelRequest = {
	...{
		model: 'vscode-lm:a/b',
		maxTokens: 1,
		tools: [],
		thinking: null,
		effort: null,
		betas: [],
		previousMessageId: undefined,
	},
	system: [{ type: 'text', text: 'Be good.', cache_control: { type: 'ephemeral' } }],
	messages: [
		{ role: 'user', content: [{ type: 'text', text: 'Read a.' }] },
		{ role: 'system', content: 'Plan mode is on.' },
		{
			role: 'assistant',
			content: [
				{ type: 'thinking', thinking: 'hm', signature: 's' },
				{ type: 'text', text: 'I look.' },
				{ type: 'tool_use', id: asToolUseId('t1'), name: 'Read', input: { file_path: 'a' } },
			],
		},
		{
			role: 'user',
			content: [
				{ type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'no such file' }], is_error: true },
				{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
			],
		},
	],
};

suite('Plain messages', () => {
	test('two roles, calls and results in their places, no thinking', () => {
		assert.deepEqual(plainMessages(request), [
			{
				role: 'user',
				parts: [
					{ kind: 'text', text: 'Be good.' },
					{ kind: 'text', text: 'Read a.' },
					{ kind: 'text', text: 'Plan mode is on.' },
				],
			},
			{
				role: 'assistant',
				parts: [
					{ kind: 'text', text: 'I look.' },
					{ kind: 'call', id: 't1', name: 'Read', input: { file_path: 'a' } },
				],
			},
			{
				role: 'user',
				parts: [
					{
						kind: 'result',
						id: 't1',
						parts: [
							{ kind: 'text', text: 'The tool failed:' },
							{ kind: 'text', text: 'no such file' },
						],
					},
					{ kind: 'image', mediaType: 'image/png', base64: 'AAAA' },
				],
			},
		]);
	});

	test('what is counted has every word', () => {
		const text = plainText(plainMessages(request));
		for (const part of ['Be good.', 'Plan mode', 'I look.', '"file_path":"a"', 'no such file'])
			assert.ok(text.includes(part), part);
	});
});
