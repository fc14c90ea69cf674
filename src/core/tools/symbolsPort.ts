/** The port to what the editor's language services know of symbols. Types only; `host/` implements it. */

export type SymbolPlace = {
	/** Absolute; of what is no file, its address. */
	readonly path: string;
	readonly lineNumber: number;
	/** With its kind, e.g. `function area`; empty where only the place is known. */
	readonly label: string;
	/** How deep it stands in an outline. */
	readonly depth?: number;
};
/** 1-based line; `columnIndex` counts UTF-16 units from 0, as editors do. */
export type SymbolPosition = { readonly absolute: string; readonly lineNumber: number; readonly columnIndex: number };

/** Empty when no service knows anything, or there is none. Rejects with UserError `no-answer` when one does not answer in time. */
export type Symbols = {
	definition(position: SymbolPosition, signal: AbortSignal): Promise<readonly SymbolPlace[]>;
	references(position: SymbolPosition, signal: AbortSignal): Promise<readonly SymbolPlace[]>;
	workspace(query: string, signal: AbortSignal): Promise<readonly SymbolPlace[]>;
	outline(absolute: string, signal: AbortSignal): Promise<readonly SymbolPlace[]>;
};
