/** What the tests of export and import share: a store in memory, a session to export, an archive without a file. */
import { createHash } from 'node:crypto';
import { asToolUseId, type SessionId } from '../../../src/base/ids.ts';
import type { EntryDraft } from '../../../src/core/session/entry.ts';
import { type OpenSessionOptions, openSession } from '../../../src/core/session/session.ts';
import type { Session } from '../../../src/core/session/sessionTypes.ts';
import type { Bundle, ExportWorld } from '../../../src/core/transfer/makeBundle.ts';
import type { AgentLines, ImportFile, PartSum } from '../../../src/core/transfer/transferPorts.ts';
import { createMemorySessionStore } from '../../../src/node/store/memorySessionStore.ts';
import { createFakeClock, createFakeIds } from '../../fakes/fakeClock.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';

export const signal = new AbortController().signal;
export const ROOTS = [{ name: 'app', path: '/home/ann/app' }];
export const REDACTED = { isRedacted: true, roots: ROOTS, home: '/home/ann', knownSecrets: ['my-configured-key-1'] };
export const AS_IT_IS = { ...REDACTED, isRedacted: false };

export function createTransferWorld(idsFromMs?: number) {
	const sessions = createMemorySessionStore();
	const logs = new Map<string, string[]>();
	const agentLogs: AgentLines = {
		list: async (id) => [...logs.keys()].flatMap((key) => (key.startsWith(`${id}/`) ? [key.slice(id.length + 1)] : [])),
		read: async (id, agentId) => logs.get(`${id}/${agentId}`) ?? [],
		async append(id, agentId, lines) {
			logs.set(`${id}/${agentId}`, [...(logs.get(`${id}/${agentId}`) ?? []), ...lines]);
		},
		async discard(id) {
			for (const key of logs.keys()) if (key.startsWith(`${id}/`)) logs.delete(key);
		},
	};
	const blobs = createMemoryBlobStore();
	const clock = createFakeClock();
	const ids = createFakeIds(idsFromMs);
	const defaults = {
		cwd: '/new/app',
		mode: 'auto' as const,
		model: 'claude-sonnet-5-5',
		roots: ['/new/app'],
		extensionVersion: '1',
	};
	const options: OpenSessionOptions = { store: sessions, blobs, clock, ids, defaults, trace: () => undefined };
	const world: ExportWorld = { sessions, blobs, agentLogs, clock, extensionVersion: '1' };
	return {
		...world,
		...options,
		ids,
		logs,
		open: (id?: SessionId): Promise<Session> => openSession(id === undefined ? options : { ...options, id }),
	};
}
export type TransferTestWorld = ReturnType<typeof createTransferWorld>;

/** The parts of a bundle as reading its file would give them. */
export async function archiveOf(bundle: Bundle): Promise<Extract<ImportFile, { kind: 'archive' }>> {
	const parts = new Map<string, Uint8Array<ArrayBuffer>>();
	const sums: PartSum[] = [];
	for await (const part of bundle.parts(signal)) {
		const chunks: Buffer[] = [];
		for await (const chunk of part.chunks) chunks.push(Buffer.from(chunk));
		const bytes = new Uint8Array(Buffer.concat(chunks));
		parts.set(part.name, bytes);
		sums.push(sumOf(part.name, bytes));
	}
	const { name, text } = bundle.last(sums);
	parts.set(name, new TextEncoder().encode(text));
	return { kind: 'archive', parts };
}

export const sumOf = (name: string, bytes: Uint8Array): PartSum => ({
	name,
	sizeBytes: bytes.length,
	sha256: sha256(bytes),
});
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export async function textOf(chunks: AsyncIterable<string>): Promise<string> {
	let whole = '';
	for await (const chunk of chunks) whole += chunk;
	return whole;
}

const usage = { inputTokens: 5, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0, cacheWrite1hTokens: 0 };
let calls = 0;

/** A prompt and the reply to it, with a call in between when `tool` is given. */
export function turn(
	prompt: string,
	answer: string,
	tool?: { readonly name: string; readonly input: object; readonly output: string },
) {
	const id = `toolu_${++calls}`;
	const ended = (messageId: string, stopReason: string): EntryDraft<'assistantEnded'> => ({
		type: 'assistantEnded',
		messageId,
		requestId: null,
		model: 'claude-sonnet-5-5',
		stopReason,
		usage,
		costUsd: 0.25,
		timing: { queuedMs: 0, firstTokenMs: 1, totalMs: 2 },
	});
	const call: EntryDraft[] = tool
		? [
				{
					type: 'assistant',
					messageId: `${id}a`,
					index: 0,
					block: { type: 'thinking', thinking: 'hm', signature: 'sig' },
				},
				{
					type: 'assistant',
					messageId: `${id}a`,
					index: 1,
					block: { type: 'tool_use', id: asToolUseId(id), name: tool.name, input: tool.input },
				},
				ended(`${id}a`, 'tool_use'),
				{ type: 'toolStarted', toolUseId: asToolUseId(id) },
				{
					type: 'toolResult',
					toolUseId: asToolUseId(id),
					isError: false,
					content: [{ type: 'text', text: tool.output }],
					durationMs: 1,
				},
			]
		: [];
	const drafts: EntryDraft[] = [
		{ type: 'user', content: [{ type: 'text', text: prompt }] },
		...call,
		{ type: 'assistant', messageId: `${id}b`, index: 0, block: { type: 'text', text: answer } },
		ended(`${id}b`, 'end_turn'),
		{ type: 'turnEnded', reason: 'endTurn', durationMs: 5 },
	];
	return drafts;
}
