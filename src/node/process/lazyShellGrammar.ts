/** The shell's grammar as the agent has it: nothing is loaded before the first command is judged, and a failure is tried again with the next one. */
import type { ParseShell, ShellGrammar } from '../../core/permission/shellParts.ts';
import type { GrammarFiles } from './shellGrammar.ts';

export function createShellGrammar(files: GrammarFiles): ShellGrammar {
	let loading: Promise<ParseShell> | undefined;
	const load = async () => {
		const { loadShellGrammar } = await import('./shellGrammar.ts');
		return await loadShellGrammar(files);
	};
	return {
		async load() {
			loading ??= load();
			try {
				return await loading;
			} catch (error) {
				loading = undefined;
				throw error;
			}
		},
	};
}
