/** Where a run of a subagent starts: which definition, which conversation it knows, and what its requests begin with. Pure. */
import type { EntryId, ToolUseId } from '../../base/ids.ts';
import { isToolUseBlock } from '../session/content.ts';
import type { Entry, EntryFields, EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { failure } from '../tools/paths.ts';
import type { ToolOutcome } from '../tools/tool.ts';
import { type AgentDefinition, DEFAULT_AGENT } from './agentDefinition.ts';
import type { SubagentRequest } from './subagentPort.ts';

export type SubagentStart = {
	readonly kind: 'start';
	/** Undefined for a new one. */
	readonly id: string | undefined;
	readonly definition: AgentDefinition;
	readonly isResumed: boolean;
	/** The part of the session's branch that it knows. */
	readonly base: readonly Entry[];
	/** The last entry of it. */
	readonly knows: EntryId | undefined;
	readonly prefix: EntryFields<'prefix'> | undefined;
};

/** `history` are all `subagent` entries of the session. */
export function startOf(
	request: SubagentRequest,
	session: Session,
	history: readonly EntryOf<'subagent'>[],
	definitions: readonly AgentDefinition[],
): SubagentStart | { readonly kind: 'refused'; readonly outcome: ToolOutcome } {
	const earlier = history.filter(({ subagentId }) => subagentId === request.resume);
	const first = earlier[0];
	if (request.resume !== undefined && !first) {
		const known = [...new Set(history.map(({ subagentId }) => subagentId))].join(', ');
		return refused(
			`There is no agent ${request.resume} in this session. ${known === '' ? 'There is none to resume yet.' : `There are: ${known}.`}`,
			'unknown agent',
		);
	}
	const name = first?.name ?? request.kind ?? DEFAULT_AGENT;
	const definition = definitions.find((one) => one.name === name);
	if (!definition)
		return refused(
			`There is no agent_type ${name} now. There are: ${definitions.map((one) => one.name).join(', ')}.`,
			'unknown agent type',
		);
	if (first) {
		const prefix = earlier.findLast((one) => one.prefix !== undefined)?.prefix;
		const base = first.knows == null ? [] : branchUpTo(session.branch(), first.knows);
		if (base === undefined)
			return refused(
				`${request.resume} was forked from a part of the conversation that was left since, so it cannot go on. Start a new agent.`,
				'cannot go on',
			);
		return start(first.subagentId, definition, base, prefix, true);
	}
	if (!definition.isFork) return start(undefined, definition, [], undefined, false);
	const prefix = session.newest('prefix');
	const base = branchBefore(session.branch(), request.toolUseId);
	if (!prefix || base === undefined)
		return refused('This conversation cannot be forked here. Use another agent_type.', 'cannot fork');
	return start(undefined, definition, base, fieldsOf(prefix), false);
}

function start(
	id: string | undefined,
	definition: AgentDefinition,
	base: readonly Entry[],
	prefix: EntryFields<'prefix'> | undefined,
	isResumed: boolean,
): SubagentStart {
	return { kind: 'start', id, definition, isResumed, base, knows: base.at(-1)?.id, prefix };
}

const refused = (text: string, summary: string) => ({ kind: 'refused' as const, outcome: failure(text, summary) });

/**
 * What the session's last request held: all before the reply that makes this call. A call without its result cannot be sent, so a fork ends
 * there, and reads the whole of it from the cache.
 */
function branchBefore(branch: readonly Entry[], toolUseId: ToolUseId): readonly Entry[] | undefined {
	const call = branch.findLast(
		(entry) => entry.type === 'assistant' && isToolUseBlock(entry.block) && entry.block.id === toolUseId,
	);
	if (call?.type !== 'assistant') return undefined;
	const at = branch.findIndex((entry) => entry.type === 'assistant' && entry.messageId === call.messageId);
	return branch.slice(0, at);
}

function branchUpTo(branch: readonly Entry[], last: EntryId): readonly Entry[] | undefined {
	const at = branch.findIndex(({ id }) => id === last);
	return at < 0 ? undefined : branch.slice(0, at + 1);
}

function fieldsOf(entry: EntryOf<'prefix'>): EntryFields<'prefix'> {
	const { tools, system, context, model, maxTokens, thinking, effort, betas } = entry;
	const { apiVersion, ttl, reminderForm, diagnostics, toolVersions, render } = entry;
	return {
		...{ tools, system, context, model, maxTokens, thinking, effort, betas },
		...{ apiVersion, ttl, reminderForm, diagnostics, toolVersions, render },
	};
}
