/** What a page of the chat asks VS Code to keep for it. Parsed when it comes back: an older version may have written it. */
import * as z from 'zod';

const pageStateSchema = z.object({ sessionId: z.string().optional(), composer: z.unknown() });
export type KeptPageState = z.infer<typeof pageStateSchema>;
const headSchema = z.object({ head: z.object({ sessionId: z.string() }) });

/** Undefined for anything else. */
export const parsePageState = (value: unknown): KeptPageState | undefined => pageStateSchema.safeParse(value).data;

/** The session that a message to the page is about, when it says so. */
export const sessionOfMessage = (message: unknown): string | undefined =>
	headSchema.safeParse(message).data?.head.sessionId;
