/**
 * The only way the session changes files. What was there is stored and the operation announced in the log, flushed, before the write;
 * what the write really left is recorded after it. Decides nothing and asks nobody.
 */
import type { ToolUseId } from '../../base/ids.ts';
import type { FileSnapshot, Workspace } from '../ports.ts';
import type { Entry, EntryDraft } from '../session/entry.ts';
import type { Author, ContentHash, ContentRef, FileMeta, FilePath } from '../session/fileFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import { type AnnouncedChange, type ChangeOutcome, makeChanges } from './recordedChanges.ts';
import { hashOf } from './timeline.ts';

export type RecordedSnapshot = Extract<FileSnapshot, { kind: 'file' | 'absent' }>;
type Target = {
	readonly file: FilePath;
	readonly absolute: string;
	/** What `read` returned; the write is refused when the file is another one by then. */
	readonly before: RecordedSnapshot;
	readonly author: Author;
	readonly toolUseId?: ToolUseId;
};
export type RecordedWrite = Target & { readonly bytes: Uint8Array; readonly meta: FileMeta };
export type RecordedOutcome = {
	readonly epoch: number;
	readonly after: ContentHash;
	readonly isSaved: boolean;
};

/** Bringing a file to a stored content: what a restore does. Its before-image is stored when it is handed in. */
export type RecordedReturn = {
	readonly file: FilePath;
	readonly absolute: string;
	readonly before: ContentRef;
	readonly metaBefore: FileMeta;
	/** In the blob store. */
	readonly after: ContentHash;
	/** Permissions and kind to have; permissions that are left out stay. */
	readonly metaAfter: FileMeta;
};

export type RecordingWorkspace = {
	/** Rejects with UserError `changed-meanwhile`, `read-only` or `write-failed`; then the file is untouched and the log says so. */
	write(request: RecordedWrite): Promise<RecordedOutcome>;
	/** Deletes a file; rejects as `write` does. */
	delete(request: Target): Promise<RecordedOutcome>;
	/** Many at once, whatever becomes of each; `head` is written right before their announcements and returned. */
	bringBack(
		requests: readonly RecordedReturn[],
		head: readonly EntryDraft[],
	): Promise<{ readonly head: readonly Entry[]; readonly outcomes: readonly ChangeOutcome[] }>;
};

/** Files written side by side in a restore. */
const MAX_AT_ONCE = 8;

export function createRecordingWorkspace(input: {
	readonly session: Session;
	readonly workspace: Workspace;
	readonly blobs: BlobStore;
}): RecordingWorkspace {
	const { session, workspace, blobs } = input;
	const makeOne = async (change: AnnouncedChange): Promise<{ epoch: number; after: ContentHash }> => {
		const { outcomes } = await makeChanges(session, [change], { atOnce: 1 });
		const [outcome] = outcomes;
		if (outcome?.kind !== 'done') throw outcome?.error;
		return { epoch: outcome.epoch, after: outcome.after };
	};
	const storeBefore = async (before: RecordedSnapshot): Promise<ContentRef> =>
		before.kind === 'absent' ? 'absent' : blobs.put(before.bytes, FILE_MEDIA_TYPE);

	return {
		async write({ absolute, bytes, meta, ...target }) {
			const [before, intended] = await Promise.all([storeBefore(target.before), blobs.put(bytes, FILE_MEDIA_TYPE)]);
			let isSaved = true;
			const done = await makeOne({
				...target,
				...{ op: before === 'absent' ? 'create' : 'change', before, after: intended.$blob, meta },
				async run() {
					const outcome = await workspace.write(absolute, bytes, {
						expected: hashOf(before),
						...(meta.mode === undefined ? {} : { mode: meta.mode }),
					});
					isSaved = outcome.isSaved;
					if (outcome.after === intended.$blob) return intended.$blob;
					return await storeSaved(absolute, outcome.after, intended.$blob);
				},
			});
			return { ...done, isSaved };
		},
		async delete({ absolute, ...target }) {
			const before = await storeBefore(target.before);
			const meta = target.before.kind === 'file' ? target.before.meta : {};
			const done = await makeOne({
				...target,
				...{ op: 'delete', before, after: 'absent', meta },
				async run() {
					await workspace.delete(absolute, { expected: hashOf(before) });
					return 'absent';
				},
			});
			return { ...done, isSaved: true };
		},
		async bringBack(requests, head) {
			const changes = requests.map((request): AnnouncedChange => {
				const { file, before, after, metaBefore } = request;
				const isNew = before === 'absent';
				const metaAfter = after === 'absent' ? metaBefore : metaAfterOf(request);
				return {
					...{ op: opOf(request), file, before, after, author: 'agent' },
					meta: isNew ? metaAfter : metaBefore,
					...(isNew || after === 'absent' ? {} : { metaAfter }),
					run: () => bringOneBack(request),
				};
			});
			return await makeChanges(session, changes, { head, atOnce: MAX_AT_ONCE });
		},
	};

	async function bringOneBack(request: RecordedReturn): Promise<ContentHash> {
		const { absolute, before, metaBefore, after, metaAfter } = request;
		const expected = hashOf(before);
		const wasLink = metaBefore.link ?? false;
		if (after === 'absent') {
			await workspace.delete(absolute, { expected, wasLink });
			return after;
		}
		const { mode } = metaAfter;
		if (opOf(request) === 'chmod') {
			if (mode !== undefined) await workspace.setMode(absolute, mode, { expected });
			return after;
		}
		const outcome = await workspace.write(absolute, await blobs.get({ $blob: after }), {
			...{ expected, wasLink, link: metaAfter.link ?? false, ignoresReadOnly: true },
			...(mode === undefined || metaAfter.link ? {} : { mode }),
		});
		return outcome.after === after ? after : await storeSaved(absolute, outcome.after, after);
	}

	/**
	 * A formatter or a save participant changed the text: that is what the operation left. When the user already typed on, it cannot be
	 * read any more, and the intended text stands in for it: a restore then merges instead of overwriting.
	 */
	async function storeSaved(absolute: string, saved: ContentHash, intended: ContentHash): Promise<ContentHash> {
		const now = await workspace.read(absolute);
		if (now.kind !== 'file' || blobs.hash(now.bytes) !== saved) return intended;
		return (await blobs.put(now.bytes, FILE_MEDIA_TYPE)).$blob;
	}
}

function opOf({ before, after, metaBefore, metaAfter }: RecordedReturn): AnnouncedChange['op'] {
	if (after === 'absent') return 'delete';
	if (before === 'absent') return 'create';
	return hashOf(before) === after && (metaBefore.link ?? false) === (metaAfter.link ?? false) ? 'chmod' : 'change';
}

/** Permissions that are not to be changed are those it has. */
function metaAfterOf({ metaBefore, metaAfter }: RecordedReturn): FileMeta {
	if (metaAfter.link || metaAfter.mode !== undefined || metaBefore.mode === undefined) return metaAfter;
	return { ...metaAfter, mode: metaBefore.mode };
}

/** Files are stored as they are, whatever they hold; their text is never searched. */
export const FILE_MEDIA_TYPE = 'application/octet-stream';
