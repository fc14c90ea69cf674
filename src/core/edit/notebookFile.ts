/**
 * A Jupyter notebook as the text of its file: its cells, and the text with one cell's source changed and every other byte as it was. Pure.
 * Knows only where the cells stand; what else is in the file is not touched and need not be understood.
 */
import * as z from 'zod';

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
	source: linesSchema,
	outputs: z.array(outputSchema).optional(),
});
const notebookSchema = z.looseObject({
	cells: z.array(cellSchema),
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
	readonly source: string;
	readonly outputs: readonly NotebookOutput[];
};
export type Notebook = { readonly language: string | undefined; readonly cells: readonly NotebookCell[] };

export const isNotebookPath = (path: string): boolean => path.toLowerCase().endsWith('.ipynb');
export const joinLines = (lines: string | readonly string[]): string =>
	typeof lines === 'string' ? lines : lines.join('');

/** Undefined when the text is no notebook of this kind (nbformat 4). */
export function readNotebook(text: string): Notebook | undefined {
	const parsed = notebookSchema.safeParse(parseJson(text));
	if (!parsed.success) return undefined;
	const { cells, metadata } = parsed.data;
	return {
		language: metadata?.language_info?.name ?? metadata?.kernelspec?.language,
		cells: cells.map(({ cell_type, source, outputs }) => ({
			type: cell_type,
			source: joinLines(source),
			outputs: outputs ?? [],
		})),
	};
}

/** The text with other sources for some cells, by index. `text` must be one that `readNotebook` takes. */
export function withSources(text: string, sources: ReadonlyMap<number, string>): string {
	const cells = member(scan(text, skipBlank(text, 0)), 'cells')?.items ?? [];
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

/** Where a value stands in a text that is valid JSON. */
type Json = {
	readonly start: number;
	readonly end: number;
	readonly items?: readonly Json[];
	readonly entries?: readonly (readonly [key: string, value: Json])[];
};

/** As `JSON.parse` does, the last of several with one name. */
const member = (json: Json | undefined, key: string): Json | undefined =>
	json?.entries?.findLast(([name]) => name === key)?.[1];

function scan(text: string, start: number): Json {
	const open = text.charAt(start);
	if (open === '"') return { start, end: stringEnd(text, start) };
	if (open !== '{' && open !== '[') {
		let end = start;
		while (end < text.length && !/[\s,\]}]/.test(text.charAt(end))) end++;
		return { start, end };
	}
	const items: Json[] = [];
	const entries: (readonly [string, Json])[] = [];
	let at = skipBlank(text, start + 1);
	while (at < text.length && text.charAt(at) !== '}' && text.charAt(at) !== ']') {
		let key: string | undefined;
		if (open === '{') {
			const end = stringEnd(text, at);
			key = String(JSON.parse(text.slice(at, end)));
			at = skipBlank(text, skipBlank(text, end) + 1);
		}
		const value = scan(text, at);
		if (key === undefined) items.push(value);
		else entries.push([key, value]);
		at = skipBlank(text, value.end);
		if (text.charAt(at) === ',') at = skipBlank(text, at + 1);
	}
	return { start, end: at + 1, ...(open === '{' ? { entries } : { items }) };
}

function skipBlank(text: string, start: number): number {
	let at = start;
	while (/[ \t\r\n]/.test(text.charAt(at))) at++;
	return at;
}

function stringEnd(text: string, start: number): number {
	for (let at = start + 1; at < text.length; at++) {
		const char = text.charAt(at);
		if (char === '\\') at++;
		else if (char === '"') return at + 1;
	}
	return text.length;
}
