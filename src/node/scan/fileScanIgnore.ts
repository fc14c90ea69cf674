/**
 * The rules of `.gitignore` files, as git reads them. Own code, because a new folder must be judged in the middle of a walk, also where
 * there is no repository and no git. Pure: reads no file.
 */
export type IgnoreRule = {
	readonly isNegated: boolean;
	readonly isForFolders: boolean;
	/** Compared with the way from the rule file's folder; else with the name alone. */
	readonly isAnchored: boolean;
	readonly matches: (text: string) => boolean;
};

/** Reads one rule file. Lines that mean nothing are left out, as git does. */
export function parseIgnoreRules(text: string, isCaseIgnored = false): IgnoreRule[] {
	const rules: IgnoreRule[] = [];
	for (const line of text.replace(/^\uFEFF/, '').split('\n')) {
		const rule = parseRule(trimEnd(line.replace(/\r$/, '')), isCaseIgnored);
		if (rule) rules.push(rule);
	}
	return rules;
}

/**
 * The verdict of one file's rules: the last one that matches counts. Undefined = none does, and the next file further out decides.
 * `way` leads from the rule file's folder, with `/`.
 */
export function judge(rules: readonly IgnoreRule[], way: string, isFolder: boolean): 'ignored' | 'kept' | undefined {
	const bytes = bytesOf(way);
	const name = bytes.slice(bytes.lastIndexOf('/') + 1);
	for (let index = rules.length - 1; index >= 0; index--) {
		const rule = rules[index];
		if (!rule || (rule.isForFolders && !isFolder)) continue;
		if (rule.matches(rule.isAnchored ? bytes : name)) return rule.isNegated ? 'kept' : 'ignored';
	}
	return undefined;
}

/** Trailing spaces go, unless a backslash keeps them. */
function trimEnd(line: string): string {
	let end = line.length;
	while (end > 0 && line[end - 1] === ' ') {
		let backslashes = 0;
		while (line[end - 2 - backslashes] === '\\') backslashes++;
		if (backslashes % 2 === 1) break;
		end--;
	}
	return line.slice(0, end);
}

function parseRule(line: string, isCaseIgnored: boolean): IgnoreRule | undefined {
	if (line === '' || line.startsWith('#')) return undefined;
	const isNegated = line.startsWith('!');
	let pattern = isNegated ? line.slice(1) : line;
	const isForFolders = pattern.endsWith('/');
	if (isForFolders) pattern = pattern.slice(0, -1);
	const isAnchored = pattern.includes('/');
	if (pattern.startsWith('/')) pattern = pattern.slice(1);
	if (pattern === '') return undefined;
	const matches = matcherOf(bytesOf(pattern), isCaseIgnored);
	return matches && { isNegated, isForFolders, isAnchored, matches };
}

/** Git compares bytes, so `?` is half of an `é`: one character for each byte. */
const bytesOf = (text: string): string => (ASCII.test(text) ? text : Buffer.from(text).toString('latin1'));
const ASCII = /^[\x00-\x7f]*$/;

/** Undefined for a pattern that can match nothing. */
function matcherOf(pattern: string, isCaseIgnored: boolean): ((text: string) => boolean) | undefined {
	if (!isCaseIgnored) {
		if (!/[*?[\\]/.test(pattern)) return (text) => text === pattern;
		const ending = /^\*([^*?[\\/]+)$/.exec(pattern)?.[1];
		// `*` crosses no `/`, also where the pattern is anchored: `/*.log`.
		if (ending !== undefined) return (text) => text.endsWith(ending) && !text.includes('/');
	}
	const source = expressionOf(pattern);
	if (source === undefined) return undefined;
	try {
		const expression = new RegExp(`^${source}$`, isCaseIgnored ? 'is' : 's');
		return (text) => expression.test(text);
	} catch (error) {
		// A class such as `[z-a]` matches nothing.
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

function expressionOf(pattern: string): string | undefined {
	let source = '';
	for (let at = 0; at < pattern.length; ) {
		const char = pattern[at] ?? '';
		if (char === '*') {
			const stars = starsAt(pattern, at);
			source += stars.source;
			at = stars.end;
		} else if (char === '?') {
			source += '[^/]';
			at++;
		} else if (char === '[') {
			const found = classAt(pattern, at);
			if (!found) return undefined;
			source += found.source;
			at = found.end;
		} else if (char === '\\') {
			const escaped = pattern[at + 1];
			if (escaped === undefined) return undefined;
			source += literal(escaped);
			at += 2;
		} else {
			source += literal(char);
			at++;
		}
	}
	return source;
}

/**
 * Two stars mean any number of folders, but only where they stand alone between slashes. Git takes off the literal start of a pattern
 * first, so that stars right behind it stand alone as well.
 */
function starsAt(pattern: string, at: number): { source: string; end: number } {
	let end = at;
	while (pattern[end] === '*') end++;
	const isStart = at === pattern.search(/[*?[\\]/) || pattern[at - 1] === '/';
	if (end - at < 2 || !isStart) return { source: '[^/]*', end };
	if (pattern[end] === '/') return { source: '(?:.*/)?', end: end + 1 };
	return { source: end === pattern.length || pattern.startsWith('\\/', end) ? '.*' : '[^/]*', end };
}

const NAMED_CLASSES: Readonly<Record<string, string>> = {
	alnum: 'A-Za-z0-9',
	alpha: 'A-Za-z',
	blank: ' \\t',
	cntrl: '\\x00-\\x1f\\x7f',
	digit: '0-9',
	graph: '\\x21-\\x7e',
	lower: 'a-z',
	print: '\\x20-\\x7e',
	punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
	space: '\\s',
	upper: 'A-Z',
	xdigit: '0-9A-Fa-f',
};

/** A class never matches `/`; one that is not closed makes the pattern match nothing. */
function classAt(pattern: string, start: number): { source: string; end: number } | undefined {
	let at = start + 1;
	const isNegated = pattern[at] === '!' || pattern[at] === '^';
	if (isNegated) at++;
	let body = '';
	for (let isFirst = true; isFirst || pattern[at] !== ']'; isFirst = false) {
		if (at >= pattern.length) return undefined;
		const named = /^\[:(\w+):\]/.exec(pattern.slice(at));
		if (named) {
			const members = NAMED_CLASSES[named[1] ?? ''];
			if (members === undefined) return undefined;
			body += members;
			at += named[0].length;
			continue;
		}
		const char = memberAt(pattern, at);
		if (!char) return undefined;
		at = char.end;
		// A `-` before the end of the class stands for itself.
		const isRange = pattern[at] === '-' && pattern[at + 1] !== ']' && at + 1 < pattern.length;
		const upper = isRange ? memberAt(pattern, at + 1) : undefined;
		if (upper) at = upper.end;
		// A range that runs backwards holds its first member alone.
		if (upper && upper.char < char.char) {
			body += classLiteral(char.char);
			continue;
		}
		body += upper ? `${classLiteral(char.char)}-${classLiteral(upper.char)}` : classLiteral(char.char);
	}
	return { source: isNegated ? `(?!/)[^${body}]` : `(?!/)[${body}]`, end: at + 1 };
}

function memberAt(pattern: string, at: number): { char: string; end: number } | undefined {
	const from = pattern[at] === '\\' ? at + 1 : at;
	const char = pattern[from];
	return char === undefined ? undefined : { char, end: from + 1 };
}

const literal = (char: string): string => char.replace(/[$()*+./?[\\\]^{|}]/, '\\$&');
const classLiteral = (char: string): string => char.replace(/[\\\]^[-]/, '\\$&');
