/** What the user is asked before a tool runs, and what they answer. Types only. */
import type { ScanLimits } from '../checkpoint/fileScanner.ts';

/** Where a rule holds: in this session, in this workspace, or everywhere. */
export type RuleScope = 'session' | 'workspace' | 'user';

export type AskedPart = {
	/** As it is written. */
	readonly text: string;
	readonly kind: 'allow' | 'ask' | 'deny';
	/** A sentence without a dot. */
	readonly cause: string;
};

export type PermissionRequest = {
	readonly toolUseId: string;
	readonly tool: string;
	/** The exact command, path or pattern, in full. */
	readonly target: string;
	/** Why it asks, as a sentence without a dot. */
	readonly cause: string;
	/** The rule that *Always allow* would add; absent when none may be added (protected paths). */
	readonly rule?: string;
	/** Instead of `rule`, where it takes several. */
	readonly rules?: readonly string[];
	/** What was found out about each part of a compound command. */
	readonly parts?: readonly AskedPart[];
	/** What it could change that cannot be brought back, as soon as that is known. Never rejects. */
	readonly limits?: Promise<ScanLimits>;
	/** Files whose unsaved changes it would not see; not empty. */
	readonly unsaved?: readonly string[];
	/** The subagent that wants it; absent = the session's own agent. */
	readonly agent?: string;
	/** It is a file that asks for rules: `target` lists them, and this is the file, as a person knows it. `deny` asks as always. */
	readonly grant?: string;
	/** It is a command that runs in a sandbox and wants to reach this site; `target` has its port as well. */
	readonly site?: string;
	/** It is the turn that asks whether to go on, not a tool: what the button says. `deny` then ends the turn. */
	readonly goOn?: string;
};
export type PermissionAnswer = {
	readonly verdict: 'allowOnce' | 'alwaysAllow' | 'deny';
	/** Of `alwaysAllow`; default `session`. */
	readonly scope?: RuleScope;
	readonly reason?: string;
};
