/**
 * What a tool finds out while it runs and may not decide alone, e.g. that a name of the web leads to this machine: the same question, card and
 * entry as before a call. Knows nothing of what is asked about.
 */
import { asToolUseId } from '../../base/ids.ts';
import type { PermissionAnswer, PermissionRequest } from '../permission/permissionRequest.ts';
import { findRule } from '../permission/rules.ts';
import type { SessionRules } from '../permission/sessionRules.ts';
import type { Approver } from '../ports.ts';
import type { ToolUseBlock } from '../session/content.ts';
import type { Session } from '../session/sessionTypes.ts';
import { failure } from '../tools/paths.ts';
import type { InCallAnswer, InCallQuestion, Tool } from '../tools/tool.ts';
import { keepRules } from './askPermission.ts';
import type { TurnPorts } from './turnTypes.ts';

/** The part of a turn that is needed here. */
export type InCallTurn = {
	readonly session: Session;
	readonly ports: Pick<TurnPorts, 'rules' | 'addSessionRule' | 'keepRules' | 'trace'>;
	readonly sessionRules: SessionRules;
	readonly signal: AbortSignal;
};

/** Rejects with CancelledError when the turn is stopped while the user is asked. */
export function askInCall(call: ToolUseBlock, tool: Tool, approver: Approver, turn: InCallTurn) {
	return async ({ target, cause, host, isPrivate, rule, isNamedInCall }: InCallQuestion): Promise<InCallAnswer> => {
		const judged = await judgeHost({ tool: tool.name, host, ...(isPrivate ? { onlyRule: rule } : {}) }, turn);
		if (judged.kind === 'denied')
			return { kind: 'refused', outcome: failure(`The rule ${judged.rule} forbids it.`, 'not allowed') };
		if (judged.kind === 'allowed') return { kind: 'allowed' };
		if (isNamedInCall && wasAllowed(call, turn)) return { kind: 'allowed' };
		const request = { toolUseId: call.id, tool: tool.name, target, cause, rule };
		const { verdict, reason } = await askAndLog(request, approver, turn);
		if (verdict !== 'deny') return { kind: 'allowed' };
		const words = reason ? ` The user says: ${reason}` : '';
		return { kind: 'refused', outcome: failure(`The user denied permission for ${target}.${words}`, 'denied') };
	};
}

type Judged = { readonly kind: 'denied'; readonly rule: string } | { readonly kind: 'allowed' | 'unknown' };

/** What the rules of a tool say of a host now. `onlyRule`: a rule for a name of the web says nothing about where that name may lead one day. */
export async function judgeHost(
	{ tool, host, onlyRule }: { readonly tool: string; readonly host: string; readonly onlyRule?: string },
	{ ports, sessionRules }: Pick<InCallTurn, 'ports' | 'sessionRules'>,
): Promise<Judged> {
	const rules = ports.rules();
	const reached = { kind: 'host', host } as const;
	const denied = findRule(rules.deny, tool, reached, 'wide');
	if (denied !== undefined) return { kind: 'denied', rule: denied };
	if (findRule(rules.ask, tool, reached, 'wide') !== undefined) return { kind: 'unknown' };
	const allowing = [...rules.allow, ...(await sessionRules())];
	const isAllowed =
		onlyRule === undefined ? findRule(allowing, tool, reached, 'strict') !== undefined : allowing.includes(onlyRule);
	return { kind: isAllowed ? 'allowed' : 'unknown' };
}

/** Appends `permission`, and keeps the rule where the user wants it. Rejects with CancelledError when it is stopped. */
export async function askAndLog(
	request: PermissionRequest & { readonly rule: string },
	approver: Approver,
	turn: Omit<InCallTurn, 'sessionRules'>,
): Promise<Pick<PermissionAnswer, 'verdict' | 'reason'>> {
	const answer: PermissionAnswer = await approver.askPermission(request, turn.signal);
	const { verdict } = answer;
	const { toolUseId, tool, cause, rule, site } = request;
	const reason = answer.reason?.trim();
	const scope = verdict === 'alwaysAllow' ? await keepRules([rule], answer.scope, turn) : undefined;
	turn.session.append({
		type: 'permission',
		toolUseId: asToolUseId(toolUseId),
		tool,
		verdict,
		cause,
		...(site === undefined ? {} : { site }),
		...(scope === undefined ? {} : { rule }),
		...(scope === undefined || scope === 'session' ? {} : { scope }),
		...(reason ? { reason } : {}),
	});
	return { verdict, ...(reason ? { reason } : {}) };
}

/** The user said yes to this very call, whose target they saw. */
function wasAllowed(call: ToolUseBlock, { session }: InCallTurn): boolean {
	return session.entries.some(
		(entry) => entry.type === 'permission' && entry.toolUseId === call.id && entry.verdict !== 'deny',
	);
}
