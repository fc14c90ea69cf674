/**
 * Matches relative paths against a glob as ripgrep understands it in an ignore file: a pattern without a slash matches a
 * name at any depth, one with a slash the whole path. Knows `*`, `**`, `?`, `[a-z]`, `{a,b}` and `\`.
 */

/** A test for `/`-separated relative paths of files. A pattern that cannot be read matches everything: ripgrep judges it. */
export function matcherOf(glob: string): (path: string) => boolean {
	const isAnchored = glob.includes('/');
	const source = sourceOf(glob.replace(/^\//, ''));
	const expression = tryCompile(`^${isAnchored ? '' : '(?:.*/)?'}${source}$`);
	return (path) => expression?.test(path) ?? true;
}

function tryCompile(source: string): RegExp | undefined {
	try {
		return new RegExp(source, 's');
	} catch {
		// An unclosed class or brace: not ours to report.
		return undefined;
	}
}

function sourceOf(glob: string): string {
	let source = '';
	let depth = 0;
	for (let index = 0; index < glob.length; index++) {
		const char = glob.charAt(index);
		const rest = glob.slice(index);
		const isSegmentStart = index === 0 || glob.charAt(index - 1) === '/';
		if (isSegmentStart && rest.startsWith('**/')) {
			source += '(?:.*/)?';
			index += 2;
		} else if (isSegmentStart && rest === '**') {
			source += '.*';
			index += 1;
		} else if (char === '*') {
			source += '[^/]*';
			while (glob.charAt(index + 1) === '*') index++;
		} else if (char === '?') source += '[^/]';
		else if (char === '[') {
			const classText = /^\[([!^]?)(\]?[^\]]*)\]/.exec(rest);
			if (!classText) return '[';
			const body = (classText[2] ?? '').replaceAll(/[\\\]^[]/g, '\\$&');
			source += `(?!/)[${classText[1] ? '^' : ''}${body}]`;
			index += classText[0].length - 1;
		} else if (char === '{') {
			source += '(?:';
			depth++;
		} else if (char === '}' && depth > 0) {
			source += ')';
			depth--;
		} else if (char === ',' && depth > 0) source += '|';
		else if (char === '\\' && index + 1 < glob.length) {
			index++;
			source += escaped(glob.charAt(index));
		} else source += escaped(char);
	}
	return source;
}

function escaped(char: string): string {
	return /[\\^$.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char;
}
