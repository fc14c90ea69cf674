/** A branch in words: its row, its tooltip, and the line that compares two. Pure. */
import { plural } from '../../base/text.ts';
import type { BranchAmounts } from '../../core/session/branchAmounts.ts';
import type { Branch } from '../../core/session/branches.ts';
import { shortTokens } from '../../protocol/contextMeter.ts';

/** Stands behind the name: `current · 3 prompts · 2 files · $0.12 · 5 min ago`. */
export function describeBranch(branch: Branch, nowMs: number): string {
	return [
		stateOf(branch),
		plural(branch.prompts, 'prompt'),
		branch.files.length > 0 ? plural(branch.files.length, 'file') : '',
		money(branch.costUsd),
		ago(branch.lastAt, nowMs),
	]
		.filter((part) => part !== '')
		.join(' · ');
}

/** What is special about it, in a word or two; empty for most. */
export function stateOf(branch: Branch): string {
	if (branch.isCurrent) return branch.activeEntries < branch.entryIds.length ? 'current, rewound' : 'current';
	if (branch.isLate) return 'late from another window';
	return branch.isEmpty ? 'empty' : '';
}

const MAX_FILES = 8;

/** One line each. */
export function branchDetails(branch: Branch): readonly string[] {
	const { prompts, replies, toolCalls, files } = branch;
	const lines = [
		`${plural(prompts, 'prompt')}, ${plural(replies, 'reply').replace(/replys$/, 'replies')}, ${plural(toolCalls, 'tool call')}`,
		`${new Date(branch.firstAt).toLocaleString()} to ${new Date(branch.lastAt).toLocaleString()}`,
	];
	if (branch.totalCostUsd > 0)
		lines.push(`$${branch.costUsd.toFixed(2)} on this branch, $${branch.totalCostUsd.toFixed(2)} from the start`);
	if (branch.lastRequestTokens > 0) lines.push(`${shortTokens(branch.lastRequestTokens)} tokens in the last request`);
	if (branch.hasCompaction) lines.push('Compacted on the way');
	if (files.length > 0) {
		const named = files.slice(0, MAX_FILES).map(({ rel }) => rel);
		lines.push(
			`Changed: ${named.join(', ')}${files.length > MAX_FILES ? ` and ${files.length - MAX_FILES} more` : ''}`,
		);
	}
	if (branch.isLate) lines.push('Written by another window after it lost the session');
	return lines;
}

/** `3 prompts · 4 replies · 2 tool calls · 12.4k tokens · $0.12`. */
export function amountsText(amounts: BranchAmounts): string {
	const tokens = amounts.inputTokens + amounts.outputTokens;
	return [
		plural(amounts.prompts, 'prompt'),
		amounts.replies === 1 ? '1 reply' : `${amounts.replies} replies`,
		plural(amounts.toolCalls, 'tool call'),
		`${shortTokens(tokens)} tokens`,
		`$${amounts.costUsd.toFixed(2)}`,
	].join(' · ');
}

const money = (usd: number): string => (usd >= 0.005 ? `$${usd.toFixed(2)}` : '');

const MINUTE_MS = 60_000;

export function ago(timeMs: number, nowMs: number): string {
	const minutes = Math.floor(Math.max(0, nowMs - timeMs) / MINUTE_MS);
	if (minutes < 1) return 'now';
	if (minutes < 60) return `${minutes} min ago`;
	if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
	return new Date(timeMs).toLocaleDateString('en-US', { month: 'short', day: 'numeric' });
}
