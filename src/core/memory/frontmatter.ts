/**
 * The YAML between `---` lines at the top of a Markdown file, with places for everything that can be wrong in it. Reads only; what
 * the keys mean is said where they are used.
 */
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { positionsIn, type TextRange } from './imports.ts';

export type FrontmatterValue = { readonly value: unknown; readonly range: TextRange };
export type FrontmatterField = FrontmatterValue & {
	readonly key: string;
	readonly keyRange: TextRange;
	/** Of a list: each of its values. Of anything else: the value itself. */
	readonly items: readonly FrontmatterValue[];
};
export type Frontmatter = {
	/** In the order of the file. Of a key that stands twice, the last. */
	readonly fields: ReadonlyMap<string, FrontmatterField>;
	readonly problems: readonly { readonly message: string; readonly range: TextRange }[];
	/** Where the text behind it starts. */
	readonly bodyOffset: number;
};

const BLOCK = /^(\uFEFF?---[ \t]*(?:\r\n|\n|\r))((?:[\s\S]*?(?:\r\n|\n|\r))??)(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r|$)/;
/**
 * Globs, and hints such as `[file] [format]`, that people write without quotes, though YAML reads their first character as a mark of its own.
 * That character is taken by a stand-in of the same length while YAML looks.
 */
const BARE_VALUE =
	/^((?:(?:paths|globs)[ \t]*:|[ \t]*-)[ \t]+)([*!@]|\{(?=[^:}\r\n]*\}[^\s,]))(?=[^\r\n]*$)|^(argument-hint[ \t]*:[ \t]+)(\[)(?=[^\r\n]*$)/gm;
const STAND_IN = '\uE000';

/** Undefined when the text starts with none. Never throws: what YAML finds wrong is among the problems. */
export function parseFrontmatter(text: string): Frontmatter | undefined {
	const block = BLOCK.exec(text);
	if (!block) return undefined;
	const [whole, fence = '', yaml = ''] = block;
	const bare = new Map<number, string>();
	const readable = yaml.replace(BARE_VALUE, (whole, _before, _glob, _key, _bracket, at: number) => {
		bare.set(at + whole.length - 1, whole.slice(-1));
		return whole.slice(0, -1) + STAND_IN;
	});
	const positionAt = positionsIn(text);
	const rangeOf = (from: number, until: number): TextRange => {
		const startOffset = fence.length + from;
		const endOffset = fence.length + Math.max(from, until);
		return { startOffset, endOffset, start: positionAt(startOffset), end: positionAt(endOffset) };
	};
	const document = parseDocument(readable, { prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
	const problems = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
		message: message.replaceAll(STAND_IN, '*'),
		range: rangeOf(Math.min(pos[0], yaml.length), Math.min(pos[1], yaml.length)),
	}));
	const readValue = (node: unknown, fallback: TextRange): FrontmatterValue => {
		if (!isScalar(node) && !isMap(node) && !isSeq(node)) return { value: null, range: fallback };
		const [from = 0, until = 0] = node.range ?? [];
		const first = bare.get(from);
		const value: unknown = node.toJSON();
		return {
			value: first !== undefined && typeof value === 'string' ? first + value.slice(STAND_IN.length) : value,
			range: node.range ? rangeOf(from, until) : fallback,
		};
	};
	const fields = new Map<string, FrontmatterField>();
	const { contents } = document;
	if (isMap(contents)) {
		for (const { key: keyNode, value: valueNode } of contents.items) {
			if (!isScalar(keyNode)) continue;
			const key = String(keyNode.value);
			const keyRange = rangeOf(keyNode.range?.[0] ?? 0, keyNode.range?.[1] ?? 0);
			const found = readValue(valueNode, keyRange);
			const items = isSeq(valueNode) ? valueNode.items.map((item) => readValue(item, found.range)) : [found];
			const value = isSeq(valueNode) ? items.map((item) => item.value) : found.value;
			fields.set(key, { key, keyRange, range: found.range, value, items });
		}
	} else if (contents !== null && problems.length === 0)
		problems.push({ message: 'Frontmatter is a list of keys with their values.', range: rangeOf(0, yaml.length) });
	return { fields, problems, bodyOffset: whole.length };
}
