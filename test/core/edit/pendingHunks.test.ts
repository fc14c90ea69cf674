import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { splitLines } from '../../../src/core/edit/hunks.ts';
import {
	carried,
	keepHunks,
	pendingHunks,
	type ReviewedText,
	type ReviewState,
	type ReviewStep,
	replayReview,
	undoHunks,
} from '../../../src/core/edit/pendingHunks.ts';

let epochs = 0;
const operation = (before: ReviewedText, after: ReviewedText): ReviewStep => ({
	...{ kind: 'operation', epoch: ++epochs, before, after },
});
const review = ({ base, text, hunks }: ReviewState): ReviewStep => ({ kind: 'review', base, text, hunks, epochs: [] });
const stateOf = (...steps: ReviewStep[]) => {
	const state = replayReview(steps);
	assert.ok(state);
	return state;
};
/** Each hunk as `old|new`, line ends as `/`. */
const hunksOf = (steps: ReviewStep[], current: string) => {
	const pending = pendingHunks(stateOf(...steps), current);
	const cut = (text: string, start: number, end: number) =>
		splitLines(text)
			.slice(start, end)
			.map((line) => line.trimEnd())
			.join('/');
	return pending.hunks.map(
		(hunk) => `${cut(pending.base, hunk.baseStart, hunk.baseEnd)}|${cut(current, hunk.currentStart, hunk.currentEnd)}`,
	);
};
const check = (steps: ReviewStep[], current: string, expected: string[]) =>
	assert.deepEqual(hunksOf(steps, current), expected);

test('the changes of the agent are pending; edits of the user outside of them are not', () => {
	const steps = [operation('a\nb\nc\nd\n', 'a\nB\nc\nd\n')];
	check(steps, 'a\nB\nc\nd\n', ['b|B']);
	check(steps, 'a\nB\nc\nd\nuser\n', ['b|B']);
	check(steps, 'user\na\nB\nc\nd\n', ['b|B']);
	check(steps, 'user\nB\nc\nd\n', ['b|B']);
	check(steps, 'a\nB\nuser\nd\n', ['b|B']);
	check(steps, 'a\nB\nuser\nc\nd\n', ['b|B']);
	check(steps, 'a\nb\nc\nd\n', []);
	check([operation('a\nb\nc\n', 'a\nc\n')], 'a\nuser\nc\n', ['b|']);
	check([operation('a\nb\nc\n', 'a\nc\n')], 'user\nc\n', ['b|']);
	check([operation('a\nb\nc\nd\n', 'a\nc\nD\n')], 'a\nb\nc\nD\n', ['d|D']);
	check([operation('absent', 'x\ny\n')], 'x\ny\n', ['|x/y']);
	check([operation('a\n', 'a\nb')], 'a\nb', ['|b']);
	check([operation('a', 'a\nb\n')], 'a\nb\nuser', ['|b']);
	check([operation('a', 'a\n')], 'a\n', ['a|a']);
});

test('a line of a change that the user rewrote is the user’s; what is around it stays pending', () => {
	check([operation('a\nb\nc\n', 'a\nB\nc\n')], 'a\nB user\nc\n', []);
	const three = [operation('0\n1\n2\n3\n4\n', '0\nA\nB\nC\n4\n')];
	check(three, '0\nA\nuser\nC\n4\n', ['1|A', '3|C']);
	check(three, '0\nA\nB\nuser\n4\n', ['1/2|A/B']);
	check(three, '0\nA\nuser\nB\nC\n4\n', ['1|A', '2/3|B/C']);
	check(three, '0\nuser\n4\n', []);
	const grown = [operation('0\n1\n4\n', '0\nA\nB\nC\n4\n')];
	check(grown, '0\nA\nuser\nC\n4\n', ['1|A', '|C']);
	check(grown, '0\nuser\nB\nC\n4\n', ['|B/C']);
	check(grown, '0\nA\nC\n4\n', ['1|A/C']);
});

test('what the agent took away stays pending until the user puts it back', () => {
	const shrunk = [operation('0\n1\n2\n3\n4\n', '0\nA\n4\n')];
	check(shrunk, '0\nuser\n4\n', ['2/3|']);
	check(shrunk, '0\n4\n', ['1/2/3|']);
	check(shrunk, '0\n1\n2\n3\n4\nuser\n', []);
	const removed = [operation('0\n1\n2\n3\n4\n', '0\n4\n')];
	check(removed, '0\n2\n4\n', ['1|', '3|']);
	check(removed, '0\n1\n2\n3\nuser\n4\n', []);
	check(removed, 'user\n', ['1/2/3|']);
	check(removed, '0\nuser\n\n4\n', ['1/2/3|']);
});

test('later operations are pending together with the earlier ones, without what the user did in between', () => {
	check([operation('a\nb\nc\nd\n', 'A\nb\nc\nd\n'), operation('A\nb\nc\nd\n', 'A\nb\nc\nD\n')], 'A\nb\nc\nD\n', [
		'a|A',
		'd|D',
	]);
	check(
		[operation('a\nb\nc\nd\n', 'A\nb\nc\nd\n'), operation('A\nuser\nc\nd\n', 'A\nuser\nc\nD\n')],
		'A\nuser\nc\nD\n',
		['a|A', 'd|D'],
	);
	check([operation('a\nb\n', 'A\nb\n'), operation('A\nb\n', 'a\nb\n')], 'a\nb\n', []);
	check([operation('a\nb\nc\n', 'a\nB\nc\n'), operation('a\nuser\nc\n', 'a\nX\nc\n')], 'a\nX\nc\n', ['user|X']);
});

test('a hunk knows the operations that made it', () => {
	epochs = 0;
	const steps = [
		operation('a\nb\nc\nd\n', 'A\nb\nc\nD\n'),
		operation('A\nb\nc\nD\n', 'A\nX\nc\nD\n'),
		operation('A\nX\nc\nD\n', 'A\nX\nc\nDD\n'),
	];
	assert.deepEqual(
		stateOf(...steps).hunks.map((hunk) => hunk.epochs),
		[
			[1, 2],
			[1, 3],
		],
	);
});

test('a verdict moves the reviewed text on; what the user writes after it is no hunk', () => {
	const before = 'a\nb\nc\nd\ne\n';
	const current = 'A\nb\nc\nd\nE\n';
	const state = stateOf(operation(before, current));
	const [first] = state.hunks;
	assert.ok(first);
	const kept = keepHunks(state, new Set([first]));
	assert.equal(kept.base, 'A\nb\nc\nd\ne\n');
	const steps = [operation(before, current), review(kept)];
	check(steps, current, ['e|E']);
	check(steps, 'A changed by the user\nb\nc\nd\nE\n', ['e|E']);
	const undone = undoHunks(state, new Set([first]));
	assert.equal(undone.text, 'a\nb\nc\nd\nE\n');
	check([operation(before, current), review(undone)], 'a\nb\nc\nd\nE\n', ['e|E']);
});

test('a text that was there before has what was pending then: the editor’s own undo and redo go back to it', () => {
	const change = operation('a\nb\n', 'A\nb\n');
	const undone = review(undoHunks(stateOf(change)));
	check([change, undone], 'a\nb\n', []);
	check([change, undone], 'A\nb\n', ['a|A']);
	const kept = review(keepHunks(stateOf(change)));
	check([change, kept], 'A\nb\n', []);
	check([change, operation('A\nb\n', 'A\nB\n')], 'A\nb\n', ['a|A']);
});

test('a change of the agent in a kept region is pending again', () => {
	const kept = keepHunks(stateOf(operation('a\n', 'A\n')));
	check([operation('a\n', 'A\n'), review(kept), operation('A\n', 'AA\n')], 'AA\n', ['A|AA']);
});

test('a file that the agent created goes away with its hunk, unless the user wrote into it', () => {
	const state = stateOf(operation('absent', 'x\n'));
	assert.equal(pendingHunks(state, 'x\n').kind, 'created');
	assert.equal(undoHunks(state).text, 'absent');
	const edited = pendingHunks(state, 'x\nuser\n');
	assert.equal(edited.kind, 'changed');
	assert.equal(edited.base, 'user\n');
	assert.deepEqual(pendingHunks(stateOf(operation('absent', '')), '').isPending, true);
});

test('a file that the agent deleted comes back with undo and stays away with keep', () => {
	const state = stateOf(operation('a\n', 'absent'));
	const pending = pendingHunks(state, 'absent');
	assert.deepEqual([pending.kind, pending.isPending, pending.base], ['deleted', true, 'a\n']);
	assert.equal(undoHunks(state).text, 'a\n');
	assert.equal(pendingHunks(keepHunks(state), 'absent').isPending, false);
	assert.equal(pendingHunks(state, 'made anew by the user\n').isPending, false);
	const made = stateOf(operation('a\nb\n', 'absent'), operation('absent', 'a\nB\n'));
	assert.deepEqual(pendingHunks(made, 'a\nB\n').kind, 'changed');
	assert.equal(undoHunks(made).text, 'a\nb\n');
});

test('a file that the user deleted has nothing pending', () => {
	assert.equal(pendingHunks(stateOf(operation('a\n', 'A\n')), 'absent').isPending, false);
});

// ---- properties

const cut = fc.record({ at: fc.nat(40), remove: fc.nat(3), insert: fc.nat(3) });
const step = fc.oneof(
	{
		weight: 3,
		arbitrary: fc.record({ who: fc.constant('agent' as const), cuts: fc.array(cut, { minLength: 1, maxLength: 3 }) }),
	},
	{
		weight: 4,
		arbitrary: fc.record({ who: fc.constant('user' as const), cuts: fc.array(cut, { minLength: 1, maxLength: 3 }) }),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			who: fc.constantFrom('keep' as const, 'undo' as const, 'edited' as const),
			which: fc.nat(9),
		}),
	},
);

test('property: whatever agent and user do, no hunk holds a line of the user, and all hunks together are the agent’s lines', () => {
	fc.assert(
		fc.property(
			fc.nat(12),
			fc.array(step, { minLength: 2, maxLength: 10 }),
			fc.boolean(),
			(height, actions, isRagged) => {
				let serial = 0;
				/** The last line may have no newline. */
				const textOf = (lines: readonly string[]) =>
					isRagged ? lines.join('\n') : lines.map((line) => `${line}\n`).join('');
				const bare = (text: string) => splitLines(text).map((line) => line.trimEnd());
				let lines = Array.from({ length: height + 1 }, (_, index) => `base ${index}`);
				const steps: ReviewStep[] = [];
				/** Lines of the agent that were judged. */
				const reviewed = new Set<string>();
				const change = (who: string, cuts: readonly { at: number; remove: number; insert: number }[]) => {
					const result = [...lines];
					for (const { at, remove, insert } of cuts)
						result.splice(
							...[at % (result.length + 1), remove],
							...Array.from({ length: insert }, () => `${who} ${serial++}`),
						);
					// A text without lines would be the same as none.
					return result.length === 0 ? lines : result;
				};
				for (const action of actions) {
					if (action.who === 'user') lines = change('user', action.cuts);
					else if (action.who === 'agent') {
						const next = change('agent', action.cuts);
						steps.push(operation(textOf(lines), textOf(next)));
						lines = next;
					} else if (steps.length > 0) {
						const state = carried(stateOf(...steps), textOf(lines));
						const hunk = state.hunks[action.which % Math.max(1, state.hunks.length)];
						const chosen = new Set(hunk ? [hunk] : []);
						if (action.who === 'edited') steps.push(review(state));
						else {
							const next = action.who === 'keep' ? keepHunks(state, chosen) : undoHunks(state, chosen);
							if (hunk && action.who === 'keep')
								for (const line of lines.slice(hunk.currentStart, hunk.currentEnd)) reviewed.add(line);
							const userBefore = lines.filter((line) => line.startsWith('user'));
							assert.ok(next.text !== 'absent');
							lines = bare(next.text);
							const userAfter = lines.filter((line) => line.startsWith('user'));
							assert.ok(isSubsequence(userBefore, userAfter), 'undo took a line of the user');
							steps.push(review(next));
						}
					}
					if (steps.length === 0) continue;
					// Read back from the log: the same steps give the same hunks.
					const state = carried(stateOf(...steps), textOf(lines));
					assert.deepEqual(carried(stateOf(...steps, review(state)), textOf(lines)).hunks, state.hunks);
					assertWhole(state, textOf(lines));
					const held = state.hunks.flatMap((hunk) => lines.slice(hunk.currentStart, hunk.currentEnd));
					const isAgents = (line: string) => line.startsWith('agent') && !reviewed.has(line);
					assert.deepEqual(held, lines.filter(isAgents));
					assert.ok(
						isSubsequence(
							lines.filter((line) => line.startsWith('user')),
							bare(String(undoHunks(state).text)),
						),
						'undoing all took a line of the user',
					);
				}
			},
		),
		{ numRuns: 2_000 },
	);
});

test('what was kept stays kept when the user takes back what they typed before', () => {
	const agents = 'base\nagent\n';
	const typed = 'user\nbase\nagent\n';
	const pending = carried(stateOf(operation('base\n', agents)), typed);
	assert.equal(pending.hunks.length, 1);
	const kept = review(keepHunks(pending));
	assert.deepEqual(carried(stateOf(operation('base\n', agents), kept), agents).hunks, []);
});

test('where nothing is pending, what is reviewed is the text to its last character', () => {
	const steps = [operation('a\nend', '}\n}\n'), operation('}\n}\na\n', 'a\n'), operation('', 'a\n')];
	const state = carried(stateOf(...steps), 'end');
	assert.deepEqual([state.hunks, state.base], [[], 'end']);
});

const anyText = fc
	.tuple(fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', '}\n', '\n'), { maxLength: 12 }), fc.constantFrom('', 'end'))
	.map(([lines, end]) => lines.join('') + end);

test('property: with lines that are all alike, undoing all gives the base and keeping all the text, one by one as well', () => {
	fc.assert(
		fc.property(fc.array(fc.tuple(anyText, anyText), { minLength: 1, maxLength: 3 }), anyText, (pairs, current) => {
			const steps = pairs.map(([before, after]) => operation(before, after));
			const state = carried(stateOf(...steps), current);
			assertWhole(state, current);
			let left = state;
			while (left.hunks[0])
				left = undoHunks(left, new Set([left.hunks[Math.floor(left.hunks.length / 2)] ?? left.hunks[0]]));
			assert.equal(left.text, state.base);
			left = state;
			while (left.hunks[0]) left = keepHunks(left, new Set([left.hunks[0]]));
			assert.equal(left.base, current);
		}),
		{ numRuns: 2_000 },
	);
});

/** Hunks in order, apart from each other, and nothing but equal lines between them. */
function assertWhole(state: ReviewState, current: string): void {
	assert.equal(state.text, current);
	const base = splitLines(state.base === 'absent' ? '' : state.base);
	const lines = splitLines(current);
	let baseEnd = 0;
	let currentEnd = 0;
	for (const [index, hunk] of [...state.hunks, undefined].entries()) {
		const baseStart = hunk?.baseStart ?? base.length;
		const currentStart = hunk?.currentStart ?? lines.length;
		assert.ok(baseStart - baseEnd > 0 || index === 0 || !hunk, 'hunks touch');
		const between = (all: readonly string[], start: number, end: number) =>
			all.slice(start, end).map((one) => one.trimEnd());
		assert.deepEqual(between(base, baseEnd, baseStart), between(lines, currentEnd, currentStart));
		baseEnd = hunk?.baseEnd ?? baseEnd;
		currentEnd = hunk?.currentEnd ?? currentEnd;
	}
	assert.equal(undoHunks(state).text, state.base);
	assert.equal(keepHunks(state).base, current);
}

test('undoing what the agent wrote behind a last line without newline leaves that line as it was', () => {
	const state = stateOf(operation('a\nb', 'a\nb\nagent\n'));
	assert.equal(undoHunks(state).text, 'a\nb');
	const typed = carried(state, 'typed\na\nb\nagent\n');
	assert.equal(undoHunks(typed).text, 'typed\na\nb');
	assert.equal(undoHunks(carried(state, 'a\nb\ntyped')).text, 'a\nb\ntyped');
});

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
	let index = 0;
	for (const line of whole) if (line === part[index]) index++;
	return index === part.length;
}
