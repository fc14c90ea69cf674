/** The row of a Plan call shows the plan itself, as it was agreed on. Pure. */
import type { ToolUseBlock } from '../../core/session/content.ts';
import { planOutcomeOf, planTool, presentedPlan } from '../../core/tools/plan.ts';

export function planPreview({ name, input }: ToolUseBlock): { readonly preview?: string; readonly isMarkdown?: true } {
	const preview = name === planTool.name ? presentedPlan(input) : undefined;
	return preview === undefined ? {} : { preview, isMarkdown: true };
}

/** The plan, or what the user made of it; behind it what they said when they sent it back. */
export function planAfter(plan: string, resultText: string): string {
	const outcome = planOutcomeOf(resultText);
	if (outcome?.kind === 'accepted') return outcome.changedPlan ?? plan;
	const comment = /^[^\n]*? They say: ([^\n]*)/.exec(resultText)?.[1];
	return comment === undefined ? plan : `${plan}\n\n---\n\nYou said: ${comment}`;
}
