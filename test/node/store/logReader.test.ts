/** Lines are found whole and in their place, however chunks and heads cut them. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UserError } from '../../../src/base/errors.ts';
import { loadLog } from '../../../src/core/session/loadLog.ts';
import { walkLog } from '../../../src/core/session/logSlices.ts';
import { readLog } from '../../../src/core/session/readLog.ts';
import { createLogReader } from '../../../src/node/store/logReader.ts';

function logOf(t: TestContext, text: string) {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-reader-'));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	const path = join(folder, 'log.jsonl');
	writeFileSync(path, text);
	return { path, reader: createLogReader([path]), sizeBytes: Buffer.byteLength(text) };
}

async function scanned(t: TestContext, text: string, headBytes: number) {
	const { reader, sizeBytes } = logOf(t, text);
	const found: (readonly [string, string, boolean])[] = [];
	const bytes = Buffer.from(text);
	await reader.scan({ start: 0, end: sizeBytes }, headBytes, (head, { start, end }, isClosed) => {
		found.push([head, bytes.toString('utf8', start, end), isClosed]);
	});
	return found;
}

test('every line is told, also to who wants no head or less of it than blanks', async (t) => {
	const text = '{"a":1}\n\n  {"b":2}\r\n{"c":\n{"d":4}';
	for (const headBytes of [0, 1, 2, 100]) {
		const found = await scanned(t, text, headBytes);
		assert.deepEqual(
			found.map(([, line, isClosed]) => [line.trim(), isClosed]),
			[
				['{"a":1}', true],
				['{"b":2}', true],
				['{"c":', false],
				['{"d":4}', true],
			],
		);
	}
});

test('lines that begin or end where a chunk does are whole and known to be closed', async (t) => {
	const chunkBytes = 512 * 1024;
	for (const length of [chunkBytes - 2, chunkBytes - 1, chunkBytes, chunkBytes + 1]) {
		const first = `{"x":"${'é'.repeat(length / 2 - 4)}"}`
			.padEnd(length - 1, ' ')
			.replace(/ +$/, (pad) => `${pad.slice(1)}}`);
		for (const ending of ['\n', '\r\n']) {
			const found = await scanned(t, `${first}${ending}{"y":1}${ending}`, 10);
			assert.deepEqual(
				found.map(([head, line, isClosed]) => [head.length, line.length, isClosed]),
				[
					[10, first.length + ending.length, true],
					[ending.length === 1 ? 7 : 8, 7 + ending.length, true],
				],
			);
		}
	}
});

test('blank lines of any length count in the numbers of lines, however a log is read', async (t) => {
	const { reader, sizeBytes } = logOf(t, ['', '\r', 'bad', ' \t ', '', 'bad', '\r', 'bad', ' ', 'torn'].join('\n'));
	const wanted = [3, 6, 8, 10];
	const { problems } = readLog(await reader.read({ start: 0, end: sizeBytes }));
	assert.deepEqual(
		problems.map(({ lineNumber }) => lineNumber),
		wanted,
	);
	for (let sliceBytes = 1; sliceBytes < sizeBytes; sliceBytes++) {
		const numbers: number[] = [];
		await walkLog(reader, sizeBytes, ({ lineNumber }) => numbers.push(lineNumber), { sliceBytes });
		assert.deepEqual(numbers, wanted, `slices of ${sliceBytes} bytes`);
	}
});

test('a log that no window can hold is refused, and the end of it can be read', async (t) => {
	const { reader, path } = logOf(t, '{"v":1}\n');
	// Sparse: it takes no room on the disk.
	truncateSync(path, 3_000_000_000);
	appendFileSync(path, '\n{"v":1}\n');
	const size = await reader.size();
	const isTooLarge = (error: unknown) => error instanceof UserError && error.code === 'log-too-large';
	await assert.rejects(loadLog(reader, size), isTooLarge);
	await assert.rejects(reader.read({ start: 0, end: size }), isTooLarge);
	const { lines } = await reader.read({ start: size - 8, end: size });
	assert.deepEqual(lines, [{ text: '{"v":1}', range: { start: size - 8, end: size } }]);
});
