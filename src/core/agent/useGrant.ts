/**
 * Rules that a command or a skill asks for in its file (`allowed-tools`): they hold until the turn ends, once the user agreed to just this
 * content of the file. Deny and ask rules, plan mode and protected paths stand above them as above every rule that allows.
 */
import { codeOf } from '../../base/errors.ts';
import type { PermissionAnswer } from '../permission/permissionRequest.ts';
import type { CommandGrant } from '../session/commandFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import { plainName } from '../session/titles.ts';
import type { TurnPorts } from './turnTypes.ts';

/** The part of a turn that is needed here. */
type GrantingTurn = {
	readonly session: Session;
	readonly ports: Pick<TurnPorts, 'approver' | 'grants' | 'ids' | 'trace'>;
	readonly signal: AbortSignal;
	readonly turnRules: string[];
};

/** Rejects with CancelledError when the turn is stopped while the user is asked. `whileWaiting` shows the session as waiting. */
export async function useGrant(
	grant: CommandGrant,
	turn: GrantingTurn,
	whileWaiting: <T>(ask: () => Promise<T>) => Promise<T>,
): Promise<void> {
	const { session, ports, signal, turnRules } = turn;
	const rules = grant.rules.filter((rule) => !turnRules.includes(rule));
	// Nothing it could name is asked about then.
	if (rules.length === 0 || session.mode === 'auto') return;
	const { by } = grant;
	let known = ports.grants?.answerFor(grant);
	if (known === undefined) {
		const answer: PermissionAnswer = await whileWaiting(() =>
			ports.approver.askPermission(
				{
					toolUseId: `grant-${ports.ids.next()}`,
					tool: by,
					target: grant.rules.join('\n'),
					cause: 'Until this turn ends, what these rules cover would run without a question',
					grant: grant.path,
				},
				signal,
			),
		);
		known = answer.verdict === 'deny' ? 'no' : 'yes';
		if (known === 'no') ports.grants?.refuse(grant);
		if (answer.verdict === 'alwaysAllow')
			await ports.grants?.keep(grant).catch((error) => {
				ports.trace({ event: 'grantNotKept', sessionId: session.id, code: codeOf(error) });
			});
	}
	if (known === 'yes') turnRules.push(...rules);
	const named = rules.map(plainName).join(', ');
	const text =
		known === 'yes'
			? `Until this turn ends, ${by} may use without a question: ${named}`
			: `You did not agree to the rules of ${by}, so the usual questions are asked.`;
	session.append({ type: 'notice', level: 'info', code: 'command-rules', text: upperFirst(text) });
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
