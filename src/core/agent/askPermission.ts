/**
 * Before a call runs: what it reaches for, what the rules say of it, and the question to the user. Appends `permission` when somebody was asked.
 */
import { codeOf } from '../../base/errors.ts';
import { cutText, visibleLines } from '../../base/text.ts';
import type { Effects } from '../checkpoint/recordChanges.ts';
import { collisionCause, withCollision } from '../permission/collision.ts';
import { type Decision, decide } from '../permission/decide.ts';
import type { PermissionAnswer } from '../permission/permissionRequest.ts';
import { readCommand } from '../permission/readCommand.ts';
import { hostOf, type PermissionTarget } from '../permission/rules.ts';
import type { SessionRules } from '../permission/sessionRules.ts';
import type { Approver } from '../ports.ts';
import { outsideCause } from '../sandbox/sandboxWords.ts';
import type { ToolUseBlock } from '../session/content.ts';
import type { FilePath } from '../session/fileFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import { failure } from '../tools/paths.ts';
import type { Tool, ToolFiles, ToolOutcome } from '../tools/tool.ts';
import type { PermissionWish } from './interceptors.ts';
import type { TurnPorts } from './turnTypes.ts';

/** The part of a turn that is needed here. */
type AskingTurn = {
	readonly session: Session;
	readonly ports: Pick<
		TurnPorts,
		| 'rules'
		| 'addSessionRule'
		| 'keepRules'
		| 'unsavedFiles'
		| 'traffic'
		| 'clock'
		| 'shellGrammar'
		| 'services'
		| 'workspace'
		| 'trace'
	>;
	readonly sessionRules: SessionRules;
	readonly signal: AbortSignal;
};

export type AskedCall = {
	readonly call: ToolUseBlock;
	readonly tool: Tool;
	readonly input: unknown;
	readonly files: ToolFiles;
	readonly approver: Approver;
	readonly effects: Effects;
	readonly wish: PermissionWish | undefined;
	/** A rule of the user's allows it, and nothing else speaks against it: an edit need not be shown first. */
	readonly onRuled?: () => void;
};

const UNSAVED_CAUSE = 'There are unsaved changes in the editor';

/** Undefined when the call may run; else the result that says why not. */
export async function askPermission(asked: AskedCall, turn: AskingTurn): Promise<ToolOutcome | undefined> {
	const { call, tool, input, files, approver, effects, wish } = asked;
	const { session, ports } = turn;
	const target = await resolvedTarget(tool, input, files, turn);
	const file = target.kind === 'path' && target.resolved.kind === 'inside' ? target.resolved.file : undefined;
	const confinement = tool.confinement?.(input, ports.services);
	const decided = decide({
		tool: tool.name,
		effect: tool.effect,
		target,
		mode: session.mode,
		rules: ports.rules(),
		sessionRules: [...(await turn.sessionRules()), ...(wish?.kind === 'allow' ? [tool.name] : [])],
		isHeld: confinement?.kind === 'inside' && confinement.mayRunUnasked,
	});
	const wished: Decision =
		wish?.kind === 'ask' && decided.kind === 'allow' ? { kind: 'ask', cause: wish.cause } : decided;
	const plain = confinement?.kind === 'outside' ? askedOutside(wished, confinement.reason) : wished;
	const collision = file && collisionOf(file, turn);
	const decision: Decision = withCollision(plain, collision, { effect: tool.effect, mode: session.mode });
	if (decision.kind === 'allow' && decision.isRuled && collision === undefined && wish === undefined) asked.onRuled?.();
	if (decision.kind === 'deny') return failure(`Not run. ${decision.cause}.`, 'not allowed');
	// A command reads the disk: it would work on what the user has already changed in the editor.
	const unsaved = tool.effect === 'execute' ? (ports.unsavedFiles?.() ?? []) : [];
	if (decision.kind === 'allow' && unsaved.length === 0) return undefined;
	const question: Extract<Decision, { kind: 'ask' }> =
		decision.kind === 'allow' ? { kind: 'ask', cause: UNSAVED_CAUSE } : decision;
	const { cause, rule, rules: several, parts } = question;
	const rules = several ?? (rule === undefined ? [] : [rule]);
	const offered = {
		...(rule === undefined ? {} : { rule }),
		...(several === undefined ? {} : { rules: [...several] }),
	};
	const limits = effects.limits();
	const answer: PermissionAnswer = await approver.askPermission(
		{
			toolUseId: call.id,
			tool: tool.name,
			target: shownTarget(target, tool, input),
			cause,
			...offered,
			...(parts === undefined ? {} : { parts }),
			...(limits === undefined ? {} : { limits }),
			...(unsaved.length === 0 ? {} : { unsaved }),
		},
		turn.signal,
	);
	// A rule that was not offered is not added, whatever the answer says.
	const verdict = answer.verdict === 'alwaysAllow' && rules.length === 0 ? 'allowOnce' : answer.verdict;
	const reason = answer.reason?.trim();
	const scope = verdict === 'alwaysAllow' ? await keepRules(rules, answer.scope, turn) : undefined;
	session.append({
		type: 'permission',
		toolUseId: call.id,
		tool: tool.name,
		verdict,
		cause,
		...(scope === undefined ? {} : offered),
		...(scope === undefined || scope === 'session' ? {} : { scope }),
		...(reason ? { reason } : {}),
	});
	if (verdict !== 'deny') {
		// Asked once for each file, until somebody writes to it again.
		if (file && collision !== undefined) ports.traffic?.noteSeen(session.id, file);
		return undefined;
	}
	const words = reason ? ` The user says: ${reason}` : '';
	return failure(
		`The user denied permission; nothing was run.${words}\nDo not try it again in another form. ${reason ? 'Follow what the user says.' : 'Go on without it, or ask what they want instead.'}`,
		'denied',
	);
}

/** Every time, and no rule may open it: the rules were given for commands that are held. */
function askedOutside(decided: Decision, reason: string): Decision {
	if (decided.kind === 'deny') return decided;
	const asks = decided.kind === 'ask' ? decided : undefined;
	const isGuarded = asks !== undefined && asks.rule === undefined && asks.rules === undefined;
	const cause = `${outsideCause(reason)}${isGuarded ? `. ${asks.cause}` : ''}`;
	return { kind: 'ask', cause, ...(asks?.parts === undefined ? {} : { parts: asks.parts }) };
}

/** More of it nobody reads; how much there is, they see. */
const MAX_TARGET_CHARS = 20_000;

function shownTarget(target: PermissionTarget, tool: Tool, input: unknown): string {
	const whole = target.kind === 'command' ? target.command : (tool.inFull?.(input) ?? tool.label(input).target);
	const shown = cutText(whole, MAX_TARGET_CHARS);
	const more = whole.length - shown.length;
	return visibleLines(shown) + (more > 0 ? `\n[… and ${more} characters more, which do not fit here]` : '');
}

/** The part of a turn that keeps rules. */
export type RuleKeeper = {
	readonly session: Session;
	readonly ports: Pick<TurnPorts, 'addSessionRule' | 'keepRules' | 'trace'>;
};

/** Where the rules hold from now on: in this session only, when they cannot be kept elsewhere. */
export async function keepRules(
	rules: readonly string[],
	wanted: PermissionAnswer['scope'],
	{ ports, session }: RuleKeeper,
): Promise<NonNullable<PermissionAnswer['scope']>> {
	if (wanted !== undefined && wanted !== 'session' && ports.keepRules)
		try {
			await ports.keepRules(rules, wanted);
			return wanted;
		} catch (error) {
			ports.trace({ event: 'rulesNotKept', sessionId: session.id, code: codeOf(error), detail: { scope: wanted } });
		}
	for (const rule of rules) ports.addSessionRule(rule);
	return 'session';
}

async function resolvedTarget(
	tool: Tool,
	input: unknown,
	files: ToolFiles,
	turn: AskingTurn,
): Promise<PermissionTarget> {
	const target = tool.target?.(input, turn.ports.services) ?? { kind: 'none' };
	switch (target.kind) {
		case 'path':
			return { ...target, resolved: await files.resolve(target.path) };
		case 'command':
			return await commandTarget(target.command, turn);
		case 'url':
			return {
				kind: 'host',
				host: hostOf(target.url),
				...(target.grant === undefined ? {} : { grant: target.grant }),
			};
		default:
			return target;
	}
}

async function commandTarget(command: string, { session, ports }: AskingTurn): Promise<PermissionTarget> {
	if (!ports.shellGrammar) return { kind: 'command', command };
	try {
		const parse = await ports.shellGrammar.load();
		const resolve = ports.workspace.resolve.bind(ports.workspace);
		return { kind: 'command', command, reading: await readCommand(command, { cwd: session.cwd, parse, resolve }) };
	} catch (error) {
		ports.trace({ event: 'shellGrammar', sessionId: session.id, code: codeOf(error) });
		return { kind: 'command', command, isUnread: true };
	}
}

export function collisionOf(
	file: FilePath,
	{ session, ports }: Pick<AskingTurn, 'session'> & { readonly ports: Pick<TurnPorts, 'traffic' | 'clock'> },
): string | undefined {
	return ports.traffic && collisionCause(ports.traffic.factsOf(session.id, file), session.id, ports.clock.now());
}

/** What was read or written here is no surprise any more. */
export async function noteSeen(tool: Tool, input: unknown, files: ToolFiles, turn: AskingTurn): Promise<void> {
	if (!turn.ports.traffic || (tool.effect !== 'read' && tool.effect !== 'write')) return;
	const target = tool.target?.(input);
	if (target?.kind !== 'path') return;
	const resolved = await files.resolve(target.path);
	if (resolved.kind === 'inside') turn.ports.traffic.noteSeen(turn.session.id, resolved.file);
}
