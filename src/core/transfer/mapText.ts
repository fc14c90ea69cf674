/**
 * Changes every text inside a JSON value: paths of one machine into those of another, credentials into masks.
 * Pure; decides neither which paths nor which values.
 */
import { UserError } from '../../base/errors.ts';

export type TextMap = (text: string) => string;

/** Deeper than any entry of ours; what nests deeper was made to break its reader. */
const MAX_DEPTH = 200;

/** The value with each string and each key mapped. Image data is left alone: it is no text. */
export function mapStrings(value: unknown, map: TextMap, depth = 0): unknown {
	if (typeof value === 'string') return map(value);
	if (typeof value !== 'object' || value === null) return value;
	if (depth > MAX_DEPTH)
		throw new UserError('bad-bundle', 'A value in this file is nested too deeply. Nothing was imported.');
	if (Array.isArray(value)) return value.map((item) => mapStrings(item, map, depth + 1));
	const isImageData = 'type' in value && value.type === 'base64';
	const mapped = Object.entries(value).map(([key, item]): [string, unknown] => [
		map(key),
		isImageData && key === 'data' ? item : mapStrings(item, map, depth + 1),
	]);
	return Object.fromEntries(mapped);
}

/**
 * Replaces folder paths, longest first, also as they stand in JSON text and with the other slash. A path counts only where it ends:
 * `/w/app` is not in `/w/app-old`.
 */
export function pathMap(pairs: readonly { readonly from: string; readonly to: string }[]): TextMap {
	const rules = pairs
		.filter(({ from, to }) => from.length > 1 && from !== to)
		.sort((left, right) => right.from.length - left.from.length)
		.flatMap(variants)
		.map(({ from, to }) => ({
			pattern: new RegExp(`${escapeRegExp(from)}${PATH_END}`, isWindows(from) ? 'gi' : 'g'),
			to,
		}));
	return (text) => {
		let mapped = text;
		// A function, so that `$` in a path stays what it is.
		for (const { pattern, to } of rules) mapped = mapped.replace(pattern, () => to);
		return mapped;
	};
}

const PATH_END = String.raw`(?![\w-]|\.\w)`;
const isWindows = (path: string): boolean => /^[a-z]:/i.test(path);
const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** A Windows path has three spellings in texts: as it is, escaped in JSON, with slashes. */
function variants({ from, to }: { readonly from: string; readonly to: string }) {
	if (!from.includes('\\')) return [{ from, to }];
	const escaped = { from: from.replaceAll('\\', '\\\\'), to: to.replaceAll('\\', '\\\\') };
	return [escaped, { from, to }, { from: from.replaceAll('\\', '/'), to: to.replaceAll('\\', '/') }];
}
