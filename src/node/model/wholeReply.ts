/**
 * An answer in one piece, where a stream was asked for: some gateways send that, with a message or with an error in it. Put into the events of a
 * stream, so that all else is the same. Trusts nothing about its shape.
 */
import { APIError } from '@anthropic-ai/sdk/core/error';

/** The events of the message in this text; undefined when it holds none. Throws APIError when it holds an error. */
export function eventsOfWhole(text: string, headers: Headers): readonly unknown[] | undefined {
	const body = parsed(text);
	if (!isRecord(body)) return undefined;
	// The status said that all is well, so only the words tell what happened.
	if (isRecord(body.error)) throw new APIError(undefined, body, undefined, headers);
	if (body.type !== 'message' || !Array.isArray(body.content)) return undefined;
	const { content, stop_reason, stop_details, usage } = body;
	return [
		{ type: 'message_start', message: { ...body, content: [] } },
		...content.flatMap((content_block: unknown, index) => [
			{ type: 'content_block_start', index, content_block },
			{ type: 'content_block_stop', index },
		]),
		{ type: 'message_delta', delta: { stop_reason, stop_details }, usage },
		{ type: 'message_stop' },
	];
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
