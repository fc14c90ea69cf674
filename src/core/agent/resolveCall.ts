/** Which tool a call is for. CallTool stands for the tool that it names: its rules hold, and it is the one that is run. Pure. */
import type { ToolUseBlock } from '../session/content.ts';
import { callTool, type LateTools } from '../tools/lateTools.ts';
import { mendInput } from '../tools/mendInput.ts';
import { failure } from '../tools/paths.ts';
import { builtInTools, findTool, loadedTools } from '../tools/registry.ts';
import type { Tool, ToolOutcome } from '../tools/tool.ts';

export type ResolvedCall =
	| { readonly kind: 'found'; readonly tool: Tool; readonly input: unknown }
	| { readonly kind: 'unknown'; readonly outcome: ToolOutcome };

export function resolveCall(call: Pick<ToolUseBlock, 'name' | 'input'>, late: LateTools | undefined): ResolvedCall {
	if (call.name !== callTool.name) {
		const tool = findTool(call.name) ?? late?.list().find(({ name }) => name === call.name);
		if (tool) return { kind: 'found', tool, input: mendInput(tool, call.input) };
		return unknown(noSuchTool(call.name));
	}
	const parsed = callTool.input.safeParse(mendInput(callTool, call.input));
	// An input that cannot be read is answered with what is wrong about it.
	if (!parsed.success) return { kind: 'found', tool: callTool, input: call.input };
	const { name, input } = parsed.data;
	// As for a direct call: nothing that comes and goes takes the name, and with it the rules, of a tool of ours.
	const tool = name === callTool.name ? undefined : (findTool(name) ?? late?.list().find((one) => one.name === name));
	return tool
		? { kind: 'found', tool, input: mendInput(tool, input) }
		: unknown(`There is no tool named ${name} now. Look for one with FindTools; an empty query lists all names.`);
}

/** What others call the tools that are here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
	...{ read_file: 'Read', view: 'Read', cat: 'Read', open_file: 'Read', notebookread: 'Read' },
	...{ ls: 'Read, which lists a folder, or Glob', list_dir: 'Read, which lists a folder, or Glob' },
	...{
		write_file: 'Write',
		create_file: 'Write',
		str_replace: 'Edit',
		edit_file: 'Edit',
		apply_patch: 'Edit',
		replace: 'Edit',
	},
	...{ str_replace_editor: 'Read, Edit or Write', str_replace_based_edit_tool: 'Read, Edit or Write' },
	...{
		shell: 'Bash',
		run_command: 'Bash',
		execute_command: 'Bash',
		run_terminal_cmd: 'Bash',
		exec: 'Bash',
		terminal: 'Bash',
	},
	...{ todowrite: 'TaskList', todoread: 'TaskList', update_plan: 'TaskList', task: 'Agent', exitplanmode: 'Plan' },
	...{
		askuserquestion: 'AskUser',
		ask_followup_question: 'AskUser',
		search: 'Grep',
		grep_search: 'Grep',
		codebase_search: 'Grep',
	},
	...{ file_search: 'Glob', find: 'Glob', toolsearch: 'FindTools', killshell: 'KillBash', slashcommand: 'Skill' },
};

function noSuchTool(name: string): string {
	const lower = name.toLowerCase();
	const same = builtInTools.find((tool) => tool.name.toLowerCase() === lower)?.name;
	const other = same ?? (Object.hasOwn(OTHER_NAMES, lower) ? OTHER_NAMES[lower] : undefined);
	if (other !== undefined) return `There is no tool named ${name}. Use ${other}.`;
	const names = loadedTools.map((tool) => tool.name).join(', ');
	return `There is no tool named ${name}. The tools are: ${names}. FindTools finds more.`;
}

const unknown = (text: string): ResolvedCall => ({ kind: 'unknown', outcome: failure(text, 'unknown tool') });

/** Whether calls of this tool may run beside each other. */
export const isReadOnlyTool = ({ effect }: Tool): boolean => effect === 'none' || effect === 'read';

/** Unknown tools do nothing, so they may run beside others. */
export function isReadOnlyCall(call: ToolUseBlock, late: LateTools | undefined): boolean {
	const resolved = resolveCall(call, late);
	return resolved.kind === 'unknown' || isReadOnlyTool(resolved.tool);
}
