import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asSha256 } from '../../../src/base/ids.ts';
import {
	NEW_FOR_MS,
	planPurge,
	planSessionPurge,
	type StoredContent,
	type StoreUse,
	totalBytes,
	useBySession,
} from '../../../src/core/checkpoint/storeUse.ts';

const NOW = 100 * NEW_FOR_MS;
const session = (key: string, modifiedMs = 0, logBytes = 10) => ({
	...{ key, sessionId: key, isTrashed: false, logBytes, modifiedMs },
});
const content = (name: string, files: string[], facts: Partial<StoredContent> = {}): StoredContent => ({
	...{ sha: asSha256(name), sizeBytes: 100, modifiedMs: 0, files, others: [] },
	...facts,
});
const names = (plan: { readonly contents: readonly StoredContent[] }) => plan.contents.map(({ sha }) => sha);

test('what nobody names goes first, then the files of the oldest session, and no more than needed', () => {
	const use: StoreUse = {
		sessions: [session('new', 3), session('old', 1), session('mid', 2)],
		contents: [
			content('n', ['new']),
			content('m', ['mid']),
			content('o', ['old']),
			content('shared', ['old', 'mid']),
			content('chat', ['old'], { others: ['old'] }),
			content('nobody', []),
			content('fresh', ['old'], { modifiedMs: NOW }),
		],
	};
	assert.equal(totalBytes(use), 730);
	const within = (limitBytes: number, kept: string[] = []) =>
		planPurge(use, { limitBytes, keptIds: new Set(kept), nowMs: NOW });
	assert.deepEqual(names(within(730)), []);
	assert.deepEqual(names(within(700)), ['nobody']);
	assert.deepEqual(names(within(530)), ['nobody', 'o']);
	assert.deepEqual(names(within(430)), ['nobody', 'o', 'm']);
	assert.deepEqual(names(within(0)), ['nobody', 'o', 'm', 'shared', 'n']);
	assert.equal(within(0).isEnough, false);
	assert.deepEqual(names(within(0, ['mid'])), ['nobody', 'o', 'n']);
	assert.deepEqual(
		within(0, ['new']).sessions.map(({ key }) => key),
		['old', 'mid'],
	);
	assert.deepEqual(names(planSessionPurge(use, 'old', NOW)), ['o']);
	assert.deepEqual(
		useBySession(use).map(({ session: { key }, ownBytes, fileBytes, sharedBytes }) => [
			key,
			ownBytes,
			fileBytes,
			sharedBytes,
		]),
		[
			['old', 300, 200, 100],
			['new', 100, 100, 0],
			['mid', 100, 100, 100],
		],
	);
});

test('nothing of a kept session, of a conversation, or that is new ever goes', () => {
	const keys = ['a', 'b', 'c', 'd'];
	const some = fc.subarray(keys);
	fc.assert(
		fc.property(
			fc.array(fc.record({ files: some, others: fc.oneof(fc.constant([]), some), age: fc.nat(4), size: fc.nat(50) })),
			fc.array(fc.nat(9), { minLength: 4, maxLength: 4 }),
			some,
			fc.nat(1_000),
			(list, ages, kept, limitBytes) => {
				const contents = list.map(({ files, others, age, size }, index) =>
					content(String(index), files, { others, modifiedMs: NOW - age * NEW_FOR_MS, sizeBytes: size }),
				);
				const use = { sessions: keys.map((key, index) => session(key, ages[index])), contents };
				const plan = planPurge(use, { limitBytes, keptIds: new Set(kept), nowMs: NOW });
				for (const one of plan.contents) {
					assert.deepEqual(one.others, []);
					assert.ok(one.files.every((key) => !kept.includes(key)));
					assert.ok(one.modifiedMs < NOW - NEW_FOR_MS);
				}
				assert.equal(new Set(plan.contents).size, plan.contents.length);
				const left = totalBytes(use) - plan.freedBytes;
				assert.equal(plan.isEnough, left <= limitBytes);
				// No content is taken once the store is within the limit.
				const last = plan.contents.at(-1);
				if (last) assert.ok(left + last.sizeBytes > limitBytes);
			},
		),
	);
});
