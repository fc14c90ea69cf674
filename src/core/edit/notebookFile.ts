/**
 * A Jupyter notebook as the text of its file: its cells, and the text with one cell's source changed and every other byte as it was. Pure.
 * Knows only where the cells stand; what else is in the file is not touched and need not be understood.
 */
import * as z from 'zod';
import { type Json, jsonPlaces, member } from './jsonPlaces.ts';

const linesSchema = z.union([z.string(), z.array(z.string())]);
const outputSchema = z.looseObject({
	output_type: z.string(),
	text: linesSchema.optional(),
	data: z.record(z.string(), z.unknown()).optional(),
	ename: z.string().optional(),
	evalue: z.string().optional(),
});
const cellSchema = z.looseObject({
	cell_type: z.string(),
	id: z.string().optional().catch(undefined),
	source: linesSchema,
	outputs: z.array(outputSchema).optional(),
});
const notebookSchema = z.looseObject({
	cells: z.array(cellSchema),
	nbformat_minor: z.number().optional().catch(undefined),
	metadata: z
		.looseObject({
			language_info: z.looseObject({ name: z.string().optional() }).optional(),
			kernelspec: z.looseObject({ language: z.string().optional() }).optional(),
		})
		.optional(),
});
export type NotebookOutput = z.infer<typeof outputSchema>;
export type NotebookCell = {
	readonly type: string;
	/** From nbformat 4.5 on. */
	readonly id: string | undefined;
	readonly source: string;
	readonly outputs: readonly NotebookOutput[];
};
export type Notebook = {
	readonly language: string | undefined;
	/** Whether its cells must have ids. */
	readonly hasIds: boolean;
	readonly cells: readonly NotebookCell[];
};

/** nbformat 4.5. */
const FIRST_WITH_IDS = 5;

export const isNotebookPath = (path: string): boolean => path.toLowerCase().endsWith('.ipynb');
export const joinLines = (lines: string | readonly string[]): string =>
	typeof lines === 'string' ? lines : lines.join('');

/** Undefined when the text is no notebook of this kind (nbformat 4). */
export function readNotebook(text: string): Notebook | undefined {
	const parsed = notebookSchema.safeParse(parseJson(text));
	if (!parsed.success) return undefined;
	const { cells, metadata, nbformat_minor = 0 } = parsed.data;
	return {
		hasIds: nbformat_minor >= FIRST_WITH_IDS,
		language: metadata?.language_info?.name ?? metadata?.kernelspec?.language,
		cells: cells.map(({ cell_type, id, source, outputs }) => ({
			type: cell_type,
			id,
			source: joinLines(source),
			outputs: outputs ?? [],
		})),
	};
}

/** The text with other sources for some cells, by index. `text` must be one that `readNotebook` takes. */
export function withSources(text: string, sources: ReadonlyMap<number, string>): string {
	const cells = member(jsonPlaces(text), 'cells')?.items ?? [];
	let changed = text;
	for (const [index, cell] of [...cells.entries()].toReversed()) {
		const source = sources.get(index);
		const place = member(cell, 'source');
		if (source === undefined || !place) continue;
		changed = changed.slice(0, place.start) + sourceText(text, place, source) + changed.slice(place.end);
	}
	return changed;
}

/** In the form that the source had: a string, or a list with one line per row or on one row. */
function sourceText(text: string, place: Json, source: string): string {
	if (!place.items) return JSON.stringify(source);
	const lines = source.match(/[^\n]*\n|[^\n]+$/g) ?? [];
	if (lines.length === 0) return '[]';
	const rows = lines.map((line) => JSON.stringify(line));
	const [first] = place.items;
	const between = first ? text.slice(place.start + 1, first.start) : undefined;
	if (between !== undefined && !between.includes('\n')) return `[${rows.join(', ')}]`;
	const lineStart = text.lastIndexOf('\n', place.start) + 1;
	const outer = /^[ \t]*/.exec(text.slice(lineStart, place.start))?.[0] ?? '';
	const inner = between?.slice(between.lastIndexOf('\n') + 1) ?? `${outer} `;
	return `[\n${rows.map((row) => inner + row).join(',\n')}\n${outer}]`;
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}
