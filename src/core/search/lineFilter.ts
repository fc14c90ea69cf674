/**
 * Tells cheaply, without parsing, that a line cannot match: an entry that shows nothing, a word that is only in its ids, its field names
 * or its folder. A superset of what matches: when in doubt, the line may. Pure.
 */
import { NEEDLESS_ESCAPE, termRegex } from './pattern.ts';
import type { SearchQuery } from './query.ts';

/** Types without text that a person sees, or whose text another entry has. */
const SILENT: ReadonlySet<string> = new Set([
	'tail',
	'header',
	'prefix',
	'toolStarted',
	'checkpoint',
	'fileOperationDone',
	'editProposed',
	'restore',
	'restoreDone',
	'review',
	'rewind',
	'model',
	'mode',
	'state',
	'assistantEnded',
	'reminder',
	'contextEdit',
	'interrupted',
]);

/** What every line starts with, as this program writes it: nothing of it is shown. Free of backtracking. */
const BASE =
	/^\{"v":\d+,"id":"[^"]*","parentId":(?:null|"[^"]*"),"sessionId":"[^"]*","agentId":"[^"\\]*","gen":\d+,"timestamp":[\d.e+-]+,"cwd":"(?:[^"\\]|\\.)*","mode":"[A-Za-z]*","type":"([A-Za-z]*)"/;
/** Values that are never shown. */
const HIDDEN_VALUE =
	/"(?:type|id|parentId|toolUseId|tool_use_id|messageId|requestId|subagentId|signature|data|media_type|mediaType|\$blob)":$/;
const KEY_CHARS = 40;

export function mayMatchLine(query: SearchQuery): (line: string) => boolean {
	const regexes = query.terms.map((term) => termRegex(term, 'json', query.isCaseSensitive));
	const escapes = new RegExp(NEEDLESS_ESCAPE, 'u');
	const needsCalls = query.tool !== undefined || query.file !== undefined;
	return (line) => {
		const base = BASE.exec(line);
		const start = base?.[0].length ?? 0;
		if (base && SILENT.has(base[1] ?? '')) return false;
		if (needsCalls && line.includes('"type":"tool_use"', start)) return true;
		if (line.includes('"$blob":"', start)) return true;
		if (regexes.every((regex) => hasShownMatch(line, regex, start))) return true;
		return escapes.test(line);
	};
}

function hasShownMatch(line: string, regex: RegExp, start: number): boolean {
	regex.lastIndex = start;
	for (let match = regex.exec(line); match; match = regex.exec(line)) {
		if (match[0] === '' || !isHidden(line, match.index, match.index + match[0].length)) return true;
	}
	return false;
}

/** The match is inside a field name, or inside a short value of a field that is never shown. */
function isHidden(line: string, from: number, to: number): boolean {
	let open = from - 1;
	for (const end = from - KEY_CHARS; open > end && isNameChar(line, open); ) open--;
	if (line.charAt(open) !== '"' || line.charAt(open - 1) === '\\') return false;
	let close = to;
	for (const end = to + KEY_CHARS; close < end && isNameChar(line, close); ) close++;
	if (line.charAt(close) !== '"') return false;
	if (line.charAt(close + 1) === ':') return true;
	// Whatever a call was given is shown, under whatever name.
	if (line.includes('"input":')) return false;
	return HIDDEN_VALUE.test(line.slice(Math.max(0, open - KEY_CHARS), open));
}

function isNameChar(line: string, index: number): boolean {
	return /[\w$-]/.test(line.charAt(index));
}
