/** The built-in tools, one line each, and their definitions as they are sent. */
import * as z from 'zod';
import type { ToolDefinition } from '../ports.ts';
import { bashTool } from './bash.ts';
import { diagnosticsTool } from './diagnostics.ts';
import { editTool } from './edit.ts';
import { globTool } from './glob.ts';
import { grepTool } from './grep.ts';
import { callTool, findToolsTool, type LateTools } from './lateTools.ts';
import { readTool } from './read.ts';
import { recallTool } from './recall.ts';
import type { Tool } from './tool.ts';
import { writeTool } from './write.ts';

/** Sorted by name, so that their order in the request never changes. */
export const builtInTools: readonly Tool[] = [
	bashTool,
	diagnosticsTool,
	editTool,
	globTool,
	grepTool,
	readTool,
	recallTool,
	writeTool,
];

/** The way to tools that are not always loaded. */
const lateToolTools: readonly Tool[] = [callTool, findToolsTool];

/** The tools that a request carries: those that are always loaded, and the way to further ones when there are any. */
export function loadedTools(late: LateTools | undefined): readonly Tool[] {
	return late && late.list().length > 0 ? [...builtInTools, ...lateToolTools] : builtInTools;
}

export function findTool(name: string): Tool | undefined {
	return [...builtInTools, ...lateToolTools].find((tool) => tool.name === name);
}

/** What goes into the request. Deterministic: the same tools give the same bytes. */
export function toolDefinitions(tools: readonly Tool[]): ToolDefinition[] {
	return tools.map((tool) => ({
		name: tool.name,
		description: tool.description,
		input_schema: inputSchema(tool),
		// Long inputs arrive as they are written, so that an edit shows while it streams.
		...(tool.effect === 'write' ? { eager_input_streaming: true } : {}),
	}));
}

function inputSchema(tool: Tool): ToolDefinition['input_schema'] {
	const { $schema: _schema, ...schema } = z.toJSONSchema(tool.input, {
		io: 'input',
		override: ({ jsonSchema }) => {
			if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
			if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
		},
	});
	return { ...schema, type: 'object' };
}
