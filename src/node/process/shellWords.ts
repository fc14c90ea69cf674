/** Words of a shell command as the program gets them: quotes and escapes taken away, where that can be done without running anything. */
import type { Node } from 'web-tree-sitter';
import type { ShellWord } from '../../core/permission/shellParts.ts';

type Piece = { readonly value: string | undefined; readonly isPattern: boolean };
const UNKNOWN: Piece = { value: undefined, isPattern: false };
const QUOTED: ReadonlySet<string> = new Set(['string', 'raw_string', 'ansi_c_string']);

/** The word that these neighbours without a space between them make. */
export function wordOf(nodes: readonly Node[]): ShellWord {
	const source = nodes.map(({ text }) => text).join('');
	const pieces = nodes.flatMap(piecesOf);
	const isKnown = pieces.every(({ value }) => value !== undefined) && !hasBraces(source, nodes);
	// The home folder is known to the shell alone.
	const isHome = /^~|^[A-Za-z_]\w*=(?:.*:)?~/.test(source);
	return {
		source,
		value: isKnown && !isHome ? pieces.map(({ value }) => value ?? '').join('') : undefined,
		isPattern: pieces.some(({ isPattern }) => isPattern),
	};
}

function piecesOf(node: Node): readonly Piece[] {
	switch (node.type) {
		case 'word':
		case 'number':
		case 'variable_name':
		case 'test_operator':
		case 'extglob_pattern':
		case 'regex':
		case 'special_variable_name':
			return [plain(node)];
		case 'raw_string':
			return [{ value: node.text.slice(1, -1), isPattern: false }];
		case 'ansi_c_string':
			return [{ value: decodeAnsi(node.text.slice(2, -1)), isPattern: false }];
		case 'string':
			return [quoted(node)];
		case 'concatenation':
		case 'command_name':
			// `$"…"` is a text that the shell translates, which the grammar knows only where a word begins.
			return node.children.flatMap((child, index) =>
				child.text === '$' && QUOTED.has(node.children[index + 1]?.type ?? '') ? [UNKNOWN] : piecesOf(child),
			);
		default:
			// A `$` that names nothing is itself.
			return [node.childCount === 0 && node.text === '$' ? { value: '$', isPattern: false } : UNKNOWN];
	}
}

function plain({ text, type }: Node): Piece {
	return {
		value: text.replace(/\\([\s\S])/g, (_, char) => (char === '\n' ? '' : char)),
		isPattern: type === 'extglob_pattern' || /[*?[]/.test(text.replace(/\\[\s\S]/g, '')),
	};
}

function quoted(node: Node): Piece {
	const isLiteral = node.namedChildren.every((child) => child.type === 'string_content');
	const body = node.text.slice(1, -1);
	// Backticks and variables that the grammar did not see are not guessed.
	const isPlain = isLiteral && !/(?<!\\)(?:\\\\)*(?:`|\$[\w{(@*#?!-])/.test(body);
	return { value: isPlain ? unescaped(body) : undefined, isPattern: false };
}

/** Of a text in double quotes. */
const unescaped = (body: string): string => body.replace(/\\(["$`\\\n])/g, (_, char) => (char === '\n' ? '' : char));

/** `{a,b}` and `{1..3}` outside of quotes make several words. */
function hasBraces(source: string, nodes: readonly Node[]): boolean {
	if (!source.includes('{')) return false;
	const bare = (node: Node): string =>
		node.type === 'string' || node.type === 'raw_string' || node.type === 'ansi_c_string'
			? ''
			: node.childCount === 0
				? node.text.replace(/\\[\s\S]/g, '')
				: node.children.map(bare).join('');
	return /\{.*(?:,|\.\.).*\}/s.test(nodes.map(bare).join(''));
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
	n: '\n',
	t: '\t',
	r: '\r',
	a: '\u0007',
	b: '\b',
	e: '\u001b',
	E: '\u001b',
	f: '\f',
	v: '\v',
	'\\': '\\',
	"'": "'",
	'"': '"',
	'?': '?',
};

/** What `$'…'` stands for; undefined for what is rare enough to be asked about. */
function decodeAnsi(body: string): string | undefined {
	let isKnown = true;
	const value = body.replace(
		/\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([\s\S]))/g,
		(_, octal?: string, hex?: string, short?: string, long?: string, one?: string) => {
			if (one !== undefined) {
				const simple = SIMPLE_ESCAPES[one];
				if (simple === undefined) isKnown = false;
				return simple ?? '';
			}
			const code = octal === undefined ? Number.parseInt(hex ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8);
			// Bytes above ASCII may be parts of one character, and nothing follows a zero.
			if (code === 0 || code > 0x10ffff || (code > 0x7f && (octal !== undefined || hex !== undefined))) isKnown = false;
			return isKnown ? String.fromCodePoint(code) : '';
		},
	);
	return isKnown ? value : undefined;
}
