/** Sends one reply as server-sent events, with the pauses and faults its script asks for. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from './canonical.ts';
import type { ScriptedReply } from './reply.ts';

const DEFAULT_CHUNK_CHARS = 24;

export type WholeReply = {
	readonly messageId: string;
	readonly model: string;
	readonly blocks: readonly Json[];
	/** Texts of tool inputs that are sent as they are, by block index. */
	readonly inputTexts: ReadonlyMap<number, string>;
	readonly stopReason: string;
	readonly stopDetails: unknown;
	readonly startUsage: Json;
	readonly endUsage: Json;
	readonly diagnostics: unknown;
};

export function startMessage(reply: WholeReply): Json {
	return {
		id: reply.messageId,
		type: 'message',
		role: 'assistant',
		model: reply.model,
		content: [],
		container: null,
		diagnostics: reply.diagnostics,
		stop_reason: null,
		stop_sequence: null,
		stop_details: null,
		usage: reply.startUsage,
	};
}

/** All events of the reply, in order. */
export function eventsOf(reply: WholeReply, chunkChars = DEFAULT_CHUNK_CHARS): readonly Json[] {
	const events: Json[] = [{ type: 'message_start', message: startMessage(reply) }];
	for (const [index, block] of reply.blocks.entries()) {
		const { start, deltas } = splitBlock(block, reply.inputTexts.get(index), chunkChars);
		events.push({ type: 'content_block_start', index, content_block: start });
		for (const delta of deltas) events.push({ type: 'content_block_delta', index, delta });
		events.push({ type: 'content_block_stop', index });
	}
	const { stopReason, stopDetails, endUsage } = reply;
	events.push({
		type: 'message_delta',
		delta: { stop_reason: stopReason, stop_sequence: null, stop_details: stopDetails, container: null },
		usage: endUsage,
	});
	events.push({ type: 'message_stop' });
	return events;
}

export async function sendEvents(
	response: ServerResponse,
	events: readonly Json[],
	script: ScriptedReply,
	requestId: string,
	onWrite: (type: unknown) => void = () => undefined,
): Promise<void> {
	response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'request-id': requestId });
	const { fault, delayMs } = script;
	const stopAt = fault ? (script.afterEvents ?? Math.floor(events.length / 2)) : events.length;
	for (const [index, event] of events.slice(0, stopAt).entries()) {
		if (delayMs !== undefined) await sleep(delayMs);
		if (response.destroyed) return;
		onWrite(event.type);
		writeEvent(response, event);
		if (index > 0) continue;
		for (let count = 0; count < (script.pings ?? 0); count++) {
			if (delayMs !== undefined) await sleep(delayMs);
			writeEvent(response, { type: 'ping' });
		}
	}
	switch (fault) {
		case 'stall':
			return;
		case 'reset':
			// What was written goes out first, so that the drop is really in the middle.
			setImmediate(() => response.socket?.resetAndDestroy());
			return;
		case 'overloaded':
			writeEvent(response, errorBody('overloaded_error', 'Overloaded', requestId));
			break;
		case 'apiError':
			writeEvent(response, errorBody('api_error', 'Internal server error', requestId));
			break;
		case 'garbage':
			response.write('event: content_block_delta\ndata: {"type":\n\n');
			break;
		default:
			break;
	}
	response.end();
}

export function errorBody(type: string, message: string, requestId: string, errorCode?: string): Json {
	const details = errorCode === undefined ? {} : { details: { error_code: errorCode } };
	return { type: 'error', error: { type, message, ...details }, request_id: requestId };
}

function writeEvent(response: ServerResponse, event: Json): void {
	response.write(`event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`);
}

function splitBlock(
	block: Json,
	inputText: string | undefined,
	chunkChars: number,
): { readonly start: Json; readonly deltas: readonly Json[] } {
	switch (block.type) {
		case 'text': {
			const deltas = chunks(String(block.text), chunkChars).map((text) => ({ type: 'text_delta', text }));
			return { start: { ...block, text: '' }, deltas };
		}
		case 'thinking': {
			const deltas: Json[] = chunks(String(block.thinking), chunkChars).map((thinking) => ({
				type: 'thinking_delta',
				thinking,
			}));
			deltas.push({ type: 'signature_delta', signature: block.signature });
			return { start: { ...block, thinking: '', signature: '' }, deltas };
		}
		case 'tool_use': {
			const json = inputText ?? JSON.stringify(block.input);
			const pieces = json === '{}' ? [] : ['', ...chunks(json, chunkChars)];
			return {
				start: { ...block, input: {} },
				deltas: pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
			};
		}
		default:
			return { start: block, deltas: [] };
	}
}

/** Cut by code points, so that no surrogate pair is torn, as the service does. */
function chunks(text: string, size: number): readonly string[] {
	const points = [...text];
	const pieces: string[] = [];
	for (let start = 0; start < points.length; start += size) pieces.push(points.slice(start, start + size).join(''));
	return pieces;
}
