/** What a command does to the files of a memory workspace, recorded as the scanner would: found after it happened, with copies of both sides. */
import { asToolUseId } from '../../src/base/ids.ts';
import { FILE_MEDIA_TYPE } from '../../src/core/checkpoint/recordingWorkspace.ts';
import type { EntryDraft } from '../../src/core/session/entry.ts';
import type { Author, FileMeta, RecordedRef } from '../../src/core/session/fileFields.ts';
import type { Session } from '../../src/core/session/sessionTypes.ts';
import type { BlobStore } from '../../src/core/session/storePort.ts';
import type { MemoryWorkspace } from './memoryWorkspace.ts';

type Seen = { readonly bytes: Uint8Array<ArrayBuffer>; readonly meta: FileMeta };

/** What stands on the disk by path, links as files. Of a file with unsaved changes, what was saved. */
export function diskPicture(workspace: MemoryWorkspace): Map<string, Seen> {
	const picture = new Map<string, Seen>();
	for (const [path, { bytes, saved, mode, isDirty }] of workspace.files)
		if (!isDirty || saved) picture.set(path, { bytes: isDirty && saved ? saved : bytes, meta: { mode } });
	for (const [path, target] of workspace.links)
		picture.set(path, { bytes: new TextEncoder().encode(target), meta: { link: true } });
	return picture;
}

export async function recordShell(
	world: { readonly session: Session; readonly workspace: MemoryWorkspace; readonly blobs: BlobStore },
	run: () => void,
	options: { readonly author?: Author; readonly notCaptured?: readonly string[] } = {},
): Promise<void> {
	const { session, workspace, blobs } = world;
	const toolUseId = asToolUseId(`shell ${session.entries.length}`);
	session.append<'toolStarted'>({ type: 'toolStarted', toolUseId });
	const before = diskPicture(workspace);
	run();
	const after = diskPicture(workspace);
	const isLost = (path: string) => options.notCaptured?.includes(path) ?? false;
	const store = async (path: string, seen: Seen | undefined): Promise<RecordedRef> =>
		!seen ? 'absent' : isLost(path) ? 'notCaptured' : await blobs.put(seen.bytes, FILE_MEDIA_TYPE);
	const drafts: Omit<EntryDraft<'fileOperation'>, 'epoch'>[] = [];
	for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
		const [old, now] = [before.get(path), after.get(path)];
		const [from, to] = [await store(path, old), await store(path, now)];
		const hashes = [old, now].map((seen) => (seen ? blobs.hash(seen.bytes) + (seen.meta.link ?? '') : 'absent'));
		const isSame = hashes[0] === hashes[1];
		const moved = !old && now && [...before].find(([other, seen]) => !after.has(other) && isEqual(seen, now));
		const movedFrom = moved && { root: '/w', rel: moved[0].slice('/w/'.length) };
		if (isSame && old?.meta.mode === now?.meta.mode) continue;
		drafts.push({
			...{ type: 'fileOperation', path: { root: '/w', rel: path.slice('/w/'.length) }, before: from },
			after: typeof to === 'string' ? to : to.$blob,
			op: isSame ? 'chmod' : movedFrom ? 'rename' : !old ? 'create' : now ? 'change' : 'delete',
			meta: (old ?? now)?.meta ?? {},
			...(old && now ? { metaAfter: now.meta } : {}),
			...(movedFrom ? { from: movedFrom } : {}),
			...(isLost(path) ? { reason: 'larger than 50 MB' } : {}),
			...{ author: options.author ?? 'shell', toolUseId, state: 'done' },
		});
	}
	const firstEpoch = session.newestEpoch + 1;
	session.append<'fileOperation'>(...drafts.map((draft, index) => ({ ...draft, epoch: firstEpoch + index })));
}

const isEqual = (a: Seen, b: Seen): boolean =>
	new TextDecoder().decode(a.bytes) === new TextDecoder().decode(b.bytes) && a.meta.link === b.meta.link;
