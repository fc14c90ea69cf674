/**
 * What a tool finds out while it runs and may not decide alone, e.g. that a name of the web leads to this machine: the same question, card and
 * entry as before a call. Knows nothing of what is asked about.
 */
import type { PermissionAnswer } from '../permission/permissionRequest.ts';
import { findRule } from '../permission/rules.ts';
import type { SessionRules } from '../permission/sessionRules.ts';
import type { Approver } from '../ports.ts';
import type { ToolUseBlock } from '../session/content.ts';
import type { Session } from '../session/sessionTypes.ts';
import { failure } from '../tools/paths.ts';
import type { InCallAnswer, InCallQuestion, Tool } from '../tools/tool.ts';
import type { TurnPorts } from './turnTypes.ts';

/** The part of a turn that is needed here. */
type AskingTurn = {
	readonly session: Session;
	readonly ports: Pick<TurnPorts, 'rules' | 'addSessionRule'>;
	readonly sessionRules: SessionRules;
	readonly signal: AbortSignal;
};

/** Rejects with CancelledError when the turn is stopped while the user is asked. */
export function askInCall(call: ToolUseBlock, tool: Tool, approver: Approver, turn: AskingTurn) {
	return async ({ target, cause, host, isPrivate, rule, isNamedInCall }: InCallQuestion): Promise<InCallAnswer> => {
		const { session, ports } = turn;
		const rules = ports.rules();
		const reached = { kind: 'host', host } as const;
		const denied = findRule(rules.deny, tool.name, reached, 'wide');
		if (denied !== undefined)
			return { kind: 'refused', outcome: failure(`The rule ${denied} forbids it.`, 'not allowed') };
		const allowing = [...rules.allow, ...(await turn.sessionRules())];
		// A rule for a name of the web says nothing about where that name may lead one day.
		const isAllowed = findRule(rules.ask, tool.name, reached, 'wide')
			? false
			: isPrivate
				? allowing.includes(rule)
				: findRule(allowing, tool.name, reached, 'strict') !== undefined;
		if (isAllowed) return { kind: 'allowed' };
		if (isNamedInCall && wasAllowed(call, turn)) return { kind: 'allowed' };
		const request = { toolUseId: call.id, tool: tool.name, target, cause, rule };
		const answer: PermissionAnswer = await approver.askPermission(request, turn.signal);
		const { verdict } = answer;
		const reason = answer.reason?.trim();
		session.append({
			type: 'permission',
			toolUseId: call.id,
			tool: tool.name,
			verdict,
			cause,
			...(verdict === 'alwaysAllow' ? { rule } : {}),
			...(reason ? { reason } : {}),
		});
		if (verdict === 'alwaysAllow') ports.addSessionRule(rule);
		if (verdict !== 'deny') return { kind: 'allowed' };
		const words = reason ? ` The user says: ${reason}` : '';
		return { kind: 'refused', outcome: failure(`The user denied permission for ${target}.${words}`, 'denied') };
	};
}

/** The user said yes to this very call, whose target they saw. */
function wasAllowed(call: ToolUseBlock, { session }: AskingTurn): boolean {
	return session.entries.some(
		(entry) => entry.type === 'permission' && entry.toolUseId === call.id && entry.verdict !== 'deny',
	);
}
