/** Finding files and lines in the user's folders, as the agent needs it from outside. Implemented over ripgrep. */

export type GrepRequest = {
	readonly pattern: string;
	readonly directory: string;
	readonly glob?: string;
	readonly isCaseInsensitive?: boolean;
	readonly isLiteral?: boolean;
	readonly maxMatches: number;
};
export type GrepMatch = { readonly path: string; readonly lineNumber: number; readonly text: string };
export type SearchOutcome<T> = { readonly items: readonly T[]; readonly isComplete: boolean };
/** ripgrep. Paths come back absolute; ignored and binary files are left out. An invalid pattern is UserError `bad-pattern`. */
export type Search = {
	grep(request: GrepRequest, signal: AbortSignal): Promise<SearchOutcome<GrepMatch>>;
	/** Files matching `pattern` below `directory`, newest first. */
	glob(pattern: string, directory: string, maxFiles: number, signal: AbortSignal): Promise<SearchOutcome<string>>;
};
