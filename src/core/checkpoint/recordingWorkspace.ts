/**
 * The only way the session changes files. What was there is stored and the operation announced in the log, flushed, before the write;
 * what the write really left is recorded after it. Decides nothing and asks nobody.
 */
import { UserError } from '../../base/errors.ts';
import type { ToolUseId } from '../../base/ids.ts';
import type { BlobStore, FileSnapshot, Workspace } from '../ports.ts';
import type { Author, ContentHash, ContentRef, FileMeta, FilePath } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
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

export type RecordingWorkspace = {
	/** Rejects with UserError `changed-meanwhile`, `read-only` or `write-failed`; then the file is untouched and the log says so. */
	write(request: RecordedWrite): Promise<RecordedOutcome>;
	/** Deletes a file; rejects as `write` does. */
	delete(request: Target): Promise<RecordedOutcome>;
};

/** Failures after which, by the contract of the port, nothing was changed. */
const UNTOUCHED_CODES: ReadonlySet<string> = new Set(['changed-meanwhile', 'read-only', 'write-failed']);

export function createRecordingWorkspace(input: {
	readonly session: Session;
	readonly workspace: Workspace;
	readonly blobs: BlobStore;
}): RecordingWorkspace {
	const { session, workspace, blobs } = input;

	const announce = async (
		target: Target,
		op: 'create' | 'change' | 'delete',
		before: ContentRef,
		after: ContentHash,
		meta: FileMeta,
	) => {
		// From here to the append nothing may wait: two operations must not get the same epoch.
		const epoch = session.newestEpoch + 1;
		session.append<'fileOperation'>({
			type: 'fileOperation',
			epoch,
			op,
			path: target.file,
			before,
			after,
			meta,
			author: target.author,
			...(target.toolUseId === undefined ? {} : { toolUseId: target.toolUseId }),
			state: 'intended',
		});
		await session.sync();
		return epoch;
	};
	const close = (epoch: number, after: ContentHash) =>
		session.append<'fileOperationDone'>({ type: 'fileOperationDone', epoch, after });
	const closeUntouched = (epoch: number, before: ContentRef, error: unknown) => {
		if (error instanceof UserError && UNTOUCHED_CODES.has(error.code)) close(epoch, hashOf(before));
	};
	const storeBefore = async (before: RecordedSnapshot): Promise<ContentRef> =>
		before.kind === 'absent' ? 'absent' : blobs.put(before.bytes, FILE_MEDIA_TYPE);

	return {
		async write(request) {
			const { absolute, bytes, meta } = request;
			const [before, intended] = await Promise.all([storeBefore(request.before), blobs.put(bytes, FILE_MEDIA_TYPE)]);
			const op = before === 'absent' ? 'create' : 'change';
			const epoch = await announce(request, op, before, intended.$blob, meta);
			try {
				const outcome = await workspace.write(absolute, bytes, {
					expected: hashOf(before),
					...(meta.mode === undefined ? {} : { mode: meta.mode }),
				});
				const after =
					outcome.after === intended.$blob ? intended.$blob : await storeSaved(absolute, outcome.after, intended.$blob);
				close(epoch, after);
				return { epoch, after, isSaved: outcome.isSaved };
			} catch (error) {
				closeUntouched(epoch, before, error);
				throw error;
			}
		},
		async delete(request) {
			const before = await storeBefore(request.before);
			const meta = request.before.kind === 'file' ? request.before.meta : {};
			const epoch = await announce(request, 'delete', before, 'absent', meta);
			try {
				await workspace.delete(request.absolute, { expected: hashOf(before) });
			} catch (error) {
				closeUntouched(epoch, before, error);
				throw error;
			}
			close(epoch, 'absent');
			return { epoch, after: 'absent', isSaved: true };
		},
	};

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

/** Files are stored as they are, whatever they hold; their text is never searched. */
export const FILE_MEDIA_TYPE = 'application/octet-stream';
