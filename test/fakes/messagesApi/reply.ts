/** What the stand-in answers: the words of a script, as plain JSON so that a prompt can carry one. */
import * as z from 'zod';

const replyBlockSchema = z.union([
	z.strictObject({ text: z.string() }),
	z.strictObject({ thinking: z.string() }),
	z.strictObject({ redactedThinking: z.string() }),
	/** A tool call. `json` sends this text as its input, whatever it is. */
	z.strictObject({
		tool: z.string(),
		input: z.unknown().optional(),
		json: z.string().optional(),
		id: z.string().optional(),
	}),
	/** A block sent whole in its start event, whatever it is. */
	z.strictObject({ raw: z.record(z.string(), z.unknown()) }),
]);

const faultSchema = z.enum([
	/** Stops sending in the middle and keeps the connection open. */
	'stall',
	/** Sends nothing at all, not even headers. */
	'silence',
	/** Drops the connection in the middle. */
	'reset',
	/** Ends the response in the middle, as a proxy does. */
	'eof',
	/** Sends an error event in the middle. */
	'overloaded',
	/** Sends an `api_error` event in the middle. */
	'apiError',
	/** Sends a line of data that is not JSON. */
	'garbage',
	/** Answers 200 with a web page. */
	'html',
	/** Answers with a redirect to another origin. */
	'redirect',
]);

export const scriptedReplySchema = z.strictObject({
	blocks: z.array(replyBlockSchema).optional(),
	/** Short for one text block. */
	text: z.string().optional(),
	/** Default: `tool_use` when there is a call, else `end_turn`. */
	stopReason: z.string().optional(),
	stopDetails: z.unknown().optional(),
	fault: faultSchema.optional(),
	/** How many events are sent before the fault. Default: half of them. */
	afterEvents: z.number().int().nonnegative().optional(),
	/** Answer with an HTTP error instead. */
	error: z
		.strictObject({
			status: z.number().int(),
			type: z.string().optional(),
			message: z.string().optional(),
			errorCode: z.string().optional(),
			headers: z.record(z.string(), z.string()).optional(),
		})
		.optional(),
	/** Pause between events, in ms. */
	delayMs: z.number().nonnegative().optional(),
	/** Pings sent before the first block, each after `delayMs`. */
	pings: z.number().int().nonnegative().optional(),
	/** Size of a text delta in characters. Default 24. */
	chunkChars: z.number().int().positive().optional(),
});
export type ScriptedReply = z.infer<typeof scriptedReplySchema>;
export type ReplyBlock = z.infer<typeof replyBlockSchema>;

/** Whether the reply is complete, so that the conversation goes on behind it. */
export function isWhole(reply: ScriptedReply): boolean {
	return reply.fault === undefined && reply.error === undefined;
}

/** The script in a prompt: a fenced block marked `script` that holds a JSON list of replies; undefined when there is none. */
export function scriptIn(text: string): readonly ScriptedReply[] | undefined {
	const json = /```script\s*\n([\s\S]*?)\n```/.exec(text)?.[1];
	return json === undefined ? undefined : z.array(scriptedReplySchema).parse(JSON.parse(json));
}
