/** What a run of a subagent comes to: its report, what it cost, and how that is told to the agent that asked. Pure. */
import { cutText, plural } from '../../base/text.ts';
import { isTextBlock, totalInputTokens } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { SubagentEnd } from '../session/subagentFields.ts';
import type { ToolOutcome } from '../tools/tool.ts';

/** About 6k tokens: a report that is longer is no report. The whole of it is kept. */
const MAX_REPORT_CHARS = 24_000;

/** What the entries since the last prompt cost, whatever became of them. */
export function runAmounts(entries: readonly Entry[]): Pick<SubagentEnd, 'costUsd' | 'steps' | 'tokens'> {
	const since = entries.slice(entries.findLastIndex((entry) => entry.type === 'user') + 1);
	const replies = since.filter((entry) => entry.type === 'assistantEnded');
	const last = replies.at(-1)?.usage;
	return {
		costUsd: replies.reduce<number | null>(
			(sum, { costUsd }) => (sum === null || costUsd === null ? null : sum + costUsd),
			0,
		),
		steps: replies.length,
		tokens: last ? totalInputTokens(last) + last.outputTokens : 0,
	};
}

/** The text of its last message; while it is cut off, of the last one that has any. */
export function lastWords(branch: readonly Entry[]): string {
	const since = branch.slice(branch.findLastIndex((entry) => entry.type === 'user') + 1);
	const texts = since.filter(
		(entry): entry is EntryOf<'assistant'> & Entry => entry.type === 'assistant' && isTextBlock(entry.block),
	);
	const message = texts.at(-1)?.messageId;
	return texts
		.filter(({ messageId }) => messageId === message)
		.sort((left, right) => left.index - right.index)
		.map(({ block }) => (isTextBlock(block) ? block.text : ''))
		.join('')
		.trim();
}

export function reportOutcome(
	agent: { readonly id: string; readonly words: string; readonly message?: string },
	end: SubagentEnd,
): ToolOutcome {
	const { id, words } = agent;
	const shown = cutText(words, MAX_REPORT_CHARS);
	const cut = shown === words ? '' : `\n[the report is cut here: it has ${words.length} characters]`;
	const price = end.costUsd === null || end.costUsd === 0 ? '' : `, $${end.costUsd.toFixed(2)}`;
	const isOfTurn = end.reason === 'limit' && agent.message !== undefined;
	const summary = `${isOfTurn ? 'limit reached, ' : summaryWords[end.reason]}${plural(end.steps, 'step')}${price}`;
	const again = `To go on with this agent, which knows what it did, call Agent with resume "${id}".`;
	const soFar = words === '' ? 'It had said nothing yet.' : `The last that it said:\n${shown}${cut}`;
	const text = {
		done: words === '' ? `It ended without a report. ${again}` : `${shown}${cut}\n\n[agent ${id}. ${again}]`,
		stopped: `The user stopped this agent (${id}) before it was done. What it changed in files until then is there. ${soFar}\nDo not start it again unless the user asks for it.`,
		interrupted: `The window was closed while this agent (${id}) worked. What it changed in files until then is there. ${soFar}\n${again}`,
		limit: isOfTurn
			? `This agent (${id}) was ended before it was done: ${agent.message}. The user is asked whether the turn may go on. ${soFar}\n${again}`
			: `This agent (${id}) used up its ${plural(end.steps, 'step')} before it was done. ${soFar}\n${again}`,
		failed: `This agent (${id}) failed: ${agent.message ?? 'its request was not answered'} ${soFar}\n${again}`,
	}[end.reason];
	return {
		isError: end.reason !== 'done',
		content: [{ type: 'text', text }],
		summary,
		...(cut === '' ? {} : { output: words }),
	};
}

const summaryWords: Readonly<Record<SubagentEnd['reason'], string>> = {
	done: '',
	stopped: 'stopped, ',
	interrupted: 'interrupted, ',
	limit: 'out of steps, ',
	failed: 'failed, ',
};
