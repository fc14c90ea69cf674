import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asToolUseId } from '../../../src/base/ids.ts';
import type { ModelEvent } from '../../../src/core/model/modelPort.ts';
import { LiveRows } from '../../../src/host/transcript/liveRows.ts';
import { workedMs } from '../../fakes/patience.ts';

const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 };
const started: ModelEvent = { kind: 'started', messageId: 'msg_1', model: 'm', usage };
const newRows = () =>
	new LiveRows({
		label: (verb, input = {}) => {
			const path = String((input as { file_path: string }).file_path).replace('/project/', '');
			return { verb, target: path, path };
		},
	});
const on = (rows: LiveRows, event: ModelEvent) => rows.on({ kind: 'model', event });

test('text streams as one row and its deltas, under the id of its entry', () => {
	const rows = newRows();
	on(rows, started);
	assert.deepEqual(on(rows, { kind: 'text', index: 1, text: 'Hel' }), [
		{ kind: 'item', item: { kind: 'answer', id: 'msg_1:1', text: 'Hel', isStreaming: true, isPartial: false } },
	]);
	assert.deepEqual(on(rows, { kind: 'text', index: 1, text: 'lo' }), [{ kind: 'delta', id: 'msg_1:1', text: 'lo' }]);
	const [row] = rows.rows();
	assert.equal(row?.kind === 'answer' && row.text, 'Hello');
});

test('a new attempt removes what no entry closed, and nothing else', () => {
	const rows = newRows();
	on(rows, started);
	on(rows, { kind: 'text', index: 0, text: 'kept' });
	rows.closed('msg_1:0');
	on(rows, { kind: 'text', index: 1, text: 'lost' });
	assert.deepEqual(rows.on({ kind: 'requestStarted' }), [{ kind: 'removed', id: 'msg_1:1' }]);
	assert.deepEqual(rows.rows(), []);
});

test('an edit shows while its input streams', () => {
	const rows = newRows();
	on(rows, started);
	on(rows, { kind: 'blockStarted', index: 0, type: 'tool_use', toolName: 'Edit', toolUseId: 'toolu_1' });
	const [row] = rows.rows();
	assert.equal(row?.kind === 'edit' && row.state, 'writing');
});

const writeStarted: ModelEvent = {
	kind: 'blockStarted',
	index: 0,
	type: 'tool_use',
	toolName: 'Write',
	toolUseId: 'toolu_1',
};
const piece = (partialJson: string): ModelEvent => ({ kind: 'toolInput', index: 0, partialJson });
const editOf = (rows: LiveRows) => {
	const [row] = rows.rows();
	assert.ok(row?.kind === 'edit');
	return row;
};

test('a growing edit shows its path as the card will, and its lines; input of other calls shows nothing', () => {
	const rows = newRows();
	on(rows, started);
	on(rows, writeStarted);
	assert.deepEqual(on(rows, piece('{"file_path":"/project/src/a')), []);
	assert.equal(editOf(rows).path, '…');
	const [change] = on(rows, piece('.ts","content":"one\\n'));
	assert.deepEqual(change, { kind: 'growing', item: editOf(rows) });
	assert.equal(editOf(rows).path, 'src/a.ts');
	assert.equal(editOf(rows).isGrowing, true);
	assert.deepEqual(editOf(rows).lines, [{ kind: '+', lineNumber: 1, text: 'one' }]);
	on(rows, { kind: 'blockStarted', index: 1, type: 'tool_use', toolName: 'Bash', toolUseId: 'toolu_2' });
	assert.deepEqual(on(rows, { kind: 'toolInput', index: 1, partialJson: '{"content":"x"}' }), []);
});

test('when the call is whole, or never will be, nothing of the growing edit is left', () => {
	for (const end of [(rows: LiveRows) => rows.closed('toolu_1'), (rows: LiveRows) => rows.clear()]) {
		const rows = newRows();
		on(rows, started);
		on(rows, writeStarted);
		on(rows, piece('{"content":"one'));
		end(rows);
		assert.deepEqual(rows.rows(), []);
		assert.deepEqual(on(rows, piece(' more')), []);
		assert.deepEqual(rows.rows(), []);
	}
});

test('a file of 5,000 lines costs little per piece', () => {
	const content = Array.from(
		{ length: 5_000 },
		(_, index) => `\tconst value${index} = "some text with é and 🚂";`,
	).join('\n');
	const json = JSON.stringify({ file_path: '/project/big.ts', content });
	const rows = newRows();
	on(rows, started);
	on(rows, writeStarted);
	const startedAtMs = workedMs();
	let pieces = 0;
	for (let at = 0; at < json.length; at += 24, pieces++) on(rows, piece(json.slice(at, at + 24)));
	const meanMs = (workedMs() - startedAtMs) / pieces;
	assert.equal(editOf(rows).addedLines, 5_000);
	assert.ok(meanMs < 0.5, `${meanMs.toFixed(3)} ms per piece, ${pieces} pieces`);
});

test('a panel that attaches late gets the output of a running command so far', () => {
	const rows = newRows();
	const toolUseId = asToolUseId('toolu_1');
	rows.on({ kind: 'toolProgress', toolUseId, text: 'one\n' });
	rows.on({ kind: 'toolProgress', toolUseId, text: 'two\n' });
	assert.equal(rows.progressOf('toolu_1'), 'one\ntwo\n');
});
