/**
 * Finds the `@path` imports in the text of a memory file and says which file each one means. Pure: whether such a file exists is
 * the caller's to find out. What stands in code, in comments and in frontmatter is no import.
 */
import { proseOnly } from './proseOnly.ts';

/** 0-based; `character` counts UTF-16 units, as editors do. */
export type TextPosition = { readonly lineIndex: number; readonly character: number };
/** `endOffset` and `end` are behind the last character. */
export type TextRange = {
	readonly startOffset: number;
	readonly endOffset: number;
	readonly start: TextPosition;
	readonly end: TextPosition;
};

export type ImportMention = {
	/** As it is meant: without `@`, with `\ ` as a space. */
	readonly path: string;
	/** From the `@` to the last character of the path. */
	readonly range: TextRange;
	/**
	 * False for what is more often something else, such as `@name` or `@scope/package`: it is an import only if there is such a file.
	 */
	readonly isCertain: boolean;
};

/** Endings of the texts that people import: with one of these, nothing else can be meant. */
const TEXT_ENDING = /\.(?:md|mdx|mdc|markdown|txt|rst|adoc)$/i;
const EXPLICIT = /^(?:\.{1,2}[\\/]|~[\\/]|[\\/]|[A-Za-z]:[\\/])/;
const MAY_START = /^(?:\.{1,2}[\\/]|~[\\/].|[\\/].|[\p{L}\p{N}._-])/u;
/** What may stand right before the `@`: of an e-mail address or an escaped one it is something else. */
const MAY_PRECEDE = /[\s([{"'“‘*_>|,;:]/;
/** A path ends before what closes the sentence or the brackets around it. */
const CLOSING = /[.,;:!?)\]}"'”’*_|>]+$/;

/** The imports in order, each mention of its own. */
export function importsIn(text: string): readonly ImportMention[] {
	if (!text.includes('@')) return [];
	const prose = proseOnly(text);
	const positionAt = positionsIn(text);
	const found: ImportMention[] = [];
	for (const match of prose.matchAll(/@((?:\\ |[^\s@#])+)/g)) {
		const { index } = match;
		if (index > 0 && !MAY_PRECEDE.test(prose.charAt(index - 1))) continue;
		const raw = withoutClosing(match[1] ?? '');
		if (!MAY_START.test(raw)) continue;
		const endOffset = index + 1 + raw.length;
		const path = raw.replaceAll('\\ ', ' ');
		found.push({
			path,
			range: { startOffset: index, endOffset, start: positionAt(index), end: positionAt(endOffset) },
			isCertain: EXPLICIT.test(path) || TEXT_ENDING.test(path),
		});
	}
	return found;
}

/** The absolute path that an import in `file` (absolute) means. Undefined for `~/` when no home folder is known. */
export function importTarget(path: string, file: string, homeFolder: string | undefined): string | undefined {
	if (/^~[\\/]/.test(path))
		return homeFolder === undefined ? undefined : normalPath(`${homeFolder}/${path.slice(2)}`, homeFolder);
	if (isAbsolutePath(path)) return normalPath(path, file);
	return normalPath(`${folderOf(file)}/${path}`, file);
}

/** Turns offsets into lines and characters; a line ends with `\n`, `\r\n` or `\r`. */
export function positionsIn(text: string): (offset: number) => TextPosition {
	const starts = [0];
	for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
	return (offset) => {
		let low = 0;
		let high = starts.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if ((starts[middle] ?? 0) <= offset) low = middle;
			else high = middle - 1;
		}
		return { lineIndex: low, character: offset - (starts[low] ?? 0) };
	};
}

/** A path keeps a closing bracket that it opened itself, such as `notes(1).md`. */
function withoutClosing(raw: string): string {
	if (TEXT_ENDING.test(raw)) return raw;
	return raw.replace(CLOSING, '').replace(/\\$/, '');
}

const isAbsolutePath = (path: string): boolean => /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path);

function folderOf(file: string): string {
	return file.slice(0, Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\'), 0));
}

/** Without `.`, `..` and doubled separators, written with the separator that `like` is written with. */
function normalPath(path: string, like: string): string {
	const isWindows = /^[A-Za-z]:[\\/]|^\\\\/.test(like);
	const head = /^(?:[A-Za-z]:[\\/]|\\\\|[\\/])/.exec(path)?.[0] ?? '/';
	const parts: string[] = [];
	for (const part of path.slice(head.length).split(isWindows ? /[\\/]/ : '/')) {
		if (part === '..') parts.pop();
		else if (part !== '' && part !== '.') parts.push(part);
	}
	return isWindows ? `${head.replaceAll('/', '\\')}${parts.join('\\')}` : `${head}${parts.join('/')}`;
}
