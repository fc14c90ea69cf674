/** The port to commands that go on after the call that started them. Types only; `node/` implements it. */
import type { SandboxPolicy } from '../sandbox/sandboxPort.ts';

export type BackgroundEnd = {
	/** Null when it was killed. */
	readonly exitCode: number | null;
	readonly isStopped: boolean;
};

export type RunningProcess = {
	/** Resolves when it is over, all that it started and that holds its output included. Never rejects. */
	readonly ended: Promise<BackgroundEnd>;
	/** Protected things that are there now and were not when it began; only of a command in a sandbox. */
	madeProtected?(): readonly string[];
	/** Ends it with all that it started and resolves when it is over. May be called twice. */
	stop(): Promise<void>;
};

export type BackgroundShell = {
	/**
	 * Starts the command in a process group of its own, which does not outlive this host. `onOutput` gets stdout and stderr in the order they
	 * came. Throws UserError as `Shell.run` rejects.
	 */
	start(request: {
		readonly command: string;
		readonly cwd: string;
		readonly onOutput: (text: string) => void;
		readonly sandbox?: SandboxPolicy;
	}): RunningProcess;
	/** Ends what commands of before left running, and says how many processes that were. */
	endLeft(): Promise<number>;
};
