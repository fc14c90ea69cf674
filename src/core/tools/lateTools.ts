/**
 * Tools that are not in the requests of every session: rarely used ones, and those that come or change while a session runs. The model
 * finds them with FindTools and calls them through CallTool, so that the frozen list of tools stays as it is. What a call of one may do is
 * decided by the tool itself, never by CallTool.
 */
import * as z from 'zod';
import { cutText } from '../../base/text.ts';
import type { ToolDefinition } from '../model/modelPort.ts';
import { failure, success } from './paths.ts';
import type { Tool } from './tool.ts';

export type LateTool = Tool & {
	/** As its source describes it; left out, it is made from `input`. */
	readonly inputSchema?: ToolDefinition['input_schema'];
	/** What its source says about its tools as a whole: untrusted text. */
	readonly about?: { readonly source: string; readonly text: string };
};

/** What can be found now. Tools may come and go between two calls. */
export type LateTools = {
	list(): readonly LateTool[];
	/**
	 * Resolves when what is on its way is there, after a moment or with a stop at the latest, with a sentence for each source whose tools are not in
	 * the list. Never rejects.
	 */
	settle?(signal: AbortSignal): Promise<readonly string[]>;
};

const MAX_FOUND = 20;
const DEFAULT_FOUND = 5;
/** A name says more about a tool than a word of its description. */
const NAME_WEIGHT = 3;
const MAX_ABOUT_CHARS = 1_500;

const findInput = z.object({
	query: z.string().describe('Words for what the tool should do, or its exact name; empty lists the names of all'),
	max_results: z.int().min(1).max(MAX_FOUND).optional().describe(`Default ${DEFAULT_FOUND}`),
});

export const findToolsTool: Tool<z.infer<typeof findInput>> = {
	name: 'FindTools',
	version: 1,
	description:
		'Finds further tools that are not listed here, such as those of connected servers. Gives the name, description and input schema of the best matches; call them with CallTool.',
	input: findInput,
	effect: 'none',
	label: ({ query }) => ({ verb: 'Find tools', target: query }),
	async run({ query, max_results = DEFAULT_FOUND }, context) {
		const { lateTools, signal } = context;
		const isThere = lateTools?.list().some((tool) => isNamed(tool, query)) ?? true;
		const missing = isThere ? [] : ((await lateTools?.settle?.(signal)) ?? []);
		const tools: readonly LateTool[] = lateTools?.list() ?? [];
		const shown = (parts: readonly string[], summary: string) => success([...parts, ...missing].join('\n\n'), summary);
		const names = tools.map(({ name }) => name).join('\n');
		if (tools.length === 0) return shown(['There are no further tools now.'], 'none');
		if (query.trim() === '') return shown([names], countWords(tools.length));
		const found = bestOf(tools, query).slice(0, max_results);
		if (found.length === 0) return shown([`No tool has these words. There are:\n${names}`], 'nothing found');
		const parts = found.map((tool) => `${tool.name}\n${tool.description}\nInput: ${JSON.stringify(schemaOf(tool))}`);
		return shown([...parts, ...aboutSources(found)], countWords(found.length));
	},
};

const callInput = z.object({
	name: z.string().describe('Exact name of a tool that FindTools gave'),
	input: z.record(z.string(), z.unknown()).describe('Its input, by its schema'),
});

/** Never run itself: the dispatcher runs the tool that it names. */
export const callTool: Tool<z.infer<typeof callInput>> = {
	name: 'CallTool',
	version: 1,
	description: 'Calls a tool that FindTools gave. The user’s permissions of that tool hold.',
	input: callInput,
	effect: 'none',
	label: ({ name }) => ({ verb: 'Call', target: name }),
	async run() {
		return failure('This tool cannot be called in this way.');
	},
};

/** The schema that a tool's input must fit. */
function schemaOf(tool: LateTool): ToolDefinition['input_schema'] {
	if (tool.inputSchema) return tool.inputSchema;
	const { $schema: _schema, ...schema } = z.toJSONSchema(tool.input, { io: 'input' });
	return { ...schema, type: 'object' };
}

const isNamed = ({ name }: Pick<LateTool, 'name'>, query: string): boolean =>
	name.toLowerCase() === query.trim().toLowerCase();

/** Each source once. */
function aboutSources(tools: readonly LateTool[]): readonly string[] {
	const bySource = new Map(tools.flatMap(({ about }) => (about === undefined ? [] : [[about.source, about.text]])));
	return [...bySource].map(
		([source, text = '']) => `${source} says about its tools:\n${cutText(text, MAX_ABOUT_CHARS)}`,
	);
}

const countWords = (count: number): string => (count === 1 ? '1 tool' : `${count} tools`);

/** Best first; of equal ones in the order of their names. Every match has at least one word. */
function bestOf(tools: readonly LateTool[], query: string): readonly LateTool[] {
	const wanted = wordsOf(query);
	const scored = tools.map((tool) => {
		const name = tool.name.toLowerCase();
		const description = tool.description.toLowerCase();
		const score = wanted.reduce(
			(sum, word) => sum + (name.includes(word) ? NAME_WEIGHT : 0) + (description.includes(word) ? 1 : 0),
			isNamed(tool, query) ? Number.MAX_SAFE_INTEGER / 2 : 0,
		);
		return { tool, score };
	});
	return scored
		.filter(({ score }) => score > 0)
		.sort((left, right) => right.score - left.score || (left.tool.name < right.tool.name ? -1 : 1))
		.map(({ tool }) => tool);
}

const wordsOf = (query: string): readonly string[] =>
	query
		.toLowerCase()
		.split(/[^\p{L}\p{N}]+/u)
		.filter((word) => word !== '');
