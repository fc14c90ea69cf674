/**
 * Plan: switches to plan mode, and presents a plan that the user accepts, rewrites or sends back. What the result says is also how the
 * log tells a plan that was accepted, so these words are recognised here and nowhere else.
 */
import * as z from 'zod';
import { waitForUser } from './asking.ts';
import { mendInput } from './mendInput.ts';
import { failure, success } from './paths.ts';
import type { Tool } from './tool.ts';

const MAX_PLAN_CHARS = 25_000;

const input = z.object({
	action: z.enum(['enter', 'present']),
	plan: z.string().max(MAX_PLAN_CHARS).optional().describe('Markdown; with present'),
});

const ENTERED = 'Plan mode is on: files cannot be changed and commands cannot be run.';
const ACCEPTED = 'The user accepted the plan.';
const CHANGED = 'The user changed the plan and accepted it.';
const CHANGED_START = 'This is the plan now:\n\n';
const KEPT = 'The user wants to keep planning.';

export const planTool: Tool<z.infer<typeof input>> = {
	name: 'Plan',
	version: 1,
	description:
		'enter: switches to plan mode, for work that needs a design the user agrees on before anything changes. present: shows the plan to the user, who accepts, rewrites or returns it; accepting ends plan mode. Name files, steps and checks; do not ask for approval in text.',
	input,
	effect: 'none',
	label: ({ action, plan }) =>
		action === 'enter' ? { verb: 'Plan mode', target: '' } : { verb: 'Plan', target: titleOf(plan ?? '') },
	async run({ action, plan = '' }, context) {
		const { asking, modes } = context.services ?? {};
		if (!modes || !asking) return failure('There is no plan mode here. Describe the plan in your answer.');
		if (action === 'enter') {
			modes.set('plan');
			return success(`${ENTERED} Explore with the reading tools, then present the plan.`, 'on');
		}
		if (plan.trim() === '') return failure('The plan is empty. Give it as Markdown in plan.');
		const { toolUseId, signal } = context;
		const answer = await waitForUser(context, () => asking.presentPlan({ toolUseId, plan }, signal));
		if (answer.kind === 'kept') {
			modes.set('plan');
			const comment = answer.comment?.trim();
			const words = comment ? ` They say: ${comment}\n` : ' ';
			return success(`${KEPT}${words}Plan mode is on. Revise the plan and present it again.`, 'keep planning');
		}
		modes.set(answer.mode);
		const mode = answer.mode === 'acceptEdits' ? 'Edits are applied at once.' : 'Each edit is shown to the user first.';
		if (answer.changedPlan === undefined || answer.changedPlan.trim() === plan.trim())
			return success(`${ACCEPTED} Plan mode is off. ${mode} Carry the plan out.`, 'accepted');
		return success(
			`${CHANGED} Plan mode is off. ${mode} Carry it out as they wrote it. ${CHANGED_START}${answer.changedPlan.trim()}`,
			'accepted with changes',
		);
	},
};

/** The plan that a call presented; undefined when it presented none. */
export function presentedPlan(callInput: unknown): string | undefined {
	const parsed = input.safeParse(mendInput(planTool, callInput));
	const plan = parsed.success && parsed.data.action === 'present' ? parsed.data.plan?.trim() : undefined;
	return plan === '' ? undefined : plan;
}

/** What a result of this tool says came of it. */
export type PlanOutcome =
	| { readonly kind: 'entered' | 'kept' }
	| { readonly kind: 'accepted'; readonly changedPlan?: string };

export function planOutcomeOf(resultText: string): PlanOutcome | undefined {
	if (resultText.startsWith(ENTERED)) return { kind: 'entered' };
	if (resultText.startsWith(KEPT)) return { kind: 'kept' };
	if (resultText.startsWith(ACCEPTED)) return { kind: 'accepted' };
	if (!resultText.startsWith(CHANGED)) return undefined;
	const start = resultText.indexOf(CHANGED_START);
	return start < 0
		? { kind: 'accepted' }
		: { kind: 'accepted', changedPlan: resultText.slice(start + CHANGED_START.length) };
}

/** Its first heading or line. */
function titleOf(plan: string): string {
	const line = plan.split('\n').find((one) => one.trim() !== '') ?? '';
	return line.replace(/^#+\s*/, '').trim();
}
