/** What the tool Agent reaches: whoever runs the agents of one session. Types only. */
import type { ToolUseId } from '../../base/ids.ts';
import type { InputBlock } from '../session/content.ts';

export type SubagentRequest = {
	readonly toolUseId: ToolUseId;
	/** A few words for a person. */
	readonly description: string;
	readonly prompt: string;
	/** Name of a definition. */
	readonly kind?: string;
	/** Id of an agent that is to go on. */
	readonly resume?: string;
	/** Instead of those of its kind: id or family of a model, and the effort. */
	readonly model?: string | undefined;
	readonly effort?: string | undefined;
	/** Rules that hold for it besides those of the session: of the turn that it works for. */
	readonly rules?: { readonly allow: readonly string[]; readonly deny: readonly string[] };
	/** The limit of the turn that is reached, with what agents have cost that are not over; undefined = it may go on. */
	usedUp?(besideUsd: number): string | undefined;
	/** Time in which the user is asked is no time of the turn. */
	whileWaiting?<T>(ask: () => Promise<T>): Promise<T>;
};

/** What the call gives: the `ToolOutcome` of tools, which this file cannot name since tools name it. */
type SubagentOutcome = {
	readonly isError: boolean;
	readonly content: readonly InputBlock[];
	readonly summary: string;
	readonly output?: string;
};

export type SubagentRunner = {
	/** Resolves with the report, or with why there is none. Rejects only when the log cannot be written. */
	run(request: SubagentRequest, signal: AbortSignal): Promise<SubagentOutcome>;
};
