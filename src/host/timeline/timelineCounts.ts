/** How many lines each point and file of the time line added and removed: counted once, a little at a time, within limits. */
import { CancelledError, UserError } from '../../base/errors.ts';
import { asSha256 } from '../../base/ids.ts';
import type { FileChange, Point } from '../../core/checkpoint/checkpoints.ts';
import { countChanges } from '../../core/edit/diffText.ts';
import { plainText } from '../../core/edit/textFile.ts';
import type { RecordedHash } from '../../core/session/fileFields.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { LineCounts } from './timelineRow.ts';

export type LineCounter = {
	/** What is known now. */
	ofFile(change: FileChange): LineCounts;
	ofPoint(point: Point): LineCounts;
	/** Counts what is not known yet; says so a few points at a time. */
	count(points: readonly Point[], onCounted: (points: readonly Point[]) => void, signal: AbortSignal): Promise<void>;
};

/** A diff of more takes longer than a person looks at the number. */
const MAX_BYTES = 200_000;
/** A command may change thousands of files. */
const MAX_FILES = 50;
const TELL_EVERY_MS = 100;
const SLICE_MS = 5;

export function createLineCounter(blobs: BlobStore): LineCounter {
	const known = new Map<string, LineCounts | null>();
	const keyOf = ({ before, after }: FileChange) => `${before} ${after}`;
	const textOf = async (content: RecordedHash): Promise<string | undefined> => {
		if (content === 'absent') return '';
		if (content === 'notCaptured') return undefined;
		const bytes = await blobs.get({ $blob: asSha256(content) });
		return bytes.length > MAX_BYTES ? undefined : plainText(bytes);
	};
	const countFile = async (change: FileChange): Promise<LineCounts | null> => {
		try {
			const [before, after] = [await textOf(change.before), await textOf(change.after)];
			if (before === undefined || after === undefined) return null;
			const { addedLines, removedLines } = countChanges(before, after);
			return { added: addedLines, removed: removedLines };
		} catch (error) {
			// A content that is gone or damaged has no number; opening the file says why.
			if (error instanceof UserError) return null;
			throw error;
		}
	};
	return {
		ofFile: (change) => known.get(keyOf(change)) ?? undefined,
		ofPoint({ files }) {
			if (files.length === 0 || files.length > MAX_FILES) return undefined;
			let added = 0;
			let removed = 0;
			for (const change of files) {
				const counts = known.get(keyOf(change));
				if (!counts) return undefined;
				added += counts.added;
				removed += counts.removed;
			}
			return { added, removed };
		},
		async count(points, onCounted, signal) {
			let counted: Point[] = [];
			let toldMs = performance.now();
			let startedMs = toldMs;
			for (const point of points) {
				const missing = point.files.slice(0, MAX_FILES).filter((change) => !known.has(keyOf(change)));
				for (const change of missing) {
					if (signal.aborted) throw new CancelledError();
					known.set(keyOf(change), await countFile(change));
					if (performance.now() - startedMs < SLICE_MS) continue;
					await new Promise<void>((resolve) => setTimeout(resolve, 0));
					startedMs = performance.now();
				}
				if (missing.length > 0) counted.push(point);
				if (counted.length === 0 || performance.now() - toldMs < TELL_EVERY_MS) continue;
				onCounted(counted);
				counted = [];
				toldMs = performance.now();
			}
			if (counted.length > 0) onCounted(counted);
		},
	};
}
