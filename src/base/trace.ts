/** The structured trace: what happened, when, for how long. Never contents, never credentials. */

/** One line of the trace. `durationMs` is wall time; `code` is the code of an error, when it failed. */
export type TraceEvent = {
	readonly event: string;
	readonly sessionId?: string;
	readonly durationMs?: number;
	readonly code?: string;
	readonly detail?: Readonly<Record<string, string | number | boolean>>;
};

/** Receives trace lines. Must not throw. */
export type Trace = (event: TraceEvent) => void;
