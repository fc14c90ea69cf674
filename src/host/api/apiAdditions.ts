/**
 * What other extensions add to the agent: tools, interceptors, prompt validators and sections of the system prompt, as the ports of a turn
 * want them. Whatever one of them throws is theirs: it is a result or a trace line, never the end of a turn. Knows no window.
 */

import * as z from 'zod';
import { type Disposable, toDisposable } from '../../base/disposable.ts';
import { UserError } from '../../base/errors.ts';
import { unlessAborted } from '../../base/unlessAborted.ts';
import type { BeforeVerdict, Interceptor } from '../../core/agent/interceptors.ts';
import type { LateTool, LateTools } from '../../core/tools/lateTools.ts';
import { shownInput } from '../../core/tools/shownInput.ts';
import type { ToolContext, ToolOutcome } from '../../core/tools/tool.ts';
import { checked } from './apiDoors.ts';
import type { ApiInterceptor, ApiTool } from './retraceApi.ts';

const TOOL_NAME = /^[A-Za-z0-9_]{1,40}$/;
/** What the Messages API takes as the name of a tool. */
const MAX_FULL_NAME_CHARS = 64;
/** About 10k tokens, as for other tools; the whole is kept apart. */
const MAX_RESULT_CHARS = 40_000;
const MAX_SECTION_CHARS = 4_000;
const MAX_DESCRIPTION_CHARS = 2_000;

type Validator = (prompt: { readonly sessionId: string; readonly text: string }) => string | undefined;

export type ApiAdditions = {
	readonly lateTools: LateTools;
	interceptors(): readonly Interceptor[];
	/** In the order of their ids, so that the same sections make the same prompt. */
	systemSections(): readonly string[];
	/** Why a prompt must not be sent; undefined when it may be. */
	problemOf(prompt: Parameters<Validator>[0]): string | undefined;
	addTool(caller: string, tool: ApiTool): Disposable;
	addInterceptor(caller: string, interceptor: ApiInterceptor): Disposable;
	addValidator(caller: string, validate: Validator): Disposable;
	addSection(caller: string, section: { readonly id: string; readonly text: string }): Disposable;
};

export function createApiAdditions(onError: (event: string, error: unknown) => void): ApiAdditions {
	const tools = new Map<string, LateTool>();
	const interceptors: Interceptor[] = [];
	const validators: { readonly caller: string; readonly validate: Validator }[] = [];
	const sections = new Map<string, string>();

	return {
		lateTools: { list: () => [...tools.values()] },
		interceptors: () => [...interceptors],
		systemSections: () => [...sections].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text),
		problemOf(prompt) {
			for (const { caller, validate } of validators) {
				try {
					// An async one would be a promise here, which is no answer.
					const problem = sentence.parse(validate(prompt));
					if (problem !== undefined) return `${caller}: ${problem}`;
				} catch (error) {
					onError('api.validator', error);
					return `The check of the extension ${caller} failed, so nothing was sent. Disable the extension, or take its access back with *Manage Extension Access*.`;
				}
			}
			return undefined;
		},
		addTool(caller, tool) {
			const made = lateToolOf(caller, checked('tool', tool));
			if (tools.has(made.name)) throw new UserError('tool-exists', `There is a tool named ${made.name} already.`);
			tools.set(made.name, made);
			return toDisposable(() => void tools.delete(made.name));
		},
		addInterceptor: (caller, interceptor) =>
			added(interceptors, interceptorOf(caller, checked('interceptor', interceptor))),
		addValidator: (caller, validate) => added(validators, { caller, validate: checked('prompt validator', validate) }),
		addSection(caller, section) {
			const { id, text } = checked('system prompt section', section);
			const key = `${caller}/${id}`;
			if (text.trim() === '' || text.length > MAX_SECTION_CHARS)
				throw new UserError(
					'bad-section',
					`A section has 1 to ${MAX_SECTION_CHARS} characters; this has ${text.length}.`,
				);
			if (sections.has(key)) throw new UserError('section-exists', `There is a section ${key} already.`);
			sections.set(key, text);
			return toDisposable(() => void sections.delete(key));
		},
	};
}

function added<T>(list: T[], one: T): Disposable {
	list.push(one);
	return toDisposable(() => {
		const at = list.indexOf(one);
		if (at >= 0) list.splice(at, 1);
	});
}

/** `ext__publisher_name__tool`: whose it is stands in its name, so that rules and questions say it. */
function lateToolOf(caller: string, tool: ApiTool): LateTool {
	if (!TOOL_NAME.test(tool.name))
		throw new UserError('bad-tool-name', `“${tool.name}” is no name for a tool: 1 to 40 letters, digits and _.`);
	if (tool.inputSchema.type !== 'object')
		throw new UserError('bad-tool-schema', `The input schema of ${tool.name} must be one of an object.`);
	const owner = caller
		.replace(/[^A-Za-z0-9]+/g, '_')
		.slice(0, MAX_FULL_NAME_CHARS - tool.name.length - 'ext____'.length);
	const name = `ext__${owner}__${tool.name}`;
	return {
		name,
		version: 1,
		description: `${tool.description.slice(0, MAX_DESCRIPTION_CHARS)} (from the extension ${caller})`,
		input: z.record(z.string(), z.unknown()),
		inputSchema: { ...structuredClone(tool.inputSchema), type: 'object' },
		effect: tool.effect,
		label: () => ({ verb: 'Call', target: `${tool.name} of ${caller}` }),
		inFull: (input) => `${tool.name} of ${caller}${shownInput(input)}`,
		run: (input, context) => outcomeOf(tool, z.record(z.string(), z.unknown()).parse(input), context),
	};
}

const answerSchema = z.union([
	z.string().transform((text) => ({ text, isError: false, summary: undefined })),
	z.object({
		text: z.string(),
		isError: z.boolean().optional().default(false),
		summary: z.string().max(80).optional(),
	}),
]);

async function outcomeOf(tool: ApiTool, input: Record<string, unknown>, context: ToolContext): Promise<ToolOutcome> {
	const { cwd, signal } = context;
	// A tool of others that hangs does not hold up a stop.
	const given = await unlessAborted(
		tool.run(input, { sessionId: context.services?.sessionId ?? '', cwd, progress: context.onProgress, signal }),
		signal,
	);
	const parsed = answerSchema.safeParse(given);
	if (!parsed.success)
		return {
			isError: true,
			content: [{ type: 'text', text: `${tool.name} gave something that is no result. It may have run.` }],
			summary: 'no result',
		};
	const { text, isError, summary } = parsed.data;
	const shown =
		text.length <= MAX_RESULT_CHARS
			? text
			: `${text.slice(0, MAX_RESULT_CHARS)}\n[… ${text.length - MAX_RESULT_CHARS} characters left out]`;
	return {
		isError,
		content: [{ type: 'text', text: shown === '' ? '(no output)' : shown }],
		summary: summary ?? `${text.length} characters`,
		...(shown === text ? {} : { output: text }),
	};
}

const sentence = z.string().optional();
const beforeSchema = z
	.object({
		refuse: z.string().optional(),
		input: z.unknown().optional(),
		ask: z.string().optional(),
		note: z.string().optional(),
	})
	.optional();

/** Strings and flags only: an extension may make a call stricter, ask about it, or change its input, which is judged anew. */
function interceptorOf(caller: string, own: ApiInterceptor): Interceptor {
	const name = `The extension ${caller}`;
	return {
		name,
		validate: (call) => sentence.parse(own.validate?.(structuredClone(call))),
		async before(call, signal): Promise<BeforeVerdict | undefined> {
			const given = beforeSchema.parse(await own.before?.(structuredClone(call), signal));
			if (given === undefined) return undefined;
			if (given.refuse !== undefined)
				return { kind: 'refuse', text: `${name} does not allow it: ${given.refuse}`, summary: 'refused' };
			return {
				kind: 'goOn',
				...('input' in given ? { input: given.input } : {}),
				...(given.ask === undefined ? {} : { permission: { kind: 'ask', cause: `${name} asks: ${given.ask}` } }),
				...(given.note === undefined ? {} : { note: `${name} says: ${given.note}` }),
			};
		},
		async after(call, outcome, signal) {
			const text = outcome.content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('\n');
			const note = sentence.parse(await own.after?.(structuredClone(call), { isError: outcome.isError, text }, signal));
			if (note === undefined || note === '') return undefined;
			return { ...outcome, content: [...outcome.content, { type: 'text', text: `${name} says: ${note}` }] };
		},
	};
}
