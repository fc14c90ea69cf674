import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asToolUseId } from '../../src/base/ids.ts';
import type { ModelEvent } from '../../src/core/ports.ts';
import { LiveRows } from '../../src/host/liveRows.ts';

const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 };
const started: ModelEvent = { kind: 'started', messageId: 'msg_1', model: 'm', usage };
const on = (rows: LiveRows, event: ModelEvent) => rows.on({ kind: 'model', event });

test('text streams as one row and its deltas, under the id of its entry', () => {
	const rows = new LiveRows();
	on(rows, started);
	assert.deepEqual(on(rows, { kind: 'text', index: 1, text: 'Hel' }), [
		{ kind: 'item', item: { kind: 'answer', id: 'msg_1:1', text: 'Hel', isStreaming: true, isPartial: false } },
	]);
	assert.deepEqual(on(rows, { kind: 'text', index: 1, text: 'lo' }), [{ kind: 'delta', id: 'msg_1:1', text: 'lo' }]);
	const [row] = rows.rows();
	assert.equal(row?.kind === 'answer' && row.text, 'Hello');
});

test('a new attempt removes what no entry closed, and nothing else', () => {
	const rows = new LiveRows();
	on(rows, started);
	on(rows, { kind: 'text', index: 0, text: 'kept' });
	rows.closed('msg_1:0');
	on(rows, { kind: 'text', index: 1, text: 'lost' });
	assert.deepEqual(rows.on({ kind: 'requestStarted' }), [{ kind: 'removed', id: 'msg_1:1' }]);
	assert.deepEqual(rows.rows(), []);
});

test('an edit shows while its input streams', () => {
	const rows = new LiveRows();
	on(rows, started);
	on(rows, { kind: 'blockStarted', index: 0, type: 'tool_use', toolName: 'Edit', toolUseId: 'toolu_1' });
	const [row] = rows.rows();
	assert.equal(row?.kind === 'edit' && row.state, 'writing');
});

test('a panel that attaches late gets the output of a running command so far', () => {
	const rows = new LiveRows();
	const toolUseId = asToolUseId('toolu_1');
	rows.on({ kind: 'toolProgress', toolUseId, text: 'one\n' });
	rows.on({ kind: 'toolProgress', toolUseId, text: 'two\n' });
	assert.equal(rows.progressOf('toolu_1'), 'one\ntwo\n');
});
