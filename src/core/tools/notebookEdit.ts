/** NotebookEdit: replaces, inserts or deletes one cell of a Jupyter notebook. Parts of a cell are Edit's. */
import * as z from 'zod';
import { plural } from '../../base/text.ts';
import { withCell, withCellOfKind, withoutCell } from '../edit/notebookCells.ts';
import { isNotebookPath, type Notebook, readNotebook, withSources } from '../edit/notebookFile.ts';
import { toLf } from '../edit/textFile.ts';
import { readForEdit } from './editedFile.ts';
import { describeEdit } from './editResult.ts';
import { failure, isOutcome } from './paths.ts';
import type { Tool, ToolOutcome } from './tool.ts';

const KINDS = ['code', 'markdown', 'raw'] as const;
type Kind = (typeof KINDS)[number];

const input = z.object({
	file_path: z.string().min(1).describe('An .ipynb file'),
	action: z.enum(['replace', 'insert', 'delete']),
	cell: z
		.union([z.int().min(0), z.string().min(1)])
		.optional()
		.describe('Number as Read shows it, or id. A new cell goes behind it: 0 is the start; left out, the end'),
	source: z.string().optional().describe('The whole new source, for replace and insert'),
	cell_type: z.enum(KINDS).optional().describe('Default: as it was; of a new cell, code'),
});
type Input = z.infer<typeof input>;

export const notebookEditTool: Tool<Input> = {
	name: 'NotebookEdit',
	version: 1,
	description:
		'Replaces the source of a cell of a Jupyter notebook, inserts a cell or deletes one. Read the notebook first. Numbers of later cells change with each insert and delete. Outputs of other cells stay; nothing is run.',
	input,
	effect: 'write',
	label: ({ file_path, cell }) => ({
		verb: 'Edit',
		target: cell === undefined ? file_path : `${file_path} cell ${cell}`,
		path: file_path,
	}),
	target: ({ file_path }) => ({ kind: 'path', path: file_path }),
	async run(wanted, context) {
		const { file_path } = wanted;
		if (!isNotebookPath(file_path))
			return failure(`${file_path} is no notebook (.ipynb). Nothing was changed. Use Edit.`, 'not a notebook');
		const edited = await readForEdit(file_path, context);
		if (isOutcome(edited)) return edited;
		const text = toLf(edited.text);
		const notebook = readNotebook(text);
		if (!notebook)
			return failure(
				`${file_path} is not a notebook that can be read (JSON, nbformat 4). Nothing was changed. Read it with Bash to see what is wrong.`,
				'not a readable notebook',
			);
		const change = changed(text, notebook, wanted, context.toolUseId);
		if (isOutcome(change)) return change;
		if (change.text === text)
			return failure(`${change.what} already is exactly this. Nothing was changed.`, 'no change');
		context.signal.throwIfAborted();
		const { file, absolute, before } = edited;
		const outcome = await context.files.edit({ file, absolute, before, text: change.text });
		return describeEdit(file_path, `${change.done} ${file_path}`, outcome);
	},
};

type Change = { readonly text: string; readonly done: string; readonly what: string };

function changed(text: string, notebook: Notebook, wanted: Input, toolUseId: string): Change | ToolOutcome {
	const { action, cell, cell_type } = wanted;
	const { cells } = notebook;
	const source = wanted.source === undefined ? undefined : toLf(wanted.source);
	if (action !== 'delete' && source === undefined)
		return failure(`To ${action} a cell, its source is needed. Nothing was changed. Give source.`, 'no source given');
	const number = numberOf(cell, notebook);
	if (cell !== undefined && number === undefined)
		return failure(
			`There is no cell ${cell}: the notebook has ${plural(cells.length, 'cell')}. Nothing was changed. Read it to see their numbers.`,
			'no such cell',
		);
	if (action === 'insert') {
		const at = number ?? cells.length;
		const id = notebook.hasIds ? freeId(toolUseId, cells) : undefined;
		const made = withCell(text, at, { kind: cell_type ?? 'code', source: source ?? '', id });
		return { text: made, what: `Cell ${at + 1}`, done: `Inserted cell ${at + 1} in` };
	}
	const old = number === undefined || number === 0 ? undefined : cells[number - 1];
	if (number === undefined || !old)
		return failure(`To ${action} a cell, its number (from 1) or id is needed. Nothing was changed.`, 'no cell named');
	const what = `Cell ${number}`;
	if (action === 'delete') return { text: withoutCell(text, number - 1), what, done: `Deleted cell ${number} of` };
	const done = `Replaced cell ${number} of`;
	if (cell_type !== undefined && cell_type !== old.type)
		return { text: withCellOfKind(text, number - 1, cell_type satisfies Kind, source ?? ''), what, done };
	if (old.source === source) return { text, what, done };
	return { text: withSources(text, new Map([[number - 1, source ?? '']])), what, done };
}

/** From 1; undefined when there is no such cell. A text of digits may be an id as well as a number. */
function numberOf(cell: Input['cell'], { cells }: Notebook): number | undefined {
	if (cell === undefined) return undefined;
	const byId = typeof cell === 'string' ? cells.findIndex(({ id }) => id === cell) : -1;
	if (byId >= 0) return byId + 1;
	const number = typeof cell === 'number' ? cell : /^\d+$/.test(cell) ? Number(cell) : Number.NaN;
	return number >= 0 && number <= cells.length ? number : undefined;
}

/** Made of the call's own id, so that nothing here is random. */
function freeId(toolUseId: string, cells: Notebook['cells']): string {
	const taken = new Set(cells.map(({ id }) => id));
	const stem = toolUseId.replace(/[^A-Za-z0-9]/g, '').slice(-12) || 'cell';
	for (let serial = 0; ; serial++) {
		const id = serial === 0 ? stem : `${stem}-${serial}`;
		if (!taken.has(id)) return id;
	}
}
