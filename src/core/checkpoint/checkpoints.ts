/**
 * The points of a session in time, from its entries: prompts, the user's checkpoints, restores, and commands that changed files, each with
 * what it changed. Pure. A point stands for the files as it left them, whatever branch of the conversation it is on.
 */
import type { EntryId, ToolUseId } from '../../base/ids.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { Author, FilePath, RecordedHash } from '../session/fileFields.ts';
import { plainName, promptText, titleFromPrompt } from '../session/titles.ts';
import { readTimeline, type Timeline, type TimelineOperation } from './timeline.ts';

/** What `timelinePoints` must be told: all entries of these types, in file order. */
export const POINT_TYPES = [
	'user',
	'checkpoint',
	'restore',
	'restoreDone',
	'fileOperation',
	'fileOperationDone',
] as const;
export type PointEntry = EntryOf<(typeof POINT_TYPES)[number]>;

/** What one point did to one file, all its operations together. */
export type FileChange = {
	/** Its `pathKey`. */
	readonly key: string;
	readonly file: FilePath;
	/** Where it was, when it was moved here. */
	readonly from: FilePath | undefined;
	readonly before: RecordedHash;
	readonly after: RecordedHash;
	/** Each once, in order. */
	readonly authors: readonly Author[];
	/** Why a side was not captured. */
	readonly reason: string | undefined;
	readonly firstEpoch: number;
	readonly lastEpoch: number;
};

export type Point = {
	/** The entry it stands for; of a command, its first operation. */
	readonly id: EntryId;
	readonly kind: 'prompt' | 'checkpoint' | 'restore' | 'command';
	/** On one line. Of a command, empty: what it was stands in its call. */
	readonly label: string;
	/** Unix ms. */
	readonly at: number;
	/** The files as they were before it: the `toEpoch` of a restore that takes it back, with all that came after. */
	readonly before: number;
	/** The files as it left them; of a prompt, at the end of its turn. */
	readonly epoch: number;
	/** The prompt of its turn; of a prompt, itself. Undefined before the first one. */
	readonly prompt: EntryId | undefined;
	/** The call of a command. */
	readonly toolUseId: ToolUseId | undefined;
	/** Sorted by path. What a command of its turn changed is with the command. */
	readonly files: readonly FileChange[];
};

export type PointList = {
	/** In the order of time. */
	readonly points: readonly Point[];
	readonly timeline: Timeline;
	/** The point that an operation belongs to, by epoch. */
	readonly pointOf: ReadonlyMap<number, EntryId>;
};

/** What a checkpoint is for. Old logs do not say it. */
export function checkpointKind(entry: EntryOf<'checkpoint'>): 'prompt' | 'user' | 'safety' {
	return entry.by ?? (entry.prompt === undefined ? 'safety' : 'prompt');
}

type Draft = { -readonly [K in keyof Omit<Point, 'files'>]: Point[K] };

/** Yields between short steps; returns the whole list. */
export function* timelinePointSteps(entries: readonly PointEntry[]): Generator<void, PointList> {
	const drafts: Draft[] = [];
	const placed: Draft[] = [];
	const commands = new Map<string, Draft>();
	const pointOf = new Map<number, EntryId>();
	const promptById = new Map<EntryId, Draft>();
	const movedFrom = new Map<number, FilePath>();
	const draft = (entry: Entry, kind: Point['kind'], label: string, before: number): Draft => {
		const { id, timestamp: at } = entry;
		const prompt = kind === 'prompt' ? id : turn?.id;
		return { id, kind, label, at, before, epoch: before, prompt, toolUseId: undefined };
	};
	let epoch = 0;
	let turn: Draft | undefined;
	let restore: Draft | undefined;
	for (const [index, entry] of entries.entries()) {
		if (index % STEP_ENTRIES === STEP_ENTRIES - 1) yield;
		switch (entry.type) {
			case 'user':
				restore = undefined;
				turn = draft(entry, 'prompt', titleFromPrompt(promptText(entry.content)), epoch);
				promptById.set(entry.id, turn);
				drafts.push(turn);
				break;
			case 'checkpoint': {
				const kind = checkpointKind(entry);
				if (kind === 'prompt') {
					const prompt = entry.prompt === undefined ? undefined : promptById.get(entry.prompt);
					if (prompt) Object.assign(prompt, { before: entry.epoch, epoch: Math.max(prompt.epoch, entry.epoch) });
				} else if (kind === 'user') {
					const point = draft(entry, 'checkpoint', plainName(entry.label ?? '') || 'Checkpoint', entry.epoch);
					if (entry.epoch < epoch) placed.push(point);
					else drafts.push(point);
				}
				break;
			}
			case 'restore':
				restore = draft(entry, 'restore', restoreLabel(entry, entry.turn && promptById.get(entry.turn)), entry.safety);
				drafts.push(restore);
				break;
			case 'restoreDone':
				restore = undefined;
				break;
			case 'fileOperation': {
				epoch = Math.max(epoch, entry.epoch);
				if (entry.from) movedFrom.set(entry.epoch, entry.from);
				let point = restore && entry.toolUseId === undefined ? restore : turn;
				if (entry.state === 'done' && entry.toolUseId !== undefined) {
					point = commands.get(entry.toolUseId);
					if (!point) {
						point = draft(entry, 'command', '', entry.epoch - 1);
						point.toolUseId = entry.toolUseId;
						commands.set(entry.toolUseId, point);
						drafts.push(point);
					}
					if (turn) turn.epoch = Math.max(turn.epoch, entry.epoch);
				}
				if (!point) break;
				point.epoch = Math.max(point.epoch, entry.epoch);
				pointOf.set(entry.epoch, point.id);
				break;
			}
			default:
				break;
		}
	}
	// One made for an earlier moment stands there, not where it was made.
	for (const point of placed) {
		const next = drafts.findIndex((one) => one.before >= point.epoch && one.epoch > point.epoch);
		drafts.splice(next < 0 ? drafts.length : next, 0, point);
	}
	yield;
	const timeline = readTimeline(entries);
	yield;
	const changes = new Map<EntryId, Map<string, FileChange>>();
	let count = 0;
	for (const [key, operations] of timeline) {
		for (const operation of operations) {
			if (++count % STEP_ENTRIES === 0) yield;
			const id = pointOf.get(operation.epoch);
			if (id === undefined) continue;
			const files = changes.get(id) ?? new Map<string, FileChange>();
			files.set(key, joined(files.get(key), key, operation, movedFrom.get(operation.epoch)));
			changes.set(id, files);
		}
	}
	const points = drafts.map((point): Point => ({ ...point, files: sorted(changes.get(point.id)) }));
	// A command that left everything as it was, and what failed before it wrote, are no points.
	return { points: points.filter((point) => point.kind !== 'command' || point.files.length > 0), timeline, pointOf };
}

/** All steps at once. */
export function timelinePoints(entries: readonly PointEntry[]): PointList {
	const steps = timelinePointSteps(entries);
	for (;;) {
		const step = steps.next();
		if (step.done) return step.value;
	}
}

const STEP_ENTRIES = 500;

function restoreLabel(entry: EntryOf<'restore'>, turn: Draft | undefined): string {
	if (entry.undoOf !== undefined) return 'Rewind undone';
	if (entry.mergeBack) return 'Worktree merged back';
	if (entry.agent !== undefined) return `Taken back: what ${plainName(entry.agent)} changed`;
	if (entry.turn === undefined) return 'Files rewound';
	return turn === undefined ? 'One turn taken back' : `Taken back: ${turn.label}`;
}

function joined(
	earlier: FileChange | undefined,
	key: string,
	operation: TimelineOperation,
	from: FilePath | undefined,
): FileChange {
	const { file, before, after, author, reason, epoch } = operation;
	const authors = earlier?.authors ?? [];
	return {
		...{ key, file, from: earlier?.from ?? from, after, lastEpoch: epoch },
		before: earlier ? earlier.before : before,
		authors: authors.includes(author) ? authors : [...authors, author],
		reason: earlier?.reason ?? reason,
		firstEpoch: earlier?.firstEpoch ?? epoch,
	};
}

function sorted(files: ReadonlyMap<string, FileChange> | undefined): readonly FileChange[] {
	if (!files) return [];
	return [...files.values()].sort((a, b) => (`${a.file.root}/${a.file.rel}` < `${b.file.root}/${b.file.rel}` ? -1 : 1));
}
