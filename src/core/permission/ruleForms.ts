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

/** `npm test` of `npm test:*`; undefined when the pattern is one whole command or name. */
export function prefixOf(pattern: string): string | undefined {
	return pattern.endsWith(':*') ? pattern.slice(0, -2).trim() : undefined;
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
	return text.trim().replace(/^(Bash\([\s\S]*\S) +\*\)$/, '$1:*)');
}
