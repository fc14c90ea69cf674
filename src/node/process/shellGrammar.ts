/** The shell's grammar: tree-sitter with the bash grammar, as WebAssembly. A bundle of its own, loaded when the first command is judged. */
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { Language, Parser } from 'web-tree-sitter';
import type { ParseShell, ShellParts } from '../../core/permission/shellParts.ts';
import { partsOfTree } from './shellTree.ts';

/** WebAssembly: the library and the grammar of bash. */
export type GrammarFiles = { readonly runtime: string; readonly grammar: string };

/** Longer ones are programs of their own, and are asked about. */
const MAX_CHARS = 20_000;

export async function loadShellGrammar({ runtime, grammar }: GrammarFiles): Promise<ParseShell> {
	const [wasmBinary, language] = await Promise.all([readFile(runtime), readFile(grammar)]);
	return await withoutOptimizing(async () => {
		await Parser.init({ wasmBinary });
		const parser = new Parser();
		parser.setLanguage(await Language.load(language));
		parse(parser, FIRST_COMMAND);
		return (command) => parse(parser, command);
	});
}

/** How a function is compiled is decided when it first runs, so the large ones run once. */
const FIRST_COMMAND = 'echo "$a" > b';
const OPTIMIZERS = ['wasm-tier-up', 'wasm-dynamic-tiering'] as const;

/**
 * The function that splits a command into words is one switch of thousands of states: the engine's second compiler takes half a gigabyte for
 * it, and makes a command that takes 0.3 ms faster by half of that. The flags are the process's, so they are put back at once.
 * Node and Electron leave the engine's flags open for this, where a browser freezes them (electron/electron#42414).
 */
async function withoutOptimizing<T>(load: () => Promise<T>): Promise<T> {
	for (const optimizer of OPTIMIZERS) setFlagsFromString(`--no-${optimizer}`);
	try {
		return await load();
	} finally {
		for (const optimizer of OPTIMIZERS) setFlagsFromString(`--${optimizer}`);
	}
}

function parse(parser: Parser, command: string): ShellParts {
	const unreadable = textProblem(command);
	if (unreadable !== undefined) return { commands: [], functions: [], startsWithCd: false, problems: [unreadable] };
	const plain = parseText(parser, command);
	if (!/\\\n/.test(command)) return plain;
	// The shell takes a backslash with the line end away before it looks for words, but not in comments: both readings count.
	const joined = parseText(parser, command.replace(/(?<!\\)((?:\\\\)*)\\\n/g, '$1'));
	const isUnclear = /(?:^|\s|[;&|()])#|\$'/.test(command) || goesOnBothWays(command);
	return {
		commands: [...plain.commands, ...joined.commands],
		functions: [...new Set([...plain.functions, ...joined.functions])],
		startsWithCd: plain.startsWithCd && joined.startsWithCd,
		problems: [
			...new Set([
				...plain.problems,
				...joined.problems,
				...(isUnclear ? ['It holds a comment, ’…’ or $’…’ beside lines that go on'] : []),
			]),
		],
	};
}

/** Between single quotes a backslash and a line end stay, elsewhere they go: where there are both, neither reading is right. */
function goesOnBothWays(command: string): boolean {
	const pieces = (command.match(/\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'/g) ?? []).filter((piece) =>
		piece.includes('\\\n'),
	);
	const isQuoted = (piece: string) => piece.startsWith("'");
	return pieces.some(isQuoted) && !pieces.every(isQuoted);
}

function parseText(parser: Parser, command: string): ShellParts {
	parser.reset();
	const tree = parser.parse(command);
	if (tree === null)
		return {
			commands: [],
			functions: [],
			startsWithCd: false,
			problems: ['The shell could not read it as it is written'],
		};
	try {
		return partsOfTree(tree.rootNode, command);
	} finally {
		tree.delete();
	}
}

/** What looks like something else to a person, or is read in another way by the shell than by the grammar. */
function textProblem(command: string): string | undefined {
	if (command.length > MAX_CHARS) return 'It is too long to be judged';
	if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(command)) return 'It holds control characters';
	if (/[\p{Cf}\p{Variation_Selector}]/u.test(command)) return 'It holds invisible characters';
	if (/[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/.test(command))
		return 'It holds spaces that the shell does not take for spaces';
	return undefined;
}
