import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { editNotebook } from '../../../src/core/edit/editNotebook.ts';
import { readNotebook, withSources } from '../../../src/core/edit/notebookFile.ts';

const notebook = (sources: readonly (string | readonly string[])[], more: object = {}) => ({
	cells: sources.map((source, index) => ({
		cell_type: index % 2 === 0 ? 'code' : 'markdown',
		id: `c${index}`,
		metadata: { tags: ['a}"]\\'] },
		source,
		...(index % 2 === 0
			? { outputs: [{ output_type: 'stream', name: 'stdout', text: ['1\n'] }], execution_count: 1 }
			: {}),
	})),
	metadata: { language_info: { name: 'python' } },
	...{ nbformat: 4, nbformat_minor: 5 },
	...more,
});
const linesOf = (source: string) => source.match(/[^\n]*\n|[^\n]+$/g) ?? [];

test('the cells are found, and what is no notebook is none', () => {
	const found = readNotebook(JSON.stringify(notebook([['a = 1\n', 'b'], 'text'])));
	assert.equal(found?.language, 'python');
	assert.deepEqual(
		found?.cells.map(({ type, source, outputs }) => [type, source, outputs.length]),
		[
			['code', 'a = 1\nb', 1],
			['markdown', 'text', 0],
		],
	);
	for (const text of ['', '{', '[]', '{"cells":[{"source":1}]}', '{"worksheets":[]}'])
		assert.equal(readNotebook(text), undefined);
});

test('a changed cell is written in the form it had; every other byte stays', () => {
	const before = `{\n "nbformat": 4, "cells": [\n  {"cell_type": "markdown", "source": "x", "odd":1.0e5},\n  {\n   "source": [\n    "a = 1\\n",\n    "\\u00e9"\n   ],\n   "cell_type": "code",\n   "outputs": []\n  },\n  {"cell_type": "code", "source": [ "one", "" ]}, {"cell_type": "code", "source": []}\n ]\n}\n`;
	const changed = withSources(
		before,
		new Map([
			[0, 'y "q"\n'],
			[1, 'a = 2\nb\n'],
			[2, '1\n2'],
			[3, 'new'],
		]),
	);
	assert.equal(
		changed,
		before
			.replace('"source": "x"', '"source": "y \\"q\\"\\n"')
			.replace('"a = 1\\n",\n    "\\u00e9"\n   ]', '"a = 2\\n",\n    "b\\n"\n   ]')
			.replace('[ "one", "" ]', '["1\\n", "2"]')
			.replace('"source": []', '"source": [\n   "new"\n  ]'),
	);
	assert.equal(withSources(before, new Map([[1, '']])), before.replace(/\[\n {4}"a = 1[^\]]*\]/, '[]'));
});

test('property: one cell changes, the others and all else stay', () => {
	const source = fc.string({ unit: fc.constantFrom('a', '\n', '"', '\\', '}', ']', ',', 'é', '🚂', ':') });
	fc.assert(
		fc.property(
			fc.array(fc.tuple(source, fc.boolean()), { minLength: 1, maxLength: 6 }),
			fc.nat(5),
			source,
			fc.constantFrom(undefined, 1, 2, '\t'),
			(cells, choice, wanted, indent) => {
				const index = choice % cells.length;
				const sources = cells.map(([text, isList]) => (isList ? linesOf(text) : text));
				const before = JSON.stringify(notebook(sources), null, indent);
				const after = withSources(before, new Map([[index, wanted]]));
				const expected = notebook(
					sources.map((one, at) => (at !== index ? one : typeof one === 'string' ? wanted : linesOf(wanted))),
				);
				assert.deepEqual(JSON.parse(after), expected);
				// The start and the end are the very bytes.
				const rest = JSON.stringify(notebook(sources.map((one, at) => (at === index ? 'HERE' : one))), null, indent);
				const [head = '', tail = ''] = rest.split('"HERE"');
				assert.ok(after.startsWith(head) && after.endsWith(tail));
			},
		),
		{ numRuns: 500 },
	);
});

test('a string is replaced in the cell that has it, and nowhere else', () => {
	const text = JSON.stringify(notebook(['a = 1\nb = 2', 'a = 1', 'c']), null, 1);
	const edit = (oldString: string, newString: string, replaceAll = false) =>
		editNotebook(text, { oldString, newString, replaceAll });
	const done = edit('b = 2', 'b = 3');
	assert.ok(done.kind === 'applied');
	assert.equal(done.text, text.replace('b = 2', 'b = 3'));
	const all = edit('a = 1', 'a = "x"', true);
	assert.ok(all.kind === 'applied' && all.count === 2);
	assert.deepEqual(
		readNotebook(all.text)?.cells.map(({ source }) => source),
		['a = "x"\nb = 2', 'a = "x"', 'c'],
	);
	const failed = (oldString: string, newString: string, message: RegExp) => {
		const outcome = edit(oldString, newString);
		assert.ok(outcome.kind === 'failed');
		assert.match(outcome.message, message);
	};
	failed('a = 1', 'x', /occurs 2 times \(cells 1, 2\)/);
	failed('nowhere', 'x', /was not found/);
	failed('a = 1\nc', 'x', /border of two cells/);
	// Words of the file that are no source are not there.
	failed('cell_type', 'x', /was not found/);
	assert.ok(editNotebook('{}', { oldString: 'a', newString: 'b' }).kind === 'failed');
});
