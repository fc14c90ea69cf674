import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ModelEvent } from '../../../src/core/model/modelPort.ts';
import { createReplyReader, type ReplyFacts } from '../../../src/node/model/streamReply.ts';

const start = { type: 'message_start', message: { id: 'msg_1', model: 'm', usage: { input_tokens: 5 } } };
const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } };
const blockStop = { type: 'content_block_stop', index: 0 };
const ended = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } };
const stop = { type: 'message_stop' };

function read(events: readonly unknown[]): { facts: ReplyFacts | undefined; told: ModelEvent[] } {
	const told: ModelEvent[] = [];
	const reader = createReplyReader((event) => told.push(event));
	for (const event of events) reader.read(event);
	return { facts: reader.facts(), told };
}

describe('a reply counts as whole only', () => {
	const check = (name: string, events: readonly unknown[], isWhole: boolean) =>
		test(name, () => assert.equal(read(events).facts !== undefined, isWhole));
	check('with all its events', [start, block, delta, blockStop, ended, stop], true);
	check('not without the end of a block', [start, block, delta, ended, stop], false);
	check('not without a stop reason', [start, block, delta, blockStop, stop], false);
	check('not without its start', [block, delta, blockStop, ended, stop], false);
	check('not without its last event', [start, block, delta, blockStop, ended], false);
});

test('what is unknown or malformed is passed over', () => {
	const odd = [
		null,
		7,
		'x',
		{},
		{ type: 'new_event' },
		{ ...delta, index: 9 },
		{ ...delta, delta: { type: 'new_delta' } },
	];
	const { facts, told } = read([start, block, ...odd, delta, blockStop, ended, stop]);
	assert.equal(facts?.stopReason, 'end_turn');
	assert.deepEqual(told.at(-1), { kind: 'blockEnded', index: 0, block: { type: 'text', text: 'Hi' } });
});

test('later counts replace earlier ones, null and missing ones do not', () => {
	const first = {
		input_tokens: 10,
		output_tokens: 1,
		cache_read_input_tokens: 4,
		cache_creation_input_tokens: 6,
		cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 4 },
	};
	const later = { input_tokens: null, output_tokens: 30, cache_creation_input_tokens: 6 };
	const { facts } = read([{ ...start, message: { ...start.message, usage: first } }, { ...ended, usage: later }, stop]);
	assert.deepEqual(facts?.usage, {
		inputTokens: 10,
		outputTokens: 30,
		cacheReadTokens: 4,
		cacheWriteTokens: 6,
		cacheWrite1hTokens: 4,
	});
});
