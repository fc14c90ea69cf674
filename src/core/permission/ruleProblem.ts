/** Why a permission rule is not understood, or can never match: said in the list of rules, by the doctor and by the language server. Pure. */
import { impossibleGlob } from '../memory/impossibleGlob.ts';
import { toolProblem } from '../tools/toolProblem.ts';
import { exampleRule, hostPattern, isServerRule, prefixOf, type RuleReach, ruleFromFile } from './ruleForms.ts';
import { isCompound, parseRule } from './rules.ts';

export type RuleList = 'allow' | 'ask' | 'deny';
/** A tool as rules know it; without a reach, nobody can tell what its rules are about. */
export type RuledTool = { readonly name: string; readonly reach?: RuleReach };
export type RuleFormProblem = {
	readonly code: 'rule-form' | 'tool-unknown' | 'rule-never';
	readonly level: 'error' | 'warning' | 'note';
	readonly message: string;
};

/** Undefined for a rule that can match something. */
export function ruleFormProblem(
	list: RuleList,
	text: string,
	tools: readonly RuledTool[],
): RuleFormProblem | undefined {
	const rule = parseRule(ruleFromFile(text));
	if (!rule)
		return {
			code: 'rule-form',
			level: 'error',
			message: `This is no rule. Write a tool, such as Read, or a tool with a pattern, such as Bash(npm test:*).`,
		};
	if (rule.tool.includes('*')) return globProblem(list, rule.tool, rule.pattern);
	const unknown = toolProblem(rule.tool, tools);
	if (unknown) return { code: 'tool-unknown', ...unknown };
	const reach = reachOf(rule.tool, tools);
	const never =
		rule.pattern === undefined || !reach ? undefined : impossiblePattern(list, rule.tool, rule.pattern, reach);
	return never === undefined ? undefined : { code: 'rule-never', level: 'warning', message: never };
}

/** Undefined when nobody can tell, as of a tool of another program. */
export const reachOf = (name: string, tools: readonly RuledTool[]): RuleReach | undefined =>
	tools.find((tool) => tool.name === name)?.reach ?? (isServerRule(name) ? 'none' : undefined);

function globProblem(list: RuleList, tool: string, pattern: string | undefined): RuleFormProblem | undefined {
	if (pattern !== undefined)
		return {
			code: 'rule-never',
			level: 'warning',
			message: `This rule can never match: a rule for several tools has no pattern in brackets.`,
		};
	if (list !== 'allow' || /^mcp__(?:(?!__)[\w-])+__[\w*-]*$/.test(tool)) return undefined;
	return {
		code: 'rule-never',
		level: 'warning',
		message: `This rule allows nothing: * in the name of a tool counts there only behind a server, as in mcp__server__get_*.`,
	};
}

function impossiblePattern(list: RuleList, tool: string, pattern: string, reach: RuleReach): string | undefined {
	const field = FIELD.exec(pattern);
	if (field && reach !== 'host' && (reach !== 'name' || tool === 'Agent'))
		return `This rule can never match: Retrace has no rules by a field of the call (${field[1]}).${EXAMPLES(tool, reach)}`;
	switch (reach) {
		case 'none':
			return `This rule can never match: a rule for ${tool} has no pattern.`;
		case 'host':
			return hostPattern(pattern)
				? undefined
				: `This rule can never match: a rule for ${tool} names a host, as in ${exampleRule(tool, reach)} or ${tool}(domain:*.example.com).`;
		case 'name':
			return undefined;
		case 'path':
			return pattern.startsWith('//') || pattern.startsWith('~/') ? undefined : impossibleGlob(pattern);
		case 'command': {
			const command = prefixOf(pattern) ?? pattern;
			if (/:\*/.test(command))
				return `This rule can hardly match: :* is read as such only at the end. Write ${tool}(${pattern.replace(/:\*(?!$)/g, ' *').replace(/ {2,}/g, ' ')}).`;
			if (command !== pattern && list === 'allow' && isCompound(command))
				return 'This rule can never match: a command that does more than one thing is allowed only as a whole, without a star at its end.';
			return undefined;
		}
	}
}

/** What other programs let a rule name: a field of the input with its value. */
const FIELD =
	/^(command|description|timeout|run_in_background|file_path|path|notebook_path|model|isolation|subagent_type)\s*:(?!\*$)/;
const EXAMPLES = (tool: string, reach: RuleReach): string => {
	const example = exampleRule(tool, reach);
	return example === undefined ? '' : ` Write one such as ${example}.`;
};
