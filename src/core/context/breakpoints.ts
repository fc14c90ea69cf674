/**
 * Where the prompt cache may be read and written: at most four marks on a request. The marks are not part of "the same bytes":
 * they move from request to request while what they mark stays.
 */
import type { ApiMessage, ToolDefinition } from '../model/modelPort.ts';
import type { TextBlock } from '../session/content.ts';

type Ttl = '5m' | '1h';
type CacheControl = { readonly type: 'ephemeral'; readonly ttl?: Ttl };

/** Messages, counted from the end, whose last block is marked: the newest one is written, the one before it is read. */
const MARKED_USER_MESSAGES = 2;

/** The last tool, marked. */
export function markTools(tools: readonly ToolDefinition[], ttl: Ttl): readonly ToolDefinition[] {
	return markLast(tools, ttl);
}

/** The end of the frozen context, marked. */
export function markSystem(system: readonly TextBlock[], ttl: Ttl): readonly TextBlock[] {
	return markLast(system, ttl);
}

/** The last two user messages, marked at their last block, tool results included. */
export function markMessages(messages: readonly ApiMessage[], ttl: Ttl): readonly ApiMessage[] {
	const marked = [...messages];
	let left = MARKED_USER_MESSAGES;
	for (let index = marked.length - 1; index >= 0 && left > 0; index--) {
		const message = marked[index];
		if (message?.role !== 'user') continue;
		marked[index] = { role: 'user', content: markLast(message.content, ttl) };
		left--;
	}
	return marked;
}

function markLast<T extends object>(blocks: readonly T[], ttl: Ttl): readonly T[] {
	const last = blocks.at(-1);
	if (!last) return blocks;
	return [...blocks.slice(0, -1), { ...last, cache_control: cacheControl(ttl) }];
}

/** Five minutes is the default of the API and is left out. */
function cacheControl(ttl: Ttl): CacheControl {
	return ttl === '5m' ? { type: 'ephemeral' } : { type: 'ephemeral', ttl };
}
