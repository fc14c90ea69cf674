/** Branches as a person sees them, and against a naive model on random logs, damaged ones included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EntryId } from '../../../src/base/ids.ts';
import { branchTo, createLeafRule, leafOf } from '../../../src/core/session/branch.ts';
import { type Branch, branchTree, commonPoint, shownBranches } from '../../../src/core/session/branches.ts';
import { type Entry, isConversation } from '../../../src/core/session/entry.ts';
import { workedMs } from '../../fakes/patience.ts';
import { detailsOf, handMadeLog, id, outlineOf } from './branchesSupport.ts';

const treeOf = (entries: readonly Entry[], leaf: EntryId | null = leafOf(entries)) =>
	branchTree(outlineOf(entries), leaf, detailsOf(entries));
const only = (branch: Branch | undefined) => {
	assert.ok(branch);
	return branch;
};

/** p1 r1 ─┬─ p2 r2      (left by a rewind)
 *          └─ p3 r3      (here) */
const forked = () =>
	handMadeLog()
		.prompt('p1', null, 'First thing\nand more')
		.reply('r1', 'p1', 0.25, 100)
		.prompt('p2', 'r1e', 'One way')
		.edit('f1', 'p2', 'a.ts', 1)
		.reply('r2', 'p2', 0.5, 200)
		.edit('f2', 'r2', 'a.ts', 2)
		.edit('f3', 'r2', 'b.ts', 3)
		.rewind('w1', 'r2e', 'r1e')
		.prompt('p3', 'r1e', 'Another way')
		.reply('r3', 'p3', 1, 300);

test('a session without a second way is one branch', () => {
	const tree = treeOf(handMadeLog().prompt('p1', null, 'Hello').reply('r1', 'p1').entries);
	assert.deepEqual(tree.roots, ['p1']);
	const branch = only(tree.current);
	assert.deepEqual([branch.label, branch.prompts, branch.replies, branch.isActive], ['Hello', 1, 1, true]);
	assert.equal(shownBranches(tree).length, 1);
	assert.equal(treeOf([]).current, undefined);
});

test('the first way goes on with the branch, the second one starts one', () => {
	const tree = treeOf(forked().entries);
	const [one, two] = [only(tree.byFirst.get(id('p1'))), only(tree.byFirst.get(id('p3')))];
	assert.deepEqual([...tree.byFirst.keys()], ['p1', 'p3']);
	assert.deepEqual(one.entryIds, ['p1', 'r1', 'r1e', 'p2', 'r2', 'r2e']);
	assert.deepEqual(
		[one.label, one.last, one.children, one.point, one.parent],
		['First thing', 'r2e', ['p3'], null, null],
	);
	assert.deepEqual([two.label, two.last, two.point, two.parent], ['Another way', 'r3e', 'r1e', 'p1']);
	assert.deepEqual([one.isActive, one.isCurrent, one.activeEntries], [true, false, 3]);
	assert.deepEqual([two.isActive, two.isCurrent, two.activeEntries], [true, true, 3]);
	assert.equal(tree.branchOf(id('r2')), one);
	assert.equal(commonPoint(tree, one.last, two.last), 'r1e');
});

test('what a branch cost and did counts its own; the total counts the way to its end', () => {
	const tree = treeOf(forked().entries);
	const [one, two] = [only(tree.byFirst.get(id('p1'))), only(tree.byFirst.get(id('p3')))];
	assert.deepEqual([one.prompts, one.replies, one.costUsd, one.totalCostUsd], [2, 2, 0.75, 0.75]);
	assert.deepEqual([two.prompts, two.replies, two.costUsd, two.totalCostUsd], [1, 1, 1, 1.25]);
	assert.deepEqual([one.lastRequestTokens, two.lastRequestTokens], [200, 300]);
	assert.deepEqual([one.inputTokens, two.inputTokens], [300, 300]);
	assert.deepEqual(
		one.files.map(({ rel }) => rel),
		['a.ts', 'b.ts'],
	);
	assert.deepEqual(two.files, []);
	assert.deepEqual([two.firstAt, two.lastAt], [1010, 1012]);
});

test('what a restore brings back is not counted as changed where it was left', () => {
	const log = forked().edit('f4', 'r3e', 'a.ts', 4, { toolUseId: undefined });
	assert.deepEqual(only(treeOf(log.entries).byFirst.get(id('p3'))).files, []);
});

test('a rewind that nothing followed makes no branch, and says how far the conversation is', () => {
	const tree = treeOf(handMadeLog().prompt('p1', null).reply('r1', 'p1').rewind('w1', 'r1e', null).entries);
	assert.equal(tree.current, undefined);
	const branch = only(tree.byFirst.get(id('p1')));
	assert.deepEqual([branch.isActive, branch.activeEntries], [false, 0]);
	const back = treeOf(handMadeLog().prompt('p1', null).reply('r1', 'p1').rewind('w1', 'r1e', 'p1').entries);
	assert.deepEqual([only(back.current).first, only(back.current).activeEntries], ['p1', 1]);
});

test('the newest name counts; a null name takes it away; a summary stays', () => {
	const named = forked().add('b1', 'r3e', 'branchLabel', { first: 'p3', label: 'Plan B', summary: 'Tried B.' });
	const branch = only(treeOf(named.entries).byFirst.get(id('p3')));
	assert.deepEqual([branch.label, branch.isNamed, branch.summary], ['Plan B', true, 'Tried B.']);
	named.add('b2', 'r3e', 'branchLabel', { first: 'p3', label: null });
	const unnamed = only(treeOf(named.entries).byFirst.get(id('p3')));
	assert.deepEqual([unnamed.label, unnamed.isNamed, unnamed.summary], ['Another way', false, 'Tried B.']);
});

test('a name written later does not depend on where the conversation is: a branch keeps its first entry', () => {
	const log = forked();
	for (const leaf of ['r2e', 'r3e', 'r1e', null])
		assert.deepEqual([...treeOf(log.entries, leaf === null ? null : id(leaf)).byFirst.keys()], ['p1', 'p3']);
});

test('a retry leaves an empty branch that is not shown, and the branch goes on with the prompt that was answered', () => {
	const log = handMadeLog()
		.prompt('p1', null, 'Hello')
		.reply('r1', 'p1')
		.prompt('p2', 'r1e', 'Again')
		.add('t1', 'p2', 'turnEnded', { reason: 'error' })
		.rewind('w1', 't1', 'r1e', { why: 'switch' })
		.prompt('p3', 'r1e', 'Again')
		.reply('r3', 'p3');
	const tree = treeOf(log.entries);
	assert.equal(only(tree.byFirst.get(id('p2'))).isEmpty, true);
	assert.deepEqual(
		shownBranches(tree).map(({ first, last }) => `${first} ${last}`),
		['p1 r3e'],
	);
	// Another prompt is another idea, also without a reply.
	const other = handMadeLog()
		.prompt('p1', null, 'Hello')
		.rewind('w1', 'p1', null)
		.prompt('p2', null, 'Hi')
		.reply('r2', 'p2');
	assert.equal(shownBranches(treeOf(other.entries)).length, 2);
	// Where the conversation is, is always shown.
	assert.equal(shownBranches(treeOf(log.entries, id('t1'))).length, 2);
});

test('what another window wrote late is a branch of its own and never what a branch goes on with', () => {
	const log = handMadeLog()
		.prompt('p1', null, 'Hello')
		.reply('r1', 'p1')
		.add('n1', 'r1e', 'notice', { level: 'info', code: 'x', text: 'x', gen: 2 })
		.add('p2', 'r1e', 'user', { content: [{ type: 'text', text: 'Late' }], gen: 1 })
		.add('p3', 'r1e', 'user', { content: [{ type: 'text', text: 'Mine' }], gen: 2 });
	const tree = treeOf(log.entries);
	const late = only(tree.byFirst.get(id('p2')));
	assert.deepEqual([late.isLate, late.parent, late.isActive], [true, 'p1', false]);
	assert.equal(only(tree.current).last, 'p3');
	// Once the user goes on there, it is a branch like any other.
	log.rewind('w1', 'p3', 'p2', { gen: 2, why: 'switch' }).add('r4', 'p2', 'assistant', {
		...{ gen: 2, messageId: 'm', index: 0, block: { type: 'text', text: 'x' } },
	});
	assert.deepEqual(only(treeOf(log.entries).byFirst.get(id('p2'))).entryIds, ['p2', 'r4']);
});

test('a compaction and a cut reply are told', () => {
	const log = handMadeLog()
		.prompt('p1', null)
		.add('r1', 'p1', 'assistant', { messageId: 'm', index: 0, block: { type: 'text', text: 'cut' }, partial: true })
		.add('i1', 'r1', 'interrupted', { reason: 'stop' })
		.add('c1', 'i1', 'compaction', {
			...{ replaces: { after: null, until: 'i1' }, summary: 's', restored: [], pins: [], by: 'manual' },
			...{ tokensBefore: 1, tokensAfter: 1 },
		});
	const branch = only(treeOf(log.entries).current);
	assert.deepEqual([branch.hasCompaction, branch.replies, branch.costUsd], [true, 1, 0]);
});

// ---- against a naive model

type Move = { readonly what: number; readonly where: number; readonly gen: number };
const moves = fc.array(fc.record({ what: fc.nat({ max: 9 }), where: fc.nat({ max: 60 }), gen: fc.nat({ max: 20 }) }), {
	maxLength: 60,
});

/** A random log with rewinds, switches, ledger entries, late writers, and parents that are missing, ledger or the entry itself. */
function randomLog(list: readonly Move[]): Entry[] {
	const log = handMadeLog();
	const rule = createLeafRule();
	const conversation: string[] = [];
	list.forEach(({ what, where, gen: late }, index) => {
		const name = `e${index}`;
		const gen = late === 0 ? 1 : 2;
		const any = conversation.length === 0 ? null : (conversation[where % conversation.length] ?? null);
		const before = log.entries.length;
		if (what === 0) log.rewind(name, rule.leaf, where === 0 ? null : any, { gen });
		else if (what === 1) log.edit(name, rule.leaf, `f${where % 3}`, index + 1, { gen });
		else if (what === 2) log.add(name, rule.leaf, 'branchLabel', { first: any ?? 'none', label: name, gen });
		else {
			const [ledger] = log.entries.filter((entry) => !isConversation(entry));
			const odd = where === 1 ? 'missing' : where === 2 ? name : where === 3 ? (ledger?.id ?? null) : undefined;
			const parent = odd === undefined ? (what === 9 ? any : rule.leaf) : odd;
			const fields = { gen, content: [{ type: 'text', text: `text ${where % 2}` }] };
			if (what < 7) log.add(name, parent, 'user', fields);
			else log.add(name, parent, 'assistant', { gen, messageId: name, index: 0, block: { type: 'text', text: 'x' } });
			conversation.push(name);
		}
		for (const entry of log.entries.slice(before)) rule.take(entry);
	});
	return log.entries;
}

test('every conversation entry is in exactly one branch, and the way to the leaf is made of branches', () => {
	fc.assert(
		fc.property(moves, (list) => {
			const entries = randomLog(list);
			const leaf = leafOf(entries);
			const tree = treeOf(entries, leaf);
			const branches = [...tree.byFirst.values()];
			const all = entries.filter(isConversation).map((entry) => entry.id);
			assert.deepEqual(branches.flatMap((branch) => branch.entryIds).sort(), [...all].sort());

			const path = branchTo(new Map(entries.map((entry) => [entry.id, entry])), leaf).map((entry) => entry.id);
			assert.deepEqual(tree.pathTo(leaf), path);
			const parts = branches.filter((branch) => branch.isActive).map((one) => one.entryIds.slice(0, one.activeEntries));
			assert.deepEqual(parts.flat().sort(), [...path].sort());
			assert.equal(branches.filter((branch) => branch.isCurrent).length, leaf === null ? 0 : 1);

			for (const branch of branches) {
				assert.deepEqual([branch.entryIds[0], branch.entryIds.at(-1)], [branch.first, branch.last]);
				assert.equal(branch.point === null, branch.parent === null);
				if (branch.point !== null) assert.equal(tree.branchOf(branch.point)?.first, branch.parent);
				// Each own entry hangs on the one before.
				assert.deepEqual(tree.pathTo(branch.last).slice(-branch.entryIds.length), branch.entryIds);
				for (const child of branch.children) assert.equal(tree.byFirst.get(child)?.parent, branch.first);
				if (branch.parent !== null) assert.ok(tree.byFirst.get(branch.parent)?.children.includes(branch.first));
			}
			const prompts = entries.filter((entry) => entry.type === 'user').length;
			assert.equal(
				branches.reduce((sum, branch) => sum + branch.prompts, 0),
				prompts,
			);
		}),
		{ numRuns: 500 },
	);
});

test('a branch keeps its first entry while the log grows, empty ones and late windows apart', () => {
	fc.assert(
		fc.property(moves, (list) => {
			const entries = randomLog(list.map((move) => ({ ...move, gen: 1 })));
			const whole = treeOf(entries);
			if ([...whole.byFirst.values()].some((branch) => branch.isEmpty)) return;
			for (let length = 0; length < entries.length; length += 7) {
				const part = treeOf(entries.slice(0, length));
				if ([...part.byFirst.values()].some((branch) => branch.isEmpty)) continue;
				for (const first of part.byFirst.keys()) assert.ok(whole.byFirst.has(first), `${first} is lost`);
			}
		}),
		{ numRuns: 100 },
	);
});

test('ten times the entries take no hundred times the work', () => {
	/** Processor time of the tree in ms, on top of a log with two entries per prompt. */
	const workOf = (prompts: number): number => {
		const log = handMadeLog();
		let parent: string | null = null;
		for (let index = 0; index < prompts; index++) {
			log.prompt(`p${index}`, parent).add(`r${index}`, `p${index}`, 'assistant', {
				...{ messageId: `m${index}`, index: 0, block: { type: 'text', text: 'x' } },
			});
			parent = index % 50 === 49 ? (parent === null ? null : `r${Math.floor(index / 2)}`) : `r${index}`;
		}
		const [outline, details] = [outlineOf(log.entries), detailsOf(log.entries)];
		const before = workedMs();
		const tree = branchTree(outline, id(`r${prompts - 1}`), details);
		const took = workedMs() - before;
		assert.ok(tree.byFirst.size > prompts / 200);
		return took;
	};
	// The small one also pays for the first run of the code; of the large one the best counts, since memory is cleared in between.
	const small = Math.max(2, workOf(2_000));
	const large = Math.min(workOf(20_000), workOf(20_000), workOf(20_000));
	assert.ok(large < 40 * small, `${small} ms, then ${large} ms`);
});
