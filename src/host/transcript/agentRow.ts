/** What the row of an Agent call tells of its agent, from entries and from a running one. Pure. */
import { isToolUseBlock, type ToolUseBlock, totalInputTokens } from '../../core/session/content.ts';
import type { Entry, EntryOf } from '../../core/session/entry.ts';
import { plainName } from '../../core/session/titles.ts';
import { namedCall } from '../../core/tools/namedCall.ts';
import type { ToolLabel } from '../../core/tools/tool.ts';
import type { AgentLane } from '../../protocol/agentLane.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';

type ToolRow = Extract<TranscriptItem, { kind: 'tool' }>;
/** How a call reads. */
type Labels = { label(name: string, input: unknown): ToolLabel };

/** The lane of a call that was made and whose agent did not begin yet; nothing for another call. */
export function waitingLane(block: ToolUseBlock): { readonly agent?: AgentLane } {
	const { name, input } = namedCall(block);
	if (name !== 'Agent') return {};
	const field = (key: string) =>
		typeof input === 'object' && input !== null ? String(new Map(Object.entries(input)).get(key) ?? '') : '';
	const resumed = field('resume');
	return { agent: lane(resumed || field('agent_type') || 'general') };
}

const lane = (name: string): AgentLane => ({
	...{ name: plainName(name).slice(0, 80), state: 'waiting', step: '' },
	...{ steps: 0, tokens: 0, windowTokens: 0, costUsd: 0, changedFiles: 0 },
});

/** The row with what a `subagent` entry says: that it began, or how it was over. */
export function withRun(row: ToolRow, entry: EntryOf<'subagent'>): ToolRow {
	if (!entry.end) {
		const { subagentId: agentId, name, windowTokens = 0, timestamp: startedAt } = entry;
		return {
			...row,
			// A skill may be done by an agent, which its call does not say.
			agent: {
				...(row.agent ?? lane(name)),
				agentId,
				name: plainName(name),
				state: 'running',
				windowTokens,
				startedAt,
			},
		};
	}
	if (!row.agent) return row;
	const { reason: state, costUsd, steps, tokens, durationMs } = entry.end;
	return { ...row, agent: { ...row.agent, state, costUsd, steps, tokens, durationMs, step: '' } };
}

/** A call that is over, whatever its lane knew. */
export function settledLane(row: ToolRow): ToolRow {
	const { agent } = row;
	if (!agent || (agent.state !== 'waiting' && agent.state !== 'running' && agent.state !== 'asking')) return row;
	const state = row.state === 'done' ? 'done' : row.state === 'failed' ? 'failed' : 'interrupted';
	return { ...row, agent: { ...agent, state, step: '' } };
}

/** What an agent that works has come to, in its run so far. */
export function liveLane(lane: AgentLane, entries: readonly Entry[], isAsking: boolean, inputs: Labels): AgentLane {
	const since = entries.slice(entries.findLastIndex((entry) => entry.type === 'user') + 1);
	const replies = since.filter((entry) => entry.type === 'assistantEnded');
	const usage = replies.at(-1)?.usage;
	const costs = replies.map(({ costUsd }) => costUsd);
	return {
		...lane,
		state: isAsking ? 'asking' : 'running',
		step: stepOf(since, inputs),
		steps: replies.length,
		tokens: usage ? totalInputTokens(usage) + usage.outputTokens : lane.tokens,
		costUsd: costs.reduce<number | null>((sum, one) => (sum === null || one === null ? null : sum + one), 0),
	};
}

/** The first call of the newest reply that has no result; else it thinks. */
function stepOf(since: readonly Entry[], inputs: Labels): string {
	const answered = new Set(since.flatMap((entry) => (entry.type === 'toolResult' ? [entry.toolUseId] : [])));
	for (const entry of since) {
		if (entry.type !== 'assistant' || !isToolUseBlock(entry.block) || answered.has(entry.block.id)) continue;
		const call = namedCall(entry.block);
		const { verb, target } = inputs.label(call.name, call.input);
		return `${verb} ${target}`.trim().replace(/\s+/g, ' ').slice(0, 200);
	}
	return 'Thinking';
}
