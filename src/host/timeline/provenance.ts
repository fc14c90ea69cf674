/**
 * Who wrote a line of a file, by the operations of the open sessions: computed when somebody asks, kept per version of the file, and within
 * limits. Shows nothing.
 */
import { UserError } from '../../base/errors.ts';
import { asSha256, type EntryId } from '../../base/ids.ts';
import type { Point } from '../../core/checkpoint/checkpoints.ts';
import {
	FIRST_ORIGINS,
	type LineOrigin,
	type OriginState,
	originsAfter,
	originsNow,
} from '../../core/checkpoint/provenance.ts';
import type { TimelineOperation } from '../../core/checkpoint/timeline.ts';
import { plainText, toLf } from '../../core/edit/textFile.ts';
import { isToolUseBlock } from '../../core/session/content.ts';
import type { Author, RecordedHash } from '../../core/session/fileFields.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { SessionTimeline, TimelineReader } from './timelineReader.ts';

/** A text to ask about: a document, as far as this needs it. */
export type AskedText = { readonly version: number; getText(): string };

export type WrittenLine = {
	readonly timeline: SessionTimeline;
	/** The file's `pathKey`. */
	readonly key: string;
	readonly operation: TimelineOperation;
	readonly author: Author;
	readonly point: Point | undefined;
	/** The prompt of its turn, as a point. */
	readonly prompt: Point | undefined;
	/** `Edit`, `Bash` …; undefined when its call is not at hand. */
	readonly tool: string | undefined;
};
/** `other`: the user's, or there before; `unknown`: there is no copy of a text on the way to it. */
export type LineAnswer = WrittenLine | 'other' | 'unknown';

export type Provenance = {
	/** Who wrote line `line` (0-based). Undefined when the session has not changed the file. */
	ask(
		session: Session,
		key: string,
		text: AskedText,
		line: number,
		signal: AbortSignal,
	): Promise<LineAnswer | undefined>;
};

/** Beyond that nobody waits for the answer. */
const MAX_BYTES = 500_000;
const MAX_OPERATIONS = 500;
/** Files are asked about one after the other. */
const KEPT_FILES = 8;
const SLICE_MS = 5;

type Known = {
	readonly lastEpoch: number;
	readonly state: OriginState;
	now: { readonly version: number; readonly origins: readonly LineOrigin[] } | undefined;
};

export function createProvenance(reader: TimelineReader, blobs: BlobStore): Provenance {
	const known = new Map<string, Known>();
	const textOf = async (content: RecordedHash): Promise<string | undefined> => {
		if (content === 'absent') return '';
		if (content === 'notCaptured') return undefined;
		try {
			const bytes = await blobs.get({ $blob: asSha256(content) });
			const text = bytes.length > MAX_BYTES ? undefined : plainText(bytes);
			return text === undefined ? undefined : toLf(text);
		} catch (error) {
			// Gone to keep within the storage limit, or damaged: the lines that came through it are unknown.
			if (error instanceof UserError) return undefined;
			throw error;
		}
	};
	const stateOf = async (id: string, operations: readonly TimelineOperation[], signal: AbortSignal): Promise<Known> => {
		const lastEpoch = operations.at(-1)?.epoch ?? 0;
		const found = known.get(id);
		if (found?.lastEpoch === lastEpoch) return found;
		const since = found ? operations.filter(({ epoch }) => epoch > found.lastEpoch) : operations.slice(-MAX_OPERATIONS);
		let state = found?.state ?? FIRST_ORIGINS;
		let startedMs = performance.now();
		for (const { epoch, before, after } of since) {
			signal.throwIfAborted();
			state = originsAfter(state, { epoch, before: await textOf(before), after: await textOf(after) });
			if (performance.now() - startedMs < SLICE_MS) continue;
			await new Promise<void>((resolve) => setTimeout(resolve, 0));
			startedMs = performance.now();
		}
		const fresh: Known = { lastEpoch, state, now: undefined };
		known.delete(id);
		known.set(id, fresh);
		for (const old of [...known.keys()].slice(0, -KEPT_FILES)) known.delete(old);
		return fresh;
	};
	return {
		async ask(session, key, text, line, signal) {
			const timeline = await reader.read(session, signal);
			const operations = timeline.timeline.get(key);
			if (!operations) return undefined;
			const entry = await stateOf(`${session.id} ${key}`, operations, signal);
			signal.throwIfAborted();
			if (entry.now?.version !== text.version) {
				const current = text.getText();
				if (current.length > MAX_BYTES) return 'unknown';
				entry.now = { version: text.version, origins: originsNow(entry.state, toLf(current)) };
			}
			const origin = entry.now.origins[line];
			if (!origin || origin.kind === 'start' || origin.kind === 'between') return 'other';
			const operation = origin.kind === 'operation' && operations.find(({ epoch }) => epoch === origin.epoch);
			if (!operation) return 'unknown';
			return { ...writtenBy(timeline, operation), timeline, key, operation, author: operation.author };
		},
	};
}

function writtenBy(timeline: SessionTimeline, { epoch, toolUseId }: TimelineOperation) {
	const pointId = timeline.pointOf.get(epoch);
	const point = pointId === undefined ? undefined : timeline.byId.get(pointId);
	const prompt = point?.prompt === undefined ? undefined : timeline.byId.get(point.prompt);
	return { point, prompt, tool: toolUseId === undefined ? undefined : toolName(timeline.session, toolUseId) };
}

function toolName({ entries }: Session, toolUseId: string): string | undefined {
	for (let index = entries.length - 1; index >= 0; index--) {
		const entry = entries[index];
		if (entry?.type !== 'assistant' || !isToolUseBlock(entry.block)) continue;
		if (entry.block.id === toolUseId) return entry.block.name;
	}
	return undefined;
}

/** The entry to jump to. */
export const originMessage = ({ prompt, point }: WrittenLine): EntryId | undefined => prompt?.id ?? point?.id;
