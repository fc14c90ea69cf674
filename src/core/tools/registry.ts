/** The built-in tools, one line each, and their definitions as they are sent. */
import * as z from 'zod';
import type { ToolDefinition } from '../model/modelPort.ts';
import { agentTool } from './agent.ts';
import { askUserTool } from './askUser.ts';
import { bashTool } from './bash.ts';
import { bashOutputTool, killBashTool } from './bashBackground.ts';
import { browserTool } from './browser.ts';
import { diagnosticsTool } from './diagnostics.ts';
import { editTool } from './edit.ts';
import { globTool } from './glob.ts';
import { grepTool } from './grep.ts';
import { callTool, findToolsTool, type LateTool, type LateTools } from './lateTools.ts';
import { multiEditTool } from './multiEdit.ts';
import { notebookEditTool } from './notebookEdit.ts';
import { planTool } from './plan.ts';
import { readTool } from './read.ts';
import { recallTool } from './recall.ts';
import { skillTool } from './skill.ts';
import { symbolsTool } from './symbols.ts';
import { taskListTool } from './taskList.ts';
import { type Tool, UNLISTED } from './tool.ts';
import { webFetchTool } from './webFetch.ts';
import { webSearchTool } from './webSearch.ts';
import { writeTool } from './write.ts';

/** What every request carries, at most twelve. Sorted by name, so that their order in the request never changes. */
export const loadedTools: readonly Tool[] = [
	agentTool,
	askUserTool,
	bashTool,
	callTool,
	editTool,
	findToolsTool,
	globTool,
	grepTool,
	planTool,
	readTool,
	taskListTool,
	writeTool,
];

/** Needed now and then, so found with FindTools like the tools of servers. Sorted by name. */
const rareTools: readonly Tool[] = [
	bashOutputTool,
	browserTool,
	diagnosticsTool,
	killBashTool,
	multiEditTool,
	notebookEditTool,
	recallTool,
	symbolsTool,
	skillTool,
	webFetchTool,
	webSearchTool,
];

/** All that come with the extension. */
export const builtInTools: readonly Tool[] = [...loadedTools, ...rareTools];

/** What FindTools finds: the rare ones, and those that come and go. */
export function findableTools(late: LateTools | undefined): readonly LateTool[] {
	return late ? [...rareTools, ...late.list()] : rareTools;
}

export function findTool(name: string): Tool | undefined {
	return builtInTools.find((tool) => tool.name === name);
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
	const listed = Object.entries(schema.properties ?? {}).filter(
		([, field]) => typeof field !== 'object' || !(UNLISTED in field),
	);
	return { ...schema, type: 'object', ...(schema.properties ? { properties: Object.fromEntries(listed) } : {}) };
}
