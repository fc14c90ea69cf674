/** Permission rules that can never match, or that another rule always overrules. Pure. */
import {
	exampleRule,
	hostPattern,
	isServerRule,
	prefixOf,
	type RuleReach,
	ruleFromFile,
} from '../core/permission/ruleForms.ts';
import { findRule, isCompound, matchesPath, type PermissionTarget, parseRule } from '../core/permission/rules.ts';
import { impossibleGlob } from './globProblems.ts';
import type { KnownTool } from './surroundings.ts';
import { toolProblem } from './toolMentions.ts';

export type RuleList = 'allow' | 'ask' | 'deny';
export type StatedRule = { readonly list: RuleList; readonly rule: string };
export type RuleProblem = {
	readonly code: string;
	readonly level: 'error' | 'warning' | 'note';
	readonly message: string;
	/** The rule that wins. */
	readonly by?: StatedRule;
};

/** The first thing that is wrong with `stated`, whose fellows are all rules that hold beside it, itself included. */
export function ruleProblem(
	stated: StatedRule,
	fellows: readonly StatedRule[],
	tools: readonly KnownTool[],
): RuleProblem | undefined {
	const rule = parseRule(ruleFromFile(stated.rule));
	if (!rule)
		return {
			code: 'rule-form',
			level: 'error',
			message: `This is no rule. Write a tool, such as Read, or a tool with a pattern, such as Bash(npm test:*).`,
		};
	const unknown = toolProblem(rule.tool, tools);
	if (unknown) return { code: 'tool-unknown', ...unknown };
	const tool = tools.find(({ name }) => name === rule.tool);
	const reach = reachOf(rule.tool, tool);
	const never =
		rule.pattern === undefined || reach === undefined
			? undefined
			: impossiblePattern(stated.list, rule.tool, rule.pattern, reach);
	if (never !== undefined) return { code: 'rule-never', level: 'warning', message: never };
	const by = fellows.find(
		(one) =>
			one !== stated &&
			isStronger(one.list, stated.list) &&
			coversAll(ruleFromFile(one.rule), ruleFromFile(stated.rule), reach),
	);
	if (by)
		return {
			code: 'rule-shadowed',
			level: 'warning',
			message: `This rule never has a say: ${by.rule} under ${by.list} comes before it.`,
			by,
		};
	return undefined;
}

/** Undefined when nobody can tell, as of a tool of another program. */
const reachOf = (name: string, tool: KnownTool | undefined): RuleReach | undefined =>
	tool?.reach ?? (isServerRule(name) ? 'none' : undefined);

function impossiblePattern(list: RuleList, tool: string, pattern: string, reach: RuleReach): string | undefined {
	switch (reach) {
		case 'none':
			return `This rule can never match: a rule for ${tool} has no pattern.`;
		case 'host':
			return hostPattern(pattern)
				? undefined
				: `This rule can never match: a rule for ${tool} names a host, as in ${exampleRule(tool, reach)} or ${tool}(domain:*.example.com).`;
		case 'name':
			return /\*/.test(prefixOf(pattern) ?? pattern)
				? `This rule can hardly match: * means nothing here but itself. For all names that start so, write ${tool}(${pattern.replace(/[:]?\*.*$/, '')}:*).`
				: undefined;
		case 'path':
			// `//` starts an absolute path.
			return pattern.startsWith('//') ? undefined : impossibleGlob(pattern);
		case 'command': {
			const command = prefixOf(pattern) ?? pattern;
			if (command !== pattern && list === 'allow' && isCompound(command))
				return 'This rule can never match: a command that does more than one thing is allowed only as a whole, without :*.';
			if (/(?<!:)\*$/.test(pattern))
				return `This rule can hardly match: * means nothing here but itself. For all commands that start so, write ${tool}(${pattern.replace(/[ :]*\*+$/, '')}:*).`;
			return undefined;
		}
	}
}

const STRENGTH: Readonly<Record<RuleList, number>> = { allow: 0, ask: 1, deny: 2 };
const isStronger = (left: RuleList, right: RuleList): boolean => STRENGTH[left] > STRENGTH[right];

/** Whether everything that `rule` covers is covered by `other`. When it cannot be told: false. */
function coversAll(other: string, rule: string, reach: RuleReach | undefined): boolean {
	const strong = parseRule(other);
	const weak = parseRule(rule);
	if (!strong || !weak || !reach) return false;
	// The tool itself, or one that speaks for it: whether it does is asked of the very code that decides.
	if (findRule([strong.tool], weak.tool, { kind: 'none' }, 'wide') === undefined) return false;
	if (strong.pattern === undefined) return true;
	if (weak.pattern === undefined) return false;
	if (strong.pattern === weak.pattern) return true;
	const covers = (target: PermissionTarget) =>
		findRule([other.replace(strong.tool, weak.tool)], weak.tool, target, 'wide') !== undefined;
	if (reach === 'path') return coversPaths(strong.pattern, weak.pattern);
	if (reach === 'host') {
		const host = hostPattern(weak.pattern);
		return host !== undefined && covers({ kind: 'host', host: host.isBelow ? `${ANY}.${host.host}` : host.host });
	}
	const prefix = prefixOf(weak.pattern);
	if (prefix !== undefined && prefixOf(strong.pattern) === undefined) return false;
	if (reach === 'command') return covers({ kind: 'command', command: prefix ?? weak.pattern });
	return reach === 'name' && covers({ kind: 'name', name: prefix ?? weak.pattern });
}

/** Whether `strong` matches whatever `weak` can: tried with texts that stand for all that a wildcard can be. */
function coversPaths(strong: string, weak: string): boolean {
	if (/[?[]/.test(strong + weak) || strong.startsWith('//') !== weak.startsWith('//')) return false;
	const isAnchored = weak.replace(/\/$/, '').includes('/');
	const instances = instancesOf((isAnchored ? weak : `**/${weak}`).replace(/^(?:\.?\/)+/, '').replace(/\/$/, ''));
	return instances.every((rel) =>
		matchesPath(strong, { kind: 'inside', file: { root: '/', rel }, absolute: `/${rel}`, isLink: false }, 'wide'),
	);
}

/** A name that no pattern holds. */
const ANY = '\u0001';
const MOST_WILDCARDS = 4;

/** Paths that the pattern matches: each `**` as no folder, one and two. None at all for a pattern with too many of them. */
function instancesOf(pattern: string): readonly string[] {
	const pieces = pattern.split(/(\*\*\/|\*\*|\*)/);
	if (pieces.length > 2 * MOST_WILDCARDS + 1) return [ANY];
	return pieces.reduce<readonly string[]>(
		(starts, piece) => {
			const ends =
				piece === '**/'
					? ['', `${ANY}/`, `${ANY}/${ANY}/`]
					: piece === '**'
						? ['', ANY, `${ANY}/${ANY}`]
						: [piece === '*' ? ANY : piece];
			return starts.flatMap((start) => ends.map((end) => start + end));
		},
		[''],
	);
}
