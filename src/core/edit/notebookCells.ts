/**
 * Putting cells into the text of a notebook and taking them out, in the style that the text has; every other byte stays as it was. Pure.
 * `text` must be one that `readNotebook` takes.
 */
import { type Json, jsonPlaces, member } from './jsonPlaces.ts';

export type CellKind = 'code' | 'markdown' | 'raw';
export type NewCell = { readonly kind: CellKind; readonly source: string; readonly id: string | undefined };

/** The text with a new cell before the one at `index`; behind all of them when there is none. */
export function withCell(text: string, index: number, cell: NewCell): string {
	const { list, cells } = cellPlaces(text);
	const style = styleOf(text, list, cells);
	const made = cellText(newCell(cell), style);
	const next = cells[index];
	if (next) return insert(text, next.start, `${made},${style.between}`);
	const last = cells.at(-1);
	if (last) return insert(text, last.end, `,${style.between}${made}`);
	const before = style.isOnOneLine ? '' : `\n${style.indent}`;
	const after = style.isOnOneLine ? '' : `\n${style.listIndent}`;
	return `${text.slice(0, list.start)}[${before}${made}${after}]${text.slice(list.end)}`;
}

export function withoutCell(text: string, index: number): string {
	const { list, cells } = cellPlaces(text);
	const [before, cell, after] = [cells[index - 1], cells[index], cells[index + 1]];
	if (!cell) return text;
	if (after) return text.slice(0, cell.start) + text.slice(after.start);
	if (before) return text.slice(0, before.end) + text.slice(cell.end);
	return `${text.slice(0, list.start)}[]${text.slice(list.end)}`;
}

/** The text with this cell as one of another kind: its id and what else is known of it stay, its outputs do not. */
export function withCellOfKind(text: string, index: number, kind: CellKind, source: string): string {
	const { list, cells } = cellPlaces(text);
	const place = cells[index];
	if (!place) return text;
	const old: unknown = JSON.parse(text.slice(place.start, place.end));
	const {
		outputs: _outputs,
		execution_count: _count,
		...kept
	} = typeof old === 'object' && old !== null ? ({ ...old } as Record<string, unknown>) : {};
	const changed = { ...kept, ...newCell({ kind, source, id: undefined }), metadata: kept.metadata ?? {} };
	return text.slice(0, place.start) + cellText(changed, styleOf(text, list, cells)) + text.slice(place.end);
}

const insert = (text: string, at: number, part: string): string => text.slice(0, at) + part + text.slice(at);

function cellPlaces(text: string): { readonly list: Json; readonly cells: readonly Json[] } {
	const list = member(jsonPlaces(text), 'cells');
	if (!list?.items) throw new Error('The text is no notebook');
	return { list, cells: list.items };
}

/** Names in the order in which Jupyter writes them. */
function newCell({ kind, source, id }: NewCell): Record<string, unknown> {
	return {
		cell_type: kind,
		...(kind === 'code' ? { execution_count: null } : {}),
		...(id === undefined ? {} : { id }),
		metadata: {},
		...(kind === 'code' ? { outputs: [] } : {}),
		source: source.match(/[^\n]*\n|[^\n]+$/g) ?? [],
	};
}

type Style = {
	readonly isOnOneLine: boolean;
	/** Of a cell, of what is in one, and of the line on which the list starts. */
	readonly indent: string;
	readonly unit: string;
	readonly listIndent: string;
	/** What stands between two cells, behind the comma. */
	readonly between: string;
};

function styleOf(text: string, list: Json, cells: readonly Json[]): Style {
	const listIndent = indentAt(text, list.start);
	const [first, second] = cells;
	const lead = first ? text.slice(list.start + 1, first.start) : undefined;
	if (first && lead !== undefined) {
		const indent = lead.includes('\n') ? lead.slice(lead.lastIndexOf('\n') + 1) : '';
		const gap = second ? text.slice(first.end, second.start).replace(',', '') : lead;
		const inside = /^\{[ \t\r]*\n([ \t]*)/.exec(text.slice(first.start, first.end))?.[1];
		const isOnOneLine = inside === undefined;
		const unit = inside?.startsWith(indent) && inside.length > indent.length ? inside.slice(indent.length) : ' ';
		return { isOnOneLine, indent, unit, listIndent, between: gap };
	}
	const isOnOneLine = !text.slice(0, list.start).includes('\n');
	const unit = listIndent === '' ? ' ' : listIndent;
	return { isOnOneLine, indent: listIndent + unit, unit, listIndent, between: '' };
}

function indentAt(text: string, place: number): string {
	const lineStart = text.lastIndexOf('\n', place - 1) + 1;
	return /^[ \t]*/.exec(text.slice(lineStart, place))?.[0] ?? '';
}

function cellText(cell: object, { isOnOneLine, indent, unit }: Style): string {
	if (isOnOneLine) return JSON.stringify(cell);
	return JSON.stringify(cell, null, unit).replaceAll('\n', `\n${indent}`);
}
