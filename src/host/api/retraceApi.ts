/**
 * What other extensions get from `activate` of Retrace. Types only, with no import, so that this file can be copied into another
 * extension as it is. Get it with `vscode.extensions.getExtension('retrace.retrace')?.activate()`.
 *
 * Everything that is registered ends with the `dispose` of the access it was registered with. Errors are rejections with a sentence
 * for a person.
 */

export type RetraceApi = {
	/** Raised when something here changes its meaning; what is only added raises nothing. */
	readonly version: 1;
	/**
	 * Asks the user once whether this extension may use Retrace, and remembers the answer. `extensionId` is that of the caller
	 * (`publisher.name`). Undefined when the user says no.
	 */
	requestAccess(extensionId: string): Promise<RetraceAccess | undefined>;
};

export type ApiDisposable = { dispose(): void };
export type ApiEvent<T> = (listener: (value: T) => void) => ApiDisposable;

export type RetraceAccess = ApiDisposable & {
	/** Aborted when the access ends: by `dispose`, by the user, or with Retrace. */
	readonly ended: AbortSignal;
	readonly sessions: ApiSessions;
	/** A tool that the agent finds with FindTools, under the name `ext__publisher_name__tool`. What it does is asked as its effect says. */
	registerTool(tool: ApiTool): ApiDisposable;
	registerInterceptor(interceptor: ApiInterceptor): ApiDisposable;
	/** Asked before a prompt is sent, whoever sends it: a sentence why it must not be, or undefined. */
	registerPromptValidator(
		validate: (prompt: { readonly sessionId: string; readonly text: string }) => string | undefined,
	): ApiDisposable;
	/** Text behind the system prompt of sessions that send their first request from now on; at most 4,000 characters. */
	registerSystemPromptSection(section: { readonly id: string; readonly text: string }): ApiDisposable;
	/** The structured trace, as the log *Retrace* shows it. Costs nothing while nobody listens. */
	readonly onDidTrace: ApiEvent<ApiTraceEvent>;
};

export type ApiSessions = {
	/** Newest first, those on disk included. */
	list(): Promise<readonly ApiSessionRow[]>;
	/** The one in the view that the user is in. */
	readonly active: ApiSession | undefined;
	open(id: string): Promise<ApiSession>;
	create(): Promise<ApiSession>;
	/** From an entry of a session, the whole call of a tool included; from its end when no entry is named. */
	fork(id: string, entryId?: string): Promise<ApiSession>;
	/** Brings it up in the panel. */
	show(id: string): Promise<void>;
	/** The list has changed: one is new, gone, or another one in what the list shows. */
	readonly onDidChange: ApiEvent<void>;
};

export type ApiSessionRow = {
	readonly id: string;
	readonly title: string;
	readonly lastPrompt: string;
	readonly state: string;
	readonly prompts: number;
	readonly costUsd: number;
	/** Unix milliseconds. */
	readonly updatedAt: number;
	readonly isOpen: boolean;
};

/** `created → ready → streaming → runningTool → awaitingUser → idle → closed` */
export type ApiSessionState = 'created' | 'ready' | 'streaming' | 'runningTool' | 'awaitingUser' | 'idle' | 'closed';

/** One line of the log. What is in it depends on its type; unknown types come with newer versions. */
export type ApiEntry = {
	readonly id: string;
	readonly parentId: string | null;
	readonly type: string;
	readonly timestamp: number;
	readonly [field: string]: unknown;
};

export type ApiSession = {
	readonly id: string;
	readonly title: string;
	readonly state: ApiSessionState;
	readonly mode: 'plan' | 'ask' | 'acceptEdits' | 'auto';
	readonly model: string;
	readonly cwd: string;
	readonly costUsd: number;
	/** Why nothing can be sent in it, e.g. since another window has it. */
	readonly readOnlyReason: string | undefined;
	/** Names of the tools in its requests; further ones are found by FindTools. */
	readonly toolNames: readonly string[];
	/**
	 * Sends a prompt as the user would: it is shown in the panel, queued while a turn runs, and everything it leads to is asked as always.
	 * Resolves with how its turn ended; rejects when it was not sent.
	 */
	send(text: string): Promise<{ readonly reason: string; readonly answer: string }>;
	/** Stops the running turn; resolves when it has ended. */
	stop(): Promise<void>;
	/** Of these types, or all; from the whole log, in the order of the file. */
	history(types?: readonly string[]): Promise<readonly ApiEntry[]>;
	/** The conversation as it stands now, from its root on as far as it is loaded. */
	branch(): readonly ApiEntry[];
	/** The newest request of this window as it went to the endpoint, without credentials; undefined before the first one. */
	readonly lastRequest: unknown;
	/** What came back: `{ stopReason, usage, … }`. */
	readonly lastResponse: unknown;
	readonly onDidChangeState: ApiEvent<{ readonly from: ApiSessionState; readonly to: ApiSessionState }>;
	/** Behind each append: what is told here is in the log. */
	readonly onDidAppend: ApiEvent<ApiEntry>;
};

export type ApiTool = {
	/** Letters, digits and `_`, at most 40. */
	readonly name: string;
	/** For the model: what it does, when to use it, what it returns. */
	readonly description: string;
	/** JSON schema of an object. The input is the caller's to check. */
	readonly inputSchema: Readonly<Record<string, unknown>>;
	/** `read`: runs beside others; asked by the mode. `execute`: what it changes in files is found and recorded around it. */
	readonly effect: 'read' | 'network' | 'execute';
	/** A rejection is a result for the model. */
	run(
		input: Readonly<Record<string, unknown>>,
		context: {
			readonly sessionId: string;
			readonly cwd: string;
			readonly progress: (text: string) => void;
			readonly signal: AbortSignal;
		},
	): Promise<string | { readonly text: string; readonly isError?: boolean; readonly summary?: string }>;
};

/** A call of any tool, as the model made it or as one before changed it. */
export type ApiCall = {
	readonly toolUseId: string;
	readonly tool: string;
	readonly effect: string;
	readonly input: unknown;
	readonly sessionId: string;
	readonly cwd: string;
	readonly mode: string;
};

export type ApiInterceptor = {
	/** What is wrong with a call, as a sentence for the model; undefined = nothing. */
	validate?(call: ApiCall): string | undefined;
	/** Before the user is asked. `ask` asks in any mode but where a rule forbids; nothing here allows what the user's rules do not. */
	before?(
		call: ApiCall,
		signal: AbortSignal,
	): Promise<
		| { readonly refuse: string }
		| { readonly input?: unknown; readonly ask?: string; readonly note?: string }
		| undefined
	>;
	/** After it ran, also when it failed: text to put behind the result, or undefined. */
	after?(
		call: ApiCall,
		outcome: { readonly isError: boolean; readonly text: string },
		signal: AbortSignal,
	): Promise<string | undefined>;
};

export type ApiTraceEvent = {
	readonly event: string;
	readonly sessionId?: string;
	readonly durationMs?: number;
	readonly code?: string;
	readonly detail?: Readonly<Record<string, unknown>>;
};
