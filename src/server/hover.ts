/** What stands at a place, for a person: what an import brings in, what a key or a tool is for. Markdown. */
import { findNodeAtOffset, getNodePath } from 'jsonc-parser';
import type { Hover, Range } from 'vscode-languageserver';
import { parseFrontmatter } from '../core/memory/frontmatter.ts';
import { importsIn, importTarget } from '../core/memory/imports.ts';
import { memoryTokens } from '../core/memory/memoryTokens.ts';
import { parseRule } from '../core/permission/rules.ts';
import { isJsonKind } from '../protocol/contextFileKind.ts';
import { frontmatterKeys } from './frontmatterKeys.ts';
import { parseJson } from './jsonProblems.ts';
import { aboutKey } from './jsonShapes.ts';
import { positionAt } from './positionAt.ts';
import {
	type ContextDocument,
	countWords,
	importAt,
	mayImport,
	type Surroundings,
	shownPath,
	toRange,
} from './surroundings.ts';
import { toolMentions } from './toolMentions.ts';

const FIRST_LINES = 8;

export async function hoverAt(
	document: ContextDocument,
	offset: number,
	surroundings: Surroundings,
): Promise<Hover | undefined> {
	if (isJsonKind(document.kind)) return jsonHover(document, offset, surroundings);
	return frontmatterHover(document, offset, surroundings) ?? (await importHover(document, offset, surroundings));
}

async function importHover(
	document: ContextDocument,
	offset: number,
	surroundings: Surroundings,
): Promise<Hover | undefined> {
	const mention = mayImport(document) ? importAt(document.text, offset) : undefined;
	const target = mention && importTarget(mention.path, document.path, surroundings.homeFolder);
	if (!mention || target === undefined) return undefined;
	const range = toRange(mention.range);
	const read = await surroundings.read(target);
	const shown = `**${shownPath(target, surroundings.roots)}**`;
	if (read.kind === 'missing') return mention.isCertain ? hover(`${shown} is not there.`, range) : undefined;
	if (read.kind === 'refused') return hover(`${shown} ${read.reason}.`, range);
	const lines = read.text.trim().split(/\r\n|\n|\r/);
	const start = lines.slice(0, FIRST_LINES).join('\n');
	const fence = '`'.repeat(Math.max(3, ...[...start.matchAll(/`+/g)].map(([run]) => run.length + 1)));
	const size = read.sizeBytes === undefined ? '' : `${sizeWords(read.sizeBytes)}, `;
	const nested = importsIn(read.text).length > 0 ? ', imports not counted' : '';
	const tokens = countWords(memoryTokens({ path: target, text: read.text }, surroundings.weights));
	const more = lines.length > FIRST_LINES ? '\n…' : '';
	return hover(`${shown}\n\n${size}${tokens}${nested}\n\n${fence}markdown\n${start}${more}\n${fence}`, range);
}

function frontmatterHover(
	document: ContextDocument,
	offset: number,
	{ tools, models }: Surroundings,
): Hover | undefined {
	const keys = frontmatterKeys(document.kind);
	const frontmatter = keys && parseFrontmatter(document.text);
	if (!frontmatter || offset >= frontmatter.bodyOffset) return undefined;
	for (const field of frontmatter.fields.values()) {
		const key = Object.hasOwn(keys, field.key) ? keys[field.key] : undefined;
		const { startOffset, endOffset } = field.keyRange;
		if (key && startOffset <= offset && offset <= endOffset)
			return hover(`**${field.key}**\n\n${key.about}`, toRange(field.keyRange));
		if (!key || offset < field.range.startOffset || offset > field.range.endOffset) continue;
		if (key.type === 'model') {
			const model = models.find(({ id }) => id === String(field.value));
			return model && hover(`**${model.displayName}**`, toRange(field.range));
		}
		if (key.type !== 'tools') return undefined;
		const mention = toolMentions(field, document.text).find(
			(one) => one.startOffset <= offset && offset <= one.endOffset,
		);
		const tool = mention && tools.find(({ name }) => name === mention.name);
		if (!mention || !tool) return undefined;
		const place = positionAt(document.text);
		return hover(`**${tool.name}**\n\n${tool.description}`, {
			start: place(mention.startOffset),
			end: place(mention.endOffset),
		});
	}
	return undefined;
}

function jsonHover(document: ContextDocument, offset: number, { tools }: Surroundings): Hover | undefined {
	const tree = parseJson(document.text);
	const node = tree && findNodeAtOffset(tree, offset);
	if (document.kind !== 'settings' || node?.type !== 'string') return undefined;
	const place = positionAt(document.text);
	const range = { start: place(node.offset), end: place(node.offset + node.length) };
	const path = getNodePath(node);
	if (node.parent?.type === 'property' && node.parent.children?.[0] === node) {
		const about = aboutKey(path);
		return about === undefined ? undefined : hover(`**${String(node.value)}**\n\n${about}`, range);
	}
	if (path[0] !== 'permissions') return undefined;
	const tool = tools.find(({ name }) => name === parseRule(String(node.value))?.tool);
	return tool && hover(`**${tool.name}**\n\n${tool.description}`, range);
}

const hover = (value: string, range: Range): Hover => ({ contents: { kind: 'markdown', value }, range });

function sizeWords(sizeBytes: number): string {
	return sizeBytes < 1024 ? `${sizeBytes} bytes` : `${(sizeBytes / 1024).toFixed(1)} KB`;
}
