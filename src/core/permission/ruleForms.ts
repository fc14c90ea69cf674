/**
 * What may stand in the brackets of a rule, by what its tool reaches for. The one place for it: matching (`rules.ts`), the language server
 * and the examples that are offered all ask here, so that what is warned about is what would happen. Pure.
 */

/** The kinds of `PermissionTarget`. `none`: a rule for the tool has no brackets. */
export const ruleReaches = ['none', 'command', 'host', 'name', 'path'] as const;
export type RuleReach = (typeof ruleReaches)[number];

/** What the pattern of a rule for this tool is held against. A test compares it with what each tool really says of its calls. */
export function reachOfTool({ effect, target }: { readonly effect: string; readonly target?: unknown }): RuleReach {
	if (!target) return 'none';
	switch (effect) {
		case 'execute':
			return 'command';
		case 'network':
			return 'host';
		case 'none':
			return 'name';
		default:
			return 'path';
	}
}

/** `npm test` of `npm test:*` and `npm test *`; undefined when the pattern does not end so. */
export function prefixOf(pattern: string): string | undefined {
	const match = /^([\s\S]*\S)\s*(?<=[:\s])\*$/.exec(pattern);
	return match?.[1]?.replace(/\s*:$/, '');
}

/**
 * Whether these words are covered: by a prefix those that begin with it, else all of them; any other `*` stands for anything, also for nothing.
 * Both with single spaces. In one pass, whatever the pattern is.
 */
export function matchesWords(pattern: string, words: string): boolean {
	const prefix = prefixOf(pattern);
	const [first = '', ...others] = (prefix ?? pattern).split('*');
	const last = others.pop();
	if (!words.startsWith(first)) return false;
	const isEnd = (at: number) => at === words.length || (prefix !== undefined && /\s/.test(words.charAt(at)));
	if (last === undefined) return isEnd(first.length);
	let at = first.length;
	for (const part of others) {
		const found = words.indexOf(part, at);
		if (found < 0) return false;
		at = found + part.length;
	}
	if (last === '') return true;
	for (let found = words.indexOf(last, at); found >= 0; found = words.indexOf(last, found + 1))
		if (isEnd(found + last.length)) return true;
	return false;
}

/** Of `domain:example.com` and `domain:*.example.com`; undefined when the pattern names no host, so that it can match none. */
export function hostPattern(pattern: string): { readonly host: string; readonly isBelow: boolean } | undefined {
	const match = /^domain:\s*(\*\.)?([^\s*/:]+|\[[^\s*/]+\])$/i.exec(pattern);
	if (match?.[2] === undefined) return undefined;
	return { host: asInAddresses(match[2].toLowerCase()), isBelow: match[1] !== undefined };
}

/** Letters beyond ASCII stand in addresses in another form. */
function asInAddresses(host: string): string {
	if (/^[ -~]*$/.test(host)) return host;
	try {
		return new URL(`https://${host}`).hostname;
	} catch {
		return host;
	}
}

/** Servers of tools: `mcp__server`, `mcp__server__tool`, `mcp__server__*`. Their calls are told apart by the tool alone. */
export const isServerRule = (tool: string): boolean => /^mcp__/.test(tool);

/** A rule with a pattern, to show what it looks like; undefined when there is no such thing. */
export function exampleRule(tool: string, reach: RuleReach): string | undefined {
	const pattern = EXAMPLES[reach];
	return pattern === undefined ? undefined : `${tool}(${pattern})`;
}

const EXAMPLES: Readonly<Record<RuleReach, string | undefined>> = {
	none: undefined,
	command: 'npm test:*',
	host: 'domain:example.com',
	name: 'name',
	path: 'src/**',
};

/**
 * A rule as Claude Code's files have it, in our words: `Bash(npm test *)` there is `Bash(npm test:*)`. Only for what is read from such files;
 * a rule that was kept here means what it says.
 */
export function ruleFromFile(text: string): string {
	const rule = text.trim().replace(/^(Bash\([\s\S]*\S) +\*\)$/, '$1:*)');
	const [name = ''] = rule.split('(', 1);
	const own = (toolAliases.get(name) ?? name) + rule.slice(name.length);
	return own.replace(/^Agent\((Explore|Plan|general-purpose)\)$/, (_, kind: string) => `Agent(${agentKind(kind)})`);
}

/** Tools and agents that go by another name there. */
export const toolAliases: ReadonlyMap<string, string> = new Map([
	['Task', 'Agent'],
	['AskUserQuestion', 'AskUser'],
	['ExitPlanMode', 'Plan'],
	['KillShell', 'KillBash'],
	['SlashCommand', 'Skill'],
	['TodoWrite', 'TaskList'],
]);
const AGENT_KINDS: ReadonlyMap<string, string> = new Map([
	['Explore', 'explore'],
	['Plan', 'plan'],
	['general-purpose', 'general'],
]);
export const agentKind = (name: string): string => AGENT_KINDS.get(name) ?? name;
