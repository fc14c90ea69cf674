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
	if (type === 'heredoc_body') return true;
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

/** White space; a lone `-` in front of a here-document is left out, and only says that the input is read. */
const BLANK = /^(?:\s|\\\n)*(?:-\s+)?$/;
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
	if (!gaps.every((gap) => BLANK.test(gap))) return false;
	// `[!` and `!x` and `{}` are names of programs.
	if (type === 'test_command') return !/^\[/.test(children[0]?.type ?? '') || (gaps[1] !== '' && gaps.at(-2) !== '');
	if (type === 'negated_command') return gaps[1] !== '';
	if (type === 'compound_statement' && children[0]?.type === '{') return gaps[1] !== '';
	if (!SPACED.has(type)) return true;
	return children.every((child, index) => index === 0 || gaps[index] !== '' || mayTouch(child, children[index - 1]));
}

/** An operator without a number in front of it needs no space on either side. */
function mayTouch(node: Node, before: Node | undefined): boolean {
	const isOperator = (one: Node | undefined): boolean => one !== undefined && !one.isNamed;
	if (isOperator(node) || isOperator(before) || before?.type === 'file_descriptor') return true;
	if (node.type === 'heredoc_body' || before?.type === 'heredoc_body' || node.type === 'heredoc_end') return true;
	return node.type.endsWith('_redirect') && node.children[0]?.type !== 'file_descriptor';
}
