/**
 * Builds branches of conversation entries by hand, for tests that need no session. Ids are UUIDv7-like and increase; each
 * conversation entry is the child of the one before it. `rewindTo` goes on from an earlier entry.
 */
import { asEntryId, asSessionId, asToolUseId, asUnixMs, type EntryId } from '../../src/base/ids.ts';
import type { AssistantBlock, StoredInputBlock, Usage } from '../../src/core/session/content.ts';
import {
	type Entry,
	type EntryDraft,
	type EntryOf,
	type EntryType,
	isConversation,
	parseEntry,
} from '../../src/core/session/entry.ts';

export type EntryBuilder = {
	/** Every entry, in file order. The same array, growing. */
	readonly entries: Entry[];
	/** The path from the root to the leaf. A new array each time. */
	branch(): Entry[];
	add<T extends EntryType>(draft: EntryDraft<T>): EntryOf<T>;
	rewindTo(id: EntryId | null): void;
	readonly leaf: EntryId | null;

	user(text: string): EntryOf<'user'>;
	userBlocks(content: readonly StoredInputBlock[]): EntryOf<'user'>;
	reminder(text: string): void;
	/** A whole reply. `stopReason` null = it was cut and has no assistantEnded. Returns its messageId. */
	reply(blocks: readonly AssistantBlock[], options?: ReplyOptions): string;
	result(toolUseId: string, text: string, isError?: boolean): EntryOf<'toolResult'>;
	turnEnded(reason?: EntryOf<'turnEnded'>['reason']): void;
	interrupted(): void;
};
export type ReplyOptions = {
	readonly stopReason?: string | null;
	readonly usage?: Partial<Usage>;
	readonly model?: string;
	readonly costUsd?: number | null;
	/** The last block, a text, was cut. */
	readonly isPartial?: boolean;
};

export const text = (value: string): AssistantBlock => ({ type: 'text', text: value });
export const thinking = (value: string): AssistantBlock => ({
	type: 'thinking',
	thinking: value,
	signature: `sig:${value.length}`,
});
export const toolUse = (id: string, name: string, input: unknown): AssistantBlock => ({
	type: 'tool_use',
	id: asToolUseId(id),
	name,
	input,
});

export function entryBuilder(sessionId = '00000000-0000-7000-8000-000000000001'): EntryBuilder {
	const entries: Entry[] = [];
	const byId = new Map<EntryId, Entry>();
	let leaf: EntryId | null = null;
	let count = 0;
	let messages = 0;

	const add = <T extends EntryType>(draft: EntryDraft<T>): EntryOf<T> => {
		count++;
		const base = {
			v: 1,
			id: asEntryId(`${count.toString(16).padStart(8, '0')}-0000-7000-8000-000000000000`),
			parentId: leaf,
			sessionId: asSessionId(sessionId),
			agentId: 'main',
			gen: 1,
			timestamp: asUnixMs(1_700_000_000_000 + count),
			cwd: '/project',
			mode: 'ask',
		};
		// Through JSON and the door, as an entry of a reopened session would come.
		const entry = parseEntry(JSON.parse(JSON.stringify({ ...base, ...draft })));
		entries.push(entry);
		byId.set(entry.id, entry);
		if (isConversation(entry)) leaf = entry.id;
		return entry as unknown as EntryOf<T>;
	};

	return {
		entries,
		add,
		get leaf() {
			return leaf;
		},
		branch() {
			const path: Entry[] = [];
			for (let id = leaf; id !== null; ) {
				const entry = byId.get(id);
				if (!entry) break;
				path.push(entry);
				id = entry.parentId;
			}
			return path.reverse();
		},
		rewindTo(id) {
			add({ type: 'rewind', to: id, from: leaf, why: 'rewind' });
			leaf = id;
		},
		user: (value) => add({ type: 'user', content: [{ type: 'text', text: value }] }),
		userBlocks: (content) => add({ type: 'user', content: [...content] }),
		reminder: (value) => void add({ type: 'reminder', text: value }),
		reply(blocks, options = {}) {
			messages++;
			const messageId = `msg_${messages}`;
			blocks.forEach((block, index) => {
				const isCut = options.isPartial === true && index === blocks.length - 1;
				add({ type: 'assistant', messageId, index, block, ...(isCut ? { partial: true } : {}) });
			});
			const hasCalls = blocks.some((block) => block.type === 'tool_use');
			const stopReason = options.stopReason === undefined ? (hasCalls ? 'tool_use' : 'end_turn') : options.stopReason;
			if (stopReason !== null) {
				add({
					type: 'assistantEnded',
					messageId,
					requestId: `req_${messages}`,
					model: options.model ?? 'claude-opus-5-5',
					stopReason,
					usage: {
						inputTokens: 0,
						outputTokens: 0,
						cacheReadTokens: 0,
						cacheWriteTokens: 0,
						cacheWrite1hTokens: 0,
						...options.usage,
					},
					costUsd: options.costUsd === undefined ? 0.01 : options.costUsd,
					timing: { queuedMs: 0, firstTokenMs: 0, totalMs: 0 },
				});
			}
			return messageId;
		},
		result: (toolUseId, value, isError = false) =>
			add({
				type: 'toolResult',
				toolUseId: asToolUseId(toolUseId),
				isError,
				content: [{ type: 'text', text: value }],
				durationMs: 1,
			}),
		turnEnded: (reason = 'endTurn') => void add({ type: 'turnEnded', reason, durationMs: 1 }),
		interrupted: () => void add({ type: 'interrupted', reason: 'stop' }),
	};
}
