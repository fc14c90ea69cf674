/**
 * The tools of connected servers as tools of ours, found with FindTools. What a server claims about a tool never makes it asked about
 * less; where its claims could let a change of files go unrecorded, they count only when a rule of the user's own vouches for the tool.
 */

import * as z from 'zod';
import { cutText } from '../../base/text.ts';
import type { InputBlock } from '../session/content.ts';
import type { LateTool, LateTools } from '../tools/lateTools.ts';
import { failure, success } from '../tools/paths.ts';
import { shownInput } from '../tools/shownInput.ts';
import type { Effect, ToolContext, ToolOutcome } from '../tools/tool.ts';
import { isLoopbackAddress } from './loopback.ts';
import type { McpCallResult, McpContent, McpServer, McpServerConfig, McpServers, McpTool } from './mcpPorts.ts';
import { plainLine } from './readOffers.ts';
import { valueProblems } from './valueProblems.ts';

export type McpToolRules = {
	/** Whether the user approved the tool as it is now (by its `definitionHash`). One that is not approved cannot be found or called. */
	isApproved(server: McpServer, tool: McpTool): boolean;
	/** Whether a rule of the user's own (never of a project) allows the tool. */
	isAllowed(tool: McpTool): boolean;
};

/** About 8k tokens; the whole text is kept apart. */
const MAX_SHOWN_CHARS = 30_000;
const MAX_LABEL_CHARS = 300;
const MAX_LISTED = 200;

const anyInput = z.record(z.string(), z.unknown());

export function createMcpTools(servers: McpServers, rules: McpToolRules): LateTools {
	return {
		list() {
			// One that is on its way back says so itself when it is called.
			const ready = servers.list().filter(({ state }) => state.kind === 'ready' || state.kind === 'reconnecting');
			const tools = ready.flatMap((server) =>
				server.tools
					.filter((tool) => rules.isApproved(server, tool))
					.map((tool) => toLateTool(servers, server, tool, rules)),
			);
			const hasResources = ready.some(hasResourcesOf);
			return hasResources ? [...tools, listResources(servers), readResource(servers)] : tools;
		},
	};
}

/**
 * `execute` is recorded around and denied in plan mode, so it is what everything is that may change files here. A tool of a server that
 * runs elsewhere cannot; neither does one that says that it only reads, if the user vouches for it. These only use the network.
 */
export function effectOf(tool: McpTool, config: McpServerConfig, isAllowed: boolean): Effect {
	if (!tool.hints.isReadOnly) return 'execute';
	return isAllowed || isElsewhere(config) ? 'network' : 'execute';
}

function isElsewhere({ transport }: McpServerConfig): boolean {
	return transport.kind !== 'stdio' && !isLoopbackAddress(transport.url);
}

function toLateTool(servers: McpServers, server: McpServer, tool: McpTool, rules: McpToolRules): LateTool {
	const { instructions = '' } = server;
	return {
		name: tool.callName,
		version: 1,
		description: tool.description === '' ? (tool.title ?? tool.name) : tool.description,
		input: anyInput,
		inputSchema: tool.inputSchema,
		...(instructions === '' ? {} : { about: { source: `The server ${server.name}`, text: instructions } }),
		effect: effectOf(tool, server.config, rules.isAllowed(tool)),
		label: (input) => ({ verb: 'Use', target: plainLine(callText(server.name, tool, input), MAX_LABEL_CHARS) }),
		inFull: (input) => `${server.name}: ${tool.title ?? tool.name}${shownInput(input)}`,
		async run(input, context) {
			const values = anyInput.parse(input);
			if (isAnother(servers, server, tool, rules)) return failure(changedText(server), 'changed, not run');
			const result = await whileItAsks(servers, server.name, context, () =>
				servers.call(server.name, tool.name, values, context.onProgress, context.signal),
			);
			return outcomeOf(result, tool.outputSchema);
		},
	};
}

/** While the server asks the user, the session is shown as waiting for them, and the time of it is none of the call. */
async function whileItAsks<T>(
	servers: McpServers,
	name: string,
	context: ToolContext,
	call: () => Promise<T>,
): Promise<T> {
	let end = (): void => undefined;
	const ended = new Promise<void>((resolve) => {
		end = resolve;
	});
	const waits: (Promise<void> | undefined)[] = [];
	const asking = servers.onDidAsk?.(({ server, message, answered }) => {
		if (server !== name) return;
		context.onProgress(`${name} asks you in a notification: ${plainLine(message, MAX_LABEL_CHARS)}\n`);
		waits.push(context.whileWaiting?.(() => Promise.race([answered, ended])));
	});
	try {
		return await call();
	} finally {
		asking?.dispose();
		end();
		await Promise.all(waits);
	}
}

/** Whether the tool went or changed since it was looked up for this call: the user may have been asked about it for a while. */
function isAnother(servers: McpServers, { name }: McpServer, tool: McpTool, rules: McpToolRules): boolean {
	const server = servers.list().find((one) => one.name === name);
	// One that is not there says so itself.
	if (server?.state.kind !== 'ready') return false;
	const now = server.tools.find(({ callName }) => callName === tool.callName);
	return now?.definitionHash !== tool.definitionHash || !rules.isApproved(server, now);
}

const changedText = ({ name }: McpServer): string =>
	`The server ${name} has changed or removed this tool since the call was made, so nothing was run. Look it up with FindTools; what the user has yet to look at is not found.`;

/** Says what is called with what. */
function callText(server: string, tool: McpTool, input: unknown): string {
	const values = JSON.stringify(input);
	return `${server}: ${tool.title ?? tool.name}${values === '{}' ? '' : ` ${values}`}`;
}

/** A result as the model gets it: shortened where it is huge, with the whole text beside it. What breaks the server's own word is said. */
export function outcomeOf(result: McpCallResult, outputSchema?: McpTool['outputSchema']): ToolOutcome {
	const broken = brokenPromise(result, outputSchema);
	const texts = result.content.map(textOf);
	const hasText = texts.some((text) => text !== undefined && text !== '');
	// Servers give the same as text for clients that do not know it; without that, it is all there is.
	const structured = result.structured === undefined || hasText ? undefined : structuredText(result.structured);
	const whole = [...texts.filter((text) => text !== undefined), ...(structured === undefined ? [] : [structured])].join(
		'\n\n',
	);
	const images = result.content.filter((content) => content.kind === 'image');
	const shown = shortened(whole);
	const content: InputBlock[] = broken === undefined ? [] : [{ type: 'text', text: broken }];
	if (shown !== '' || images.length === 0)
		content.unshift({ type: 'text', text: shown === '' ? '(no output)' : shown });
	for (const { mediaType, base64 } of images)
		content.push({ type: 'image', source: { type: 'base64', media_type: mediaType, data: base64 } });
	return {
		isError: result.isError,
		content,
		summary: result.isError ? plainLine(whole, 80) || 'failed' : summaryOf(whole, images.length),
		...(shown === whole ? {} : { output: whole }),
	};
}

function structuredText(value: unknown): string {
	try {
		return JSON.stringify(value, null, 2);
	} catch {
		// Nested so deep that it cannot be written again.
		return '[left out: structured content that is nested too deep]';
	}
}

/** What the model is told when the structured part is not as the tool declares it; undefined when it is. Failures need none. */
function brokenPromise({ structured, isError }: McpCallResult, schema: McpTool['outputSchema']): string | undefined {
	if (schema === undefined || isError) return undefined;
	if (structured === undefined)
		return '[The tool declares structured output, and this result has none. What stands here may be incomplete.]';
	const problems = valueProblems(structured, schema);
	if (problems.length === 0) return undefined;
	return `[This result is not as the tool declares it: ${problems.join('; ')}. Do not rely on its form.]`;
}

/** Undefined for an image, which is a block of its own. */
function textOf(content: McpContent): string | undefined {
	switch (content.kind) {
		case 'text':
			return content.text;
		case 'image':
			return undefined;
		case 'resource':
			return `[resource ${content.uri}]\n${content.text}`;
		case 'link': {
			const about = content.description === undefined ? '' : `: ${content.description}`;
			return `[link to the resource ${content.uri} (${content.name})${about}]`;
		}
		case 'leftOut':
			return `[left out: ${content.what}]`;
	}
}

/** Keeps the start and, shorter, the end. */
function shortened(text: string): string {
	if (text.length <= MAX_SHOWN_CHARS) return text;
	const head = cutText(text, Math.floor(MAX_SHOWN_CHARS * 0.75));
	const tail = text.slice(text.length - Math.floor(MAX_SHOWN_CHARS * 0.22));
	const leftOut = text.length - head.length - tail.length;
	return `${head}\n[… ${leftOut} characters left out; ask for less, or for the part you need …]\n${tail}`;
}

function summaryOf(text: string, images: number): string {
	const parts: string[] = [];
	if (text !== '') {
		const lines = text.split('\n').length;
		parts.push(lines === 1 ? '1 line' : `${lines.toLocaleString('en-US')} lines`);
	}
	if (images > 0) parts.push(images === 1 ? '1 image' : `${images} images`);
	return parts.join(', ') || 'done';
}

const hasResourcesOf = ({ resources, resourceTemplates }: McpServer): boolean =>
	resources.length > 0 || resourceTemplates.length > 0;

const listInput = z.object({
	server: z.string().optional().describe('Only of this server'),
	query: z.string().optional().describe('Only those with this text in their address, name or description'),
});

function listResources(servers: McpServers): LateTool {
	return {
		name: 'ListResources',
		version: 1,
		description: 'Lists the resources (documents, records, files) that connected servers offer, for ReadResource.',
		input: listInput,
		effect: 'none',
		label: (input) => {
			const { server, query } = listInput.parse(input);
			return { verb: 'List resources', target: [server, query].filter((part) => part !== undefined).join(' ') };
		},
		async run(input) {
			const { server: only, query = '' } = listInput.parse(input);
			const named = servers.list().filter((server) => only === undefined || server.name === only);
			if (named.length === 0) return failure(`There is no server named ${only}.`);
			const wanted = query.toLowerCase();
			const lines = named
				.filter(({ state }) => state.kind === 'ready')
				.flatMap((server) =>
					[
						...server.resources.map((one) => ({ ...one, address: one.uri })),
						...server.resourceTemplates.map((one) => ({ ...one, address: one.uriTemplate })),
					].map(({ address, name, description, mediaType }) => {
						const about = [name === address ? undefined : name, mediaType, description && plainLine(description, 200)];
						return `${server.name} ${address} ${about.filter((part) => part !== undefined).join(', ')}`.trim();
					}),
				)
				.filter((line) => line.toLowerCase().includes(wanted));
			if (lines.length === 0) return success('There are no such resources now.', 'none');
			const rest = lines.length - MAX_LISTED;
			const note = rest > 0 ? `\n[… ${rest} more; give a query …]` : '';
			return success(
				`${lines.slice(0, MAX_LISTED).join('\n')}${note}`,
				lines.length === 1 ? '1 resource' : `${lines.length} resources`,
			);
		},
	};
}

const readInput = z.object({
	server: z.string().min(1),
	uri: z.string().min(1).describe('As ListResources gives it; parts in braces filled in'),
});

function readResource(servers: McpServers): LateTool {
	return {
		name: 'ReadResource',
		version: 1,
		description: 'Reads one resource of a connected server, by the address that ListResources or a tool gave.',
		input: readInput,
		// A server may do anything to find what is asked for.
		effect: 'network',
		target: (input) => ({ kind: 'name', name: readInput.parse(input).server }),
		label: (input) => {
			const { server, uri } = readInput.parse(input);
			return { verb: 'Read', target: plainLine(`${server}: ${uri}`, MAX_LABEL_CHARS) };
		},
		inFull: (input) => {
			const { server, uri } = readInput.parse(input);
			return `${server}: ${uri}`;
		},
		async run(input, context: ToolContext) {
			const { server, uri } = readInput.parse(input);
			const content = await servers.readResource(server, uri, context.signal);
			return outcomeOf({ isError: false, content });
		},
	};
}
