/**
 * Announces changes of files in the log, makes them, and records what each really left: many with one flush before and one write after.
 * Knows nothing of how a change is made.
 */
import { UserError } from '../../base/errors.ts';
import type { ToolUseId } from '../../base/ids.ts';
import type { Entry, EntryDraft } from '../session/entry.ts';
import type { Author, ContentHash, ContentRef, FileMeta, FilePath } from '../session/fileFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import { inParallel } from './inParallel.ts';
import { hashOf } from './timeline.ts';

export type AnnouncedChange = {
	readonly op: 'create' | 'change' | 'delete' | 'chmod';
	readonly file: FilePath;
	readonly before: ContentRef;
	readonly after: ContentHash;
	readonly meta: FileMeta;
	readonly metaAfter?: FileMeta;
	readonly author: Author;
	readonly toolUseId?: ToolUseId;
	/** Makes it and returns what it left, stored. */
	run(): Promise<ContentHash>;
};
export type ChangeOutcome = { readonly epoch: number } & (
	| { readonly kind: 'done'; readonly after: ContentHash }
	| { readonly kind: 'failed'; readonly error: unknown }
);

/** Failures after which, by the contract of the port, nothing was changed. */
const UNTOUCHED_CODES: ReadonlySet<string> = new Set(['changed-meanwhile', 'read-only', 'write-failed', 'untrusted']);

/**
 * `head` is written before the announcements, with them, and returned. Before-images must be stored by now. Each change is run, whatever
 * becomes of the others. Rejects only when the log cannot be written.
 */
export async function makeChanges(
	session: Session,
	changes: readonly AnnouncedChange[],
	options: { readonly head?: readonly EntryDraft[]; readonly atOnce: number },
): Promise<{ readonly head: readonly Entry[]; readonly outcomes: readonly ChangeOutcome[] }> {
	// From here to the append nothing may wait: two operations must not get the same epoch.
	const firstEpoch = session.newestEpoch + 1;
	const head = options.head ?? [];
	const made = session.append(...head, ...changes.map((change, index) => operationDraft(change, firstEpoch + index)));
	await session.sync();
	const outcomes = await inParallel(changes, options.atOnce, async (change, index): Promise<ChangeOutcome> => {
		const epoch = firstEpoch + index;
		try {
			return { kind: 'done', epoch, after: await change.run() };
		} catch (error) {
			return { kind: 'failed', epoch, error };
		}
	});
	session.append(...outcomes.flatMap((outcome, index) => doneDraft(outcome, changes[index])));
	return { head: made.slice(0, head.length), outcomes };
}

function operationDraft(change: AnnouncedChange, epoch: number): EntryDraft<'fileOperation'> {
	const { op, file, before, after, meta, metaAfter, author, toolUseId } = change;
	return {
		type: 'fileOperation',
		epoch,
		op,
		path: file,
		before,
		after,
		meta,
		...(metaAfter === undefined ? {} : { metaAfter }),
		author,
		...(toolUseId === undefined ? {} : { toolUseId }),
		state: 'intended',
	};
}

/** Of what broke in the middle nothing is said: it stays open, and is settled by what is there. */
function doneDraft(outcome: ChangeOutcome, change: AnnouncedChange | undefined): EntryDraft<'fileOperationDone'>[] {
	const { epoch } = outcome;
	if (outcome.kind === 'done') return [{ type: 'fileOperationDone', epoch, after: outcome.after }];
	const isUntouched = outcome.error instanceof UserError && UNTOUCHED_CODES.has(outcome.error.code);
	if (!isUntouched || !change) return [];
	const isMode = change.op === 'chmod' ? { metaAfter: change.meta } : {};
	return [{ type: 'fileOperationDone', epoch, after: hashOf(change.before), ...isMode }];
}
