import assert from 'node:assert/strict';
import { it } from 'node:test';
import { countRequest } from '../../../src/core/context/countRequest.ts';
import { entryBuilder, text } from '../../fakes/entries.ts';
import { smallPrefix } from './request.ts';

const prefix = smallPrefix();
const of = (b: ReturnType<typeof entryBuilder>) =>
	countRequest({ branch: b.branch(), prefix, blobs: new Map(), model: 'another-model' });

it('ends with the user: where the conversation does not, a word stands for the prompt that is not written yet', () => {
	const b = entryBuilder();
	assert.deepEqual([of(b).request.messages.length, of(b).extraTokens], [1, 1]);
	b.user('hi');
	assert.deepEqual([of(b).request.messages.length, of(b).extraTokens], [1, 0]);
	b.reply([text('yes')]);
	b.turnEnded();
	const { request, extraTokens } = of(b);
	assert.deepEqual(
		request.messages.map(({ role }) => role),
		['user', 'assistant', 'user'],
	);
	assert.equal(extraTokens, 1);
});

it('asks the model that will be used', () => {
	const b = entryBuilder();
	b.user('hi');
	assert.equal(of(b).request.model, 'another-model');
});
