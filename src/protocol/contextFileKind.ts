/** Which files fill or steer the context, by their path alone. Small, since it is asked about every document that opens. */

export type ContextFileKind = 'memory' | 'rule' | 'agent' | 'skill' | 'command' | 'settings' | 'mcp' | 'vscodeMcp';

const KINDS: readonly (readonly [ContextFileKind, RegExp])[] = [
	['memory', /(?:^|\/)(?:CLAUDE|AGENTS|CLAUDE\.local)\.md$/],
	['rule', /(?:^|\/)\.claude\/rules\/.+\.md$/i],
	['agent', /(?:^|\/)\.claude\/agents\/.+\.md$/i],
	['skill', /(?:^|\/)\.claude\/skills\/.+\/SKILL\.md$/],
	['command', /(?:^|\/)\.claude\/commands\/.+\.md$/i],
	['settings', /(?:^|\/)\.claude\/settings(?:\.local)?\.json$/],
	['mcp', /(?:^|\/)\.mcp\.json$/],
	['vscodeMcp', /(?:^|\/)\.vscode\/mcp\.json$/],
];

/** Whether it is JSON: the others are Markdown. */
export const isJsonKind = (kind: string): boolean => kind === 'settings' || kind === 'mcp' || kind === 'vscodeMcp';

/** Undefined for all other files. Takes `/` and `\`. */
export function contextFileKind(path: string): ContextFileKind | undefined {
	const slashed = path.replaceAll('\\', '/');
	return KINDS.find(([, pattern]) => pattern.test(slashed))?.[0];
}
