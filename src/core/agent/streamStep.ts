/**
 * One request to the model, with its retries: appends each block as it completes and `assistantEnded` at the end.
 * Runs no tools and decides nothing about what the reply means.
 */
import { codeOf, isCancelled } from '../../base/errors.ts';
import { asToolUseId, type ToolUseId } from '../../base/ids.ts';
import { ModelError } from '../model/modelError.ts';
import type { ModelEvent, ModelReply, ModelRequest } from '../model/modelPort.ts';
import { costOf } from '../model/pricing.ts';
import { withRetry } from '../model/retry.ts';
import { isToolUseBlock, type ToolUseBlock } from '../session/content.ts';
import { foldEntries } from '../session/pathFold.ts';
import type { Session } from '../session/sessionTypes.ts';
import { CACHE_MISS, cacheMissNote } from './cacheMissNote.ts';
import type { TurnContext } from './runToolCall.ts';

/** `hasCutCall`: a tool call began and never completed, so it is not among `calls`. */
export type StepOutcome =
	| {
			readonly kind: 'replied';
			readonly reply: ModelReply;
			readonly calls: readonly ToolUseBlock[];
			readonly hasCutCall: boolean;
	  }
	| { readonly kind: 'stopped' };

/** Rejects with the last ModelError, or with what kept the log from being written. What was streamed until then is kept. */
export async function streamStep(request: ModelRequest, turn: TurnContext): Promise<StepOutcome> {
	const { session, ports, signal, onEvent } = turn;
	const stepStart = session.leaf;
	const previous = session.lastExchange;
	const queuedAt = ports.clock.now();
	let recorder = createRecorder(turn);

	const attempt = async (): Promise<StepOutcome> => {
		if (session.leaf !== stepStart && stepStart !== null)
			// The blocks of the failed attempt stay in the log, on a branch of their own.
			session.append({ type: 'rewind', to: stepStart, from: session.leaf, why: 'undo' });
		recorder = createRecorder(turn);
		session.setState('streaming');
		session.setLastExchange({ request, reply: undefined });
		onEvent({ kind: 'requestStarted' });
		const startedAt = ports.clock.now();
		const traceEnd = (code?: string) =>
			ports.trace({
				event: 'request',
				sessionId: session.id,
				durationMs: Math.max(0, ports.clock.now() - startedAt),
				...(code === undefined ? {} : { code }),
				detail: { model: request.model },
			});
		try {
			const reply = await recorder.run((listener, ownSignal) => ports.model.stream(request, listener, ownSignal));
			traceEnd();
			const missed = cacheMissNote(session, { previous, request, reply, startedAt });
			session.append({
				type: 'assistantEnded',
				messageId: recorder.messageId(),
				requestId: reply.requestId,
				model: reply.model,
				stopReason: reply.stopReason,
				...(reply.stopDetails == null ? {} : { stopDetails: reply.stopDetails }),
				usage: reply.usage,
				costUsd: costOf(reply.model, reply.usage),
				...(reply.diagnostics == null ? {} : { diagnostics: reply.diagnostics }),
				timing: {
					queuedMs: Math.max(0, startedAt - queuedAt),
					firstTokenMs: reply.firstTokenMs,
					totalMs: reply.totalMs,
				},
			});
			if (missed !== undefined) session.append({ type: 'notice', level: 'info', code: CACHE_MISS, text: missed });
			session.setLastExchange({ request, reply });
			return { kind: 'replied', reply, calls: recorder.calls, hasCutCall: recorder.hasCutCall() };
		} catch (thrown) {
			traceEnd(thrown instanceof ModelError ? thrown.kind : codeOf(thrown));
			throw thrown;
		}
	};

	try {
		return await withRetry(
			attempt,
			{
				clock: ports.clock,
				random: () => randomFrom(ports.ids.next()),
				onWait: ({ error, ...wait }) =>
					onEvent({ kind: 'retrying', ...wait, cause: error.kind, message: error.message }),
			},
			signal,
		);
	} catch (thrown) {
		if (signal.aborted && (isCancelled(thrown) || thrown instanceof ModelError)) {
			recorder.keepPartialText();
			return { kind: 'stopped' };
		}
		if (thrown instanceof ModelError) recorder.keepPartialText();
		throw thrown;
	}
}

type Recorder = {
	/** Complete tool calls of this attempt, in order. */
	readonly calls: readonly ToolUseBlock[];
	hasCutCall(): boolean;
	/** The id that the entries of this reply bear. */
	messageId(): string;
	/** Runs one attempt with a listener that appends. Rejects with what an append threw rather than with its consequences. */
	run(stream: (listener: (event: ModelEvent) => void, signal: AbortSignal) => Promise<ModelReply>): Promise<ModelReply>;
	/** Appends the text blocks that were cut; cut thinking and cut calls are dropped. */
	keepPartialText(): void;
};

function createRecorder({ session, ports, onEvent, signal }: TurnContext): Recorder {
	const calls: ToolUseBlock[] = [];
	const openTexts = new Map<number, string>();
	const openCalls = new Set<number>();
	const abort = new AbortController();
	let failed: { readonly error: unknown } | undefined;
	let messageId: string | undefined;
	const idOfMessage = () => {
		messageId ??= ports.ids.next();
		return messageId;
	};
	const ownIds = createOwnIds(session);

	const record = (event: ModelEvent): void => {
		switch (event.kind) {
			case 'started':
				messageId = event.messageId;
				break;
			case 'blockStarted':
				if (event.type === 'text') openTexts.set(event.index, '');
				if (event.type === 'tool_use') openCalls.add(event.index);
				break;
			case 'text':
				openTexts.set(event.index, (openTexts.get(event.index) ?? '') + event.text);
				break;
			case 'blockEnded':
				openTexts.delete(event.index);
				openCalls.delete(event.index);
				session.append({ type: 'assistant', messageId: idOfMessage(), index: event.index, block: event.block });
				if (isToolUseBlock(event.block)) calls.push(event.block);
				break;
			case 'thinking':
			case 'toolInput':
				break;
		}
	};
	return {
		calls,
		hasCutCall: () => openCalls.size > 0,
		messageId: idOfMessage,
		async run(stream) {
			const listener = (event: ModelEvent): void => {
				// After a stop or a failed append, what still trickles in is not part of the conversation.
				if (failed || signal.aborted) return;
				try {
					const own = ownIds.withOwnId(event);
					record(own);
					onEvent({ kind: 'model', event: own });
				} catch (error) {
					failed = { error };
					abort.abort();
				}
			};
			const reply = await stream(listener, AbortSignal.any([signal, abort.signal])).catch((thrown: unknown) => {
				throw failed ? failed.error : thrown;
			});
			if (failed) throw failed.error;
			return reply;
		},
		keepPartialText() {
			for (const [index, text] of openTexts) {
				if (text.trim() === '') continue;
				session.append({
					type: 'assistant',
					messageId: idOfMessage(),
					index,
					block: { type: 'text', text },
					partial: true,
				});
			}
			openTexts.clear();
		},
	};
}

type Ids = { readonly calls: Set<ToolUseId>; readonly messages: Set<string> };

/** One pair of sets for a log, which only grows: in an earlier answer stands what came later as well. */
const idsIn = foldEntries<Ids | undefined>(undefined, (known, entry) => {
	const ids: Ids = known ?? { calls: new Set(), messages: new Set() };
	if (entry.type === 'assistant' || entry.type === 'assistantEnded') ids.messages.add(entry.messageId);
	if (entry.type === 'assistant' && isToolUseBlock(entry.block)) ids.calls.add(entry.block.id);
	return ids;
});

/**
 * Some servers number the calls of each reply anew, or all alike, and name every reply alike. What belongs to a call or to a reply is
 * found by its id, so one that was there before gets an id of its own; the request then holds that one in the call and in its result.
 */
function createOwnIds(session: Session) {
	const byIndex = new Map<number, ToolUseId>();
	const isTaken = (id: ToolUseId): boolean =>
		[...byIndex.values()].includes(id) || idsIn(session.entries)?.calls.has(id) === true;
	const ownId = (index: number, id: ToolUseId): ToolUseId => {
		let own = byIndex.get(index);
		if (own === undefined) {
			own = id;
			for (let count = 2; isTaken(own); count++) own = asToolUseId(`${id}_${count}`);
			byIndex.set(index, own);
		}
		return own;
	};
	const ownMessageId = (id: string): string => {
		const messages = idsIn(session.entries)?.messages;
		let own = id;
		for (let count = 2; messages?.has(own); count++) own = `${id}_${count}`;
		return own;
	};
	return {
		withOwnId(event: ModelEvent): ModelEvent {
			if (event.kind === 'started') return { ...event, messageId: ownMessageId(event.messageId) };
			if (event.kind === 'blockStarted' && event.toolUseId !== undefined)
				return { ...event, toolUseId: ownId(event.index, asToolUseId(event.toolUseId)) };
			if (event.kind !== 'blockEnded' || !isToolUseBlock(event.block)) return event;
			const id = ownId(event.index, event.block.id);
			return id === event.block.id ? event : { ...event, block: { ...event.block, id } };
		},
	};
}

/** A number in [0, 1) from the random end of a UUIDv7. */
function randomFrom(id: string): number {
	return Number.parseInt(id.slice(-6), 16) / 0x1000000 || 0;
}
