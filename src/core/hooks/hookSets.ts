/**
 * Which hooks may run, from the files and the setting as they are and what the user agreed to: a project's by the content that was agreed
 * to, the user's own file once, the setting without a question. Pure.
 */

import { visibleText } from '../../base/text.ts';
import type { Hook, HookSource } from './hookTypes.ts';
import { parseHooks } from './parseHooks.ts';

export type HookText = {
	readonly path: string;
	readonly source: Exclude<HookSource, 'settings'>;
	readonly projectDir: string;
	readonly text: string | undefined;
	readonly problem?: string;
};

/** Hooks that came from one place, and what is agreed about them. */
export type HookSet = {
	/** Empty for the setting. */
	readonly path: string;
	readonly source: HookSource;
	readonly hooks: readonly Hook[];
	/** What an answer is about: changes when the hooks do. */
	readonly content: string;
	readonly problems: readonly string[];
};

/** Those that have any hooks, or something that is wrong. The setting comes first, then the files in their order. */
export function hookSets(files: readonly HookText[], setting: unknown, projectDir: string): readonly HookSet[] {
	const parsed = files.map((file) => ({ file, value: settingsOf(file) }));
	// The user may turn all of them off; a project only its own.
	const isOff = parsed.some(({ file, value }) => file.source === 'user' && value.isOff);
	const sets = parsed.flatMap(({ file, value }): HookSet[] => {
		const { path, source } = file;
		if (value.problem !== undefined) return [{ path, source, hooks: [], content: '', problems: [value.problem] }];
		if (isOff || value.isOff) return [];
		return [{ path, source, content: JSON.stringify(value.hooks ?? null), ...parseHooks(value.hooks, file) }];
	});
	const own = parseHooks(setting, { source: 'settings', projectDir });
	return [{ path: '', source: 'settings' as const, content: '', ...own }, ...sets].filter(
		({ hooks, problems }) => hooks.length + problems.length > 0,
	);
}

function settingsOf(file: HookText): { readonly hooks?: unknown; readonly isOff: boolean; readonly problem?: string } {
	if (file.text === undefined)
		return { isOff: false, problem: `Its hooks are not used: ${file.problem ?? 'it cannot be read'}.` };
	let value: unknown;
	try {
		value = file.text.trim() === '' ? {} : JSON.parse(file.text);
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		return { isOff: false, problem: 'Its hooks are not used: it is no valid JSON.' };
	}
	if (typeof value !== 'object' || value === null) return { isOff: false };
	return {
		isOff: 'disableAllHooks' in value && value.disableAllHooks === true,
		...('hooks' in value ? { hooks: value.hooks } : {}),
	};
}

/** `PreToolUse Bash: ./guard.sh`, one line each; what nobody sees and line ends are written out. */
export function hookLines(hooks: readonly Hook[]): readonly string[] {
	return hooks.map(({ point, matcher, command }) =>
		visibleText(`${point}${matcher === '' || matcher === '*' ? '' : ` ${matcher}`}: ${command}`),
	);
}
