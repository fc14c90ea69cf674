/** What can be written at a place: paths of imports, keys and values of frontmatter, tools, models, rules and keys of the settings. */
import { type CompletionItem, CompletionItemKind, InsertTextFormat, type Range } from 'vscode-languageserver';
import { parseFrontmatter } from '../core/memory/frontmatter.ts';
import { importTarget } from '../core/memory/imports.ts';
import { isJsonKind } from '../protocol/contextFileKind.ts';
import { frontmatterKeys, type KeyType, MODEL_ALIASES } from './frontmatterKeys.ts';
import { jsonCompletions } from './jsonCompletion.ts';
import { positionAt } from './positionAt.ts';
import { type ContextDocument, type KnownTool, mayImport, type Surroundings } from './surroundings.ts';

export async function completions(
	document: ContextDocument,
	offset: number,
	surroundings: Surroundings,
): Promise<readonly CompletionItem[]> {
	const { text, kind } = document;
	if (isJsonKind(kind)) return jsonCompletions(document, offset, surroundings);
	const header = frontmatterEnd(text);
	if (header > 0 && offset <= header) return frontmatterCompletions(document, offset, surroundings);
	return mayImport(document) ? await pathCompletions(document, offset, surroundings) : [];
}

/** Where the frontmatter ends, also when it is still open at the end of the text; 0 without one. */
function frontmatterEnd(text: string): number {
	const whole = parseFrontmatter(text);
	if (whole) return whole.bodyOffset - 1;
	return /^---[ \t]*\r?\n/.test(text) ? text.length : 0;
}

async function pathCompletions(
	document: ContextDocument,
	offset: number,
	surroundings: Surroundings,
): Promise<readonly CompletionItem[]> {
	const line = lineBefore(document.text, offset);
	const typed = /(?:^|[\s([{"'“‘*_>|,;:])@((?:\\ |[^\s@#])*)$/.exec(line)?.[1];
	if (typed === undefined) return [];
	const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
	// A name that cannot be stands for the folder it would be in.
	const inFolder = importTarget(`${folder.replaceAll('\\ ', ' ')}_`, document.path, surroundings.homeFolder);
	if (inFolder === undefined) return [];
	const range = rangeUntil(document.text, offset, typed.length - folder.length);
	const entries = await surroundings.list(inFolder.slice(0, -2));
	return entries
		.filter(({ name }) => !/[@#]/.test(name) && name !== '.git' && name !== 'node_modules')
		.map(({ name, isFolder }): CompletionItem => {
			const path = name.replaceAll(' ', '\\ ');
			return {
				label: isFolder ? `${name}/` : name,
				kind: isFolder ? CompletionItemKind.Folder : CompletionItemKind.File,
				sortText: `${/\.(?:md|txt)$/i.test(name) ? 0 : isFolder ? 1 : 2}${name}`,
				filterText: path,
				textEdit: { range, newText: isFolder ? `${path}/` : path },
				...(isFolder && { command: { title: 'Go on', command: 'editor.action.triggerSuggest' } }),
			};
		});
}

function frontmatterCompletions(
	document: ContextDocument,
	offset: number,
	{ tools, models }: Surroundings,
): readonly CompletionItem[] {
	const keys = frontmatterKeys(document.kind);
	if (!keys) return [];
	const line = lineBefore(document.text, offset);
	const header = document.text.slice(0, offset);
	if (/^[\w-]*$/.test(line)) {
		const used = parseFrontmatter(document.text)?.fields;
		const range = rangeUntil(document.text, offset, line.length);
		return Object.entries(keys)
			.filter(([key]) => !used?.has(key) || key === line)
			.map(([key, { about, type }]) => ({
				label: key,
				kind: CompletionItemKind.Property,
				documentation: { kind: 'markdown', value: about },
				textEdit: { range, newText: `${key}: ` },
				...(type !== 'any' &&
					type !== 'text' && { command: { title: 'Values', command: 'editor.action.triggerSuggest' } }),
			}));
	}
	const key = /^([\w-]+)\s*:/.exec(line)?.[1] ?? (/^\s*-\s/.test(line) ? lastKey(header) : undefined);
	const type = key !== undefined && Object.hasOwn(keys, key) ? keys[key]?.type : undefined;
	if (type === undefined) return [];
	const typed = /[\w./-]*$/.exec(line)?.[0] ?? '';
	return valuesOf(type, tools, models).map((item) => ({
		...item,
		textEdit: { range: rangeUntil(document.text, offset, typed.length), newText: item.label },
	}));
}

/** The key that a list item belongs to. */
function lastKey(header: string): string | undefined {
	return [...header.matchAll(/^([\w-]+)\s*:/gm)].at(-1)?.[1];
}

function valuesOf(
	type: KeyType,
	tools: readonly KnownTool[],
	models: Surroundings['models'],
): readonly CompletionItem[] {
	if (typeof type !== 'string') return type.map((label) => ({ label, kind: CompletionItemKind.EnumMember }));
	switch (type) {
		case 'tools':
			return tools.map(toolItem);
		case 'model':
			return [
				...MODEL_ALIASES.map((label) => ({ label, kind: CompletionItemKind.EnumMember })),
				...models.map(({ id, displayName }) => ({ label: id, detail: displayName, kind: CompletionItemKind.Value })),
			];
		case 'boolean':
			return ['true', 'false'].map((label) => ({ label, kind: CompletionItemKind.EnumMember }));
		default:
			return [];
	}
}

function toolItem({ name, description }: KnownTool): CompletionItem {
	return {
		label: name,
		kind: CompletionItemKind.Function,
		documentation: description,
		insertTextFormat: InsertTextFormat.PlainText,
	};
}

function lineBefore(text: string, offset: number): string {
	return text.slice(Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1, offset);
}

function rangeUntil(text: string, offset: number, length: number): Range {
	const place = positionAt(text);
	return { start: place(offset - length), end: place(offset) };
}
