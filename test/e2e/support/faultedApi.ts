// The Messages API stand-in with replies that a test lines up, and what must hold after any fault: the log is whole and the next request is sound.
import assert from 'node:assert/strict';
import type { ScriptedReply } from '../../fakes/messagesApi/reply.ts';
import { type MessagesApi, startMessagesApi } from '../../fakes/messagesApi/startMessagesApi.ts';
import { readSessionLogs, type SessionLog } from './sessionLogs.ts';
import { until } from './until.ts';

export interface FaultedApi {
	readonly api: MessagesApi;
	/** The next requests are answered with these, in order; after them with `Done.` */
	lineUp(...replies: readonly ScriptedReply[]): void;
	/** Stops listening, as a network that is gone. */
	disconnect(): Promise<void>;
	/** Listens on the same port again; `api` is a new one. */
	reconnect(): Promise<void>;
}

export async function startFaultedApi(): Promise<FaultedApi> {
	let replies: ScriptedReply[] = [];
	const start = (port: number) => startMessagesApi({ port, script: () => replies.shift() });
	let api = await start(0);
	const port = Number(new URL(api.url).port);
	return {
		get api() {
			return api;
		},
		lineUp(...next) {
			assert.deepEqual(replies, [], 'a reply of the case before was not asked for');
			replies = [...next];
		},
		disconnect: () => api.close(),
		async reconnect() {
			api = await start(port);
		},
	};
}

type Fields = Readonly<Record<string, unknown>>;

/** The log that holds this prompt, once its newest turn has ended and nothing more is written because of it. */
export async function endedLog(userDataDir: string, prompt: string): Promise<SessionLog> {
	return await until(`the turn of "${prompt.slice(0, 40)}" has ended in the log`, () => {
		const log = readSessionLogs(userDataDir).find(({ text }) => text.includes(JSON.stringify(prompt).slice(1, -1)));
		const end = log?.entries.findLastIndex(({ type }) => type === 'user' || type === 'turnEnded') ?? -1;
		// A tail follows each turn.
		const isOver =
			log?.entries[end]?.type === 'turnEnded' && log.entries.slice(end).some(({ type }) => type === 'tail');
		return isOver ? log : undefined;
	});
}

export const newestEnd = (log: SessionLog): Fields | undefined =>
	log.entries.findLast(({ type }) => type === 'turnEnded');

/** Each tool call of the branch has exactly one result. Answers the results' texts by the tool's name. */
export function pairedResults(log: SessionLog): ReadonlyMap<string, string> {
	const branch = branchOf(log);
	const results = branch.filter(({ type }) => type === 'toolResult');
	const texts = new Map<string, string>();
	for (const { block } of branch.filter(({ type }) => type === 'assistant')) {
		if (!isFields(block) || block.type !== 'tool_use') continue;
		const own = results.filter(({ toolUseId }) => toolUseId === block.id);
		assert.equal(own.length, 1, `${String(block.name)} has ${own.length} results`);
		texts.set(String(block.id), JSON.stringify(own[0]?.content));
	}
	return texts;
}

/** From the leaf to the root, by the plain rule: the newest conversation entry, or what the newest rewind names. */
function branchOf(log: SessionLog): Fields[] {
	const byId = new Map(log.entries.map((entry) => [entry.id, entry]));
	let leaf: unknown;
	for (const entry of log.entries) {
		if (entry.type === 'rewind') leaf = entry.to;
		else if (CONVERSATION.has(String(entry.type))) leaf = entry.id;
	}
	const branch: Fields[] = [];
	for (let entry = byId.get(leaf); entry !== undefined; entry = byId.get(entry.parentId)) branch.unshift(entry);
	return branch;
}

const CONVERSATION: ReadonlySet<string> = new Set([
	'user',
	'attachment',
	'assistant',
	'assistantEnded',
	'toolResult',
	'reminder',
	'interrupted',
	'turnEnded',
]);

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
