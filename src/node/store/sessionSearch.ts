/**
 * The search over all sessions: ripgrep names the lines of the logs and the stored outputs that may match, the core decides.
 * Changes nothing on disk and keeps no index, so it can never disagree with the files.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import type { EntryId } from '../../base/ids.ts';
import { type TextBlob, type TextPart, textOfBlock } from '../../core/search/entryText.ts';
import {
	createLineMatcher,
	type EntryMatch,
	has,
	type JudgedEntry,
	type LineMatcher,
} from '../../core/search/matchEntry.ts';
import { blobPattern, filePattern, logPattern, termRegex } from '../../core/search/pattern.ts';
import type { SearchQuery } from '../../core/search/query.ts';
import type { SearchEnd, SearchFound, SessionSearch } from '../../core/search/searchPort.ts';
import { runRipgrepLines } from '../files/ripgrepLines.ts';
import { systemCode } from '../files/systemErrors.ts';
import { describeFound, type LogPlace, logPlaceOf, newestLogs, searchedFolders } from './searchedLogs.ts';

const LIMITS = {
	/** More than anybody reads; a narrower query finds what is wanted. */
	hits: 2_000,
	hitsPerSession: 100,
	/** Searched on their own first, so that the first hits are there at once. */
	firstFiles: 32,
	firstBytes: 16 * 1024 * 1024,
	/** A stored output above this is not read. */
	blobBytes: 64 * 1024 * 1024,
} as const;
/** Enough to keep the disk busy without using up file descriptors. */
const PARALLEL_READS = 8;
export type SearchLimits = { readonly [K in keyof typeof LIMITS]?: number };

export type SessionSearchOptions = {
	/** The canonical storage folder. */
	readonly folder: string;
	/** Undefined: there is none, and every search says so. */
	readonly ripgrepPath: string | undefined;
	readonly limits?: SearchLimits;
};

export function createSessionSearch({ folder, ripgrepPath, limits }: SessionSearchOptions): SessionSearch {
	return {
		async search(query, onFound, signal) {
			if (ripgrepPath === undefined)
				throw new UserError(
					'no-ripgrep',
					'ripgrep was not found in this VS Code or on the PATH, so sessions cannot be searched. Your sessions are safe.',
				);
			const run = new SearchRun(folder, ripgrepPath, query, onFound, { ...LIMITS, ...limits }, signal);
			return await run.run();
		},
	};
}

type Limits = { readonly [K in keyof typeof LIMITS]: number };
/** What is kept of one log while it is read. */
type OpenLog = { readonly place: LogPlace; readonly matcher: LineMatcher; readonly seen: Set<EntryId> };

class SearchRun {
	readonly #folder: string;
	readonly #ripgrepPath: string;
	readonly #query: SearchQuery;
	readonly #onFound: (found: SearchFound) => void;
	readonly #limits: Limits;
	readonly #signal: AbortSignal;
	/** Undefined for a path that is no log, or one that was searched before. */
	readonly #logs = new Map<string, OpenLog | undefined>();
	/** Hits so far, by session. A session is here once it was told. */
	readonly #hits = new Map<string, number>();
	readonly #cut = new Set<string>();
	/** Stored outputs that match a part of the query. */
	readonly #blobs = new Set<string>();
	readonly #blobTexts = new Map<string, Promise<string>>();
	readonly #compressed = new Set<string>();
	/** Outputs to read, and those that read them. */
	readonly #waiting: (() => Promise<void>)[] = [];
	readonly #readers: Promise<void>[] = [];
	#activeReaders = 0;
	#failure: { readonly error: unknown } | undefined;
	#total = 0;
	#isFull = false;

	constructor(
		folder: string,
		ripgrepPath: string,
		query: SearchQuery,
		onFound: (found: SearchFound) => void,
		limits: Limits,
		signal: AbortSignal,
	) {
		this.#folder = folder;
		this.#ripgrepPath = ripgrepPath;
		this.#query = query;
		this.#onFound = onFound;
		this.#limits = limits;
		this.#signal = signal;
	}

	async run(): Promise<SearchEnd> {
		const folders = searchedFolders(this.#folder, this.#query.place);
		// Which outputs match must be known before the lines that name them are read; the scan of the newest logs finds it out in time.
		const blobs = this.#findBlobs();
		const limits = { files: this.#limits.firstFiles, bytes: this.#limits.firstBytes };
		const newest = await newestLogs(this.#folder, folders, limits);
		const named: { readonly path: string; readonly line: string }[] = [];
		await this.#both(
			blobs,
			this.#searchLogs(newest, (path, line) => {
				// Whether its output matches is not known yet.
				if (line.includes('"$blob":"')) named.push({ path, line });
				return this.#take(path, line);
			}),
		);
		for (const { path, line } of named) if (this.#blobs.size > 0) this.#take(path, line);
		const isSearched = new Set(newest.map(plainPath));
		await this.#searchLogs(folders, (path, line) => isSearched.has(plainPath(path)) || this.#take(path, line));
		await Promise.all(this.#readers);
		if (this.#failure) throw this.#failure.error;
		return {
			isComplete: !this.#isFull,
			cutSessions: [...this.#cut],
			unsearchedOutputs: this.#compressed.size,
		};
	}

	/** Waits for both before anything fails, so that no process outlives the search. */
	async #both(first: Promise<void>, second: Promise<void>): Promise<void> {
		const outcomes = await Promise.allSettled([first, second]);
		for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
	}

	async #searchLogs(targets: readonly string[], onPiece: (path: string, line: string) => boolean): Promise<void> {
		if (this.#isFull) return;
		const globs = ['*.jsonl'];
		await runRipgrepLines(
			this.#ripgrepPath,
			{ pattern: logPattern(this.#query), cwd: this.#folder, targets, globs, onPiece },
			this.#signal,
		);
	}

	async #findBlobs(): Promise<void> {
		const pattern = blobPattern(this.#query);
		if (pattern === undefined || !existsSync(join(this.#folder, 'blobs'))) return;
		await runRipgrepLines(
			this.#ripgrepPath,
			{
				pattern,
				cwd: this.#folder,
				targets: ['blobs'],
				globs: ['*.raw'],
				isNamesOnly: true,
				onPiece: (path) => {
					const sha = /([0-9a-f]{64})\.raw$/.exec(path)?.[1];
					if (sha !== undefined) this.#blobs.add(sha);
					return true;
				},
			},
			this.#signal,
		);
	}

	/** False when no more is wanted. */
	#take(path: string, line: string): boolean {
		if (this.#isFull) return false;
		const log = this.#logOf(path);
		if (!log || this.#cut.has(log.place.key)) return true;
		const judged = log.matcher.judge(line);
		if (!judged || log.seen.has(judged.entry.id)) return true;
		if (judged.match) this.#tell(log, judged, judged.match);
		else if (judged.blobs.length > 0) this.#searchBlobs(log, judged);
		return !this.#isFull;
	}

	#logOf(path: string): OpenLog | undefined {
		const plain = plainPath(path);
		if (!this.#logs.has(plain)) {
			const place = logPlaceOf(plain);
			const log = place && { place, matcher: createLineMatcher(this.#query), seen: new Set<EntryId>() };
			this.#logs.set(plain, log);
		}
		return this.#logs.get(plain);
	}

	#tell(log: OpenLog, judged: JudgedEntry, match: EntryMatch): void {
		const { entry } = judged;
		const { key } = log.place;
		if (this.#isFull || this.#cut.has(key) || log.seen.has(entry.id)) return;
		log.seen.add(entry.id);
		const hits = this.#hits.get(key) ?? 0;
		if (hits >= this.#limits.hitsPerSession) {
			this.#cut.add(key);
			return;
		}
		if (this.#total >= this.#limits.hits) {
			this.#isFull = true;
			return;
		}
		if (hits === 0) this.#onFound({ kind: 'session', session: describeFound(this.#folder, log.place) });
		this.#hits.set(key, hits + 1);
		this.#total++;
		this.#onFound({
			kind: 'hit',
			hit: {
				session: key,
				entryId: entry.id,
				agentId: log.place.agentId === 'main' ? entry.agentId : log.place.agentId,
				kind: match.kind,
				tool: judged.tool,
				isError: judged.isError,
				timestamp: entry.timestamp,
				snippet: match.snippet,
			},
		});
	}

	/** The line did not match by itself: with the texts that it names it may. */
	#searchBlobs(log: OpenLog, judged: JudgedEntry): void {
		const named: TextBlob[] = [];
		for (const blob of judged.blobs) {
			const sha = blob.ref.$blob;
			if (this.#blobs.has(sha)) named.push(blob);
			else if (!this.#compressed.has(sha) && this.#isCompressed(sha)) this.#compressed.add(sha);
		}
		if (named.length === 0) return;
		this.#waiting.push(() => this.#readBlobs(log, judged, named));
		if (this.#activeReaders >= PARALLEL_READS) return;
		this.#activeReaders++;
		this.#readers.push(this.#readWaiting());
	}

	/** Never rejects: what goes wrong is thrown at the end of the search. */
	async #readWaiting(): Promise<void> {
		try {
			for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
				if (this.#signal.aborted || this.#isFull) break;
				await next();
			}
		} catch (error) {
			this.#failure ??= { error };
		} finally {
			this.#activeReaders--;
		}
	}

	async #readBlobs(log: OpenLog, judged: JudgedEntry, named: readonly TextBlob[]): Promise<void> {
		const parts: TextPart[] = [];
		for (const blob of named) {
			if (blob.ref.size > this.#limits.blobBytes) continue;
			const text = await this.#blobText(blob);
			if (this.#signal.aborted) return;
			parts.push({ kind: blob.kind, text });
		}
		const match = judged.matchWith(parts);
		if (match) this.#tell(log, judged, match);
	}

	#blobText({ ref, isBlock }: TextBlob): Promise<string> {
		const key = `${isBlock} ${ref.$blob}`;
		let text = this.#blobTexts.get(key);
		if (!text) {
			text = readFile(this.#blobPath(ref.$blob, 'raw'), 'utf8').then(
				(whole) => this.#matching(isBlock ? textOfBlock(whole) : whole),
				(error: unknown) => {
					// Swept away meanwhile: its session shows what is left of it.
					if (systemCode(error) === 'ENOENT') return '';
					throw new UserError('search-failed', 'A stored output could not be read, so the search is not complete.', {
						cause: error,
					});
				},
			);
			this.#blobTexts.set(key, text);
		}
		return text;
	}

	/** Keeps nothing of what ripgrep named but what does not match: outputs are large. */
	#matching(text: string): string {
		const { terms, isCaseSensitive, file } = this.#query;
		const regexes = terms.map((term) => termRegex(term, 'plain', isCaseSensitive));
		if (file !== undefined) regexes.push(new RegExp(filePattern(file, 'plain'), 'giu'));
		return regexes.length === 0 || regexes.some((regex) => has(regex, text)) ? text : '';
	}

	#isCompressed(sha: string): boolean {
		if (existsSync(this.#blobPath(sha, 'raw'))) return false;
		return existsSync(this.#blobPath(sha, 'zst')) || existsSync(this.#blobPath(sha, 'gz'));
	}

	#blobPath(sha: string, codec: 'raw' | 'zst' | 'gz'): string {
		return join(this.#folder, 'blobs', sha.slice(0, 2), `${sha}.${codec}`);
	}
}

const plainPath = (path: string): string => path.replaceAll('\\', '/').replace(/^\.\//, '');
