/** Commands judged with the real grammar, in a workspace `/w` with a few files and a link that leads out of it. */
import { fileURLToPath } from 'node:url';
import { type Decision, decide } from '../../../src/core/permission/decide.ts';
import { readCommand } from '../../../src/core/permission/readCommand.ts';
import type { PermissionMode } from '../../../src/core/session/entry.ts';
import { loadShellGrammar } from '../../../src/node/process/shellGrammar.ts';
import { createMemoryWorkspace } from '../../fakes/memoryWorkspace.ts';

export const grammarFiles = {
	runtime: fileURLToPath(import.meta.resolve('web-tree-sitter/web-tree-sitter.wasm')),
	grammar: fileURLToPath(import.meta.resolve('tree-sitter-bash/tree-sitter-bash.wasm')),
};

export const parseShell = await loadShellGrammar(grammarFiles);

/** Of the user's; a session has none. */
export type Rules = {
	readonly allow?: string[];
	readonly ask?: string[];
	readonly deny?: string[];
	readonly secrets?: string[];
	readonly hookPaths?: readonly string[];
};

const workspace = createMemoryWorkspace({ '/w/a.txt': '', '/w/src/x.ts': '' });
workspace.links.set('/w/link', '/etc');

export async function judge(
	command: string,
	rules: Rules = {},
	mode: PermissionMode = 'ask',
	folder = '/w',
): Promise<Decision> {
	const reading = await readCommand(command, {
		cwd: folder,
		parse: parseShell,
		resolve: (path, cwd) => workspace.resolve(path, cwd),
	});
	const { allow = [], ask = [], deny = [], secrets = [], hookPaths = [] } = rules;
	return decide({
		tool: 'Bash',
		effect: 'execute',
		target: { kind: 'command', command, reading },
		mode,
		rules: { allow, ask, deny, secrets, hookPaths },
		sessionRules: [],
	});
}
