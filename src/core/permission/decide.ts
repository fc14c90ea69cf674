/**
 * Whether a tool call may run: pure, from mode, rules and what the call reaches for. Deny wins over ask, ask over allow.
 * In mode `ask` an edit inside the workspace is allowed here, since its diff is the question.
 */
import { assertNever } from '../../base/assertNever.ts';
import type { PermissionRules } from '../agent/turnTypes.ts';
import type { ResolvedPath } from '../ports.ts';
import type { PermissionMode } from '../session/entry.ts';
import type { Effect } from '../tools/tool.ts';
import { type CommandDecision, decideCommand, HELD_CAUSE, type PartVerdict } from './decideCommand.ts';
import { hookFileCause, hookTextCause } from './hookPaths.ts';
import { type Access, protectedCause, protectedMention } from './protectedPaths.ts';
import { findRule, isCompound, type PermissionTarget, parseRule, proposedCommandRule } from './rules.ts';

export type PermissionQuestion = {
	readonly tool: string;
	readonly effect: Effect;
	readonly target: PermissionTarget;
	readonly mode: PermissionMode;
	/** The user's own rules. */
	readonly rules: PermissionRules;
	/** Added by *Always allow* in this session. */
	readonly sessionRules: readonly string[];
	/** The system holds it, and the user said that this is enough where only a rule is missing. */
	readonly isHeld?: boolean;
};

/** `cause` is a sentence without a dot. */
export type Decision =
	/** `isRuled`: by a rule of the user's, not by the mode. */
	| { readonly kind: 'allow'; readonly cause: string; readonly isRuled?: true }
	| {
			readonly kind: 'ask';
			readonly cause: string;
			/** The one that *Always allow* would add; absent when none may be. */
			readonly rule?: string;
			/** Instead of `rule`, where it takes several. */
			readonly rules?: readonly string[];
			/** What was found out about each part of a compound command. */
			readonly parts?: readonly PartVerdict[];
	  }
	| { readonly kind: 'deny'; readonly cause: string };

export function decide(question: PermissionQuestion): Decision {
	const { tool, effect, target, mode, rules, sessionRules } = question;
	if (target.kind === 'command' && target.reading)
		return byToolStars(ofCommand(decideCommand({ ...question, ...target, reading: target.reading })), question);
	const denied = findRule(rules.deny, tool, target, 'wide');
	if (denied !== undefined) return { kind: 'deny', cause: `The rule ${denied} forbids it` };
	if (mode === 'plan' && (effect === 'write' || effect === 'execute'))
		return {
			kind: 'deny',
			cause: `Plan mode is on: ${tool} may not run. Read and search, then describe the plan; the user leaves plan mode to have it carried out`,
		};
	const unread = target.kind === 'path' && effect === 'write' ? readDenied(target, rules) : undefined;
	if (unread !== undefined) return { kind: 'deny', cause: `The rule ${unread} forbids it` };
	const guarded = guardedCause(target, effect, rules);
	if (guarded !== undefined) return { kind: 'ask', cause: guarded };
	const asked = findRule(rules.ask, tool, target, 'wide');
	if (asked !== undefined) return { kind: 'ask', cause: `The rule ${asked} says to ask` };
	const allowed = findRule([...rules.allow, ...sessionRules], tool, target, 'strict');
	if (allowed !== undefined) return { kind: 'allow', cause: `The rule ${allowed} allows it`, isRuled: true };
	// As for a command that cannot be taken apart: what the rules are about may be hidden in it.
	if ((mode === 'auto' || question.isHeld) && target.kind === 'command' && target.isUnread && hasRulesFor(tool, rules))
		return { kind: 'ask', cause: `${UNREAD}, so your rules cannot be held against it` };
	if (question.isHeld) return { kind: 'allow', cause: HELD_CAUSE };
	return byMode(tool, effect, target, mode);
}

/** What may not be read may not be written either: the edit would show it. */
function readDenied(target: PermissionTarget, { deny }: PermissionRules): string | undefined {
	const ofPaths = deny.filter((rule) => parseRule(rule)?.pattern !== undefined);
	return findRule(ofPaths, 'Read', target, 'wide');
}

/** Rules with a star for the tool speak of it as a whole, whatever it is called with. */
function byToolStars(decision: Decision, { tool, rules }: PermissionQuestion): Decision {
	const found = (list: readonly string[]) =>
		findRule(
			list.filter((rule) => parseRule(rule)?.tool.includes('*')),
			tool,
			{ kind: 'none' },
			'wide',
		);
	if (decision.kind === 'deny') return decision;
	const denied = found(rules.deny);
	if (denied !== undefined) return { kind: 'deny', cause: `The rule ${denied} forbids it` };
	const asked = decision.kind === 'allow' ? found(rules.ask) : undefined;
	return asked === undefined ? decision : { kind: 'ask', cause: `The rule ${asked} says to ask` };
}

const UNREAD = 'The grammar of the shell could not be loaded';
const hasRulesFor = (tool: string, { deny, ask }: PermissionRules): boolean =>
	[...deny, ...ask].some((rule) => parseRule(rule)?.tool === tool);

function ofCommand({ kind, cause, rules = [], parts }: CommandDecision): Decision {
	if (kind !== 'ask') return { kind, cause };
	const [rule] = rules;
	const offered = rules.length > 1 ? { rules } : rule === undefined ? {} : { rule };
	return { kind, cause, ...offered, ...(parts.length > 1 ? { parts } : {}) };
}

function guardedCause(
	target: PermissionTarget,
	effect: Effect,
	{ secrets, hookPaths = [] }: PermissionRules,
): string | undefined {
	switch (target.kind) {
		case 'none':
		case 'host':
		case 'name':
			return undefined;
		case 'command':
			return protectedMention(target.command) ?? hookTextCause(target.command, hookPaths);
		case 'path':
			return pathCause(target.resolved, effect === 'none' || effect === 'read' ? 'read' : 'write', secrets, hookPaths);
		default:
			return assertNever(target);
	}
}

function pathCause(
	resolved: ResolvedPath,
	access: Access,
	secrets: readonly string[] | undefined,
	hookPaths: readonly string[],
): string | undefined {
	const cause = protectedCause(resolved, access, secrets);
	if (cause !== undefined || access === 'read' || resolved.kind === 'outside') return cause;
	return hookFileCause(resolved.file.rel, hookPaths);
}

function byMode(tool: string, effect: Effect, target: PermissionTarget, mode: PermissionMode): Decision {
	if (mode === 'auto') return { kind: 'allow', cause: 'Auto mode is on' };
	switch (effect) {
		case 'none':
		case 'read':
			return { kind: 'allow', cause: 'Reading inside the workspace is allowed' };
		case 'write':
			return { kind: 'allow', cause: mode === 'ask' ? 'The diff is the question' : 'Edits are accepted' };
		case 'execute':
			return askToRun(tool, target);
		case 'network':
			if (target.kind === 'host' && target.host === '')
				return { kind: 'ask', cause: `${tool} was given no address of the web` };
			if (target.kind === 'host') {
				const { host, grant } = target;
				if (grant?.isGiven) return { kind: 'allow', cause: `You said yes to ${host}` };
				const cause = `${tool} reaches ${host}${grant === undefined ? '' : `; ${grant.words}`}`;
				return { kind: 'ask', cause, rule: `${tool}(domain:${host})` };
			}
			return { kind: 'ask', cause: `${tool} uses the network`, ...ruleForName(tool, target) };
		default:
			return assertNever(effect);
	}
}

/** No more than what is reached now; none for a name that would read as more. */
function ruleForName(tool: string, target: PermissionTarget): { readonly rule?: string } {
	if (target.kind !== 'name') return { rule: tool };
	const rule = `${tool}(${target.name})`;
	return parseRule(rule)?.pattern === target.name && !target.name.includes('*') ? { rule } : {};
}

function askToRun(tool: string, target: PermissionTarget): Decision {
	if (target.kind !== 'command') return { kind: 'ask', cause: 'No rule allows this tool yet', rule: tool };
	if (isCompound(target.command))
		return { kind: 'ask', cause: 'It runs several commands or redirects output, which no rule covers as a whole' };
	const rule = proposedCommandRule(target.command);
	const cause = target.isUnread ? `${UNREAD}, so each command is asked about` : 'No rule allows this command yet';
	return rule === undefined ? { kind: 'ask', cause } : { kind: 'ask', cause, rule };
}
