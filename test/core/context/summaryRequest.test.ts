import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withCallsRefused } from '../../../src/core/context/summaryRequest.ts';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';
import { createParams } from '../../../src/node/model/requestBody.ts';
import type { Json } from '../../fakes/messagesApi/canonical.ts';
import { checkRequest } from '../../fakes/messagesApi/checkRequest.ts';
import { call, text } from '../../fakes/scriptedModel.ts';

test('a question that was answered with calls is asked again, also when the server numbers them anew', () => {
	const asked: ModelRequest = {
		...{ model: 'm', maxTokens: 10, tools: [], system: [], thinking: null, effort: null, betas: [] },
		previousMessageId: undefined,
		messages: [
			{ role: 'user', content: [text('Go.')] },
			{ role: 'assistant', content: [call('Read', {}, 'c0')] },
			{
				role: 'user',
				content: [
					{ type: 'tool_result', tool_use_id: call('Read', {}, 'c0').id, content: [text('x')], is_error: true },
					text('Sum up.'),
				],
			},
		],
	};
	const again = withCallsRefused(
		asked,
		[text(' '), call('Read', {}, 'c0'), call('Read', {}, 'c0'), call('Read', {}, 'c1')],
		'5m',
		'summary',
	);
	assert.deepEqual(
		checkRequest(JSON.parse(JSON.stringify(createParams(again))) as Json, {
			endpoint: 'messages',
			issuedBlocks: new Set(),
		}),
		[],
	);
	const last = again.messages.at(-1)?.content;
	const answered =
		typeof last === 'string' ? [] : last?.map((block) => ('tool_use_id' in block ? block.tool_use_id : ''));
	assert.deepEqual(answered, ['c0_2', 'c0_3', 'c1', '']);
	assert.deepEqual(
		again.messages.slice(0, 2).map(({ role }) => role),
		['user', 'assistant'],
	);
});
