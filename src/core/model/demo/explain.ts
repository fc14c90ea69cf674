/** A short outline of a source or text file, found by patterns. */
import { plural } from '../../../base/text.ts';

type Finding = { readonly name: string; readonly what: string; readonly lineNumber: number };

/** Per line; the first that matches names it. Good enough for the common languages, and honest about no more than names. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
	[/^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s+([\w$]+)/, 'function'],
	[/^\s*(?:export\s+)?(?:const|let|var)\s+([\w$]+)\s*=\s*(?:async\s*)?(?:\([^)]*\)|[\w$]+)\s*=>/, 'function'],
	[/^\s*(?:export\s+)?(?:default\s+)?(?:abstract\s+)?class\s+([\w$]+)/, 'class'],
	[/^\s*(?:export\s+)?(?:declare\s+)?(?:interface|type|enum)\s+([\w$]+)/, 'type'],
	[/^\s*export\s+(?:const|let|var)\s+([\w$]+)/, 'constant'],
	[/^\s*(?:module\.)?exports\.([\w$]+)\s*=/, 'export'],
	[/^\s*(?:async\s+)?def\s+(\w+)/, 'function'],
	[/^\s*(?:pub\s+)?(?:async\s+)?fn\s+(\w+)/, 'function'],
	[/^\s*func\s+(?:\([^)]*\)\s*)?(\w+)/, 'function'],
	[/^\s*(?:pub\s+)?struct\s+(\w+)/, 'type'],
	[/^#{1,3}\s+(.+?)\s*#*$/, 'heading'],
];
const MAX_SHOWN = 12;

export function outlineOf(file: string, lines: readonly string[]): string {
	if (lines.length === 0) return `\`${file}\` is empty.`;
	const isMarkdown = /\.(?:md|markdown)$/i.test(file);
	const found = lines.flatMap((line, index): Finding[] => {
		for (const [pattern, what] of PATTERNS) {
			if ((what === 'heading') !== isMarkdown) continue;
			const name = pattern.exec(line)?.[1];
			if (name !== undefined) return [{ name, what, lineNumber: index + 1 }];
		}
		return [];
	});
	const imports = lines.flatMap((line) => importOf(line) ?? []);
	const filled = lines.filter((line) => line.trim() !== '').length;
	const parts = [`\`${file}\` has ${plural(lines.length, 'line')}, ${filled} of them not blank.`];
	const about = firstComment(lines, isMarkdown);
	if (about !== undefined) parts.push(`It begins: “${about}”`);
	if (imports.length > 0)
		parts.push(
			`It uses ${[...new Set(imports)]
				.slice(0, MAX_SHOWN)
				.map((name) => `\`${name}\``)
				.join(', ')}.`,
		);
	if (found.length > 0) {
		const shown = found
			.slice(0, MAX_SHOWN)
			.map(({ name, what, lineNumber }) =>
				what === 'heading' ? `- line ${lineNumber}: ${name}` : `- line ${lineNumber}: ${what} \`${name}\``,
			);
		if (found.length > MAX_SHOWN) shown.push(`- … and ${found.length - MAX_SHOWN} more`);
		parts.push(`${isMarkdown ? 'Its headings:' : 'It defines:'}\n\n${shown.join('\n')}`);
	}
	parts.push('(An outline by simple rules: the demo model does not understand what the code does.)');
	return parts.join('\n\n');
}

function importOf(line: string): string | undefined {
	return (
		/^\s*import\b.*?['"]([^'"]+)['"]/.exec(line)?.[1] ??
		/\brequire\(\s*['"]([^'"]+)['"]\s*\)/.exec(line)?.[1] ??
		/^\s*(?:from\s+([\w.]+)\s+)?import\s+[\w*]/.exec(line)?.[1] ??
		/^\s*use\s+([\w:]+)/.exec(line)?.[1]
	);
}

/** The first comment line with words in it; in Markdown the first paragraph. */
function firstComment(lines: readonly string[], isMarkdown: boolean): string | undefined {
	for (const line of lines.slice(0, 30)) {
		const text = isMarkdown
			? line.trim().replace(/^[#>].*/, '')
			: (/^\s*(?:\/\/+|\/\*+|\*+|#(?!!)|--|<!--|""")\s*(.*?)\s*(?:\*\/|-->|""")?\s*$/.exec(line)?.[1] ?? '');
		if (/\p{L}{3}/u.test(text)) return text.length > 160 ? `${text.slice(0, 159)}…` : text;
	}
	return undefined;
}
