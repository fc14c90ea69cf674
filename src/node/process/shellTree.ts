/** From the syntax tree of a command line to its simple commands. Reads only; what a node means is said here and nowhere else. */
import type { Node } from 'web-tree-sitter';
import type {
	ShellAssignment,
	ShellCommand,
	ShellParts,
	ShellReach,
	ShellRedirect,
	ShellWord,
} from '../../core/permission/shellParts.ts';
import { isReadWhole } from './shellTreeChecks.ts';
import { wordOf } from './shellWords.ts';

/** Deeper than anybody writes; the walk is recursive. */
const MAX_DEPTH = 200;

type Around = {
	readonly reach: ShellReach;
	readonly isFed: boolean;
	readonly redirects: readonly ShellRedirect[];
	readonly input: ShellCommand['input'];
	/** Arguments that stand behind a redirection. */
	readonly behind: readonly Node[];
	readonly depth: number;
};

type Found = { commands: ShellCommand[]; functions: string[]; problems: Set<string> };

/** `text` is what the tree was made from. */
export function partsOfTree(root: Node, text: string): ShellParts {
	const found: Found = { commands: [], functions: [], problems: new Set() };
	if (root.hasError || !isReadWhole(root, text)) found.problems.add(UNREADABLE);
	walk(root, { ...NOTHING_AROUND, reach: 'list', depth: 0 }, found);
	return {
		commands: found.commands,
		functions: found.functions,
		startsWithCd: found.commands[0]?.words[0]?.value === 'cd' && isChain(root),
		problems: [...found.problems],
	};
}

function walk(node: Node, around: Around, found: Found): void {
	if (around.depth > MAX_DEPTH) {
		found.problems.add('It is nested too deep');
		return;
	}
	(WALKS[node.type] ?? walkChildren)(node, { ...around, depth: around.depth + 1 }, found);
}

type Walk = (node: Node, around: Around, found: Found) => void;
/** What is not named here only holds other nodes. */
const WALKS: Readonly<Record<string, Walk>> = {
	command,
	variable_assignment: assignment,
	declaration_command: declaration,
	unset_command: declaration,
	test_command: condition,
	redirected_statement: redirected,
	pipeline,
	function_definition: functionDefinition,
	for_statement: loop,
	c_style_for_statement: loop,
	arithmetic_expansion: arithmetic,
	command_substitution(node, { depth }, found) {
		walkChildren(node, { ...NOTHING_AROUND, reach: 'substitution', depth }, found);
	},
	process_substitution(node, { depth }, found) {
		found.problems.add('It hands the output of a command over as a file, with <(…) or >(…)');
		walkChildren(node, { ...NOTHING_AROUND, reach: 'substitution', depth }, found);
	},
	compound_statement(node, around, found) {
		(node.children[0]?.type === '((' ? arithmetic : walkChildren)(node, around, found);
	},
	expansion(node, around, found) {
		if (!SIMPLE_EXPANSION.test(node.text)) found.problems.add(`${shorten(node.text)} may do more than give a value`);
		walkChildren(node, around, found);
	},
};

function walkChildren(node: Node, around: Around, found: Found): void {
	for (const child of node.namedChildren) walk(child, around, found);
}

const NOTHING_AROUND = { isFed: false, redirects: [], input: undefined, behind: [] } as const;
/** Gives a value, perhaps another one or a part of it; assigns nothing and evaluates nothing. */
const SIMPLE_EXPANSION = /^\$\{#?(?:[A-Za-z_]\w*|[@*#?$!0-9])(?:(?::?[-?+]|##?|%%?|\/\/?|\^\^?|,,?)[\s\S]*)?\}$/;

/** Name, arguments, assignments and redirections of one command; what is substituted in them is walked behind it. */
function command(node: Node, around: Around, found: Found): void {
	const words: Node[] = [];
	const assignments: ShellAssignment[] = [];
	const redirects: ShellRedirect[] = [...around.redirects];
	const later: Node[] = [];
	let input = around.input;
	for (const child of node.children) {
		if (child.type === 'variable_assignment') {
			assignments.push(...assignmentsOf(child, found));
			later.push(child);
		} else if (REDIRECTS.has(child.type)) {
			const read = redirectOf(child, found);
			redirects.push(...read.redirects);
			input = read.input ?? input;
			words.push(...read.behind);
			later.push(child);
		} else {
			words.push(child);
			later.push(child);
		}
	}
	if (RESERVED.has(words[0]?.text ?? '')) found.problems.add(UNREADABLE);
	const { behind } = around;
	const source = [node, ...behind].map(({ text }) => text).join(' ');
	add(found, around, {
		source,
		words: [...words, ...behind].map((word) => wordOf([word])),
		assignments,
		redirects,
		input,
	});
	for (const child of later) walkInner(child, around, found);
}

/** Where a command begins, the shell takes none of these for a program. */
const RESERVED: ReadonlySet<string> = new Set(
	'if then elif else fi for while until do done case esac select function { }'.split(' '),
);

/** Only what runs inside a word, a value or the target of a redirection. */
function walkInner(node: Node, around: Around, found: Found): void {
	const depth = around.depth + 1;
	if (depth > MAX_DEPTH) {
		found.problems.add('It is nested too deep');
		return;
	}
	if (SPECIAL.has(node.type)) walk(node, { ...NOTHING_AROUND, reach: around.reach, depth }, found);
	else for (const child of node.children) walkInner(child, { ...around, depth }, found);
}
const SPECIAL: ReadonlySet<string> = new Set([
	'command_substitution',
	'process_substitution',
	'arithmetic_expansion',
	'expansion',
	'pipeline',
	'command',
	'list',
]);

type Read = {
	readonly redirects: readonly ShellRedirect[];
	readonly input?: ShellCommand['input'] | undefined;
	readonly behind: readonly Node[];
};
const REDIRECTS: ReadonlySet<string> = new Set(['file_redirect', 'heredoc_redirect', 'herestring_redirect']);

function redirectOf(node: Node, found: Found): Read {
	if (node.type === 'herestring_redirect') {
		const word = wordOf(node.namedChildren.filter(({ type }) => type !== 'file_descriptor').slice(0, 1));
		return { redirects: [], input: { text: word.value }, behind: [] };
	}
	if (node.type === 'heredoc_redirect') return hereDocument(node, found);
	const operator = node.children.find(({ isNamed }) => !isNamed)?.text ?? '';
	// The grammar takes words behind a redirection for further targets; they are arguments of the command.
	const [target, ...behind] = node.namedChildren.filter(({ type }) => type !== 'file_descriptor');
	if (target === undefined) return { redirects: [], behind };
	const word = wordOf([target]);
	if (operator.endsWith('&') && /^\d+-?$|^-$/.test(word.value ?? '')) return { redirects: [], behind };
	return { redirects: [{ direction: operator === '<' ? 'read' : 'write', target: word }], behind };
}

function hereDocument(node: Node, found: Found): Read {
	const text = node.children.find(({ type }) => type === 'heredoc_body')?.text ?? '';
	const isQuoted = /['"\\]/.test(node.children.find(({ type }) => type === 'heredoc_start')?.text ?? '');
	const isLiteral = isQuoted || !/[$`]/.test(text);
	const seen = node.descendantsOfType(['command_substitution', 'arithmetic_expansion', 'expansion']).length;
	// What it substitutes is not always in the tree.
	if (!isLiteral && (/`/.test(text) || (text.match(/\$[({[]/g) ?? []).length > seen))
		found.problems.add('A here-document runs commands that could not be told');
	const inner = node.children.filter(({ type }) => type === 'file_redirect').map((child) => redirectOf(child, found));
	const words = node.namedChildren.filter(({ type }) => WORD_NODES.has(type));
	return {
		redirects: inner.flatMap(({ redirects }) => redirects),
		input: { text: isLiteral ? text : undefined },
		behind: [...words, ...inner.flatMap(({ behind }) => behind)],
	};
}

function assignmentsOf(node: Node, found: Found): readonly ShellAssignment[] {
	const name = node.childForFieldName('name')?.text ?? node.namedChildren[0]?.text ?? '';
	const value = node.childForFieldName('value');
	if (!/^[A-Za-z_]\w*(?:\[[\s\S]*\])?$/.test(name)) found.problems.add(UNREADABLE);
	return [{ name: name.replace(/\[[\s\S]*$/, ''), value: value === null ? undefined : wordOf([value]) }];
}

function assignment(node: Node, around: Around, found: Found): void {
	add(found, around, { source: node.text, words: [], assignments: assignmentsOf(node, found) });
	walkInner(node, around, found);
}

/** `export A=1`, `unset A` and the like: the names are words, what is assigned stands apart. */
function declaration(node: Node, around: Around, found: Found): void {
	const words = node.children.filter(({ type }) => type !== 'variable_assignment').map((child) => keywordOrWord(child));
	const assignments = node.children
		.filter(({ type }) => type === 'variable_assignment')
		.flatMap((child) => assignmentsOf(child, found));
	add(found, around, { source: node.text, words, assignments });
	for (const child of node.children) walkInner(child, around, found);
}

/** `[[ … ]]`, and `[ … ]` where the grammar knows it: its operands are words. */
function condition(node: Node, around: Around, found: Found): void {
	const leaves: Node[] = [];
	const collect = (inner: Node) => {
		if (inner.childCount === 0 || OPERANDS.has(inner.type)) leaves.push(inner);
		else for (const child of inner.children) collect(child);
	};
	for (const child of node.children) collect(child);
	add(found, around, { source: node.text, words: leaves.map((leaf) => keywordOrWord(leaf)), assignments: [] });
	for (const child of node.children) walkInner(child, around, found);
}
const OPERANDS: ReadonlySet<string> = new Set([
	'string',
	'raw_string',
	'ansi_c_string',
	'concatenation',
	'expansion',
	'simple_expansion',
	'command_substitution',
	'process_substitution',
]);
const WORD_NODES: ReadonlySet<string> = new Set([...OPERANDS, 'word', 'number']);

function keywordOrWord(node: Node): ShellWord {
	return node.isNamed ? wordOf([node]) : { source: node.text, value: node.text, isPattern: false };
}

function redirected(node: Node, around: Around, found: Found): void {
	const body = node.childForFieldName('body');
	const read = node.children.filter(({ type }) => REDIRECTS.has(type)).map((child) => redirectOf(child, found));
	const redirects = [...around.redirects, ...read.flatMap((one) => one.redirects)];
	const input = read.find((one) => one.input !== undefined)?.input ?? around.input;
	const behind = [...around.behind, ...read.flatMap((one) => one.behind)];
	// Which of several commands they belong to, the tree does not say.
	if (behind.length > 0 && body !== null && body.type !== 'command') found.problems.add(UNREADABLE);
	if (body === null)
		add(found, around, {
			source: node.text,
			words: behind.map((word) => wordOf([word])),
			assignments: [],
			redirects,
		});
	else walk(body, { ...around, redirects, input, behind }, found);
	for (const child of node.children) {
		if (!REDIRECTS.has(child.type)) continue;
		for (const inner of child.namedChildren) {
			// What stands on the line of a here-document: the rest of its pipe, or words of the command.
			if (inner.type === 'pipeline' || inner.type === 'list' || inner.type === 'command')
				walk(inner, { ...NOTHING_AROUND, reach: 'pipe', isFed: true, depth: around.depth }, found);
			else walkInner(inner, { ...NOTHING_AROUND, reach: around.reach, depth: around.depth }, found);
		}
	}
}
function pipeline(node: Node, around: Around, found: Found): void {
	node.namedChildren.forEach((child, index) => {
		const isFirst = index === 0 && node.children[0]?.id === child.id;
		walk(
			child,
			{
				...around,
				reach: 'pipe',
				isFed: !isFirst || around.isFed,
				...(isFirst ? {} : { input: undefined, behind: [] }),
			},
			found,
		);
	});
}

function functionDefinition(node: Node, around: Around, found: Found): void {
	const name = node.childForFieldName('name')?.text;
	if (name !== undefined) found.functions.push(name);
	for (const child of node.namedChildren)
		if (child.id !== node.childForFieldName('name')?.id)
			if (REDIRECTS.has(child.type)) found.problems.add('A function has redirections of its own');
			else walk(child, { ...NOTHING_AROUND, reach: 'function', depth: around.depth }, found);
}

/** The variable of a loop is assigned to. */
function loop(node: Node, around: Around, found: Found): void {
	const variable = node.childForFieldName('variable');
	if (variable !== null)
		add(found, around, { source: node.text, words: [], assignments: [{ name: variable.text, value: undefined }] });
	else found.problems.add('Arithmetic may run what its variables hold');
	for (const child of node.namedChildren)
		if (child.type === 'do_group' || child.type === 'compound_statement') walk(child, around, found);
		else walkInner(child, around, found);
}

/** A variable may hold a subscript, in which a command is substituted. */
function arithmetic(node: Node, around: Around, found: Found): void {
	if (/[^\d\s+\-*/%()$[\]<>=!&|^~?:]/.test(node.text)) found.problems.add('Arithmetic may run what its variables hold');
	for (const child of node.children) walkInner(child, around, found);
}

function add(
	found: Found,
	around: Around,
	one: Pick<ShellCommand, 'source' | 'words' | 'assignments'> & {
		readonly redirects?: readonly ShellRedirect[];
		readonly input?: ShellCommand['input'] | undefined;
	},
): void {
	const { redirects = around.redirects, input = around.input, ...rest } = one;
	const { reach, isFed } = around;
	found.commands.push({ ...rest, redirects, reach, isFed, ...(input === undefined ? {} : { input }) });
}

/** Whether every command behind the first stands behind `&&`. */
function isChain(root: Node): boolean {
	const [only, ...others] = root.namedChildren;
	if (only === undefined || others.length > 0 || root.children.some(({ type }) => type === '&')) return false;
	let node = only.type === 'redirected_statement' ? (only.childForFieldName('body') ?? only) : only;
	while (node.type === 'list') {
		if (node.children.some(({ isNamed, type }) => !isNamed && type !== '&&')) return false;
		const [left] = node.namedChildren;
		if (left === undefined) return false;
		node = left;
	}
	return node.type === 'command';
}

const UNREADABLE = 'The shell could not read it as it is written';
const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
