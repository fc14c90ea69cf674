/** Cells come and go in the style of the file, and no other byte changes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CellKind, withCell, withCellOfKind, withoutCell } from '../../../src/core/edit/notebookCells.ts';
import { readNotebook } from '../../../src/core/edit/notebookFile.ts';

type Cell = { readonly cell_type: CellKind; readonly id: string; readonly source: string[] };
const cell = (id: string, kind: CellKind = 'markdown'): Cell => ({ cell_type: kind, id, source: [`${id}\n`, 'x'] });
const notebook = (cells: readonly object[]) => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
const fresh = { kind: 'code', source: 'a = "]}"\nb', id: 'new' } as const;
const freshCell = {
	cell_type: 'code',
	execution_count: null,
	id: 'new',
	metadata: {},
	outputs: [],
	source: ['a = "]}"\n', 'b'],
};

const texts = fc.record({
	count: fc.integer({ min: 0, max: 4 }),
	at: fc.nat(4),
	indent: fc.constantFrom(undefined, 1, 2, '\t'),
	end: fc.constantFrom('', '\n'),
});

describe('cells of a notebook', () => {
	it('property: one is put in, and the text is what Jupyter would have written', () => {
		fc.assert(
			fc.property(texts, ({ count, at, indent, end }) => {
				const cells = Array.from({ length: count }, (_, index) => cell(`c${index}`));
				const before = JSON.stringify(notebook(cells), null, indent) + end;
				const index = Math.min(at, count);
				const after = withCell(before, index, fresh);
				const wanted: object[] = cells.toSpliced(index, 0, freshCell as never);
				assert.equal(after, JSON.stringify(notebook(wanted), null, indent) + end);
				// What went in comes out again without a trace.
				assert.equal(withoutCell(after, index), before);
			}),
		);
	});
	it('property: one is taken out', () => {
		fc.assert(
			fc.property(texts, ({ count, at, indent, end }) => {
				fc.pre(count > 0);
				const cells = Array.from({ length: count }, (_, index) => cell(`c${index}`));
				const index = at % count;
				const after = withoutCell(JSON.stringify(notebook(cells), null, indent) + end, index);
				assert.equal(after, JSON.stringify(notebook(cells.toSpliced(index, 1)), null, indent) + end);
			}),
		);
	});
	it('keep an odd style around them', () => {
		const before =
			'{"cells": [\n  {"cell_type": "raw", "source": "1.0e5"} ,\n  {"cell_type":"raw","source":[]}\n], "x": 1.0e5 }';
		const after = withCell(before, 1, { kind: 'raw', source: '', id: undefined });
		assert.equal(
			after,
			'{"cells": [\n  {"cell_type": "raw", "source": "1.0e5"} ,\n  {"cell_type":"raw","metadata":{},"source":[]}, \n  {"cell_type":"raw","source":[]}\n], "x": 1.0e5 }',
		);
		assert.equal(readNotebook(after)?.cells.length, 3);
		assert.ok(withoutCell(before, 0).endsWith('[\n  {"cell_type":"raw","source":[]}\n], "x": 1.0e5 }'));
	});
	it('change their kind, and lose what the new one cannot have', () => {
		const code = { ...freshCell, metadata: { tags: ['t'] }, outputs: [{ output_type: 'stream' }], execution_count: 3 };
		const before = JSON.stringify(notebook([cell('a'), code]), null, 1);
		const after = JSON.parse(withCellOfKind(before, 1, 'markdown', '# T'));
		assert.deepEqual(after.cells[1], { cell_type: 'markdown', id: 'new', metadata: { tags: ['t'] }, source: ['# T'] });
		assert.deepEqual(after.cells[0], cell('a'));
	});
});
