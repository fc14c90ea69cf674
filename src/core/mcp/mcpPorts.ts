/**
 * MCP servers as the rest of the product sees them: what is configured, how each one is doing, what it offers, and what may be asked of
 * it. Types only. `node/mcp` is the client; the window decides which servers there are and which of them may start.
 */
import type { Event } from '../../base/emitter.ts';
import type { ToolDefinition } from '../model/modelPort.ts';

export type McpStdioTransport = {
	readonly kind: 'stdio';
	readonly command: string;
	readonly args: readonly string[];
	/** Added to the environment that child processes get, which has no key of ours. */
	readonly env: Readonly<Record<string, string>>;
	/** Default: the first workspace folder. */
	readonly cwd?: string;
};
export type McpHttpTransport = {
	/** `http` is streamable HTTP, and falls back to SSE when the server is of the older kind; `sse` is the older kind alone. */
	readonly kind: 'http' | 'sse';
	readonly url: string;
	/** Sent with each request to this origin, and to no other. */
	readonly headers: Readonly<Record<string, string>>;
	/** A client that is registered with the authorization server already. Without it, one is registered on the fly. */
	readonly client?: McpClientRegistration;
};
export type McpClientRegistration = { readonly id: string; readonly secret?: string; readonly scope?: string };

/** One server, variables put in. */
export type McpServerConfig = {
	/** Unique in this window. */
	readonly name: string;
	readonly transport: McpStdioTransport | McpHttpTransport;
	/** What the user decided: only `start` ever runs or reaches anything. */
	readonly admission: 'start' | 'off' | 'waitsForApproval';
	/** How long a call may go without any sign of life; default 120 s. */
	readonly callTimeoutMs?: number;
	/** How long a start may take; default 30 s. */
	readonly startTimeoutMs?: number;
};

/** How a server is doing. Texts are for people, say the next step, and hold nothing that the server wrote beyond one short line. */
export type McpServerState =
	| { readonly kind: 'off' }
	| { readonly kind: 'waitsForApproval' }
	| { readonly kind: 'starting' }
	| { readonly kind: 'ready' }
	/** It ended or could not be reached, and is tried again by itself. */
	| { readonly kind: 'reconnecting'; readonly attempt: number; readonly maxAttempts: number; readonly reason: string }
	| { readonly kind: 'needsSignIn'; readonly reason: string }
	/** Waits for the browser to come back. */
	| { readonly kind: 'signingIn' }
	| { readonly kind: 'failed'; readonly code: string; readonly reason: string; readonly nextStep: string };

/** A server with what it offers. Lists are empty unless it is `ready` (they stay while it reconnects). */
export type McpServer = {
	readonly name: string;
	readonly config: McpServerConfig;
	readonly state: McpServerState;
	/** As the server introduced itself. */
	readonly title?: string;
	readonly version?: string;
	/** What it says about its use: untrusted text. */
	readonly instructions?: string;
	readonly tools: readonly McpTool[];
	readonly resources: readonly McpResource[];
	readonly resourceTemplates: readonly McpResourceTemplate[];
	readonly prompts: readonly McpPrompt[];
	/** What was left out of the lists, and why; one sentence each. */
	readonly problems: readonly string[];
};

/** All texts and schemas are the server's: untrusted data, bounded in size. */
export type McpTool = {
	/** As the server calls it. */
	readonly name: string;
	/** As the model calls it: `mcp__server__tool`. Unique, at most 64 characters, and the same as long as the config is. */
	readonly callName: string;
	readonly title?: string;
	readonly description: string;
	readonly inputSchema: ToolDefinition['input_schema'];
	/** Of the structured part of its results; not there when it declares none that can be read. */
	readonly outputSchema?: Readonly<Record<string, unknown>>;
	/** Hex SHA-256 of all that the model and the user are told about the tool. Another hash is another tool: it has to be approved anew. */
	readonly definitionHash: string;
	/** What the server claims, never a reason to ask less. */
	readonly hints: {
		readonly isReadOnly: boolean;
		readonly isDestructive: boolean;
		readonly isIdempotent: boolean;
		readonly isOpenWorld: boolean;
	};
};
export type McpResource = {
	readonly uri: string;
	readonly name: string;
	readonly title?: string;
	readonly description?: string;
	readonly mediaType?: string;
	readonly sizeBytes?: number;
};
export type McpResourceTemplate = {
	readonly uriTemplate: string;
	readonly name: string;
	readonly title?: string;
	readonly description?: string;
	readonly mediaType?: string;
};
export type McpPrompt = {
	readonly name: string;
	/** As it is typed: `/mcp__server__prompt`. */
	readonly callName: string;
	readonly title?: string;
	readonly description?: string;
	readonly arguments: readonly {
		readonly name: string;
		readonly description?: string;
		readonly isRequired: boolean;
	}[];
};

/** A part of what a server gave. Base64 and texts are bounded: what is too large comes as `leftOut`. */
export type McpContent =
	| { readonly kind: 'text'; readonly text: string }
	| { readonly kind: 'image'; readonly mediaType: string; readonly base64: string }
	| { readonly kind: 'resource'; readonly uri: string; readonly mediaType?: string; readonly text: string }
	| { readonly kind: 'link'; readonly uri: string; readonly name: string; readonly description?: string }
	| { readonly kind: 'leftOut'; readonly what: string };

export type McpCallResult = {
	readonly isError: boolean;
	readonly content: readonly McpContent[];
	/** As the tool gave it beside the content; undefined when it gave none. */
	readonly structured?: unknown;
};
export type McpPromptMessage = { readonly role: 'user' | 'assistant'; readonly content: McpContent };

/** What an argument of a prompt or of a resource template may be completed to. */
export type McpCompletionOf =
	| { readonly kind: 'prompt'; readonly name: string }
	| { readonly kind: 'resourceTemplate'; readonly uriTemplate: string };

/** The servers of this window. Methods reject with UserError (`mcp-…`) when a server is not there, not ready, or fails. */
export type McpServers = {
	/** In the order of the configuration. */
	list(): readonly McpServer[];
	/** Something of `list` is another than before. Comes at most a few times per second. */
	readonly onDidChange: Event<void>;
	/** A server asks the user something, and what it was asked waits until then. */
	readonly onDidAsk?: Event<McpQuestion>;
	/** Takes the place of the configuration so far: starts what is new or changed and may start, ends what is gone, leaves the rest alone. */
	configure(configs: readonly McpServerConfig[]): void;
	/** Tries again now what failed or was stopped. Resolves when it is ready or failed; state says which. */
	start(name: string): Promise<void>;
	/** Ends it with all its processes; it stays off until `start` or another config. */
	stop(name: string): Promise<void>;
	restart(name: string): Promise<void>;
	/** Lets the user sign in, and connects. */
	signIn(name: string, signal: AbortSignal): Promise<void>;
	/** Forgets what was kept for this server, and disconnects. */
	signOut(name: string): Promise<void>;
	/** `tool` is the server's own name of it. */
	call(
		name: string,
		tool: string,
		input: Readonly<Record<string, unknown>>,
		onProgress: (text: string) => void,
		signal: AbortSignal,
	): Promise<McpCallResult>;
	readResource(name: string, uri: string, signal: AbortSignal): Promise<readonly McpContent[]>;
	getPrompt(
		name: string,
		prompt: string,
		values: Readonly<Record<string, string>>,
		signal: AbortSignal,
	): Promise<readonly McpPromptMessage[]>;
	/** Empty when the server cannot complete. */
	complete(
		name: string,
		of: McpCompletionOf,
		argument: { readonly name: string; readonly value: string },
		signal: AbortSignal,
	): Promise<readonly string[]>;
	/** What the server wrote to stderr or as log messages, and what happened to it; bounded, newest last. */
	log(name: string): string;
	/** Tells ready servers that the folders are others now. */
	rootsChanged(): void;
	/** Ends every server with all its processes. */
	dispose(): Promise<void>;
};

/** What servers may reach in the window. */
export type McpWindow = {
	/** Folders that servers are told about. */
	readonly roots: () => readonly { readonly name: string; readonly path: string }[];
	/** Nothing starts and nothing is called without it. */
	readonly isTrusted: () => boolean;
	/** Asks the user what a server wants to know. Without it, servers are told that nobody can be asked. */
	readonly elicit?: (request: McpElicitation, signal: AbortSignal) => Promise<McpElicitationAnswer>;
	readonly signIn?: McpSignInWindow;
	/** What should not happen, for the trace. */
	readonly onError?: (error: unknown) => void;
};

/** A question of a server. Its texts are untrusted. */
export type McpElicitation =
	| {
			readonly kind: 'form';
			readonly server: string;
			readonly message: string;
			readonly fields: readonly McpFormField[];
	  }
	/** The user is to open an address outside, whose answers we never see. */
	| { readonly kind: 'url'; readonly server: string; readonly message: string; readonly url: string };
/** `answered` resolves however the question ends. */
export type McpQuestion = { readonly server: string; readonly message: string; readonly answered: Promise<void> };
export type McpFormField = {
	readonly name: string;
	readonly title?: string;
	readonly description?: string;
	readonly isRequired: boolean;
	readonly type:
		| {
				readonly kind: 'text';
				readonly minLength?: number;
				readonly maxLength?: number;
				readonly format?: 'email' | 'uri' | 'date' | 'date-time';
				readonly default?: string;
		  }
		| {
				readonly kind: 'number';
				readonly isInteger: boolean;
				readonly minimum?: number;
				readonly maximum?: number;
				readonly default?: number;
		  }
		| { readonly kind: 'boolean'; readonly default?: boolean }
		| { readonly kind: 'choice'; readonly options: readonly McpFormOption[]; readonly default?: string }
		| {
				readonly kind: 'choices';
				readonly options: readonly McpFormOption[];
				readonly minItems?: number;
				readonly maxItems?: number;
				readonly default?: readonly string[];
		  };
};
export type McpFormOption = { readonly value: string; readonly title: string };
export type McpFormValue = string | number | boolean | readonly string[];
/** `answers` are checked against the fields again before they are sent. For `url`, they are empty and mean that the user went there. */
export type McpElicitationAnswer =
	| { readonly kind: 'answers'; readonly answers: Readonly<Record<string, McpFormValue>> }
	| { readonly kind: 'declined' }
	| { readonly kind: 'cancelled' };

/** What signing in needs of the window. */
export type McpSignInWindow = {
	/** Where the browser is to come back to, by `env.asExternalUri` and our URI handler. The same one for as long as the window is. */
	readonly redirectUrl: () => Promise<string>;
	/** Opens the address in the browser; false when the user did not want it. */
	readonly openBrowser: (url: string, server: string) => Promise<boolean>;
	/** Resolves with the query of the address that came back with this state (`code`, `state`, `error`, `iss` …). Rejects when aborted. */
	readonly waitForRedirect: (state: string, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
	/** Secrets, one text for each key. Keys begin with the origin of the server. */
	readonly secrets: {
		get(key: string): Promise<string | undefined>;
		set(key: string, value: string): Promise<void>;
		delete(key: string): Promise<void>;
		/** Some secret is another than before, in this window or another one. */
		readonly onDidChange?: Event<void>;
	};
};
