/**
 * A ModelRequest as the SDK sends it: the one place where our blocks meet the SDK's types, so drift is an error here.
 * Key order is fixed and nothing undefined is in it, since equal requests must be equal bytes.
 */
import type {
	ContentBlockParam,
	ImageBlockParam,
	MessageCountTokensParams,
	MessageCreateParamsStreaming,
	MessageParam,
	OutputConfig,
	RedactedThinkingBlockParam,
	TextBlockParam,
	ThinkingBlockParam,
	ThinkingConfigParam,
	Tool,
	ToolResultBlockParam,
	ToolUnion,
	ToolUseBlockParam,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { ApiMessage, ModelRequest, ToolDefinition } from '../../core/model/modelPort.ts';

/** The parts that stay the same from step to step come first, the conversation and what follows it last. */
export function createParams(request: ModelRequest): MessageCreateParamsStreaming {
	return {
		model: request.model,
		max_tokens: request.maxTokens,
		stream: true,
		...configOf(request),
		...toolsOf(request),
		...(request.system.length > 0 && { system: [...request.system] }),
		messages: request.messages.map(toMessageParam),
		...(request.previousMessageId !== undefined && {
			diagnostics: { previous_message_id: request.previousMessageId },
		}),
	};
}

export function countParams(request: ModelRequest): MessageCountTokensParams {
	return {
		model: request.model,
		...configOf(request),
		...(request.tools.length > 0 && { tools: request.tools.map(toTool) }),
		...(request.system.length > 0 && { system: [...request.system] }),
		messages: request.messages.map(toMessageParam),
	};
}

function configOf(request: ModelRequest): { thinking?: ThinkingConfigParam; output_config?: OutputConfig } {
	return {
		...(request.thinking !== undefined && request.thinking !== null && { thinking: toThinking(request.thinking) }),
		...(request.effort !== null && { output_config: { effort: toEffort(request.effort) } }),
	};
}

function toMessageParam(message: ApiMessage): MessageParam {
	if (message.role === 'system') return { role: 'system', content: message.content };
	return { role: message.role, content: message.content.map(toBlockParam) };
}

type KnownBlockParam =
	| TextBlockParam
	| ImageBlockParam
	| ThinkingBlockParam
	| RedactedThinkingBlockParam
	| ToolUseBlockParam
	| ToolResultBlockParam;
/** Our known kinds are kinds of the SDK; kinds that we do not know are sent back as they came. */
type SentBlock = { readonly type: KnownBlockParam['type'] | (string & {}) };

function toBlockParam(block: SentBlock): ContentBlockParam {
	return block as ContentBlockParam;
}

/** Tools of the endpoint are sent as they are. */
function toolsOf({ tools, serverTools = [] }: ModelRequest): { tools?: ToolUnion[] } {
	const all = [...tools.map(toTool), ...serverTools.map((tool) => ({ ...tool }) as ToolUnion)];
	return all.length > 0 ? { tools: all } : {};
}

function toTool(tool: ToolDefinition): Tool {
	return { ...tool, input_schema: { ...tool.input_schema } };
}

/** The thinking setting was frozen with the session and is sent as it was then. */
function toThinking(thinking: unknown): ThinkingConfigParam {
	return thinking as ThinkingConfigParam;
}

function toEffort(effort: string): NonNullable<OutputConfig['effort']> {
	return effort as NonNullable<OutputConfig['effort']>;
}
