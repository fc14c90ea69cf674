/** Completion in `.claude/settings.json`, `.mcp.json` and `.vscode/mcp.json`: keys, and tools in permission rules. */
import { getLocation, type Location as JsonPlace } from 'jsonc-parser';
import { type CompletionItem, CompletionItemKind, type Range } from 'vscode-languageserver';
import { exampleRule } from '../core/permission/ruleForms.ts';
import { aboutKey, keysAt, serversKey } from './jsonShapes.ts';
import { positionAt } from './positionAt.ts';
import type { ContextDocument, KnownTool, Surroundings } from './surroundings.ts';

const SERVER_KEYS: Readonly<Record<string, string>> = {
	command: 'The program that is started.',
	args: 'What it is started with.',
	env: 'Variables of its environment.',
	type: 'How the server is reached: stdio, http or sse.',
	url: 'Where the server is.',
	headers: 'Headers that are sent with each request.',
};

const INPUT_KEYS: Readonly<Record<string, string>> = {
	id: 'What servers name it by, behind `input:`.',
	type: 'How it is asked for: promptString or pickString.',
	description: 'What is shown when it is asked for.',
	password: 'Whether it is hidden while it is typed.',
	default: 'What it is when nothing is typed.',
	options: 'What can be picked.',
};
const ABOUT: Readonly<Record<string, string>> = { ...SERVER_KEYS, ...INPUT_KEYS };

export function jsonCompletions(
	document: ContextDocument,
	offset: number,
	{ tools, models }: Surroundings,
): readonly CompletionItem[] {
	const place = getLocation(document.text, offset);
	const range = replaced(document.text, offset, place);
	if (place.isAtPropertyKey) {
		const parent = place.path.slice(0, -1);
		const keys = document.kind === 'settings' ? keysAt(parent) : mcpKeys(parent, document.kind);
		return keys.map((key) => {
			const about = document.kind === 'settings' ? aboutKey([...parent, key]) : ABOUT[key];
			return item(`"${key}"`, range, CompletionItemKind.Property, about);
		});
	}
	if (document.kind !== 'settings') return [];
	const [area, list] = place.path;
	if (area === 'permissions' && (list === 'allow' || list === 'ask' || list === 'deny'))
		return tools.flatMap((tool) => ruleItems(tool, range));
	if (area === 'model')
		return models.map(({ id, displayName }) => item(JSON.stringify(id), range, CompletionItemKind.Value, displayName));
	return [];
}

function mcpKeys(parent: readonly (string | number)[], kind: ContextDocument['kind']): readonly string[] {
	const isOfVscode = kind === 'vscodeMcp';
	const key = serversKey(kind);
	if (parent.length === 0) return isOfVscode ? [key, 'inputs'] : [key];
	if (parent.length !== 2) return [];
	if (parent[0] === key) return Object.keys(SERVER_KEYS);
	return isOfVscode && parent[0] === 'inputs' ? Object.keys(INPUT_KEYS) : [];
}

function ruleItems({ name, description, reach }: KnownTool, range: Range): readonly CompletionItem[] {
	const pattern = exampleRule(name, reach);
	return [name, ...(pattern === undefined ? [] : [pattern])].map((rule) =>
		item(JSON.stringify(rule), range, CompletionItemKind.Function, description),
	);
}

function item(
	label: string,
	range: Range,
	kind: CompletionItemKind,
	documentation: string | undefined,
): CompletionItem {
	return {
		label,
		kind,
		filterText: label,
		textEdit: { range, newText: label },
		...(documentation && { documentation }),
	};
}

/** The text that is at the place already, with its quotes. */
function replaced(text: string, offset: number, { previousNode }: JsonPlace): Range {
	const position = positionAt(text);
	const isIn =
		previousNode?.type === 'string' &&
		previousNode.offset <= offset &&
		offset <= previousNode.offset + previousNode.length;
	if (!isIn || !previousNode) return { start: position(offset), end: position(offset) };
	return { start: position(previousNode.offset), end: position(previousNode.offset + previousNode.length) };
}
