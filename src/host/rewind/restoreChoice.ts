/** What ticked rows of a plan mean for the restore. Pure. */
import type { RestoreChoice } from '../../core/checkpoint/restore.ts';
import type { RestorePlan } from '../../core/checkpoint/restorePlan.ts';

/** A conflict that is not ticked is left to be merged; anything else that is not ticked the user keeps. */
export function choiceOf(plan: RestorePlan, ticked: ReadonlySet<string>): RestoreChoice {
	const overwrite: string[] = [];
	const keep: string[] = [];
	for (const { key, status, isUncertainAuthor } of plan.files) {
		if (ticked.has(key)) overwrite.push(key);
		else if (status !== 'conflict' || isUncertainAuthor) keep.push(key);
	}
	return { overwrite, keep };
}
