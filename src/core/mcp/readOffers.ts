/**
 * Reads what a server says that it offers: tools, resources, templates and prompts. Everything is untrusted: each item is parsed by
 * itself, so that one that is wrong is left out and named and the rest stays. Pure.
 */
import * as z from 'zod';
import { cutText } from '../../base/text.ts';
import type { ToolDefinition } from '../model/modelPort.ts';
import { type HashText, memberCallName } from './callNames.ts';
import type { McpPrompt, McpResource, McpResourceTemplate, McpTool } from './mcpPorts.ts';
import { schemaProblem, stableJson } from './schemaLimits.ts';

export type Offered<T> = { readonly items: readonly T[]; readonly problems: readonly string[] };

const MAX_NAME_CHARS = 256;
const MAX_TITLE_CHARS = 200;
const MAX_DESCRIPTION_CHARS = 4_000;
const MAX_URI_CHARS = 4_000;
const MAX_ARGUMENTS = 50;
/** More would only repeat what the first ones say. */
const MAX_PROBLEMS = 20;

const name = z.string().min(1).max(MAX_NAME_CHARS);
/** A wrong or endless text is no reason to leave out what it describes. */
const shortText = (maxChars: number) =>
	z
		.string()
		.transform((text) => plain(text, maxChars))
		.optional()
		.catch(undefined);
const flag = z.boolean().optional().catch(undefined);

const toolShape = z.looseObject({
	name,
	title: shortText(MAX_TITLE_CHARS),
	description: shortText(MAX_DESCRIPTION_CHARS),
	inputSchema: z.looseObject({ type: z.literal('object') }),
	outputSchema: z.unknown().optional(),
	annotations: z
		.looseObject({
			title: shortText(MAX_TITLE_CHARS),
			readOnlyHint: flag,
			destructiveHint: flag,
			idempotentHint: flag,
			openWorldHint: flag,
		})
		.optional()
		.catch(undefined),
	execution: z
		.looseObject({ taskSupport: z.string().optional().catch(undefined) })
		.optional()
		.catch(undefined),
});

export function readTools(raw: readonly unknown[], server: string, hash: HashText): Offered<McpTool> {
	const taken = new Set<string>();
	const unchecked: string[] = [];
	const offered = readEach(raw, 'tool', (item): McpTool | string => {
		const parsed = toolShape.safeParse(item);
		if (!parsed.success) return firstIssue(parsed.error);
		const tool = parsed.data;
		const wrong = schemaProblem(tool.inputSchema);
		if (wrong !== undefined) return wrong;
		if (tool.execution?.taskSupport === 'required') return 'it runs as a task only, which Retrace does not do';
		const callName = memberCallName(server, tool.name, hash);
		if (taken.has(callName)) return 'there is another one with this name';
		taken.add(callName);
		const title = tool.title ?? tool.annotations?.title;
		const inputSchema: ToolDefinition['input_schema'] = tool.inputSchema;
		const hints = {
			isReadOnly: tool.annotations?.readOnlyHint === true,
			isDestructive: tool.annotations?.destructiveHint !== false,
			isIdempotent: tool.annotations?.idempotentHint === true,
			isOpenWorld: tool.annotations?.openWorldHint !== false,
		};
		const description = tool.description ?? '';
		const output = readOutputSchema(tool.outputSchema);
		if (typeof output === 'string')
			unchecked.push(`The results of the tool ${nameOf(tool, 0)} are not checked; of what it says of them, ${output}.`);
		return {
			name: tool.name,
			callName,
			...(title === undefined ? {} : { title }),
			description,
			inputSchema,
			// It is told to nobody, so it is no part of what was agreed to.
			...(typeof output === 'object' ? { outputSchema: output } : {}),
			definitionHash: hash(stableJson({ name: tool.name, title, description, inputSchema, hints })),
			hints,
		};
	});
	return { ...offered, problems: [...offered.problems, ...atMost(unchecked, 'tools are not checked')] };
}

/** Undefined for none, and what is wrong with one that checks nothing. */
function readOutputSchema(schema: unknown): Readonly<Record<string, unknown>> | string | undefined {
	if (schema === undefined || schema === null) return undefined;
	const read = z.looseObject({}).safeParse(schema);
	return read.success ? (schemaProblem(read.data) ?? read.data) : 'its schema is no object';
}

const resourceShape = z.looseObject({
	uri: z.string().min(1).max(MAX_URI_CHARS),
	name: z.string().max(MAX_NAME_CHARS).optional().catch(undefined),
	title: shortText(MAX_TITLE_CHARS),
	description: shortText(MAX_DESCRIPTION_CHARS),
	mimeType: shortText(MAX_NAME_CHARS),
	size: z.number().nonnegative().optional().catch(undefined),
});

export function readResources(raw: readonly unknown[]): Offered<McpResource> {
	return readEach(raw, 'resource', (item): McpResource | string => {
		const parsed = resourceShape.safeParse(item);
		if (!parsed.success) return firstIssue(parsed.error);
		const { uri, title, description, mimeType, size } = parsed.data;
		return {
			uri,
			name: parsed.data.name === undefined || parsed.data.name === '' ? uri : plain(parsed.data.name, MAX_NAME_CHARS),
			...(title === undefined ? {} : { title }),
			...(description === undefined ? {} : { description }),
			...(mimeType === undefined ? {} : { mediaType: mimeType }),
			...(size === undefined ? {} : { sizeBytes: size }),
		};
	});
}

const templateShape = resourceShape.omit({ uri: true, size: true }).extend({
	uriTemplate: z.string().min(1).max(MAX_URI_CHARS),
});

export function readResourceTemplates(raw: readonly unknown[]): Offered<McpResourceTemplate> {
	return readEach(raw, 'resource template', (item): McpResourceTemplate | string => {
		const parsed = templateShape.safeParse(item);
		if (!parsed.success) return firstIssue(parsed.error);
		const { uriTemplate, title, description, mimeType } = parsed.data;
		return {
			uriTemplate,
			name: plain(parsed.data.name ?? uriTemplate, MAX_NAME_CHARS),
			...(title === undefined ? {} : { title }),
			...(description === undefined ? {} : { description }),
			...(mimeType === undefined ? {} : { mediaType: mimeType }),
		};
	});
}

const promptShape = z.looseObject({
	name,
	title: shortText(MAX_TITLE_CHARS),
	description: shortText(MAX_DESCRIPTION_CHARS),
	arguments: z
		.array(z.looseObject({ name, description: shortText(MAX_DESCRIPTION_CHARS), required: flag }))
		.max(MAX_ARGUMENTS)
		.optional(),
});

export function readPrompts(raw: readonly unknown[], server: string, hash: HashText): Offered<McpPrompt> {
	const taken = new Set<string>();
	return readEach(raw, 'prompt', (item): McpPrompt | string => {
		const parsed = promptShape.safeParse(item);
		if (!parsed.success) return firstIssue(parsed.error);
		const prompt = parsed.data;
		const callName = memberCallName(server, prompt.name, hash);
		if (taken.has(callName)) return 'there is another one with this name';
		taken.add(callName);
		return {
			name: prompt.name,
			callName,
			...(prompt.title === undefined ? {} : { title: prompt.title }),
			...(prompt.description === undefined ? {} : { description: prompt.description }),
			arguments: (prompt.arguments ?? []).map((argument) => ({
				name: argument.name,
				...(argument.description === undefined ? {} : { description: argument.description }),
				isRequired: argument.required === true,
			})),
		};
	});
}

/** A text of a server without what could draw over other text: control characters but line ends and tabs, and direction marks. */
export function plain(text: string, maxChars: number): string {
	const clean = text.replace(
		/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
		'',
	);
	return clean.length <= maxChars ? clean : `${cutText(clean, maxChars - 1)}…`;
}

/** A line of a server for people. */
export const plainLine = (text: string, maxChars: number): string => plain(text.replace(/\s+/g, ' ').trim(), maxChars);

function readEach<T>(raw: readonly unknown[], what: string, read: (item: unknown) => T | string): Offered<T> {
	const items: T[] = [];
	const problems: string[] = [];
	for (const [index, one] of raw.entries()) {
		const item = read(one);
		if (typeof item === 'string') problems.push(`The ${what} ${nameOf(one, index)} is left out: ${item}.`);
		else items.push(item);
	}
	return { items, problems: atMost(problems, `${what}s are left out`) };
}

function atMost(problems: readonly string[], what: string): readonly string[] {
	const rest = problems.length - MAX_PROBLEMS;
	return rest <= 0 ? problems : [...problems.slice(0, MAX_PROBLEMS), `${rest} more of its ${what}.`];
}

function nameOf(item: unknown, index: number): string {
	if (typeof item === 'object' && item !== null) {
		if ('name' in item && typeof item.name === 'string' && item.name !== '') return plainLine(item.name, 80);
		if ('uri' in item && typeof item.uri === 'string') return plainLine(item.uri, 80);
	}
	return `number ${index + 1}`;
}

function firstIssue(error: z.ZodError): string {
	const [issue] = error.issues;
	if (!issue) return 'it is not as the protocol says';
	return `${plainLine(issue.path.join('.') || 'it', 80)}: ${plainLine(issue.message, 120)}`;
}
