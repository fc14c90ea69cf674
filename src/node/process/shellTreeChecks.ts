/**
 * Whether the grammar of bash read a command line as bash does. It is made for highlighting: it leaves some words out without saying so, takes
 * line ends into words, and parts or joins what stands close together. Each rule here was found by running random lines in bash.
 */
import type { Node } from 'web-tree-sitter';

const MAX_DEPTH = 200;

/** False: better not judged by its parts. */
export function isReadWhole(root: Node, text: string): boolean {
	const isGap = (from: number, to: number) => BLANK.test(text.slice(from, to));
	return isGap(0, root.startIndex) && isGap(root.endIndex, text.length) && isWhole(root, text, 0);
}

function isWhole(node: Node, text: string, depth: number): boolean {
	if (depth > MAX_DEPTH) return false;
	const { children, type } = node;
	// Its text is anything; what it substitutes is commands like all others.
	if (type === 'heredoc_body') return children.every((child) => isWhole(child, text, depth + 1));
	if (type === 'heredoc_redirect' && !endsWhereItSays(node, text)) return false;
	if (type === 'comment') return mayBeComment(text, node.startIndex);
	if (children.length === 0) return isPlainLeaf(node);
	const gaps = children.map((child, index) =>
		text.slice(children[index - 1]?.endIndex ?? node.startIndex, child.startIndex),
	);
	gaps.push(text.slice(children.at(-1)?.endIndex ?? 0, node.endIndex));
	return gapsFit(node, gaps) && children.every((child) => isWhole(child, text, depth + 1));
}

/** Unquoted, these end a word; in front of a backslash the grammar takes them into it. */
function isPlainLeaf({ type, text }: Node): boolean {
	if (type === 'file_descriptor') return /^(?:\d+|\{\w+\})$/.test(text);
	return type !== 'word' || !/[\s;|&<>()`"']/.test(text.replace(/\\[\s\S]/g, ''));
}

/** Behind a word, also one that ends with an escaped space, `#` is a part of it. */
function mayBeComment(text: string, at: number): boolean {
	if (at === 0) return true;
	let from = at - 1;
	while (text[from - 1] === '\\') from--;
	return /[\s;&|()<>]/.test(text[at - 1] ?? '') && (at - from) % 2 === 1;
}

/**
 * The shell ends a here-document at the first line that is its word, whatever has begun in it; the grammar also elsewhere. What stands behind
 * is commands for the one and text for the other.
 */
function endsWhereItSays({ children }: Node, text: string): boolean {
	const of = (type: string) => children.find((child) => child.type === type);
	const [start, body, end] = [of('heredoc_start'), of('heredoc_body'), of('heredoc_end')];
	if (!start || !body || !end) return false;
	const word = start.text.replace(/['"\\]/g, '');
	if (!/^[\w.-]+$/.test(word) || end.text !== word) return false;
	const lines = text.slice(body.startIndex, end.startIndex).split('\n');
	if (of('<<-')) for (const [index, line] of lines.entries()) lines[index] = line.replace(/^\t+/, '');
	// Where the word has no quotes, a line that goes on takes the next one in.
	const goesOn = word === start.text && /(?<!\\)(?:\\\\)*\\$/.test(lines.at(-2) ?? '');
	return lines.pop() === '' && !goesOn && !lines.includes(word) && /^(?:\n|$)/.test(text.slice(end.endIndex));
}

const BLANK = /^(?:\s|\\\n)*$/;
/** In front of a here-document it is left out, and only says that the input is read. */
const DASH = /^(?:\s|\\\n)*-\s+$/;
/** Of one piece. */
const CLOSED: ReadonlySet<string> = new Set([
	'simple_expansion',
	'concatenation',
	'command_name',
	'variable_assignment',
]);
/** Their parts are told apart by white space. */
const SPACED: ReadonlySet<string> = new Set([
	'command',
	'redirected_statement',
	'file_redirect',
	'heredoc_redirect',
	'declaration_command',
	'unset_command',
]);

function gapsFit({ type, children }: Node, gaps: readonly string[]): boolean {
	if (CLOSED.has(type)) return gaps.every((gap) => gap === '');
	// Within quotes it skips words, but not what is substituted.
	if (type === 'string') return gaps.every((gap) => !/[$`]/.test(gap));
	if (!gaps.every((gap, index) => BLANK.test(gap) || (DASH.test(gap) && children[index]?.type === 'heredoc_redirect')))
		return false;
	// `[!` and `!x` and `{}` are names of programs.
	if (type === 'test_command') return !/^\[/.test(children[0]?.type ?? '') || (gaps[1] !== '' && gaps.at(-2) !== '');
	if (type === 'negated_command') return gaps[1] !== '';
	if (type === 'compound_statement' && children[0]?.type === '{') return gaps[1] !== '';
	if (!SPACED.has(type)) return true;
	return children.every((child, index) => index === 0 || gaps[index] !== '' || mayTouch(child, children[index - 1]));
}

/** An operator without a number in front of it needs no space on either side. */
function mayTouch(node: Node, before: Node | undefined): boolean {
	// A `$` that names nothing has no name either, and is a word.
	const isOperator = (one: Node | undefined): boolean => one !== undefined && !one.isNamed && one.type !== '$';
	if (isOperator(node) || isOperator(before) || before?.type === 'file_descriptor') return true;
	if (node.type === 'heredoc_body' || before?.type === 'heredoc_body' || node.type === 'heredoc_end') return true;
	return node.type.endsWith('_redirect') && node.children[0]?.type !== 'file_descriptor';
}
