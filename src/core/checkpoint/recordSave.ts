/**
 * What the editor made of a file while saving it (a formatter, trailing space, the last newline) after the session had changed it and nobody
 * had typed since. Recorded as the session's, by the author `save`: else a restore would take it for the user's own work and ask.
 */
import type { Sha256 } from '../../base/ids.ts';
import { plainText } from '../edit/textFile.ts';
import type { FileMeta, FilePath } from '../session/fileFields.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import { FILE_MEDIA_TYPE } from './recordingWorkspace.ts';
import { openIntents, pathKey, readTimeline, type TimelineOperation } from './timeline.ts';

const WORDS = /[\p{L}\p{N}_]+/gu;

/** The session's last operation on the file, when it is over and what it left is known. */
export function lastOperation(session: Session, file: FilePath): (TimelineOperation & { after: Sha256 }) | undefined {
	const key = pathKey(file);
	if (openIntents(session.entries).some(({ intent }) => pathKey(intent.path) === key)) return undefined;
	const last = readTimeline(session.entries).get(key)?.at(-1);
	if (!last || last.isUncertain || last.metaAfter.link || last.after === 'absent' || last.after === 'notCaptured')
		return undefined;
	return { ...last, after: last.after };
}

/**
 * `left` is what the file was right before the save, `saved` what it is now. Records nothing, and says so by false, when the session left
 * something else, cannot be written, or when the texts differ in more than form: whatever may be somebody's work stays theirs.
 */
export async function recordSave(
	input: { readonly session: Session; readonly blobs: BlobStore },
	save: { readonly file: FilePath; readonly left: Sha256; readonly saved: Uint8Array; readonly meta: FileMeta },
): Promise<boolean> {
	const { session, blobs } = input;
	const { file, left, saved, meta } = save;
	const last = lastOperation(session, file);
	if (last?.after !== left || blobs.hash(saved) === left || !isFree(session)) return false;
	const bytes = await blobs.get({ $blob: left });
	if (!isSameWords(plainText(bytes, meta.encoding), plainText(saved, meta.encoding))) return false;
	const [before, after] = await Promise.all([blobs.put(bytes, FILE_MEDIA_TYPE), blobs.put(saved, FILE_MEDIA_TYPE)]);
	// From here to the append nothing may wait: two operations must not get the same epoch.
	if (lastOperation(session, file)?.epoch !== last.epoch || !isFree(session)) return false;
	session.append<'fileOperation'>({
		type: 'fileOperation',
		epoch: session.newestEpoch + 1,
		op: 'change',
		path: file,
		before,
		after: after.$blob,
		meta: last.metaAfter,
		author: 'save',
		...(last.toolUseId === undefined ? {} : { toolUseId: last.toolUseId }),
		state: 'done',
	});
	await session.sync();
	return true;
}

/** While a command may run, what changed is told by the pictures before and after it. */
const isFree = ({ readOnlyReason, state }: Session): boolean =>
	readOnlyReason === undefined && state !== 'runningTool' && state !== 'awaitingUser' && state !== 'closed';

/** In any order: imports are sorted on save, too. */
function isSameWords(one: string | undefined, other: string | undefined): boolean {
	if (one === undefined || other === undefined) return false;
	const words = (text: string) => (text.match(WORDS) ?? []).sort().join(' ');
	return words(one) === words(other);
}
