import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { failedEnd, maxTokensEnd, refusalEnd } from '../../../src/core/agent/turnFailure.ts';
import { ModelError, type ModelErrorKind } from '../../../src/core/model/modelError.ts';

const kinds: readonly ModelErrorKind[] = [
	'auth',
	'billing',
	'notFound',
	'badRequest',
	'thinkingBinding',
	'tooLarge',
	'rateLimit',
	'overloaded',
	'server',
	'network',
	'stalled',
	'cutOff',
];
const CAUSE = 'Something happened over there.';
const SAFE = /\bsaved\b/;
const NEXT = /\b(try again|rewind|continue|start a new session|check|send)\b/i;

for (const kind of kinds)
	test(`${kind}: what happened once, then what is safe, then what to do`, () => {
		const { reason, code, message = '' } = failedEnd(new ModelError(kind, CAUSE));
		assert.deepEqual([reason, code], ['error', kind]);
		assert.ok(message.startsWith(`${CAUSE} `), message);
		const rest = message.slice(CAUSE.length);
		assert.match(rest, SAFE);
		assert.match(rest, NEXT);
		assert.ok(rest.search(SAFE) < rest.search(NEXT), `the next step comes last: ${message}`);
		const sentences = message.split(/(?<=[.!?]) /);
		assert.equal(new Set(sentences).size, sentences.length, `a sentence is repeated: ${message}`);
	});

test('a cause without a full stop gets one', () => {
	assert.match(
		failedEnd(new ModelError('network', 'No connection')).message ?? '',
		/^No connection\. It was tried 8 times/,
	);
});

test('what else ends a turn says what is safe and what to do as well', () => {
	const ends = [
		maxTokensEnd(true),
		maxTokensEnd(false),
		failedEnd(new Error('bug')),
		failedEnd(new UserError('log-write-failed', 'The disk is full. What was saved before is safe. Free some space.')),
	];
	for (const { message = '' } of ends) assert.match(message, /saved|safe|kept/);
	assert.match(
		refusalEnd({ category: 'cyber_harm', explanation: 'Too risky' }).message ?? '',
		/cyber harm.*Too risky\. .*Rewind/,
	);
});
