/** What tools ask the user in the panel, besides permission: questions with choices, and a plan to agree on. Types and the wait for an answer. */
import type { EntryFields, PermissionMode } from '../session/entry.ts';

export type Question = {
	/** One or two words. */
	readonly header: string;
	readonly text: string;
	readonly options: readonly { readonly label: string; readonly description?: string }[];
	readonly isMulti: boolean;
};

/** `chosen` are labels of options, `other` the user's own words. */
export type QuestionAnswer = { readonly chosen: readonly string[]; readonly other?: string };

export type QuestionsAnswer =
	| { readonly kind: 'answered'; readonly answers: readonly QuestionAnswer[] }
	| { readonly kind: 'declined' };

export type PlanAnswer =
	/** `changedPlan`: the plan as the user rewrote it. */
	| { readonly kind: 'accepted'; readonly mode: PermissionMode; readonly changedPlan?: string }
	| { readonly kind: 'kept'; readonly comment?: string };

/** Each rejects with CancelledError when the turn is stopped first. */
export type Asking = {
	askQuestions(
		ask: { readonly toolUseId: string; readonly questions: readonly Question[] },
		signal: AbortSignal,
	): Promise<QuestionsAnswer>;
	presentPlan(ask: { readonly toolUseId: string; readonly plan: string }, signal: AbortSignal): Promise<PlanAnswer>;
};

/** The permission mode of the session that a tool runs in. */
export type SessionModes = { now(): PermissionMode; set(mode: PermissionMode): void };

/** Where the task list of a session is kept. */
export type TaskKeeper = { keep(tasks: EntryFields<'taskList'>['tasks']): void };

/** The time of it is no run time, and the session is shown as waiting. */
export async function waitForUser<T>(
	context: { whileWaiting?<R>(ask: () => Promise<R>): Promise<R> },
	ask: () => Promise<T>,
): Promise<T> {
	return await (context.whileWaiting ? context.whileWaiting(ask) : ask());
}
