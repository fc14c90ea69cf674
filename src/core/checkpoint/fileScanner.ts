/**
 * What finds out what a command, a hook or another program did to the files of the workspace: a picture before, a picture after,
 * and a copy beforehand of everything that could be lost. Types only; `node/` implements it.
 */
import type { SessionId } from '../../base/ids.ts';
import type { EntryOf } from '../session/entry.ts';
import type { Author, FileMeta, FilePath, RecordedHash, RecordedRef } from '../session/fileFields.ts';

export type FileScanner = {
	/** Starts the first picture, beside the first model call. Returns at once; does nothing while there is a picture. */
	prepare(): void;
	/**
	 * Begins the picture before a command at once, so that it overlaps the question whether the command may run.
	 * Every run is ended by `finish` or `cancel`.
	 *
	 * `mayGoOn`: the look that ended the session's last run may be the first one of this run, when it was just now and nobody is known to
	 * have written since. What somebody else did in that moment is then found as a change of this run.
	 */
	begin(session: SessionId, options?: { readonly mayGoOn?: boolean }): ScanRun;
};

export type ScanRun = {
	/** Nothing was looked at for it: it goes on where the last run ended. Whoever does not start at once begins another run instead. */
	readonly goesOn?: boolean;
	/** Resolves when everything that can be captured is: the command may start then. Never rejects: what failed is a limit. */
	readonly ready: Promise<ScanLimits>;
	/**
	 * What changed since, in parts of at most a few hundred files, so that the log is not written in one piece. Rejects with UserError
	 * `scan-failed` when that cannot be found out. Ends the run also when it is left early.
	 */
	finish(signal: AbortSignal): AsyncIterable<readonly FoundChange[]>;
	/** The command did not run. */
	cancel(): void;
};

/** What could not be brought back if the command changed it. Shown before it runs. */
export type ScanLimits = {
	/** At most 50; the first ones matter most. */
	readonly items: readonly ScanLimit[];
	/** How many more there are; absent = none. */
	readonly more?: number;
	/** Nothing at all is seen, and why; undefined when the scan works. */
	readonly unavailable: string | undefined;
};
export type ScanLimit = {
	/** A path as the user knows it; of a folder with a `/` at its end. */
	readonly path: string;
	/** As a sentence part: `ignored by git`, `larger than 50 MB`. */
	readonly reason: string;
};

export type FoundChange = {
	readonly op: EntryOf<'fileOperation'>['op'];
	readonly file: FilePath;
	/** Of a rename: where it was. Another change deletes that one. */
	readonly from?: FilePath;
	/** In the blob store already. */
	readonly before: RecordedRef;
	/** In the blob store already. */
	readonly after: RecordedHash;
	readonly meta: FileMeta;
	readonly metaAfter?: FileMeta;
	/** Why a side is `notCaptured`. */
	readonly reason?: string;
	/** `shell`, or `unknown` where the editor or another session wrote the file meanwhile. */
	readonly author: Author;
};

/** Who else may be writing while a command runs: told to the scanner, which sees only what happened. */
export type WriteNotes = {
	/** The editor saved the file, or a session's own tool wrote it. `absolute` as the root was opened. */
	noteWrite(absolute: string, by: 'editor' | SessionId): void;
	/** A command goes on in the background. Until it ends, nobody knows which command a change came from. */
	backgroundStarted(): void;
	backgroundEnded(): void;
};
