/** Which tool a call is for. CallTool stands for the tool that it names: its rules hold, and it is the one that is run. Pure. */
import type { ToolUseBlock } from '../session/content.ts';
import { callTool, type LateTools } from '../tools/lateTools.ts';
import { failure } from '../tools/paths.ts';
import { findTool, loadedTools } from '../tools/registry.ts';
import type { Tool, ToolOutcome } from '../tools/tool.ts';

export type ResolvedCall =
	| { readonly kind: 'found'; readonly tool: Tool; readonly input: unknown }
	| { readonly kind: 'unknown'; readonly outcome: ToolOutcome };

export function resolveCall(call: Pick<ToolUseBlock, 'name' | 'input'>, late: LateTools | undefined): ResolvedCall {
	if (call.name !== callTool.name) {
		const tool = findTool(call.name) ?? late?.list().find(({ name }) => name === call.name);
		if (tool) return { kind: 'found', tool, input: call.input };
		const names = loadedTools.map(({ name }) => name).join(', ');
		return unknown(`There is no tool named ${call.name}. The tools are: ${names}. FindTools finds more.`);
	}
	const parsed = callTool.input.safeParse(call.input);
	// An input that cannot be read is answered with what is wrong about it.
	if (!parsed.success) return { kind: 'found', tool: callTool, input: call.input };
	const { name, input } = parsed.data;
	// As for a direct call: nothing that comes and goes takes the name, and with it the rules, of a tool of ours.
	const tool = name === callTool.name ? undefined : (findTool(name) ?? late?.list().find((one) => one.name === name));
	return tool
		? { kind: 'found', tool, input }
		: unknown(`There is no tool named ${name} now. Look for one with FindTools.`);
}

const unknown = (text: string): ResolvedCall => ({ kind: 'unknown', outcome: failure(text, 'unknown tool') });

/** Whether calls of this tool may run beside each other. */
export const isReadOnlyTool = ({ effect }: Tool): boolean => effect === 'none' || effect === 'read';

/** Unknown tools do nothing, so they may run beside others. */
export function isReadOnlyCall(call: ToolUseBlock, late: LateTools | undefined): boolean {
	const resolved = resolveCall(call, late);
	return resolved.kind === 'unknown' || isReadOnlyTool(resolved.tool);
}
