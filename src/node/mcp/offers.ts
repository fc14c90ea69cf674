/** Asks a connection for all that it offers, page by page, within bounds. What cannot be had is named, and the rest is kept. */

import { isCancelled, messageOf } from '../../base/errors.ts';
import type { HashText } from '../../core/mcp/callNames.ts';
import type { McpPrompt, McpResource, McpResourceTemplate, McpTool } from '../../core/mcp/mcpPorts.ts';
import {
	type Offered,
	readPrompts,
	readResources,
	readResourceTemplates,
	readTools,
} from '../../core/mcp/readOffers.ts';
import type { Connection, ListName } from './connection.ts';
import { SignInNeeded } from './httpTransport.ts';

export type Offers = {
	readonly tools: readonly McpTool[];
	readonly resources: readonly McpResource[];
	readonly resourceTemplates: readonly McpResourceTemplate[];
	readonly prompts: readonly McpPrompt[];
	/** By the list they are about. */
	readonly problems: Readonly<Record<ListName, readonly string[]>>;
};

export const noOffers: Offers = {
	tools: [],
	resources: [],
	resourceTemplates: [],
	prompts: [],
	problems: { tools: [], resources: [], prompts: [] },
};

/** What was asked for list by list, as one. */
export function withList(offers: Offers, list: ListName, from: Offers): Offers {
	const problems = { ...offers.problems, [list]: from.problems[list] };
	if (list === 'tools') return { ...offers, problems, tools: from.tools };
	if (list === 'prompts') return { ...offers, problems, prompts: from.prompts };
	return { ...offers, problems, resources: from.resources, resourceTemplates: from.resourceTemplates };
}

const MAX_PAGES = 100;
const MAX_ITEMS: Readonly<Record<ListName, number>> = { tools: 500, resources: 5_000, prompts: 500 };
const LIST_TIMEOUT_MS = 30_000;

/** `before` with the named list as it is now. Of a list that cannot be had the old one stays, with the problem said. */
export async function refreshOffers(
	before: Offers,
	list: ListName,
	connection: Connection,
	server: string,
	hash: HashText,
	signal: AbortSignal,
): Promise<Offers> {
	if (!connection.offers[list]) return before;
	const problemsAre = (problems: readonly string[]) => ({ ...before.problems, [list]: problems });
	try {
		if (list === 'tools') {
			const { items, problems } = await read('tools/list', 'tools', (raw) => readTools(raw, server, hash));
			return { ...before, tools: items, problems: problemsAre(problems) };
		}
		if (list === 'prompts') {
			const { items, problems } = await read('prompts/list', 'prompts', (raw) => readPrompts(raw, server, hash));
			return { ...before, prompts: items, problems: problemsAre(problems) };
		}
		const [resources, templates] = await Promise.all([
			read('resources/list', 'resources', readResources),
			// Many servers have no templates and answer with an error.
			read('resources/templates/list', 'resourceTemplates', readResourceTemplates).catch((error) => {
				if (signal.aborted || error instanceof SignInNeeded) throw error;
				return { items: [], problems: [] };
			}),
		]);
		return {
			...before,
			resources: resources.items,
			resourceTemplates: templates.items,
			problems: problemsAre([...resources.problems, ...templates.problems]),
		};
	} catch (error) {
		if (signal.aborted || isCancelled(error) || error instanceof SignInNeeded) throw error;
		return { ...before, problems: problemsAre([`Its ${list} could not be listed: ${messageOf(error)}`]) };
	}

	async function read<T>(
		method: string,
		key: string,
		parse: (raw: readonly unknown[]) => Offered<T>,
	): Promise<Offered<T>> {
		const raw: unknown[] = [];
		const seen = new Set<string>();
		const notes: string[] = [];
		let cursor: string | undefined;
		for (let page = 0; ; page++) {
			const result = await connection.request(
				method,
				cursor === undefined ? {} : { cursor },
				{ timeoutMs: LIST_TIMEOUT_MS },
				signal,
			);
			const items = result[key];
			if (!Array.isArray(items)) throw new Error('the answer has no list');
			raw.push(...items.slice(0, MAX_ITEMS[list] + 1 - raw.length));
			const next = result.nextCursor;
			if (raw.length > MAX_ITEMS[list]) {
				notes.push(`It has more than ${MAX_ITEMS[list].toLocaleString('en-US')} ${list}; the rest is left out.`);
				raw.length = MAX_ITEMS[list];
				break;
			}
			if (typeof next !== 'string' || next === '') break;
			if (seen.has(next) || page >= MAX_PAGES) {
				notes.push(`Its list of ${list} has no end; what came so far is used.`);
				break;
			}
			seen.add(next);
			cursor = next;
		}
		const { items, problems } = parse(raw);
		return { items, problems: [...problems, ...notes] };
	}
}
