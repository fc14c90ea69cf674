/** What tools know of commands in the background. Types only. */
import type { ToolUseId, UnixMs } from '../../base/ids.ts';
import type { SandboxPolicy } from '../sandbox/sandboxPort.ts';

export type BackgroundCommand = {
	readonly toolUseId: ToolUseId;
	/** What the model calls it. */
	readonly id: string;
	readonly command: string;
	readonly startedAt: UnixMs;
};
export type BackgroundRequest = {
	readonly toolUseId: ToolUseId;
	readonly command: string;
	readonly cwd: string;
	readonly sandbox?: SandboxPolicy;
};
export type BackgroundNews = {
	readonly text: string;
	readonly leftOutChars: number;
	/** Our words about how it ended; undefined while it runs. */
	readonly ended: string | undefined;
	readonly isFailed: boolean;
	/** What is to be said of the sandbox it ran in. */
	readonly notes?: readonly string[];
};
/** Who stopped it. */
export type Stopper = 'agent' | 'user' | 'rewind' | 'close';

export type Background = {
	/** Those that run, oldest first. */
	readonly running: readonly BackgroundCommand[];
	/** Rejects with UserError when it cannot be started, and with CancelledError when `signal` aborts first. */
	start(request: BackgroundRequest, signal: AbortSignal): Promise<BackgroundCommand>;
	/** What came since the last time; waits for news at most `waitMs`. Undefined when there is no command of this id. */
	read(id: string, waitMs: number, signal: AbortSignal): Promise<BackgroundNews | undefined>;
	/** Resolves when it is over and in the log; false when there is no such command, or it is over already. */
	stop(id: string, by: Stopper): Promise<boolean>;
	/** What they changed in files until now goes to the log. Rejects only when that cannot be written. */
	record(): Promise<void>;
};
