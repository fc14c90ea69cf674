/**
 * What the windows of one workspace tell one another beside the logs: which sessions each has open (`running/*.json`), and what
 * becomes of a log that another window writes. Types, the format and names; files and timers are node's.
 */
import * as z from 'zod';
import type { Disposable } from '../../base/disposable.ts';
import type { Event } from '../../base/emitter.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';

const runningSessionSchema = z.object({
	sessionId: z.string().min(1).transform(asSessionId),
	title: z.string(),
	state: z.enum(['idle', 'running', 'needsUser']),
	/** Unix ms; when it came to this state. */
	since: z.number(),
	/** Files that it wrote in the last minutes, with the time of each. */
	writes: z.array(z.object({ root: z.string(), rel: z.string(), at: z.number() })).optional(),
});
export type RunningSession = Readonly<z.infer<typeof runningSessionSchema>>;

const windowFileSchema = z.object({
	host: z.string(),
	/** Names one start of that machine. */
	bootId: z.string(),
	pid: z.number().int(),
	/** A name for the window that a person may recognise. */
	window: z.string(),
	sessions: z.array(runningSessionSchema),
});
export type WindowFile = z.infer<typeof windowFileSchema>;

/** A session that another window has open. */
export type OtherSession = RunningSession & { readonly window: string };

export type SessionRegistry = Disposable & {
	/** What the other windows that are alive have open. */
	others(): readonly OtherSession[];
	readonly onDidChange: Event<void>;
	/** Says what this window has open; an empty list takes its file away. Written soon, and once for a burst. */
	publish(sessions: readonly RunningSession[]): void;
	/** Takes this window's file away. */
	close(): Promise<void>;
};

/** A log as it is now. `holder` may write it. */
export type LogNow = { readonly sizeBytes: number; readonly holder: 'nobody' | 'us' | 'other' };

/** Calls `onChange` after every change, soon; looks at least every `everyMs`, and not again before `onChange` is done. */
export type WatchLog = (
	id: SessionId,
	onChange: (now: LogNow) => Promise<void>,
	options?: { readonly everyMs?: number },
) => Disposable;

/** Undefined for a file that is being written, is damaged, or is of another version. */
export function parseWindowFile(text: string): WindowFile | undefined {
	try {
		return windowFileSchema.parse(JSON.parse(text));
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
		throw error;
	}
}

/** The title itself when no other session has it, else with the first free number: `Fix the tests (2)`. */
export function distinctTitle(title: string, taken: Iterable<string>): string {
	const known = new Set([...taken].map(comparable));
	if (!known.has(comparable(title))) return title;
	const stem = title.replace(/ \((\d{1,4})\)$/, '');
	for (let number = 2; ; number++) {
		const next = `${stem} (${number})`;
		if (!known.has(comparable(next))) return next;
	}
}

/** Names that a person cannot tell apart are the same. */
const comparable = (title: string): string => title.normalize('NFC').trim().toLowerCase();
