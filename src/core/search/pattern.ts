/**
 * A term → regular expressions that Rust's engine (ripgrep) and JavaScript (with `u`) read alike: one for text as it is, one
 * for text inside the JSON of a log line, one for files that may hold either. Pure.
 * JSON: what JSON.stringify writes, and the other forms that a foreign writer may choose (`\/`, `\u00e9`, `\u003c`).
 */
import type { SearchQuery } from './query.ts';

export type PatternForm = 'plain' | 'json' | 'any';

/** Matches a term wherever it stands; a space in it stands for any white space. Without flags: case is the caller's. */
export function termPattern(term: string, form: PatternForm): string {
	return [...term.matchAll(UNIT)].map(([unit]) => unitPattern(unit, form)).join('');
}

/** For JavaScript. */
export function termRegex(term: string, form: PatternForm, isCaseSensitive: boolean): RegExp {
	return new RegExp(termPattern(term, form), isCaseSensitive ? 'gu' : 'giu');
}

/** Part of a path; `*` stands for any part of a name. Case is ignored. */
export function filePattern(file: string, form: PatternForm): string {
	return file
		.replaceAll('\\', '/')
		.split('*')
		.map((part) => part.split('/').map((name) => termPattern(name, form)))
		.map((names) => names.join(form === 'plain' ? '[\\\\/]' : '(?:/|\\\\/|\\\\\\\\|\\\\)'))
		.join('[^"/\\\\]*');
}

/**
 * ripgrep's pattern for the log lines that may match: a superset, since every line is parsed afterwards. Includes lines that name a blob
 * (their content is elsewhere), lines with escapes that nobody needs (they are rare, and nothing can be said without parsing), and,
 * when a filter asks which call a result belongs to, the calls.
 */
export function logPattern(query: SearchQuery): string {
	const parts = [subjectPattern(query), BLOB_MARK];
	if (query.terms.length > 0) parts.push(NEEDLESS_ESCAPE);
	if (query.tool !== undefined || query.file !== undefined) parts.push(CALL_MARK);
	return [...new Set(parts)].join('|');
}

/**
 * ripgrep's pattern for blobs, which have lines of their own: the longest piece without white space. Undefined when
 * nothing can be told from the text.
 */
export function blobPattern(query: SearchQuery): string | undefined {
	const pieces = (query.terms.length > 0 ? query.terms : [query.file ?? '']).flatMap((term) => term.split(/\s+/));
	const piece = longest(pieces);
	if (piece === '') return undefined;
	if (query.terms.length === 0) return `(?i:${filePattern(piece, 'any')})`;
	return cased(`${termPattern(piece, 'any')}|${NEEDLESS_ESCAPE}`, query);
}

/** A line with this may hold a printable ASCII character as an escape. */
export const NEEDLESS_ESCAPE = '\\\\u00[2-7][0-9a-fA-F]';
const BLOB_MARK = '"\\$blob":"';
const CALL_MARK = '"type":"tool_use"';
const ERROR_MARKS = '"isError":true|"reason":"error"|"level":"error"';

function subjectPattern(query: SearchQuery): string {
	const term = longest(query.terms);
	if (term !== '') return cased(termPattern(term, 'json'), query);
	if (query.isError) return ERROR_MARKS;
	return query.file === undefined ? CALL_MARK : `(?i:${filePattern(query.file, 'json')})`;
}

/** The longest is the rarest, as a rule. */
function longest(terms: readonly string[]): string {
	return terms.reduce((best, term) => (term.length > best.length ? term : best), '');
}

const cased = (pattern: string, query: SearchQuery): string =>
	query.isCaseSensitive ? `(?:${pattern})` : `(?i:${pattern})`;

/** A line break, a run of spaces, a character with the marks that belong to it. */
const UNIT = /\r?\n| +|\P{M}\p{M}*|\p{M}+/gsu;

function unitPattern(unit: string, form: PatternForm): string {
	if (/^ +$/.test(unit)) return SPACES[form];
	if (unit === '\n' || unit === '\r\n') return LINE_BREAKS[form];
	// The same character may be written whole or as a letter and its marks.
	const forms = new Set([unit, unit.normalize('NFC'), unit.normalize('NFD')]);
	const patterns = [...forms].map((text) => [...text].map((char) => charPattern(char, form)).join(''));
	return patterns.length === 1 ? (patterns[0] ?? '') : group(patterns);
}

const JSON_SPACE = '\\s|\\\\[nrtf]|\\\\u(?:0009|000[aAcCdD]|0020|00[aA]0)';
const SPACES: Readonly<Record<PatternForm, string>> = {
	plain: '\\s+',
	json: `(?:${JSON_SPACE})+`,
	any: `(?:${JSON_SPACE})+`,
};
const JSON_BREAK = '(?:\\\\r|\\\\u000[dD])?(?:\\\\n|\\\\u000[aA])';
const LINE_BREAKS: Readonly<Record<PatternForm, string>> = {
	plain: '\\r?\\n',
	json: JSON_BREAK,
	// A line of a file ends there, so only the part inside JSON can be asked for.
	any: JSON_BREAK,
};

function charPattern(char: string, form: PatternForm): string {
	if (form === 'plain') return plainChar(char);
	const escaped = jsonForms(char);
	if (form === 'any' && mustEscape(char)) return group([isLone(char) ? '\uFFFD' : plainChar(char), ...escaped]);
	return escaped.length === 1 ? (escaped[0] ?? '') : group(escaped);
}

/** Every way in which JSON may write a character that some writer does not write as it is. */
function jsonForms(char: string): readonly string[] {
	const code = char.codePointAt(0) ?? 0;
	const short = SHORT_ESCAPES.get(char);
	if (short !== undefined) return [short, hexEscape(code)];
	if (mustEscape(char)) return [hexEscape(code)];
	if (code < 0x7f && !OFTEN_ESCAPED.has(char)) return [plainChar(char)];
	const cases = new Set([char, char.toLowerCase(), char.toUpperCase()]);
	const escapes = [...cases].map((one) => [...utf16(one)].map(hexEscape).join(''));
	return [plainChar(char), ...(char === '/' ? ['\\\\/'] : []), ...escapes];
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
	['"', '\\\\"'],
	['\\', '\\\\\\\\'],
	['\b', '\\\\b'],
	['\f', '\\\\f'],
	['\n', '\\\\n'],
	['\r', '\\\\r'],
	['\t', '\\\\t'],
]);
/** Characters that writers for the web escape. */
const OFTEN_ESCAPED: ReadonlySet<string> = new Set(['/', '<', '>', '&', "'"]);

const mustEscape = (char: string): boolean => char < ' ' || char === '"' || char === '\\' || isLone(char);
const isLone = (char: string): boolean => char.length === 1 && char >= '\ud800' && char <= '\udfff';

/** `\\u00[eE]9`: hexadecimal digits may be of either case. */
function hexEscape(code: number): string {
	const digits = [...code.toString(16).padStart(4, '0')];
	return `\\\\u${digits.map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join('')}`;
}

function plainChar(char: string): string {
	const code = char.codePointAt(0) ?? 0;
	if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
	if (isLone(char)) return `\\u${code.toString(16)}`;
	return /[\^$\\.*+?()[\]{}|]/.test(char) ? `\\${char}` : char;
}

function* utf16(text: string): Generator<number> {
	for (let index = 0; index < text.length; index++) yield text.charCodeAt(index);
}

const group = (patterns: readonly string[]): string => `(?:${patterns.join('|')})`;
