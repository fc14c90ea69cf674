/** What hooks are: commands of the user's that run at fixed points of the work, in the file format of Claude Code. Types and fixed words only. */

export const HOOK_POINTS = [
	'SessionStart',
	'UserPromptSubmit',
	'PreToolUse',
	'PostToolUse',
	'PreCompact',
	'PostCompact',
	'SubagentStop',
	'Stop',
	'Notification',
	'SessionEnd',
] as const;
export type HookPoint = (typeof HOOK_POINTS)[number];

/** Where a hook is written: the user's own file, the project's two, or the setting `retrace.hooks`. */
export type HookSource = 'user' | 'project' | 'local' | 'settings';

export type Hook = {
	readonly point: HookPoint;
	/** Which tools, or causes, it is for; see `hookPattern.ts`. Empty = all. */
	readonly matcher: string;
	readonly command: string;
	readonly timeoutMs: number;
	readonly source: HookSource;
	/** What it gets as `CLAUDE_PROJECT_DIR`. */
	readonly projectDir: string;
};

export type HookRequest = {
	readonly command: string;
	readonly cwd: string;
	readonly projectDir: string;
	/** JSON for its standard input. */
	readonly input: string;
	readonly timeoutMs: number;
};

/** How a hook's process ended. Nothing here is an error of ours. */
export type HookRun = {
	readonly reason: 'exited' | 'timedOut' | 'cancelled' | 'flooded' | 'notStarted';
	/** Null unless it exited by itself. */
	readonly exitCode: number | null;
	/** At most some 100 KB of each; what is beyond is left out. */
	readonly stdout: string;
	readonly stderr: string;
	readonly durationMs: number;
};

/** Runs one command in a process group of its own, with no `ANTHROPIC_*` in its environment. Never rejects; nothing of it is left when it resolves. */
export type RunHook = (request: HookRequest, signal: AbortSignal) => Promise<HookRun>;

/** What the turns of one session need for hooks. Not there, or an empty list: no hook costs anything. */
export type Hooks = {
	/** Those that may run now: consented to, in a trusted workspace. In the order in which their words count. */
	list(): readonly Hook[];
	readonly run: RunHook;
	/** Where the log of the session is; empty for one in memory. */
	readonly transcriptPath: string;
	/** What the session's life in this window is so far: shared by its turns, changed by them. */
	readonly life: { isStarted: boolean };
	/** Set in the turns of a subagent: it ends with SubagentStop, and has no SessionStart and no UserPromptSubmit. */
	readonly agent?: { readonly id: string; readonly type: string };
};
