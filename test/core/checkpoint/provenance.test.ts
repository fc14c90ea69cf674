import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
	FIRST_ORIGINS,
	type LineOrigin,
	originsAfter,
	originsNow,
	type TextOperation,
} from '../../../src/core/checkpoint/provenance.ts';

const originsOf = (operations: readonly TextOperation[], current: string) =>
	originsNow(operations.reduce(originsAfter, FIRST_ORIGINS), current);
const words = (origins: readonly LineOrigin[]) =>
	origins.map((origin) => (origin.kind === 'operation' ? `op ${origin.epoch}` : origin.kind));

test('each line says which operation wrote it', () => {
	const operations = [
		{ epoch: 1, before: 'a\nb\nc\n', after: 'a\nB\nc\n' },
		{ epoch: 2, before: 'a\nB\nmine\nc\n', after: 'a\nB\nmine\nc\nd\n' },
	];
	assert.deepEqual(words(originsOf(operations, 'top\na\nB\nmine\nc\nd')), [
		...['between', 'start', 'op 1', 'between', 'start', 'op 2'],
	]);
});

test('a last line without a line end stays whose it was when another one follows', () => {
	assert.deepEqual(words(originsOf([{ epoch: 1, before: 'a', after: 'a\nb' }], 'a\nb\nc')), [
		'start',
		'op 1',
		'between',
	]);
});

test('a line that only moved keeps its origin', () => {
	assert.deepEqual(words(originsOf([{ epoch: 1, before: 'a\nb\nc\n', after: 'c\nnew\na\nb\n' }], 'c\nnew\na\nb\n')), [
		...['start', 'op 1', 'start', 'start'],
	]);
});

test('a big change does not claim the lines that it left', () => {
	const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
	const after = lines.map((line, index) => (index % 2 === 0 ? line : `${line} changed`));
	const origins = words(originsOf([{ epoch: 1, before: lines.join('\n'), after: after.join('\n') }], after.join('\n')));
	assert.deepEqual([...new Set(origins.filter((_, index) => index % 2 === 0))], ['start']);
	assert.deepEqual([...new Set(origins.filter((_, index) => index % 2 === 1))], ['op 1']);
});

test('a text without a copy makes the lines unknown, and what is written later is known again', () => {
	const lost = [
		{ epoch: 1, before: 'a\n', after: undefined },
		{ epoch: 2, before: 'x\n', after: 'x\ny\n' },
	];
	assert.deepEqual(words(originsOf(lost, 'x\ny\nz\n')), ['unknown', 'op 2', 'between']);
	assert.deepEqual(words(originsOf([{ epoch: 1, before: undefined, after: 'a\n' }], 'a\n')), ['unknown']);
	assert.deepEqual(words(originsOf([{ epoch: 1, before: 'a\n', after: undefined }], 'a\n')), ['unknown']);
});

type Step = { readonly who: 'agent' | 'user'; readonly cut: number; readonly remove: number; readonly add: number };
const steps = fc.array(
	fc.record<Step>({
		who: fc.constantFrom('agent', 'user'),
		cut: fc.nat(100),
		remove: fc.nat(3),
		add: fc.nat(4),
	}),
	{ maxLength: 25 },
);

test('every line has an origin, and it is that of who wrote it', () => {
	fc.assert(
		fc.property(steps, fc.boolean(), (list, endsOpen) => {
			let lines = ['start 0', 'start 1', 'start 2'];
			let written = 0;
			const textOf = () => lines.join('\n') + (endsOpen || lines.length === 0 ? '' : '\n');
			const operations: TextOperation[] = [];
			for (const { who, cut, remove, add } of list) {
				const before = textOf();
				const at = lines.length === 0 ? 0 : cut % (lines.length + 1);
				const epoch = operations.length + 1;
				const fresh = Array.from({ length: add }, () => `${who === 'agent' ? `op ${epoch}` : 'between'} #${written++}`);
				lines = [...lines.slice(0, at), ...fresh, ...lines.slice(at + remove)];
				if (who === 'agent') operations.push({ epoch, before, after: textOf() });
			}
			const origins = words(originsOf(operations, textOf()));
			assert.equal(origins.length, lines.length);
			// Before the first operation all that is there was there.
			if (operations.length === 0) return assert.ok(origins.every((origin) => origin === 'start'));
			for (const [index, line] of lines.entries()) {
				const who = line.split(' #')[0] ?? '';
				const origin = origins[index] ?? '';
				if (who.startsWith('op ')) assert.equal(origin, who);
				else assert.ok(!origin.startsWith('op '), `${line} says ${origin}`);
			}
		}),
	);
});
