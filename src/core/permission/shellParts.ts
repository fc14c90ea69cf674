/**
 * A command line as the shell reads it, in plain data: every simple command in it with its words, and what cannot be known before it runs.
 * Types and the port of the grammar; who reads it judges.
 */

/** One word of a command. */
export type ShellWord = {
	/** As it is written. */
	readonly source: string;
	/** What the program gets, without quotes; undefined when that is known only as it runs. */
	readonly value: string | undefined;
	/** Holds `*`, `?` or `[` outside of quotes: `value` is a pattern for names of files. */
	readonly isPattern: boolean;
};

export type ShellAssignment = { readonly name: string; readonly value: ShellWord | undefined };

/** `<` reads, everything else writes. What only joins descriptors (`2>&1`) is left out. */
export type ShellRedirect = { readonly direction: 'read' | 'write'; readonly target: ShellWord };

/** The nearest of what stands around a command. */
export type ShellReach = 'list' | 'pipe' | 'substitution' | 'function';

export type ShellCommand = {
	/** As it is written, without redirections behind it. */
	readonly source: string;
	/** Name and arguments; none for a lone assignment or redirection. */
	readonly words: readonly ShellWord[];
	/** In front of the name, or by `export` and the like. */
	readonly assignments: readonly ShellAssignment[];
	readonly redirects: readonly ShellRedirect[];
	readonly reach: ShellReach;
	/** It reads what the command before it in a pipe writes. */
	readonly isFed: boolean;
	/** What it reads from the command line itself (here-document, here-string); `undefined` text is known only as it runs. */
	readonly input?: { readonly text: string | undefined };
};

export type ShellParts = {
	/** In the order in which they stand, those in substitutions and bodies of functions too. */
	readonly commands: readonly ShellCommand[];
	/** Names of functions that it defines. */
	readonly functions: readonly string[];
	/** The rest runs only after the first command, a `cd`, went well. */
	readonly startsWithCd: boolean;
	/** What keeps it from being judged by its parts, as sentences without a dot. */
	readonly problems: readonly string[];
};

export type ParseShell = (command: string) => ShellParts;

/** Loaded when the first command is judged. Rejects when the grammar cannot be loaded. */
export type ShellGrammar = { load(): Promise<ParseShell> };
