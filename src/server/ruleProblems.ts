/** Permission rules that can never match, or that another rule always overrules. Pure. */
import { hostPattern, prefixOf, type RuleReach, ruleFromFile } from '../core/permission/ruleForms.ts';
import { type RuleFormProblem, type RuleList, reachOf, ruleFormProblem } from '../core/permission/ruleProblem.ts';
import { findRule, isOneFolder, matchesPath, type PermissionTarget, parseRule } from '../core/permission/rules.ts';
import type { KnownTool } from './surroundings.ts';

export type StatedRule = { readonly list: RuleList; readonly rule: string };
export type RuleProblem = Omit<RuleFormProblem, 'code'> & {
	readonly code: RuleFormProblem['code'] | 'rule-shadowed';
	/** The rule that wins. */
	readonly by?: StatedRule;
};

/** The first thing that is wrong with `stated`, whose fellows are all rules that hold beside it, itself included. */
export function ruleProblem(
	stated: StatedRule,
	fellows: readonly StatedRule[],
	tools: readonly KnownTool[],
): RuleProblem | undefined {
	const wrong = ruleFormProblem(stated.list, stated.rule, tools);
	if (wrong) return wrong;
	const reach = reachOf(parseRule(ruleFromFile(stated.rule))?.tool ?? '', tools);
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
	// What a star can be, a star of the other rule must be able to be; so it stands for itself here.
	const instances = prefix === undefined ? [weak.pattern] : [prefix, `${prefix} ${ANY}`];
	if (reach === 'command') return instances.every((command) => covers({ kind: 'command', command }));
	if (prefix !== undefined && prefixOf(strong.pattern) === undefined) return false;
	return reach === 'name' && covers({ kind: 'name', name: prefix ?? weak.pattern });
}

/** Whether `strong` matches whatever `weak` can: tried with texts that stand for all that a wildcard can be. */
function coversPaths(strong: string, weak: string): boolean {
	if (/[?[]/.test(strong + weak) || strong.startsWith('//') !== weak.startsWith('//')) return false;
	// A rule that asks or denies holds for such a folder at any depth.
	const isAnchored = weak.replace(/\/$/, '').includes('/') && !isOneFolder(weak);
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
