/**
 * The three kinds of error that are thrown. (The fourth kind of failure, an expected outcome, is data and is returned.)
 * Caught at four barriers only: command, panel message, tool call, turn.
 */

/** Something the user can fix. `message` says what happened, what is safe and what to do next; it is shown as it is. */
export class UserError extends Error {
	readonly code: string;
	constructor(code: string, message: string, options?: ErrorOptions) {
		super(message, options);
		this.name = 'UserError';
		this.code = code;
	}
}

/** The user (or a parent task) cancelled. Never shown. */
export class CancelledError extends Error {
	constructor(message = 'Cancelled', options?: ErrorOptions) {
		super(message, options);
		this.name = 'CancelledError';
	}
}

/** The reason to abort with when the session closes: what runs is interrupted, and nobody stopped it. */
export class SessionClosedError extends CancelledError {
	constructor() {
		super('The session was closed');
		this.name = 'SessionClosedError';
	}
}

/** A broken assumption of ours. Logged with its stack; ends the turn, never the session. */
export class BugError extends Error {
	constructor(message: string, options?: ErrorOptions) {
		super(message, options);
		this.name = 'BugError';
	}
}

/** The text to show for anything that was thrown. */
export function messageOf(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown);
}

/** True for our own cancellation and for the abort errors of Node and the browser. */
export function isCancelled(thrown: unknown): boolean {
	return thrown instanceof CancelledError || (thrown instanceof Error && thrown.name === 'AbortError');
}

/** A short stable code for a trace; never contains user data. */
export function codeOf(thrown: unknown): string {
	if (thrown instanceof UserError) return thrown.code;
	return thrown instanceof Error ? thrown.name : 'unknown';
}
