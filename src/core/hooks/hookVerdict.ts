/**
 * What a hook says: from how its process ended and what it printed, and of several hooks of one point together. Pure.
 * Exit 0 goes on (and may say more as JSON), exit 2 holds up what the point is about, anything else is a failure that holds up nothing.
 */
import * as z from 'zod';
import { cutText } from '../../base/text.ts';
import type { HookPoint, HookRun } from './hookTypes.ts';

/** Of what goes to the model or the user from one hook. */
const MAX_WORDS_CHARS = 10_000;

const outputSchema = z.object({
	continue: z.boolean().optional(),
	stopReason: z.string().optional(),
	suppressOutput: z.boolean().optional(),
	systemMessage: z.string().optional(),
	decision: z.enum(['block', 'approve', 'allow', 'deny', 'ask']).optional(),
	reason: z.string().optional(),
	hookSpecificOutput: z
		.object({
			permissionDecision: z.enum(['allow', 'deny', 'ask']).optional(),
			permissionDecisionReason: z.string().optional(),
			updatedInput: z.record(z.string(), z.unknown()).optional(),
			additionalContext: z.string().optional(),
		})
		.optional(),
});
type HookOutput = z.infer<typeof outputSchema>;

export type HookVerdict = {
	/** Of a call. */
	readonly permission?: 'allow' | 'ask' | 'deny';
	/** Why: for the user's question, or for the model. */
	readonly reason?: string;
	/** The point's own thing must not be; the reason is in `reason`. Of a call this is `deny`. */
	readonly isBlocked?: boolean;
	/** The whole turn ends, for this reason. */
	readonly stop?: string;
	readonly updatedInput?: Readonly<Record<string, unknown>>;
	/** For the model. */
	readonly context?: string;
	/** For the user. */
	readonly message?: string;
	/** What went wrong with the hook itself, as a sentence part. */
	readonly failure?: string;
	/** Its output is not for the transcript. */
	readonly isQuiet?: boolean;
};

/** Points whose plain output is for the model. */
const PLAIN_CONTEXT: ReadonlySet<HookPoint> = new Set(['SessionStart', 'UserPromptSubmit', 'PreCompact']);

export function verdictOf(point: HookPoint, run: HookRun): HookVerdict {
	switch (run.reason) {
		case 'cancelled':
			return { failure: 'stopped' };
		case 'timedOut':
			return {
				failure: `took longer than ${run.durationMs >= 1000 ? `${Math.round(run.durationMs / 1000)} s` : 'it may'} and was ended`,
			};
		case 'flooded':
			return { failure: 'printed too much and was ended' };
		case 'notStarted':
			return { failure: `could not be started${run.stderr === '' ? '' : `: ${firstLine(run.stderr)}`}` };
		case 'exited':
			break;
	}
	if (run.exitCode === 2) return blocked(point, words(run.stderr) ?? words(run.stdout));
	if (run.exitCode !== 0) {
		const said = firstLine(run.stderr) || firstLine(run.stdout);
		return { failure: `ended with ${run.exitCode}${said === '' ? '' : `: ${said}`}` };
	}
	const text = run.stdout.trim();
	if (!text.startsWith('{')) return PLAIN_CONTEXT.has(point) ? contextOf(words(text)) : {};
	const parsed = outputSchema.safeParse(withoutNulls(parseJson(text)));
	if (!parsed.success) {
		const [issue] = parsed.error.issues;
		const where = issue?.path.join('.');
		return {
			failure: where ? `printed a value that ${where} cannot have` : 'printed something that is no JSON object',
		};
	}
	return fromOutput(point, parsed.data);
}

function fromOutput(point: HookPoint, output: HookOutput): HookVerdict {
	const own = output.hookSpecificOutput ?? {};
	const verdict: HookVerdict = {
		...(output.continue === false ? { stop: words(output.stopReason) ?? 'it said to stop' } : {}),
		...(own.updatedInput === undefined ? {} : { updatedInput: own.updatedInput }),
		...contextOf(words(own.additionalContext)),
		...messageOf(words(output.systemMessage)),
		...(output.suppressOutput === true ? { isQuiet: true } : {}),
	};
	if (point === 'PreToolUse') {
		const permission = own.permissionDecision ?? OLD_WORDS[output.decision ?? ''];
		if (permission === undefined) return verdict;
		return { ...verdict, permission, ...reasonOf(words(own.permissionDecisionReason) ?? words(output.reason)) };
	}
	return output.decision === 'block' || output.decision === 'deny'
		? { ...verdict, ...blocked(point, words(output.reason)) }
		: verdict;
}

/** What `decision` said about calls before there was `permissionDecision`. */
const OLD_WORDS: Readonly<Record<string, 'allow' | 'ask' | 'deny'>> = {
	approve: 'allow',
	allow: 'allow',
	ask: 'ask',
	block: 'deny',
	deny: 'deny',
};

const blocked = (point: HookPoint, reason: string | undefined): HookVerdict => ({
	...(point === 'PreToolUse' ? { permission: 'deny' } : { isBlocked: true }),
	...reasonOf(reason),
});

/** All that the hooks of one point say, as one. */
export type HooksOutcome = {
	/** deny before ask before allow. */
	readonly permission?: 'allow' | 'ask' | 'deny';
	readonly isBlocked: boolean;
	/** Of those that decided `permission`, or that blocked; each once. */
	readonly reasons: readonly string[];
	readonly stop?: string;
	/** The last one; none when the call is denied. */
	readonly updatedInput?: Readonly<Record<string, unknown>>;
	readonly contexts: readonly string[];
};

export const NOTHING_SAID: HooksOutcome = { isBlocked: false, reasons: [], contexts: [] };

const RANK = { allow: 1, ask: 2, deny: 3 } as const;

/** `verdicts` in the order of the hooks, whichever ended first. */
export function mergeVerdicts(verdicts: readonly HookVerdict[]): HooksOutcome {
	const permission = verdicts
		.flatMap((one) => one.permission ?? [])
		.reduce<HookVerdict['permission']>(
			(best, one) => (best === undefined || RANK[one] > RANK[best] ? one : best),
			undefined,
		);
	const isBlocked = verdicts.some((one) => one.isBlocked === true);
	const deciding = verdicts.filter((one) =>
		permission === undefined ? one.isBlocked === true : one.permission === permission,
	);
	const stop = verdicts.find((one) => one.stop !== undefined)?.stop;
	const updatedInput =
		permission === 'deny' ? undefined : verdicts.findLast((one) => one.updatedInput !== undefined)?.updatedInput;
	return {
		...(permission === undefined ? {} : { permission }),
		isBlocked,
		reasons: [...new Set(deciding.flatMap((one) => one.reason ?? []))],
		...(stop === undefined ? {} : { stop }),
		...(updatedInput === undefined ? {} : { updatedInput }),
		contexts: verdicts.flatMap((one) => one.context ?? []),
	};
}

/** A field that a script left out is often written as null. What a tool is to be given stays as it is. */
function withoutNulls(value: unknown): unknown {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
	const fields = Object.entries(value).filter(([, field]) => field !== null);
	return Object.fromEntries(
		fields.map(([name, field]) => [name, name === 'hookSpecificOutput' ? withoutNulls(field) : field]),
	);
}

function words(text: string | undefined): string | undefined {
	const trimmed = text?.trim();
	return trimmed ? cutText(trimmed, MAX_WORDS_CHARS) : undefined;
}

const firstLine = (text: string): string => cutText(text.trim().split('\n')[0] ?? '', 200);

const reasonOf = (text: string | undefined): Pick<HookVerdict, 'reason'> =>
	text === undefined ? {} : { reason: text };
const contextOf = (text: string | undefined): Pick<HookVerdict, 'context'> =>
	text === undefined ? {} : { context: text };
const messageOf = (text: string | undefined): Pick<HookVerdict, 'message'> =>
	text === undefined ? {} : { message: text };

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}
