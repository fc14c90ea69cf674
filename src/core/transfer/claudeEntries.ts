/**
 * The steps of a Claude Code conversation as entries: every call gets its one result, every branch keeps its place, and what is sent later
 * is text, calls and images only. Pure.
 */
import { asEntryId, asToolUseId, asUnixMs, type EntryId, type SessionId, type UnixMs } from '../../base/ids.ts';
import type { IdSource } from '../ports.ts';
import type { InputBlock, Usage } from '../session/content.ts';
import { type Entry, type EntryDraft, isConversation, makeEntry } from '../session/entry.ts';
import type { ClaudeLine, LeftOut } from './claudeLines.ts';
import { blocksOf, type ClaudeStep, type ClaudeTree, isRecord, lineText } from './claudeTree.ts';
import { importedBase } from './importedSession.ts';
import { safeAssistantBlock, safeInputBlock } from './safeBlocks.ts';

export type ClaudeEntriesOptions = {
	readonly tree: ClaudeTree;
	readonly sessionId: SessionId;
	readonly agentId: string;
	readonly cwd: string;
	readonly ids: IdSource;
	readonly leftOut: LeftOut;
	/** For lines that say no time. */
	readonly now: UnixMs;
	/** Ledger entries that belong behind a reply, e.g. the subagents it started. */
	ledgerOf?(reply: ClaudeStep): readonly EntryDraft<'subagent'>[];
};

/** In file order. The last conversation entry, or the target of a last `rewind`, is the leaf. */
export function claudeEntries(options: ClaudeEntriesOptions): readonly Entry[] {
	const { tree, leftOut } = options;
	const log = new EntryLog(options);
	/** Where the next step of each goes on. */
	const ends = new Map<ClaudeStep, EntryId | null>();
	const callIds = new Set<string>();
	for (const step of tree.steps) {
		const parent = step.parent ? (ends.get(step.parent) ?? null) : null;
		const drafts = draftsOf(step, parent, { leftOut, callIds, ends, tree });
		if (drafts.length === 0) {
			ends.set(step, parent);
			continue;
		}
		log.goTo(parent, 'rewind');
		log.at(step.lines[0]?.timestampMs);
		for (const draft of drafts) log.add(draft);
		ends.set(step, log.leaf);
		if (options.agentId === 'main') for (const draft of options.ledgerOf?.(step) ?? []) log.add(draft);
	}
	const leaf = tree.leaf && ends.get(tree.leaf);
	if (leaf) log.goTo(leaf, 'switch');
	return log.entries;
}

class EntryLog {
	readonly entries: Entry[] = [];
	leaf: EntryId | null = null;
	readonly #options: ClaudeEntriesOptions;
	#time: UnixMs | undefined;

	constructor(options: ClaudeEntriesOptions) {
		this.#options = options;
	}

	/** The time of what comes next; without one it stays. */
	at(timestampMs: number | undefined): void {
		if (timestampMs !== undefined) this.#time = asUnixMs(timestampMs);
	}

	/** The logs of subagents hold conversation only, so there a parent says enough. */
	goTo(parent: EntryId | null, why: 'rewind' | 'switch'): void {
		if (parent === this.leaf) return;
		const from = this.leaf;
		if (this.#options.agentId === 'main') this.add({ type: 'rewind', to: parent, from, why });
		this.leaf = parent;
	}

	add(draft: EntryDraft): Entry {
		const { sessionId, agentId, cwd, ids, now } = this.#options;
		const base = {
			...importedBase(sessionId, agentId, cwd),
			id: asEntryId(ids.next()),
			parentId: this.leaf,
			timestamp: this.#time ?? now,
		};
		const entry = makeEntry(base, draft);
		this.entries.push(entry);
		if (isConversation(entry)) this.leaf = entry.id;
		return entry;
	}
}

type StepWorld = {
	readonly leftOut: LeftOut;
	/** Ids that a call has already. */
	readonly callIds: Set<string>;
	readonly ends: ReadonlyMap<ClaudeStep, EntryId | null>;
	readonly tree: ClaudeTree;
};

function draftsOf(step: ClaudeStep, parent: EntryId | null, world: StepWorld): readonly EntryDraft[] {
	switch (step.kind) {
		case 'prompt':
			return contentDraft(step, world, (content) => ({ type: 'user', content }));
		case 'note':
			return contentDraft(step, world, (content) => ({ type: 'attachment', name: 'Claude Code', content }));
		case 'reply':
			return replyDrafts(step, world);
		case 'compaction':
			return compactionDrafts(step, parent, world);
		case 'interrupted':
			return parent === null ? [] : [{ type: 'interrupted', reason: 'stop' }];
	}
}

function contentDraft(
	step: ClaudeStep,
	world: StepWorld,
	make: (content: InputBlock[]) => EntryDraft,
): readonly EntryDraft[] {
	const blocks = step.lines.flatMap(blocksOf).filter((block) => !isRecord(block) || block.type !== 'tool_result');
	const content = inputBlocks(blocks, world.leftOut);
	const [first] = content;
	if (content.length === 1 && first?.type === 'text' && 'text' in first)
		content[0] = { type: 'text', text: plainCommand(String(first.text)) };
	return content.length === 0 ? [] : [make(content)];
}

/** A slash command stands there as tags: shown as it was typed. */
function plainCommand(text: string): string {
	const name = /<command-name>([^<]*)<\/command-name>/.exec(text)?.[1]?.trim();
	if (name === undefined || name === '') return text;
	const args = /<command-args>([\s\S]*?)<\/command-args>/.exec(text)?.[1]?.trim() ?? '';
	return `${name.startsWith('/') ? name : `/${name}`}${args === '' ? '' : ` ${args}`}`;
}

function inputBlocks(blocks: readonly unknown[], leftOut: LeftOut): InputBlock[] {
	return blocks.flatMap((value): InputBlock[] => {
		const block = safeInputBlock(value);
		if (block) return block.type === 'text' && String(block.text).trim() === '' ? [] : [block];
		const kind = isRecord(value) && typeof value.type === 'string' ? value.type.slice(0, 40) : 'unknown';
		leftOut.add(`parts of the kind ${JSON.stringify(kind)}`);
		return [{ type: 'text', text: `[A part of the kind ${kind} was not imported]` }];
	});
}

function replyDrafts(step: ClaudeStep, { leftOut, callIds }: StepWorld): readonly EntryDraft[] {
	const messageId = step.lines[0]?.message?.id ?? step.lines[0]?.uuid ?? '';
	const drafts: EntryDraft[] = [];
	const calls: string[] = [];
	for (const value of step.lines.flatMap(blocksOf)) {
		const safe = safeAssistantBlock(value);
		if (!safe) {
			leftOut.add('parts of replies that cannot be sent again');
			continue;
		}
		const { block } = safe;
		if (block.type === 'text' && String(block.text).trim() === '') continue;
		if (block.type === 'thinking' && String(block.thinking).trim() === '') continue;
		if (block.type === 'tool_use') {
			const id = String(block.id);
			if (callIds.has(id)) {
				leftOut.add('repeated calls');
				continue;
			}
			callIds.add(id);
			calls.push(id);
		}
		drafts.push({ type: 'assistant', messageId, index: drafts.length, ...safe });
	}
	if (drafts.length === 0) return [];
	drafts.push(endedDraft(step, messageId, calls.length > 0));
	for (const id of calls) drafts.push(resultDraft(id, step, leftOut));
	if (calls.length === 0) drafts.push({ type: 'turnEnded', reason: 'endTurn', durationMs: 0 });
	return drafts;
}

/** Usage is repeated on each line of a reply and grows: the last counts. */
function endedDraft(step: ClaudeStep, messageId: string, hasCalls: boolean): EntryDraft<'assistantEnded'> {
	const messages = step.lines.flatMap((line) => line.message ?? []);
	const costs = step.lines.flatMap((line) => line.costUsd ?? []);
	const stopReason = messages.findLast((message) => message.stopReason !== undefined)?.stopReason;
	return {
		type: 'assistantEnded',
		messageId,
		requestId: null,
		model: messages.find((message) => message.model !== undefined)?.model ?? 'unknown',
		stopReason: hasCalls ? 'tool_use' : stopReason === undefined || stopReason === 'tool_use' ? 'end_turn' : stopReason,
		usage: usageOf(messages.findLast((message) => message.usage !== undefined)?.usage),
		costUsd: costs.at(-1) ?? null,
		timing: { queuedMs: 0, firstTokenMs: 0, totalMs: 0 },
	};
}

function usageOf(usage: NonNullable<ClaudeLine['message']>['usage']): Usage {
	const write = usage?.cache_creation_input_tokens ?? 0;
	return {
		inputTokens: usage?.input_tokens ?? 0,
		outputTokens: usage?.output_tokens ?? 0,
		cacheReadTokens: usage?.cache_read_input_tokens ?? 0,
		cacheWriteTokens: write,
		cacheWrite1hTokens: Math.min(write, usage?.cache_creation?.ephemeral_1h_input_tokens ?? 0),
	};
}

const NO_RESULT = 'Interrupted: the imported log holds no result of this call. Whether it took effect is not known.';

function resultDraft(id: string, step: ClaudeStep, leftOut: LeftOut): EntryDraft<'toolResult'> {
	const found = step.results.get(id);
	const toolUseId = asToolUseId(id);
	if (!found) {
		leftOut.add('missing results (closed as interrupted)');
		const content = [{ type: 'text' as const, text: NO_RESULT }];
		return { type: 'toolResult', toolUseId, isError: true, content, durationMs: 0, summary: 'interrupted' };
	}
	const { content: raw, is_error: isError } = found.block;
	const blocks = typeof raw === 'string' ? [{ type: 'text', text: raw }] : Array.isArray(raw) ? raw : [];
	return {
		type: 'toolResult',
		toolUseId,
		isError: isError === true,
		content: inputBlocks(blocks, leftOut),
		durationMs: 0,
	};
}

/** A rough measure for the figure of a boundary; English and code have about so many characters per token. */
const CHARS_PER_TOKEN = 3.6;

function compactionDrafts(step: ClaudeStep, parent: EntryId | null, world: StepWorld): readonly EntryDraft[] {
	const summary = step.lines.map(lineText).join('\n\n').trim();
	if (summary === '') return [];
	const facts = step.boundary?.compact;
	const until = keptFrom(step, world) ?? parent;
	// What it summarizes is not in this log (it was cut, or went on from another one): then the summary is all there is.
	if (until === null) return [{ type: 'user', content: [{ type: 'text', text: summary }] }];
	return [
		{
			type: 'compaction',
			replaces: { after: null, until },
			summary,
			restored: [],
			pins: [],
			by: facts?.trigger === 'auto' ? 'auto' : 'manual',
			tokensBefore: facts?.preTokens ?? 0,
			tokensAfter: facts?.postTokens ?? Math.ceil(summary.length / CHARS_PER_TOKEN),
		},
	];
}

/** Where messages were kept word for word: the entry before the first of them. */
function keptFrom(step: ClaudeStep, { ends, tree }: StepWorld): EntryId | undefined {
	const facts = step.boundary?.compact;
	const head = facts?.preservedSegment?.headUuid ?? facts?.preservedMessages?.uuids[0];
	const kept = head === undefined ? undefined : tree.stepOf(head);
	if (!kept) return undefined;
	for (let at = step.parent; at !== null; at = at.parent)
		if (at === kept) return (kept.parent && ends.get(kept.parent)) ?? undefined;
	return undefined;
}
