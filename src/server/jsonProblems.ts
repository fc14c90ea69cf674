/** What is wrong in `.claude/settings.json`, `.mcp.json` and `.vscode/mcp.json`. What is no JSON at all the editor says itself. */
import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';
import type * as z from 'zod';
import type { RuleList } from '../core/permission/ruleProblem.ts';
import { unusedHooks } from './hookProblems.ts';
import { mcpFileShape, mcpServerShape, serversKey, shapes } from './jsonShapes.ts';
import { positionAt } from './positionAt.ts';
import type { Problem } from './problem.ts';
import { ruleProblem, type StatedRule } from './ruleProblems.ts';
import type { ContextDocument, Surroundings } from './surroundings.ts';

type Path = (string | number)[];
type Issue = { readonly path: Path; readonly message: string };

export async function jsonProblems(document: ContextDocument, surroundings: Surroundings): Promise<readonly Problem[]> {
	const tree = parseJson(document.text);
	if (!tree) return [];
	return document.kind !== 'settings'
		? mcpProblems(document, tree)
		: [
				...settingsProblems(document, tree),
				...hookProblems(document, tree),
				...(await permissionProblems(document, tree, surroundings)),
			];
}

/** Undefined for an empty text. A text with mistakes gives what can be read of it. */
export function parseJson(text: string): Node | undefined {
	return parseTree(text, [], { allowTrailingComma: true });
}

function settingsProblems(document: ContextDocument, tree: Node): readonly Problem[] {
	return issuesOf(shapes().settings, tree).map((issue) => shapeProblem(document, tree, issue, 'settings-shape'));
}

function hookProblems(document: ContextDocument, tree: Node): readonly Problem[] {
	const place = positionAt(document.text);
	return unusedHooks(tree).map(({ node, message }) => ({
		code: 'hook-unused',
		level: 'warning',
		message,
		range: rangeOf(node, place),
	}));
}

function mcpProblems(document: ContextDocument, tree: Node): readonly Problem[] {
	const key = serversKey(document.kind);
	const issues: Issue[] = [...issuesOf(mcpFileShape(document.kind), tree)];
	for (const { name, value } of membersOf(findNodeAtLocation(tree, [key]))) {
		const issue = (found: Issue) => issues.push({ ...found, path: [key, name, ...found.path] });
		// In the file of VS Code a name is for people.
		if (document.kind === 'mcp' && !/^[\w-]{1,64}$/.test(name))
			issue({
				path: [],
				message: 'The name of a server is letters, digits, - and _: its tools are called mcp__name__tool',
			});
		for (const found of issuesOf(mcpServerShape(plain(value), document.kind), value)) issue(found);
	}
	return [
		...issues.map((issue) => shapeProblem(document, tree, issue, 'mcp-shape')),
		...(document.kind === 'vscodeMcp' ? unknownInputs(document, tree) : []),
	];
}

/** `${input:key}` stands for something that is asked for, so it must be said what. */
function unknownInputs({ text }: ContextDocument, tree: Node): readonly Problem[] {
	const inputs = findNodeAtLocation(tree, ['inputs'])?.children ?? [];
	const known = new Set(inputs.map((one): unknown => findNodeAtLocation(one, ['id'])?.value));
	const place = positionAt(text);
	return [...text.matchAll(/\$\{input:([^}"\n]*)\}/g)].flatMap(({ 0: whole, 1: id = '', index }): Problem[] => {
		if (known.has(id)) return [];
		const range = { start: place(index), end: place(index + whole.length) };
		const message = `There is no input ${id} under “inputs”, so the server cannot start.`;
		return [{ code: 'mcp-input', level: 'error', message, range }];
	});
}

type LocatedRule = StatedRule & { readonly node: Node | undefined; readonly file: string };

async function permissionProblems(
	document: ContextDocument,
	tree: Node,
	surroundings: Surroundings,
): Promise<readonly Problem[]> {
	const own = rulesIn(tree, document.path);
	const siblingPath = document.path.replace(/settings(\.local)?\.json$/, (_, local?: string) =>
		local === undefined ? 'settings.local.json' : 'settings.json',
	);
	const sibling = own.length > 0 ? await surroundings.read(siblingPath) : undefined;
	const siblingTree = sibling?.kind === 'text' ? parseJson(sibling.text) : undefined;
	const fellows = [...own, ...(siblingTree ? rulesIn(siblingTree, siblingPath) : [])];
	const place = positionAt(document.text);
	const siblingPlace = positionAt(sibling?.kind === 'text' ? sibling.text : '');
	return own.flatMap((stated): Problem[] => {
		const problem = ruleProblem(stated, fellows, surroundings.tools);
		if (!problem || !stated.node) return [];
		const { code, level, message } = problem;
		const by = fellows.find((one) => one === problem.by);
		const related = by?.node && {
			path: by.file,
			range: rangeOf(by.node, by.file === document.path ? place : siblingPlace),
			message: `${by.rule} under ${by.list}`,
		};
		return [{ code, level, message, range: rangeOf(stated.node, place), ...(related && { related: [related] }) }];
	});
}

function rulesIn(tree: Node, file: string): readonly LocatedRule[] {
	const lists: readonly RuleList[] = ['allow', 'ask', 'deny'];
	return lists.flatMap((list) =>
		(findNodeAtLocation(tree, ['permissions', list])?.children ?? []).flatMap((node) =>
			typeof node.value === 'string' ? [{ list, rule: node.value, node, file }] : [],
		),
	);
}

function issuesOf(shape: z.ZodType, node: Node): readonly Issue[] {
	const parsed = shape.safeParse(plain(node));
	if (parsed.success) return [];
	return parsed.error.issues.map((issue) => ({
		path: issue.path.map((step) => (typeof step === 'number' ? step : String(step))),
		message: wordsFor(issue),
	}));
}

function wordsFor(issue: z.core.$ZodIssue): string {
	const name = issue.path.findLast((step) => typeof step === 'string');
	const what = name === undefined ? 'This' : String(name);
	if (issue.code === 'invalid_type') return `${what} must be ${TYPES[issue.expected] ?? issue.expected}`;
	if (issue.code === 'invalid_value') return `${what} is one of ${issue.values.map(String).join(', ')}`;
	if (issue.code === 'too_small') return `${what} must not be empty or too small`;
	return `${what}: ${issue.message}`;
}

const TYPES: Readonly<Record<string, string>> = {
	string: 'a text',
	number: 'a number',
	boolean: 'true or false',
	array: 'a list',
	object: 'an object',
	record: 'an object',
};

/** At the value; at the nearest key above it when it is not there. */
function shapeProblem(document: ContextDocument, tree: Node, { path, message }: Issue, code: string): Problem {
	const place = positionAt(document.text);
	const node = findNodeAtLocation(tree, path);
	if (node) return { code, level: 'error', message: `${message}.`, range: rangeOf(node, place) };
	const missing = path.at(-1);
	let above = path.slice(0, -1);
	while (above.length > 0 && !findNodeAtLocation(tree, above)) above = above.slice(0, -1);
	const parent = findNodeAtLocation(tree, above) ?? tree;
	const key = parent.parent?.type === 'property' ? parent.parent.children?.[0] : undefined;
	const range = key ? rangeOf(key, place) : { start: place(parent.offset), end: place(parent.offset + 1) };
	return { code, level: 'error', message: `${String(missing)} is missing: ${message}.`, range };
}

function rangeOf({ offset, length }: Node, place: ReturnType<typeof positionAt>) {
	return { start: place(offset), end: place(offset + length) };
}

function membersOf(node: Node | undefined): readonly { readonly name: string; readonly value: Node }[] {
	if (node?.type !== 'object') return [];
	return (node.children ?? []).flatMap(({ children }) => {
		const [key, value] = children ?? [];
		return typeof key?.value === 'string' && value ? [{ name: key.value, value }] : [];
	});
}

/** The value that a node stands for. */
function plain(node: Node): unknown {
	if (node.type === 'array') return (node.children ?? []).map(plain);
	if (node.type === 'object') return Object.fromEntries(membersOf(node).map(({ name, value }) => [name, plain(value)]));
	return node.value;
}
