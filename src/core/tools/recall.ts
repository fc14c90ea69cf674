/** Recall: finds what was said and done earlier in this session, also where a summary took its place. Reads the log alone. */
import * as z from 'zod';
import { failure, success } from './paths.ts';
import type { Tool } from './tool.ts';

const MAX_MATCHES = 20;

const input = z.object({
	query: z.string().describe('Words to find; a match has all of them, or as many as there are'),
	max_results: z.int().min(1).max(MAX_MATCHES).optional().describe('Default 8'),
});

export const recallTool: Tool<z.infer<typeof input>> = {
	name: 'Recall',
	version: 1,
	description:
		'Searches the earlier messages, calls and outputs of this conversation, summarized ones included. Use it when the summary lacks a detail (an exact value, error or decision). Gives excerpts, oldest first.',
	input,
	effect: 'none',
	label: ({ query }) => ({ verb: 'Recall', target: query }),
	async run({ query, max_results = 8 }, context) {
		if (query.trim() === '') return failure('The query is empty. Name some words to find.');
		const matches = await context.recall(query, max_results, context.signal);
		if (matches.length === 0)
			return success('Nothing earlier in this conversation has these words. Try fewer or other ones.', 'nothing found');
		const parts = matches.map(({ turn, who, excerpt }) => `[message ${turn}, ${who}]\n${excerpt}`);
		return success(parts.join('\n\n'), matches.length === 1 ? '1 place' : `${matches.length} places`);
	},
};
