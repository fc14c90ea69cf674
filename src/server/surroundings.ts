/** What a feature may ask of the world around a document. Every feature is a function of a document and this, so that it can be tried without a process. */
import type { Range } from 'vscode-languageserver';
import { importsIn, type TextRange } from '../core/memory/imports.ts';
import type { ImportedText } from '../core/memory/importTree.ts';
import type { MemoryWeights } from '../core/memory/memoryTokens.ts';
import type { ContextFileKind } from '../protocol/contextFileKind.ts';
import type { ServerFacts } from '../protocol/contextServer.ts';

export type KnownTool = ServerFacts['tools'][number];

export type ContextDocument = {
	/** Absolute. */
	readonly path: string;
	/** `imported`: another Markdown file, which counts only as far as a memory file imports it. */
	readonly kind: ContextFileKind | 'imported';
	readonly text: string;
};

export type ReadText = ImportedText & { readonly sizeBytes?: number };

export type ProjectFiles = {
	/** Absolute paths of the files that fill the context. */
	readonly contextFiles: readonly { readonly path: string; readonly kind: ContextFileKind }[];
	/** Every file, from its root on with `/`; undefined when there are more than anybody would look through. */
	readonly all: readonly string[] | undefined;
};

export type Surroundings = ServerFacts & {
	/** Absolute. Nothing outside of them is read. */
	readonly roots: readonly string[];
	readonly homeFolder: string | undefined;
	readonly weights: MemoryWeights;
	/** As it would be sent; the text of an open document counts before that on the disk. */
	read(absolute: string): Promise<ReadText>;
	list(folder: string): Promise<readonly { readonly name: string; readonly isFolder: boolean }[]>;
	projectFiles(): Promise<ProjectFiles>;
};

/** Whether `@path` in this file is an import. */
export function mayImport({ kind }: Pick<ContextDocument, 'kind'>): boolean {
	return kind === 'memory' || kind === 'rule' || kind === 'imported';
}

export const toRange = ({ start, end }: TextRange): Range => ({
	start: { line: start.lineIndex, character: start.character },
	end: { line: end.lineIndex, character: end.character },
});

/** The import that stands at an offset; its last character counts, and the place behind it. */
export function importAt(text: string, offset: number) {
	return importsIn(text).find(({ range }) => range.startOffset <= offset && offset <= range.endOffset);
}

/** With `/`, from the root that holds it on; the path itself when it is in none. */
export function shownPath(absolute: string, roots: readonly string[]): string {
	const path = slashed(absolute);
	const root = roots.map(slashed).find((one) => path.startsWith(`${one}/`));
	return root === undefined ? path : path.slice(root.length + 1);
}

export const slashed = (path: string): string => path.replaceAll('\\', '/');

/** `1,234 tokens`, as the panel writes it. */
export const countWords = (tokens: number): string => `${grouped(tokens)} ${tokens === 1 ? 'token' : 'tokens'}`;

/** `1,234`. Not by the language of the system: its tables alone would take a tenth of the memory of this process. */
export const grouped = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
