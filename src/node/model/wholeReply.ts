/**
 * An answer in one piece, where a stream was asked for: some gateways send that, with a message or with an error in it. Put into the events of a
 * stream, so that all else is the same. Trusts nothing about its shape.
 */
type WholeReply = { readonly events: readonly unknown[] } | { readonly error: Readonly<Record<string, unknown>> };

/** The events of the message in this text, or the body that holds an error; no events when it is something else. */
export function readWholeReply(text: string): WholeReply {
	const body = parsed(text);
	if (!isRecord(body)) return { events: [] };
	if (isRecord(body.error)) return { error: body };
	if (body.type !== 'message' || !Array.isArray(body.content)) return { events: [] };
	const { content, stop_reason, stop_details, usage } = body;
	const events = [
		{ type: 'message_start', message: { ...body, content: [] } },
		...content.flatMap((content_block: unknown, index) => [
			{ type: 'content_block_start', index, content_block },
			{ type: 'content_block_stop', index },
		]),
		{ type: 'message_delta', delta: { stop_reason, stop_details }, usage },
		{ type: 'message_stop' },
	];
	return { events };
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
