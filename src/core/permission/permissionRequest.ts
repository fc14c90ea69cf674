/** What the user is asked before a tool runs, and what they answer. Types only. */
import type { ScanLimits } from '../checkpoint/fileScanner.ts';

export type PermissionRequest = {
	readonly toolUseId: string;
	readonly tool: string;
	/** The exact command, path or pattern, in full. */
	readonly target: string;
	/** Why it asks, as a sentence without a dot. */
	readonly cause: string;
	/** The rule that *Always allow* would add; absent when none may be added (protected paths). */
	readonly rule?: string;
	/** What it could change that cannot be brought back, as soon as that is known. Never rejects. */
	readonly limits?: Promise<ScanLimits>;
	/** Files whose unsaved changes it would not see; not empty. */
	readonly unsaved?: readonly string[];
	/** The subagent that wants it; absent = the session's own agent. */
	readonly agent?: string;
	/** It is the turn that asks whether to go on, not a tool: what the button says. `deny` then ends the turn. */
	readonly goOn?: string;
};
export type PermissionAnswer = {
	readonly verdict: 'allowOnce' | 'alwaysAllow' | 'deny';
	readonly reason?: string;
};
