/**
 * The one list of those who look at a tool call before and after it runs: hooks, and what other extensions bring. Order of a call:
 * parse, validators, before, permission, run, after, result. Whatever an interceptor does, the call gets one outcome.
 */
import { isCancelled, messageOf } from '../../base/errors.ts';
import { unlessAborted } from '../../base/unlessAborted.ts';
import { isLogFailure } from '../checkpoint/recordChanges.ts';
import type { ToolUseBlock } from '../session/content.ts';
import type { PermissionMode } from '../session/entry.ts';
import { failure } from '../tools/paths.ts';
import type { Effect, ToolOutcome } from '../tools/tool.ts';

/** A call as an interceptor sees it. `input` has been checked against the schema of the tool. */
export type SeenCall = {
	readonly toolUseId: ToolUseBlock['id'];
	readonly tool: string;
	readonly effect: Effect;
	readonly input: unknown;
	readonly sessionId: string;
	readonly cwd: string;
	readonly mode: PermissionMode;
};

/** What interceptors want of the permission: `allow` counts as a rule of the user's would, so deny rules and protected paths stand above it. */
export type PermissionWish = { readonly kind: 'allow' | 'ask'; readonly cause: string };

export type BeforeVerdict =
	| {
			readonly kind: 'goOn';
			/** Takes the place of the input; it is checked like the model's own. */
			readonly input?: unknown;
			readonly permission?: PermissionWish;
			/** For the model, with the result. */
			readonly note?: string;
	  }
	/** Nothing is run; `text` is the result. */
	| { readonly kind: 'refuse'; readonly text: string; readonly summary: string };

export type Interceptor = {
	/** For the model and the trace, when it fails. */
	readonly name: string;
	/** What is wrong with the call, as a sentence for the model; undefined = nothing. */
	validate?(call: SeenCall): string | undefined;
	before?(call: SeenCall, signal: AbortSignal): Promise<BeforeVerdict | undefined>;
	/** May give another outcome, or text to stand behind it. Also asked about calls that failed; never about ones that were refused. */
	after?(call: SeenCall, outcome: ToolOutcome, signal: AbortSignal): Promise<ToolOutcome | undefined>;
};

/** The input that the tool is run with, and what is wanted of the permission. */
export type InterceptedCall = {
	readonly input: unknown;
	readonly isInputChanged: boolean;
	readonly wish: PermissionWish | undefined;
};

export type Interception = {
	readonly interceptors: readonly Interceptor[];
	readonly call: SeenCall;
	/** Checks an input that an interceptor gave: the parsed one, or what is wrong with it. */
	parse(input: unknown): { readonly input: unknown } | { readonly problem: string };
	/** Permission and run. Not called when the call is refused. */
	run(call: InterceptedCall): Promise<ToolOutcome>;
	onFailed(name: string, thrown: unknown): void;
};

/** Rejects when the signal aborts and when the log cannot be written; another failure of an interceptor is an outcome. */
export async function intercepted(interception: Interception, signal: AbortSignal): Promise<ToolOutcome> {
	const { interceptors } = interception;
	let { call } = interception;
	let wish: PermissionWish | undefined;
	const notes: string[] = [];
	for (const one of interceptors) {
		let verdict: BeforeVerdict | undefined;
		try {
			const problem = one.validate?.(call);
			if (problem !== undefined) return failure(`${problem} Nothing was run.`, 'refused');
			const looking = one.before?.(call, signal);
			// One that hangs does not hold up a stop.
			verdict = looking && (await unlessAborted(looking, signal));
		} catch (thrown) {
			rethrowEnd(thrown, signal);
			interception.onFailed(one.name, thrown);
			// Who is asked before may be there to guard something.
			return failure(`${one.name} failed, so nothing was run: ${messageOf(thrown)}`, 'refused');
		}
		if (!verdict) continue;
		if (verdict.kind === 'refuse') return failure(verdict.text, verdict.summary);
		if (verdict.note !== undefined) notes.push(verdict.note);
		if (verdict.permission && wish?.kind !== 'ask') wish = verdict.permission;
		if (!('input' in verdict)) continue;
		const parsed = interception.parse(verdict.input);
		if ('problem' in parsed)
			return failure(
				`${one.name} changed the input into one that ${call.tool} cannot have, so nothing was run:\n${parsed.problem}`,
				'refused',
			);
		call = { ...call, input: parsed.input };
	}
	const isInputChanged = call.input !== interception.call.input;
	let outcome = await interception.run({ input: call.input, isInputChanged, wish });
	for (const one of interceptors) {
		if (signal.aborted) break;
		try {
			const looking = one.after?.(call, outcome, signal);
			outcome = (looking && (await unlessAborted(looking, signal))) ?? outcome;
		} catch (thrown) {
			// What was run was run: its outcome stands, also when the user stops what comes after it.
			if (isLogFailure(thrown)) throw thrown;
			if (!signal.aborted) interception.onFailed(one.name, thrown);
		}
	}
	return withNotes(outcome, notes);
}

/** The outcome with more text for the model behind it. */
export function withNotes(outcome: ToolOutcome, notes: readonly string[]): ToolOutcome {
	if (notes.length === 0) return outcome;
	return { ...outcome, content: [...outcome.content, { type: 'text', text: notes.join('\n\n') }] };
}

function rethrowEnd(thrown: unknown, signal: AbortSignal): void {
	if (signal.aborted || isCancelled(thrown) || isLogFailure(thrown)) throw thrown;
}
