/** Completion in `.claude/settings.json` and `.mcp.json`: keys, and tools in permission rules. */
import { getLocation, type Location as JsonPlace } from 'jsonc-parser';
import { type CompletionItem, CompletionItemKind, type Range } from 'vscode-languageserver';
import { aboutKey, keysAt } from './jsonShapes.ts';
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

export function jsonCompletions(
	document: ContextDocument,
	offset: number,
	{ tools, models }: Surroundings,
): readonly CompletionItem[] {
	const place = getLocation(document.text, offset);
	const range = replaced(document.text, offset, place);
	if (place.isAtPropertyKey) {
		const parent = place.path.slice(0, -1);
		const keys = document.kind === 'settings' ? keysAt(parent) : mcpKeys(parent);
		return keys.map((key) => {
			const about = document.kind === 'settings' ? aboutKey([...parent, key]) : SERVER_KEYS[key];
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

function mcpKeys(parent: readonly (string | number)[]): readonly string[] {
	if (parent.length === 0) return ['mcpServers'];
	return parent.length === 2 && parent[0] === 'mcpServers' ? Object.keys(SERVER_KEYS) : [];
}

function ruleItems({ name, description, reach }: KnownTool, range: Range): readonly CompletionItem[] {
	const pattern = reach === 'command' ? `${name}(npm test:*)` : reach === 'path' ? `${name}(src/**)` : undefined;
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
