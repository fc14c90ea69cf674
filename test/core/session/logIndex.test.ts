/** What an index that is asked again and again says is what one that is asked once says. */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { Entry } from '../../../src/core/session/entry.ts';
import { createLogIndex } from '../../../src/core/session/logIndex.ts';
import { parseLine } from '../../../src/core/session/readLog.ts';
import type { LineRange } from '../../../src/core/session/storePort.ts';
import { line } from './sessionSupport.ts';

type Placed = { readonly entry: Entry; readonly range: LineRange };

const USER = { content: [{ type: 'text', text: 'p' }] };
const TITLE = { title: 't', by: 'user' };

/** Entries in file order; each step names its kind, what it hangs on, and whether a stale window wrote it. */
function placedLog(steps: readonly { kind: string; on: number; isLate: boolean }[]): readonly Placed[] {
	const placed: Placed[] = [];
	const prompts: string[] = [];
	let at = 0;
	const put = (text: string) => {
		const read = parseLine(text);
		assert.equal(read.kind, 'entry', text);
		if (read.kind !== 'entry') return;
		placed.push({ entry: read.entry, range: { start: at, end: at + 10 } });
		at += 10;
	};
	put(line('h', null, 'header'));
	for (const [index, { kind, on, isLate }] of steps.entries()) {
		const id = `e${index}`;
		const parent = prompts[on % Math.max(1, prompts.length)] ?? null;
		const gen = isLate ? { gen: 0 } : {};
		if (kind === 'user') {
			put(line(id, parent, 'user', { ...USER, ...gen }));
			prompts.push(id);
		} else if (kind === 'rewind') put(line(id, parent, 'rewind', { to: parent, from: null, why: 'rewind', ...gen }));
		else put(line(id, parent, 'title', { ...TITLE, ...gen }));
	}
	return placed;
}

test('the extents are the same whenever they are asked for', () => {
	const step = fc.record({
		kind: fc.constantFrom('user', 'title', 'title', 'title', 'rewind'),
		on: fc.nat(20),
		isLate: fc.nat(7).map((one) => one === 0),
	});
	fc.assert(
		fc.property(fc.array(step, { maxLength: 25, size: 'max' }), (steps) => {
			const log = placedLog(steps);
			const asked = createLogIndex();
			for (const [index, { entry, range }] of log.entries()) {
				asked.add(entry, range);
				const fresh = createLogIndex();
				for (const one of log.slice(0, index + 1)) fresh.add(one.entry, one.range);
				assert.deepEqual(asked.extents(), fresh.extents());
			}
		}),
		{ numRuns: 200 },
	);
});

test('asking for the extents again looks only at what is new', () => {
	const titles = Array.from({ length: 500 }, () => ({ kind: 'title', on: 0, isLate: false }));
	let looks = 0;
	const index = createLogIndex();
	for (const { entry, range } of placedLog([{ kind: 'user', on: 0, isLate: false }, ...titles])) {
		const { type } = entry;
		const watched = Object.defineProperty({ ...entry }, 'type', {
			get() {
				looks++;
				return type;
			},
		});
		index.add(watched, range);
	}
	index.extents();
	looks = 0;
	index.extents();
	assert.equal(looks, 0);
});
