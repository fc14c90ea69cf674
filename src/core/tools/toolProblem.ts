/** What is wrong with the name of a tool in a file or a rule. Pure. */
import { toolAliases } from '../permission/ruleForms.ts';

/** Tools of other agents that read the same files. To name one is no mistake; here it means nothing. */
const ELSEWHERE: ReadonlySet<string> = new Set(
	(
		'Agent AskUserQuestion BashOutput EnterPlanMode ExitPlanMode KillBash KillShell ListMcpResourcesTool LS LSP MultiEdit NotebookEdit ' +
		'NotebookRead PowerShell ReadMcpResourceTool Skill SlashCommand Task TaskCreate TaskGet TaskList TaskOutput TaskStop TaskUpdate ' +
		'TodoRead TodoWrite ToolSearch WebFetch WebSearch'
	).split(' '),
);

export type ToolProblem = { readonly level: 'warning' | 'note'; readonly message: string };

/** Undefined for a tool that is there, and for those of MCP servers, which are known only once these run. */
export function toolProblem(name: string, tools: readonly { readonly name: string }[]): ToolProblem | undefined {
	if (tools.some((tool) => tool.name === name) || name.startsWith('mcp__') || toolAliases.has(name)) return undefined;
	if (ELSEWHERE.has(name)) return { level: 'note', message: `Retrace has no tool ${name}, so it has no effect here.` };
	const near = tools.find((tool) => tool.name.toLowerCase() === name.toLowerCase() || isNear(tool.name, name));
	const offer = near ? `Did you mean ${near.name}?` : `There are ${tools.map((tool) => tool.name).join(', ')}.`;
	return { level: 'warning', message: `There is no tool ${name}. ${offer}` };
}

/** One letter more, less or other, or two that changed places. */
function isNear(left: string, right: string): boolean {
	const [a, b] = [left.toLowerCase(), right.toLowerCase()];
	if (Math.abs(a.length - b.length) > 1) return false;
	let start = 0;
	while (start < a.length && a[start] === b[start]) start++;
	let end = 0;
	while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
	const [restA, restB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
	return Math.max(restA.length, restB.length) <= 1 || (restA.length === 2 && restA === [...restB].reverse().join(''));
}
