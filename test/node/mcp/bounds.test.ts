import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createInflow } from '../../../src/node/mcp/inflow.ts';
import { createMessageLines } from '../../../src/node/mcp/messageLines.ts';
import { createServerLog } from '../../../src/node/mcp/serverLog.ts';

describe('bounds of what servers send', () => {
	test('lines are the same however they are cut into chunks', () => {
		fc.assert(
			fc.property(fc.array(fc.string({ maxLength: 20 })), fc.array(fc.nat({ max: 30 })), (texts, cuts) => {
				const lines = texts.map((text) => text.replaceAll('\n', ' '));
				const whole = Buffer.from(lines.map((line) => `${line}\n`).join(''));
				const got: string[] = [];
				const splitter = createMessageLines(1_000, (line) => got.push(line.toString()));
				let at = 0;
				for (const cut of cuts) {
					assert.ok(splitter.add(whole.subarray(at, at + cut)));
					at += cut;
				}
				assert.ok(splitter.add(whole.subarray(at)));
				assert.deepEqual(got, lines);
			}),
		);
	});

	test('a line that is too long is told at once, whether it ends or not', () => {
		const splitter = () => createMessageLines(10, () => undefined);
		assert.equal(splitter().add(Buffer.from('12345678901\n')), false);
		assert.equal(splitter().add(Buffer.from('12345678901')), false);
		const slowly = splitter();
		assert.equal(slowly.add(Buffer.from('123456')), true);
		assert.equal(slowly.add(Buffer.from('7890\n')), true);
		assert.equal(slowly.add(Buffer.from('123456')), true);
		assert.equal(slowly.add(Buffer.from('78901')), false);
	});

	test('what comes too fast waits for its slice', () => {
		let now = 0;
		const inflow = createInflow(() => now);
		assert.equal(inflow.taken(1_000, 100), 0);
		assert.equal(inflow.taken(1_000, 1_400), 300);
		now = 300;
		assert.equal(inflow.taken(1_000, 100), 0);
		assert.ok(inflow.taken(8 * 1024 * 1024, 1) > 0);
	});

	test('a log keeps the newest lines', () => {
		const log = createServerLog(100);
		for (let line = 0; line < 1_000; line++) log.add(`line ${line}\n`);
		assert.ok(log.text().length < 150);
		assert.match(log.text(), /^\[… older lines are gone …\]\nline \d+\n/);
		assert.match(log.text(), /line 999\n$/);
	});
});
