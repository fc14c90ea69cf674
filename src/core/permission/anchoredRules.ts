/**
 * Rules as people write them, in the words that calls are judged by: tools under our names, and path rules made absolute where a sign in front
 * of them says so (`~/x`, and in the user's own file `/x`). Pure.
 */
import type { PermissionRules } from '../agent/turnTypes.ts';
import { ruleFromFile } from './ruleForms.ts';

const PATH_RULE = /^((?:Read|Edit|Write|MultiEdit|NotebookEdit|Glob|Grep)\()(\s*~?\/(?!\/)[\s\S]*\))$/;

/** `slashFolder`: what a single slash in front stands for; undefined = each folder of the workspace. Absolute paths. */
export function anchoredRules(
	rules: PermissionRules,
	{ homeFolder, slashFolder }: { readonly homeFolder?: string | undefined; readonly slashFolder?: string | undefined },
): PermissionRules {
	const anchored = (rule: string): string =>
		ruleFromFile(rule).replace(PATH_RULE, (whole, start: string, pattern: string) => {
			const text = pattern.trim();
			const folder = text.startsWith('~') ? homeFolder : slashFolder;
			return folder === undefined ? whole : `${start}${absolute(folder)}${text.replace(/^~/, '')}`;
		});
	return { ...rules, allow: rules.allow.map(anchored), ask: rules.ask.map(anchored), deny: rules.deny.map(anchored) };
}

/** In a rule an absolute path begins with two slashes. */
const absolute = (folder: string): string => `//${folder.replaceAll('\\', '/').replace(/^\/+|\/+$/g, '')}`;
