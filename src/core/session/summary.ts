/**
 * A row of the session list, made from the last lines of a log: its last `tail` and what follows it.
 * Works without a tail from what the lines hold. Reads no file.
 */
import { asSessionId, asUnixMs, type SessionId, type UnixMs } from '../../base/ids.ts';
import { type Entry, isType } from './entry.ts';
import { readLog } from './readLog.ts';
import type { LogLine, SessionSummary } from './storePort.ts';
import { plainName, promptPreview, promptText, titleFromPrompt, UNTITLED_SESSION } from './titles.ts';

/** What the log alone says. `state` may be a running one: whether it holds, only the owner of the session can tell. */
export type SessionRow = Omit<SessionSummary, 'isOpenElsewhere'>;

export type LogEnd = {
	readonly id: SessionId;
	/** The last lines of the log, all of them or as many as were read. The last one may be torn. */
	readonly lines: readonly LogLine[];
	readonly sizeBytes: number;
	/** When the file last changed, for a log in which nothing can be read. */
	readonly modifiedAt?: UnixMs;
};

/** Who holds the session now. */
export type RowOwner = { readonly isOwned: boolean; readonly isOpenElsewhere: boolean };

/** Never throws. */
export function readRow(end: LogEnd): SessionRow {
	const { index } = lastTail(end.lines);
	return makeRow(end, { lines: index <= 0 ? end.lines : end.lines.slice(index), first: undefined });
}

/**
 * The row when the first of the lines is a tail that may be believed whatever stands before it; undefined when it is not. The quick way of
 * `readRow`, for a list of thousands.
 */
export function readRowFromTail(end: LogEnd): SessionRow | undefined {
	const [first] = end.lines;
	const tail = first && tailOf(first.text);
	// Where its writer meant it to stand, nobody else can have written before.
	return tail && standsWhereMeant(tail, first) && tail.upTo !== undefined
		? makeRow(end, { lines: end.lines, first: tail })
		: undefined;
}

/** The row as it is shown: a running state holds only while a live window holds the session. */
export function shownRow(row: SessionRow, { isOwned, isOpenElsewhere }: RowOwner): SessionSummary {
	return { ...row, state: !RUNNING.has(row.state) || isOwned ? row.state : 'interrupted', isOpenElsewhere };
}

/** Both at once. */
export function summarizeLog(end: LogEnd & RowOwner): SessionSummary {
	return shownRow(readRow(end), end);
}

/**
 * Where the last tail that may be believed stands in the lines; -1 for none. One of a generation lower than a line before it was
 * written late. `isCertain` is false when it stands elsewhere than its writer meant, so that another window may have written
 * before the lines that were read.
 */
export function lastTail(lines: readonly LogLine[]): { readonly index: number; readonly isCertain: boolean } {
	for (let index = lines.length - 1; index >= 0; index--) {
		const line = lines[index];
		const tail = line && tailOf(line.text);
		if (!tail) continue;
		const isLate = lines.some(({ text }, before) => before < index && (skimLine(text)?.gen ?? -1) > tail.gen);
		if (!isLate) return { index, isCertain: standsWhereMeant(tail, line) };
	}
	return { index: -1, isCertain: false };
}

/** A newline that closes a torn line may stand between. */
function standsWhereMeant({ upTo }: Tail, line: LogLine): boolean {
	return upTo === undefined || line.range.start === upTo || line.range.start === upTo + 1;
}

/** When a session with a UUIDv7 was created; undefined for an id of another kind. */
export function createdAtOf(id: string): UnixMs | undefined {
	const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(id);
	return match ? asUnixMs(Number.parseInt(`${match[1]}${match[2]}`, 16)) : undefined;
}

/** The session that a log was forked from, by its first line. */
export function originOf(firstLine: string): SessionId | undefined {
	const header = entryOf({ text: firstLine, range: { start: 0, end: 0 } });
	return header && isType(header, 'header') ? header.origin?.sessionId : undefined;
}

type Row = {
	title: string;
	lastPrompt: string;
	state: string;
	prompts: number;
	costUsd: number;
	isPinned: boolean;
	isArchived: boolean;
	originId: SessionId | undefined;
	worktreeId?: string;
};

/** The lines that a row is made of; `first` is the first of them when that was parsed already. */
type Part = { readonly lines: readonly LogLine[]; readonly first: Tail | undefined };

/** From a tail on, or from all lines that were read: a tail says all that stands before it, so nothing before the last one is parsed. */
function makeRow({ id, lines: allLines, sizeBytes, modifiedAt }: LogEnd, part: Part): SessionRow {
	const row: Row = {
		title: '',
		lastPrompt: '',
		state: 'idle',
		prompts: 0,
		costUsd: 0,
		isPinned: false,
		isArchived: false,
		originId: undefined,
	};
	const newest = foldLines(row, part) ?? newestEntry(allLines)?.timestamp;
	const updatedAt = newest ?? modifiedAt ?? asUnixMs(0);
	const createdAt = createdAtOf(id) ?? oldestEntry(allLines)?.timestamp ?? updatedAt;
	const title = row.title || (row.lastPrompt ? titleFromPrompt(row.lastPrompt) : UNTITLED_SESSION);
	return { ...row, title, id, createdAt, updatedAt, sizeBytes, isDamaged: newest === undefined };
}

/** The time of the last line, when it was parsed. */
function foldLines(row: Row, { lines, first }: Part): UnixMs | undefined {
	let newest: UnixMs | undefined;
	let used: UnixMs | undefined;
	let highestGen = -1;
	const seen = new Set<string>();
	for (const line of lines) {
		const tail = first && line === lines[0] ? first : tailOf(line.text);
		const skim = tail ? undefined : skimLine(line.text);
		const isOfInterest = skim === undefined || !PASSED_OVER.has(skim.type);
		const entry = !tail && isOfInterest ? entryOf(line) : undefined;
		newest = (tail ?? entry)?.timestamp;
		if (tail) used = tail.usedAt;
		else if (entry ? !BOOKKEEPING.has(entry.type) : !isOfInterest) used = entry?.timestamp ?? skim?.timestamp ?? used;
		const gen = tail?.gen ?? (isOfInterest ? entry?.gen : skim.gen);
		if (gen === undefined) continue;
		const isLate = gen < highestGen;
		highestGen = Math.max(highestGen, gen);
		if (tail && !isLate) foldTail(row, tail);
		if (!entry || seen.has(entry.id)) continue;
		seen.add(entry.id);
		// What a window wrote after it had lost the session was paid for, and says nothing else about it.
		if (!isLate) fold(row, entry);
		else if (isType(entry, 'assistantEnded')) row.costUsd += entry.costUsd ?? 0;
	}
	return newest === undefined ? undefined : (used ?? newest);
}

/** Closed states are told apart from running ones only: a list has no use for more. */
function foldTail(row: Row, tail: Tail) {
	row.title = plainName(tail.title);
	row.lastPrompt = tail.lastPrompt;
	row.state = RUNNING.has(tail.state) ? tail.state : tail.hasFailed ? 'failed' : 'idle';
	row.prompts = tail.prompts;
	row.costUsd = tail.costUsd;
	row.isPinned = tail.isPinned;
	row.isArchived = tail.isArchived;
	row.originId = tail.originId ?? row.originId;
	takeWorktree(row, tail.worktreeId);
}

function takeWorktree(row: Row, id: string | undefined) {
	if (id !== undefined) row.worktreeId = id;
}

function fold(row: Row, entry: Entry) {
	if (isType(entry, 'title')) {
		row.title = plainName(entry.title) || row.title;
		row.costUsd += entry.costUsd ?? 0;
	} else if (isType(entry, 'header')) {
		row.originId = entry.origin?.sessionId ?? row.originId;
		takeWorktree(row, entry.worktree?.id);
	} else if (isType(entry, 'state')) {
		row.isPinned = entry.isPinned ?? row.isPinned;
		row.isArchived = entry.isArchived ?? row.isArchived;
	} else if (isType(entry, 'assistantEnded')) row.costUsd += entry.costUsd ?? 0;
	else if (isType(entry, 'user')) {
		row.prompts++;
		row.lastPrompt = promptPreview(promptText(entry.content));
		row.state = 'streaming';
	} else if (isType(entry, 'turnEnded')) row.state = entry.reason === 'error' ? 'failed' : 'idle';
	else if (isType(entry, 'interrupted') || isType(entry, 'rewind')) row.state = 'idle';
}

/** What a row takes from a tail. */
type Tail = Row & {
	readonly gen: number;
	readonly timestamp: UnixMs;
	readonly upTo: number | undefined;
	readonly usedAt: UnixMs;
	readonly hasFailed: boolean;
};

/**
 * Checked by hand: the schema of the whole entry takes several times as long as reading the file, and a list has thousands. What a row
 * does not need is not looked at.
 */
function tailOf(text: string): Tail | undefined {
	if (!text.includes('"type":"tail"')) return undefined;
	const value = recordOf(jsonOf(text));
	if (value?.type !== 'tail') return undefined;
	const { v, gen, timestamp, title, lastPrompt, state, costUsd, pinned, isArchived, upTo, usedAt, hasFailed } = value;
	const prompts = recordOf(value.counts)?.prompts;
	const originId = recordOf(value.origin)?.sessionId;
	const worktreeId = recordOf(value.worktree)?.id;
	if (typeof v !== 'number' || typeof gen !== 'number' || typeof timestamp !== 'number') return undefined;
	if (typeof title !== 'string' || typeof lastPrompt !== 'string' || typeof state !== 'string') return undefined;
	if (typeof prompts !== 'number' || typeof costUsd !== 'number' || typeof pinned !== 'boolean') return undefined;
	return {
		gen,
		timestamp: asUnixMs(timestamp),
		upTo: typeof upTo === 'number' ? upTo : undefined,
		usedAt: asUnixMs(typeof usedAt === 'number' && usedAt > 0 ? usedAt : timestamp),
		hasFailed: hasFailed === true,
		title,
		lastPrompt,
		state,
		prompts,
		costUsd,
		isPinned: pinned,
		isArchived: isArchived === true,
		originId: typeof originId === 'string' && originId !== '' ? asSessionId(originId) : undefined,
		...(typeof worktreeId === 'string' ? { worktreeId } : {}),
	};
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
	typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;

const RUNNING: ReadonlySet<string> = new Set(['streaming', 'runningTool', 'awaitingUser']);

/** What a person does to a session in a list is no use of it. */
const BOOKKEEPING: ReadonlySet<string> = new Set(['title', 'state', 'branchLabel', 'header', 'prefix', 'count']);

/** The frequent and long types that change nothing in a row. Any other line is parsed. */
const PASSED_OVER: ReadonlySet<string> = new Set([
	'assistant',
	'toolResult',
	'toolStarted',
	'permission',
	'fileOperation',
	'fileOperationDone',
	'editProposed',
	'editDecided',
	'checkpoint',
	'review',
	'prefix',
	'reminder',
	'attachment',
]);

/**
 * Generation and type without parsing: both stand near the start of a line, before any text of a user but the cwd, whose quotes are
 * escaped. Undefined for a line of another form.
 */
function skimLine(
	text: string,
): { readonly gen: number; readonly type: string; readonly timestamp: UnixMs } | undefined {
	const match = /^\{"v":1,.{0,400}?"gen":(\d{1,15}),"timestamp":(\d+)[.,].{0,2000}?"type":"(\w+)"/.exec(text);
	return match?.[3] === undefined
		? undefined
		: { gen: Number(match[1]), timestamp: asUnixMs(Number(match[2])), type: match[3] };
}

function newestEntry(lines: readonly LogLine[]): Entry | undefined {
	for (let index = lines.length - 1; index >= 0; index--) {
		const line = lines[index];
		const entry = line && entryOf(line);
		if (entry) return entry;
	}
	return undefined;
}

function oldestEntry(lines: readonly LogLine[]): Entry | undefined {
	for (const line of lines) {
		const entry = entryOf(line);
		if (entry) return entry;
	}
	return undefined;
}

const entryOf = (line: LogLine): Entry | undefined => readLog({ lines: [line], tornTail: undefined }).entries[0]?.entry;
