import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { countChanges } from '../../../src/core/edit/diffText.ts';
import {
	keepHunk,
	pendingHunks,
	type ReviewStep,
	replayReview,
	undoHunk,
} from '../../../src/core/edit/pendingHunks.ts';

const operation = (before: string, after: string): ReviewStep => ({ kind: 'operation', before, after });
const stateOf = (...steps: ReviewStep[]) => {
	const state = replayReview(steps);
	assert.ok(state);
	return state;
};
/** Each hunk as `old|new`, line ends as `/`. */
const hunksOf = (steps: ReviewStep[], current: string) => {
	const pending = pendingHunks(stateOf(...steps), current);
	const cut = (text: string, start: number, end: number) => text.split('\n').slice(start, end).join('/');
	return pending.hunks.map(
		(hunk) => `${cut(pending.base, hunk.baseStart, hunk.baseEnd)}|${cut(current, hunk.currentStart, hunk.currentEnd)}`,
	);
};

test('the changes of the agent are pending; edits of the user outside are not, inside they belong to the hunk', () => {
	const check = (steps: ReviewStep[], current: string, expected: string[]) =>
		assert.deepEqual(hunksOf(steps, current), expected);
	const steps = [operation('a\nb\nc\nd\n', 'a\nB\nc\nd\n')];
	check(steps, 'a\nB\nc\nd\n', ['b|B']);
	check(steps, 'a\nB\nc\nd\nuser\n', ['b|B']);
	check(steps, 'user\na\nB\nc\nd\n', ['b|B']);
	check(steps, 'user\nB\nc\nd\n', ['b|B']);
	check(steps, 'a\nB\nuser\nd\n', ['b|B']);
	check(steps, 'a\nB\nuser\nc\nd\n', ['b|B']);
	check(steps, 'a\nb\nc\nd\n', []);
	check(steps, 'a\nB user\nc\nd\n', ['b|B user']);
	check([operation('a\nb\nc\n', 'a\nc\n')], 'a\nuser\nc\n', ['b|']);
	check([operation('a\nb\nc\n', 'a\nc\n')], 'user\nc\n', ['b|']);
	check([operation('a\nb\nc\nd\n', 'a\nc\nD\n')], 'a\nb\nc\nD\n', ['d|D']);
	check([operation('absent', 'x\ny\n')], 'x\ny\n', ['|x/y']);
});

test('later operations are pending together with the earlier ones, without what the user did in between', () => {
	const check = (steps: ReviewStep[], current: string, expected: string[]) =>
		assert.deepEqual(hunksOf(steps, current), expected);
	check([operation('a\nb\nc\nd\n', 'A\nb\nc\nd\n'), operation('A\nb\nc\nd\n', 'A\nb\nc\nD\n')], 'A\nb\nc\nD\n', [
		'a|A',
		'd|D',
	]);
	check(
		[operation('a\nb\nc\nd\n', 'A\nb\nc\nd\n'), operation('A\nuser\nc\nd\n', 'A\nuser\nc\nD\n')],
		'A\nuser\nc\nD\n',
		['a|A', 'd|D'],
	);
});

test('a verdict moves the reviewed text on; what the user writes after it is no hunk', () => {
	const before = 'a\nb\nc\nd\ne\n';
	const current = 'A\nb\nc\nd\nE\n';
	const pending = pendingHunks(stateOf(operation(before, current)), current);
	const [first] = pending.hunks;
	assert.ok(first);
	const base = keepHunk(pending, current, first);
	assert.equal(base, 'A\nb\nc\nd\ne\n');
	const steps = [operation(before, current), { kind: 'review', base, text: current } as const];
	assert.deepEqual(hunksOf(steps, current), ['e|E']);
	assert.deepEqual(hunksOf(steps, 'A changed by the user\nb\nc\nd\nE\n'), ['e|E']);
	const undone = undoHunk(pending, current, first);
	assert.equal(undone, 'a\nb\nc\nd\nE\n');
	assert.deepEqual(hunksOf([operation(before, current)], undone), ['e|E']);
});

test('a change of the agent in a kept region is pending again', () => {
	const steps: ReviewStep[] = [
		operation('a\n', 'A\n'),
		{ kind: 'review', base: 'A\n', text: 'A\n' },
		operation('A\n', 'AA\n'),
	];
	assert.deepEqual(hunksOf(steps, 'AA\n'), ['A|AA']);
});

test('a file that the agent created goes away with its hunk, unless the user wrote into it', () => {
	const state = stateOf(operation('absent', 'x\n'));
	assert.equal(pendingHunks(state, 'x\n').isNewFile, true);
	const edited = pendingHunks(state, 'x\nuser\n');
	assert.equal(edited.isNewFile, false);
	assert.equal(edited.base, 'user\n');
});

const agentLine = fc.constantFrom('a\n', 'b\n', 'c\n', '}\n', '\n');
const agentText = fc.array(agentLine, { maxLength: 12 }).map((lines) => lines.join(''));

test('property: undoing every hunk gives the reviewed text, keeping every hunk leaves none', () => {
	fc.assert(
		fc.property(agentText, agentText, agentText, (before, after, current) => {
			const steps: ReviewStep[] = [operation(before, after)];
			const pending = pendingHunks(stateOf(...steps), current);
			let text = current;
			for (;;) {
				const now = pendingHunks(stateOf(...steps), text);
				const last = now.hunks.at(-1);
				if (!last) break;
				assert.equal(now.base, pending.base);
				text = undoHunk(now, text, last);
				steps.push({ kind: 'review', base: now.base, text });
			}
			assert.equal(text, pending.base);
			const kept = pending.hunks
				.toReversed()
				.reduce((base, hunk) => keepHunk({ ...pending, base }, current, hunk), pending.base);
			assert.equal(kept, current);
			const review: ReviewStep = { kind: 'review', base: kept, text: current };
			assert.deepEqual(pendingHunks(stateOf(operation(before, after), review), current).hunks, []);
		}),
	);
});

test('property: edits of the user between the changes of the agent add nothing to the hunks', () => {
	const userEdit = fc.record({ at: fc.nat(40), remove: fc.nat(2), insert: fc.nat(2) });
	fc.assert(
		fc.property(
			fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
			fc.array(userEdit, { maxLength: 4 }),
			(isAgentLine, edits) => {
				const before = isAgentLine.map((_, index) => `${index}\n`);
				const after = isAgentLine.map((isAgent, index) => (isAgent ? `agent ${index}\n` : `${index}\n`));
				const current = [...after];
				let serial = 0;
				for (const edit of edits) {
					const at = edit.at % (current.length + 1);
					const isBetweenAgentLines =
						current[at - 1]?.startsWith('agent') === true && current[at]?.startsWith('agent') === true;
					const removed = current.slice(at, at + edit.remove);
					if (isBetweenAgentLines || removed.some((line) => line.startsWith('agent'))) continue;
					current.splice(at, edit.remove, ...Array.from({ length: edit.insert }, () => `user ${serial++}\n`));
				}
				const text = current.join('');
				const state = stateOf(operation(before.join(''), after.join('')));
				const pending = pendingHunks(state, text);
				const agent = countChanges(before.join(''), after.join(''));
				assert.deepEqual(countChanges(pending.base, text), agent);
				for (const hunk of pending.hunks)
					assert.ok(current.slice(hunk.currentStart, hunk.currentEnd).every((line) => line.startsWith('agent')));
			},
		),
		{ numRuns: 300 },
	);
});
