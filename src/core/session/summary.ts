/**
 * A row of the session list, made from the last lines of a log: its last `tail` and what follows it.
 * Works without a tail from what the lines hold. Reads no file.
 */
import { asUnixMs, type SessionId, type UnixMs } from '../../base/ids.ts';
import type { LogLine, SessionSummary } from '../ports.ts';
import { createLeafRule } from './branch.ts';
import { type Entry, isType } from './entry.ts';
import { readLog } from './readLog.ts';
import { promptPreview, promptText, titleFromPrompt, UNTITLED_SESSION } from './titles.ts';

export type LogEnd = {
	readonly id: SessionId;
	/** The last lines of the log, all of them or as many as were read. The last one may be torn. */
	readonly lines: readonly LogLine[];
	readonly sizeBytes: number;
	/** A live window holds the session, so a running state is true. */
	readonly isOwned: boolean;
	readonly isOpenElsewhere: boolean;
	/** When the file last changed, for a log in which nothing can be read. */
	readonly modifiedAt?: UnixMs;
};

/** Never throws. */
export function summarizeLog(end: LogEnd): SessionSummary {
	const { entries } = readLog({ lines: fromLastTail(end.lines), tornTail: undefined });
	const row = { title: '', lastPrompt: '', state: 'idle', prompts: 0, costUsd: 0, isPinned: false };
	const late = createLeafRule();
	for (const { entry } of entries) {
		if (!late.take(entry)) fold(row, entry);
		else if (isType(entry, 'assistantEnded')) row.costUsd += entry.costUsd ?? 0;
	}
	const last = entries.findLast(({ entry }) => Number.isFinite(entry.timestamp))?.entry;
	const updatedAt = last?.timestamp ?? end.modifiedAt ?? asUnixMs(0);
	const title = row.title || (row.lastPrompt ? titleFromPrompt(row.lastPrompt) : UNTITLED_SESSION);
	return {
		...row,
		title,
		id: end.id,
		state: row.state === 'idle' || end.isOwned ? row.state : 'interrupted',
		createdAt: createdAtOf(end.id) ?? entries[0]?.entry.timestamp ?? updatedAt,
		updatedAt,
		sizeBytes: end.sizeBytes,
		isOpenElsewhere: end.isOpenElsewhere,
		isDamaged: entries.length === 0,
	};
}

/** When a session with a UUIDv7 was created; undefined for an id of another kind. */
export function createdAtOf(id: string): UnixMs | undefined {
	const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.exec(id);
	return match ? asUnixMs(Number.parseInt(`${match[1]}${match[2]}`, 16)) : undefined;
}

/** A tail says all that stands before it, so the lines before the last one need not be parsed. */
function fromLastTail(lines: readonly LogLine[]): readonly LogLine[] {
	const index = lines.findLastIndex((line) => line.text.includes('"type":"tail"') && isTail(line));
	return index <= 0 ? lines : lines.slice(index);
}

function isTail(line: LogLine): boolean {
	return readLog({ lines: [line], tornTail: undefined }).entries[0]?.entry.type === 'tail';
}

type Row = {
	title: string;
	lastPrompt: string;
	state: string;
	prompts: number;
	costUsd: number;
	isPinned: boolean;
};

/** Closed states are told apart from running ones only: a list has no use for more. */
function fold(row: Row, entry: Entry) {
	if (isType(entry, 'tail')) {
		row.title = entry.title;
		row.lastPrompt = entry.lastPrompt;
		row.state = RUNNING.has(entry.state) ? entry.state : 'idle';
		row.prompts = entry.counts.prompts;
		row.costUsd = entry.costUsd;
		row.isPinned = entry.pinned;
	} else if (isType(entry, 'title')) row.title = entry.title;
	else if (isType(entry, 'assistantEnded')) row.costUsd += entry.costUsd ?? 0;
	else if (isType(entry, 'user')) {
		row.prompts++;
		row.lastPrompt = promptPreview(promptText(entry.content));
		row.state = 'streaming';
	} else if (isType(entry, 'turnEnded') || isType(entry, 'interrupted')) row.state = 'idle';
}

const RUNNING: ReadonlySet<string> = new Set(['streaming', 'runningTool', 'awaitingUser']);
