/** The rows of *Permission Rules*: every rule by where it holds, and what can be done with it. Pure. */
import { assertNever } from '../../base/assertNever.ts';
import { plural } from '../../base/text.ts';
import { plainLabel } from '../plainLabel.ts';
import type { ScopedRule } from './permissionScopes.ts';

export type RuleOrigin =
	| ScopedRule
	| { readonly rule: string; readonly kind: 'allow'; readonly from: 'session'; readonly isInForce: true };
export type RuleRow = {
	readonly label: string;
	readonly description?: string;
	readonly detail?: string;
	/** A heading has none. */
	readonly origin?: RuleOrigin;
	/** In the order they are shown. */
	readonly actions: readonly ('remove' | 'open' | 'forget')[];
};

const ICONS = { allow: '$(check)', ask: '$(question)', deny: '$(circle-slash)' } as const;
const WORDS = { allow: 'allowed', ask: 'asked about', deny: 'denied' } as const;

/** Session first, since its rules are the newest. `shownPath` makes a file's path readable. */
export function ruleRows(rules: readonly RuleOrigin[], shownPath: (path: string) => string): readonly RuleRow[] {
	const headings = new Set(rules.map((one) => headingOf(one, shownPath)));
	return [...headings].flatMap((heading) => [
		{ label: heading, actions: [] },
		...rules
			.filter((one) => headingOf(one, shownPath) === heading)
			.map((origin) => ({
				label: `${ICONS[origin.kind]} ${plainLabel(origin.rule)}`,
				description: WORDS[origin.kind],
				...detailOf(origin),
				origin,
				actions: actionsOf(origin),
			})),
	]);
}

export const rulesTitle = (count: number): string => `Permission Rules (${plural(count, 'rule')})`;

function headingOf(origin: RuleOrigin, shownPath: (path: string) => string): string {
	switch (origin.from) {
		case 'session':
			return 'This session';
		case 'workspace':
			return 'This workspace';
		case 'user':
			return 'Everywhere: the setting retrace.permissions';
		case 'file':
			return plainLabel(shownPath(origin.path ?? ''));
		default:
			return assertNever(origin);
	}
}

function actionsOf(origin: RuleOrigin): RuleRow['actions'] {
	if (origin.from !== 'file') return ['remove'];
	return origin.answer === undefined ? ['open'] : ['forget', 'open'];
}

function detailOf(origin: RuleOrigin): Pick<RuleRow, 'detail'> {
	const problem = 'problem' in origin ? origin.problem?.message : undefined;
	const parts = [...(origin.isInForce ? [] : [idleReason(origin)]), ...(problem === undefined ? [] : [problem])];
	return parts.length === 0
		? {}
		: { detail: `${problem === undefined ? '' : '$(warning) '}${plainLabel(parts.join(' '))}` };
}

/** Only what a file says may be without force. */
const idleReason = (origin: RuleOrigin): string =>
	'answer' in origin && origin.answer === 'no'
		? 'Does not hold: you said no.'
		: 'Does not hold before you agree to this file.';
