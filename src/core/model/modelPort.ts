/**
 * What talks to a model: the request in the API's own field names, what streams back, and what an endpoint says of its models.
 * Implementations: `node/model/anthropicModel.ts`, `host/model/lmModel.ts` and the demo model.
 */
import type { AssistantBlock, InputBlock, TextBlock, Usage } from '../session/content.ts';

export type ToolDefinition = {
	readonly name: string;
	readonly description: string;
	readonly input_schema: { readonly type: 'object'; readonly [key: string]: unknown };
	readonly [key: string]: unknown;
};
type CacheMark = { readonly cache_control?: { readonly type: 'ephemeral'; readonly ttl?: '5m' | '1h' } };
export type ToolResultBlock = {
	readonly type: 'tool_result';
	readonly tool_use_id: string;
	readonly content: readonly InputBlock[];
	readonly is_error?: true;
};
export type ApiMessage =
	| { readonly role: 'user'; readonly content: readonly ((InputBlock | ToolResultBlock) & CacheMark)[] }
	| { readonly role: 'assistant'; readonly content: readonly AssistantBlock[] }
	| { readonly role: 'system'; readonly content: string };

/** One request, in the field names of the API where they are sent as they are. Built by `buildContext` only. */
export type ModelRequest = {
	readonly model: string;
	readonly maxTokens: number;
	readonly system: readonly (TextBlock & CacheMark)[];
	readonly tools: readonly ToolDefinition[];
	/** Tools that the endpoint itself runs, as they are sent. Only in requests beside a conversation. */
	readonly serverTools?: readonly { readonly type: string; readonly name: string; readonly [key: string]: unknown }[];
	readonly messages: readonly ApiMessage[];
	readonly thinking: unknown;
	readonly effort: string | null;
	readonly betas: readonly string[];
	/** Undefined = cache diagnostics are not asked for; null = first turn. */
	readonly previousMessageId: string | null | undefined;
};

/** What arrives while a reply streams. Ephemeral: never logged. */
export type ModelEvent =
	| { readonly kind: 'started'; readonly messageId: string; readonly model: string; readonly usage: Usage }
	| {
			readonly kind: 'blockStarted';
			readonly index: number;
			readonly type: string;
			readonly toolName?: string;
			readonly toolUseId?: string;
	  }
	| { readonly kind: 'text'; readonly index: number; readonly text: string }
	| { readonly kind: 'thinking'; readonly index: number; readonly text: string }
	| { readonly kind: 'toolInput'; readonly index: number; readonly partialJson: string }
	/** The block is complete and will not change. */
	| { readonly kind: 'blockEnded'; readonly index: number; readonly block: AssistantBlock };

/** How a reply ended. Its blocks came as `blockEnded` events. */
export type ModelReply = {
	readonly messageId: string;
	readonly requestId: string | null;
	readonly model: string;
	readonly stopReason: string;
	readonly stopDetails: unknown;
	readonly usage: Usage;
	readonly diagnostics: unknown;
	readonly firstTokenMs: number;
	readonly totalMs: number;
};

export type ModelInfo = {
	readonly id: string;
	readonly displayName: string;
	/** The context window, in tokens. */
	readonly windowTokens: number;
	readonly maxOutputTokens: number;
	readonly isAdaptiveThinking: boolean;
	/** Effort levels it takes; left out = none are known. */
	readonly efforts?: readonly string[];
	/** Thinking can be turned off. */
	readonly canDisableThinking?: boolean;
	/** The endpoint searches the web for it. */
	readonly searchesWeb?: boolean;
	readonly takesPdf?: boolean;
	readonly isDeprecated: boolean;
};

/** How our reminders are sent: as `system` messages behind the user's, or as text of the user's turn. */
export type ReminderForm = 'system' | 'user';
/** What is known of the endpoint that is configured. */
export type ReminderForms = {
	/** Undefined = it was not asked yet. */
	known(model: string): ReminderForm | undefined;
	remember(model: string, form: ReminderForm): void;
};

/** A model endpoint. One call is one attempt: retrying is the caller's. */
export type StreamModel = {
	/** What the user sees as provider: `Anthropic API`, `demo`, … */
	readonly label: string;
	/** Calls `onEvent` in order, then resolves. Rejects with ModelError (see model/modelError.ts) or CancelledError. */
	stream(request: ModelRequest, onEvent: (event: ModelEvent) => void, signal: AbortSignal): Promise<ModelReply>;
	/** Rejects with ModelError; the caller falls back to the built-in table. */
	listModels(signal: AbortSignal): Promise<readonly ModelInfo[]>;
	/** Input tokens the request would have, or undefined when the endpoint cannot say. */
	countTokens(request: ModelRequest, signal: AbortSignal): Promise<number | undefined>;
};
