/** A write over what another session has just written is said first; nothing else is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asSessionId, type SessionId } from '../../../src/base/ids.ts';
import { collisionCause, withCollision } from '../../../src/core/permission/collision.ts';
import { createFileTraffic, type OtherWrites, RECENT_MS } from '../../../src/core/permission/fileTraffic.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import type { Author } from '../../../src/core/session/fileFields.ts';
import { entryBuilder } from '../../fakes/entries.ts';

const [OURS, THEIRS] = [asSessionId('ours'), asSessionId('theirs')];
const NOW = 1_800_000_000_000;
const file = { root: '/w', rel: 'a.js' };
const minutes = (count: number) => count * 60_000;
const write = (sessionId: SessionId, at: number, title = 'Fix it') => ({ sessionId, title, at });

describe('the cause', () => {
	const check = (
		writes: readonly ReturnType<typeof write>[],
		seenAt: number | undefined,
		expected: string | undefined,
	) => assert.equal(collisionCause({ writes, seenAt }, OURS, NOW), expected);

	test('names the session and says when', () => {
		check(
			[write(THEIRS, NOW - minutes(2))],
			undefined,
			'Changed by session “Fix it” 2 minutes ago, and not read here since',
		);
		check([write(THEIRS, NOW - 5_000)], undefined, 'Changed by session “Fix it” just now, and not read here since');
		check([write(THEIRS, NOW + 5_000)], undefined, 'Changed by session “Fix it” just now, and not read here since');
	});

	test('is of the newest write', () => {
		const all = [write(THEIRS, NOW - minutes(3)), write(asSessionId('third'), NOW - minutes(1), 'Another')];
		check(all, undefined, 'Changed by session “Another” 1 minute ago, and not read here since');
	});

	test('there is none for what is long ago, was read since, or is our own', () => {
		check([write(THEIRS, NOW - RECENT_MS)], undefined, undefined);
		check([write(THEIRS, NOW - minutes(2))], NOW - minutes(1), undefined);
		check([write(OURS, NOW - minutes(2))], undefined, undefined);
		check([], undefined, undefined);
	});

	test('a name is text, whatever is in it', () => {
		const name = 'a\u202eb [x](command:evil)';
		check(
			[write(THEIRS, NOW, name)],
			undefined,
			'Changed by session “ab [x] (command:evil)” just now, and not read here since',
		);
	});
});

describe('the decision', () => {
	const allow = { kind: 'allow', cause: 'Edits are accepted' } as const;
	const cause = 'Changed by session “X” just now';

	test('asks where a write would just be made, and offers no rule', () => {
		for (const mode of ['acceptEdits', 'auto'] as const)
			assert.deepEqual(withCollision(allow, cause, { effect: 'write', mode }), { kind: 'ask', cause });
	});

	test('leaves the question to the diff where there is one', () => {
		assert.equal(withCollision(allow, cause, { effect: 'write', mode: 'ask' }), allow);
	});

	test('is said as well where it is asked anyway, and never where it is denied or only read', () => {
		const asked = { kind: 'ask', cause: 'It is protected' } as const;
		const denied = { kind: 'deny', cause: 'No' } as const;
		assert.deepEqual(withCollision(asked, cause, { effect: 'write', mode: 'auto' }), {
			kind: 'ask',
			cause: `It is protected. ${cause}`,
		});
		assert.equal(withCollision(denied, cause, { effect: 'write', mode: 'auto' }), denied);
		assert.equal(withCollision(allow, cause, { effect: 'read', mode: 'auto' }), allow);
		assert.equal(withCollision(allow, undefined, { effect: 'write', mode: 'auto' }), allow);
	});
});

describe('the traffic', () => {
	function scene(others: OtherWrites = () => []) {
		let now = NOW;
		const log = entryBuilder();
		const traffic = createFileTraffic(() => now, others);
		const operation = (rel: string, author: Author): EntryDraft<'fileOperation'> => ({
			type: 'fileOperation',
			epoch: 1,
			op: 'change',
			path: { root: '/w', rel },
			before: 'absent',
			after: 'absent',
			meta: {},
			author,
			state: 'done',
		});
		return {
			traffic,
			pass: (ms: number) => {
				now += ms;
			},
			writes: (id: SessionId, title: string, rel = file.rel, author: Author = 'agent') =>
				traffic.take({ id, title }, { ...log.add(operation(rel, author)), timestamp: now as never }),
			cause: (of: SessionId, rel = file.rel) => collisionCause(traffic.factsOf(of, { root: '/w', rel }), of, now),
		};
	}

	test('a write of one session is in the way of every other, until it is read, and again after the next write', () => {
		const { traffic, writes, cause, pass } = scene();
		writes(THEIRS, 'Theirs');
		assert.equal(cause(THEIRS), undefined);
		assert.match(cause(OURS) ?? '', /Theirs/);
		pass(1000);
		traffic.noteSeen(OURS, file);
		assert.equal(cause(OURS), undefined);
		pass(1000);
		writes(THEIRS, 'Theirs, renamed');
		assert.match(cause(OURS) ?? '', /Theirs, renamed/);
		pass(RECENT_MS);
		assert.equal(cause(OURS), undefined);
	});

	test('one that wrote the file itself since has seen it', () => {
		const { writes, cause, pass } = scene();
		writes(THEIRS, 'Theirs');
		pass(1000);
		writes(OURS, 'Ours');
		assert.equal(cause(OURS), undefined);
		assert.match(cause(THEIRS) ?? '', /Ours/);
	});

	test('what a command of the session changed counts, what the user did meanwhile does not', () => {
		const { writes, cause } = scene();
		writes(THEIRS, 'Theirs', 'made.js', 'shell');
		writes(THEIRS, 'Theirs', 'typed.js', 'editor');
		assert.match(cause(OURS, 'made.js') ?? '', /Theirs/);
		assert.equal(cause(OURS, 'typed.js'), undefined);
	});

	test('what another window tells counts as well', () => {
		const { cause } = scene(() => [{ sessionId: THEIRS, title: 'There', writes: [{ ...file, at: NOW - 1000 }] }]);
		assert.match(cause(OURS) ?? '', /There/);
		assert.equal(cause(OURS, 'b.js'), undefined);
	});

	test('of many files the newest are told, and what is over is forgotten', () => {
		const { traffic, writes, pass } = scene();
		for (let index = 0; index < 6_000; index++) writes(THEIRS, 'Theirs', `f${index}`);
		const told = traffic.writesOf(THEIRS);
		assert.equal(told.length, 100);
		assert.equal(told[0]?.rel, 'f5999');
		pass(RECENT_MS);
		assert.deepEqual(traffic.writesOf(THEIRS), []);
	});

	test('property: it asks exactly when another session wrote last among those who know the file', () => {
		const act = fc.record({
			kind: fc.constantFrom('write', 'read', 'wait'),
			who: fc.nat(2),
			ms: fc.integer({ min: 1, max: RECENT_MS }),
		});
		fc.assert(
			fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
				const { traffic, writes, cause, pass } = scene();
				const ids = [OURS, THEIRS, asSessionId('third')];
				let time = 0;
				const wrote = [-Infinity, -Infinity, -Infinity];
				const saw = [-Infinity, -Infinity, -Infinity];
				for (const { kind, who, ms } of acts) {
					const id = ids[who];
					assert.ok(id);
					const step = kind === 'wait' ? ms : 1;
					pass(step);
					time += step;
					if (kind === 'write') {
						writes(id, `s${who}`);
						wrote[who] = time;
						saw[who] = time;
					}
					if (kind === 'read') {
						traffic.noteSeen(id, file);
						saw[who] = time;
					}
					for (const [index, one] of ids.entries()) {
						const isDue = wrote.some(
							(at, other) => other !== index && time - at < RECENT_MS && at > (saw[index] ?? -Infinity),
						);
						assert.equal(cause(one) !== undefined, isDue);
					}
				}
			}),
		);
	});
});
