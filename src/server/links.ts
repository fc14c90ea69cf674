/** Where an import leads: links in the text, and go to definition. */
import type { DocumentLink, Range } from 'vscode-languageserver';
import { followDocument } from './importTreeOf.ts';
import { type ContextDocument, importAt, mayImport, type Surroundings, toRange } from './surroundings.ts';

export type ImportLink = { readonly range: Range; readonly target: string };

/** Of the imports whose file is there. */
export async function importLinks(
	document: ContextDocument,
	surroundings: Surroundings,
): Promise<readonly ImportLink[]> {
	if (!mayImport(document)) return [];
	const { direct } = await followDocument(document, surroundings);
	return direct
		.filter(({ problem }) => problem?.kind !== 'missing')
		.map(({ mention, target }) => ({ range: toRange(mention.range), target }));
}

export function toDocumentLink({ range, target }: ImportLink, uriOf: (path: string) => string): DocumentLink {
	return { range, target: uriOf(target) };
}

/** The file of the import at an offset. */
export async function definitionAt(
	document: ContextDocument,
	offset: number,
	surroundings: Surroundings,
): Promise<ImportLink | undefined> {
	const mention = mayImport(document) ? importAt(document.text, offset) : undefined;
	if (!mention) return undefined;
	const { start } = toRange(mention.range);
	const links = await importLinks(document, surroundings);
	return links.find(({ range }) => range.start.line === start.line && range.start.character === start.character);
}
