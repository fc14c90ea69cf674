/**
 * The plan of a restore as it stands in the blob store before the first file is touched: all that is needed to carry it out, or to finish it
 * when a crash came between. Pure.
 */
import * as z from 'zod';
import type { EntryId } from '../../base/ids.ts';
import { utf8Encode } from '../../base/text.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import {
	type ContentHash,
	contentHashSchema,
	type FileMeta,
	type FilePath,
	fileMetaSchema,
	filePathSchema,
} from '../session/fileFields.ts';
import { ITEMS_PER_STEP } from './loopTurns.ts';

/** One file to be brought from one content to another, both in the blob store or absent. */
export type RestoreStep = {
	readonly file: FilePath;
	readonly before: ContentHash;
	readonly metaBefore: FileMeta;
	readonly after: ContentHash;
	readonly metaAfter: FileMeta;
	readonly hasCaseTwin: boolean;
	/** Folders of this time go with the file, once they are empty. Unix ms. */
	readonly made: readonly { readonly from: number; readonly until: number }[];
};

const VERSION = 2;
const journalSchema = z.object({
	version: z.literal(VERSION),
	toEpoch: z.number().int(),
	steps: z.array(
		z.object({
			file: filePathSchema,
			before: contentHashSchema,
			metaBefore: fileMetaSchema,
			after: contentHashSchema,
			metaAfter: fileMetaSchema,
			hasCaseTwin: z.boolean(),
			made: z.array(z.object({ from: z.number(), until: z.number() })),
		}),
	),
});

/** The bytes of the journal, as one JSON, made in short steps. */
export function* journalSteps(
	toEpoch: number,
	steps: readonly RestoreStep[],
): Generator<void, Uint8Array<ArrayBuffer>> {
	const [start = '', end = ''] = JSON.stringify({ version: VERSION, toEpoch, steps: [] }).split('[');
	const parts = [utf8Encode(`${start}[`)];
	for (let at = 0; at < steps.length; at += ITEMS_PER_STEP) {
		const part = steps.slice(at, at + ITEMS_PER_STEP).map((step) => JSON.stringify(step));
		parts.push(utf8Encode(`${at === 0 ? '' : ','}${part.join(',')}`));
		yield;
	}
	parts.push(utf8Encode(end));
	const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
	let length = 0;
	for (const part of parts) {
		bytes.set(part, length);
		length += part.length;
	}
	return bytes;
}

/** Undefined for the plan of an older build, which did not hold enough. */
export function readJournal(text: string): readonly RestoreStep[] | undefined {
	const parsed = journalSchema.safeParse(JSON.parse(text));
	return parsed.success ? parsed.data.steps : undefined;
}

/** The epoch that the restore went back to; undefined when the plan does not say it. */
export function readToEpoch(text: string): number | undefined {
	return z.object({ toEpoch: z.number().int() }).safeParse(JSON.parse(text)).data?.toEpoch;
}

/** The restore that a crash cut off: the newest one, when nothing says how it ended. */
export function unfinishedRestore(entries: readonly Entry[]): EntryOf<'restore'> | undefined {
	const ended = new Set<EntryId>();
	for (const entry of entries.toReversed()) {
		if (entry.type === 'restoreDone') ended.add(entry.restore);
		if (entry.type === 'restore') return ended.has(entry.id) ? undefined : entry;
	}
	return undefined;
}
