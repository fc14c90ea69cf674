/** What a restore would change in a file, hunk by hunk, and the file with some of them left as they are now. Pure. */
import { diffLines } from './diffText.ts';
import { type Hunk, joinLines, splitLines } from './hunks.ts';
import { decodeText, encodeText, type TextFile } from './textFile.ts';

export type ComparedFiles = {
	readonly now: TextFile;
	readonly restored: TextFile;
	/** From `now` (base) to `restored` (current). */
	readonly hunks: readonly Hunk[];
};

/** Undefined when one of them is no text. */
export function compareFiles(now: Uint8Array, restored: Uint8Array): ComparedFiles | undefined {
	const [before, after] = [decodeText(now), decodeText(restored)];
	if (before.kind !== 'text' || after.kind !== 'text') return undefined;
	return { now: before.file, restored: after.file, hunks: diffLines(before.file.text, after.file.text) };
}

/** The restored file with the hunks of these numbers as they are now. With none of them it is the restored file, byte for byte. */
export function keepHunks({ now, restored, hunks }: ComparedFiles, kept: ReadonlySet<number>): Uint8Array<ArrayBuffer> {
	if (kept.size === 0) return encodeText(restored);
	const nowLines = splitLines(now.text);
	const lines = splitLines(restored.text);
	for (const [index, hunk] of [...hunks.entries()].toReversed()) {
		if (!kept.has(index)) continue;
		const { baseStart, baseEnd, currentStart, currentEnd } = hunk;
		lines.splice(currentStart, currentEnd - currentStart, ...nowLines.slice(baseStart, baseEnd));
	}
	return encodeText({ ...restored, text: joinLines(lines) });
}
