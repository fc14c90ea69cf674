/** What the help in context files says of each built-in tool. In the bundle only the value is left, so that the tools are not loaded for it. */
import { reachOfTool } from '../permission/ruleForms.ts';
import { builtInTools } from './registry.ts';

export const toolFacts = builtInTools.map((tool) => ({
	name: tool.name,
	description: tool.description,
	reach: reachOfTool(tool),
}));
