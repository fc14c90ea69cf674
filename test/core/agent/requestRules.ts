/** What the endpoint asks of every request, for tests that make many: roles, pairs of calls and results, no empty content. */
import assert from 'node:assert/strict';
import type { ModelRequest } from '../../../src/core/model/modelPort.ts';

export const bytesOf = ({ system, tools, messages }: ModelRequest): number =>
	Buffer.byteLength(JSON.stringify(system)) +
	Buffer.byteLength(JSON.stringify(tools)) +
	Buffer.byteLength(JSON.stringify(messages));

/** Throws when the request would be refused. */
export function assertValid({ messages }: ModelRequest): void {
	assert.equal(messages[0]?.role, 'user', 'it begins with the user');
	assert.equal(messages.at(-1)?.role, 'user', 'it ends with the user');
	messages.forEach(({ role, content }, index) => {
		const before = messages[index - 1];
		assert.notEqual(before?.role, role, `two messages of ${role} in a row`);
		if (typeof content === 'string') return;
		assert.ok(content.length > 0, 'an empty message');
		for (const block of content)
			if (block.type === 'text') assert.notEqual(String(block.text).trim(), '', 'a blank text');
		if (role !== 'user') return;
		const calls = typeof before?.content === 'string' ? [] : (before?.content ?? []);
		const called = calls.flatMap((block) => (block.type === 'tool_use' ? [String((block as { id: unknown }).id)] : []));
		const answered = content.flatMap((block) => (block.type === 'tool_result' ? [String(block.tool_use_id)] : []));
		assert.deepEqual(answered, called, 'each call has one result, in order');
	});
}
