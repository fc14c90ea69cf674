/** Opens the native diff of one file of a rewind's plan: as it is now, and as it would be. Changes nothing. */
import * as vscode from 'vscode';
import { restoredBytes } from '../../core/checkpoint/planHunks.ts';
import { FILE_MEDIA_TYPE } from '../../core/checkpoint/recordingWorkspace.ts';
import type { PlannedFile } from '../../core/checkpoint/restorePlan.ts';
import type { Workspace } from '../../core/ports.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { branchUri } from '../branch/branchUri.ts';

/** The right side is a stored content, so the tab shows the same after a reload, whatever became of the rewind. */
export async function openRewindDiff(
	planned: PlannedFile,
	path: string,
	world: { readonly workspace: Workspace; readonly blobs: BlobStore },
): Promise<void> {
	const stored = async (bytes: Uint8Array) =>
		branchUri({ kind: 'file', sha256: (await world.blobs.put(bytes, FILE_MEDIA_TYPE)).$blob }, path);
	const now = planned.current === 'absent' ? await stored(new Uint8Array()) : vscode.Uri.file(planned.absolute);
	const then = await stored((await restoredBytes(world, planned)) ?? new Uint8Array());
	await vscode.commands.executeCommand('vscode.diff', now, then, `${path} (now ↔ after the rewind)`, { preview: true });
}
