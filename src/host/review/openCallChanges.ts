/** Shows what a command changed as native diffs of stored contents, so a tab says the same after a reload. Changes nothing. */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { asSha256 } from '../../base/ids.ts';
import { FILE_MEDIA_TYPE } from '../../core/checkpoint/recordingWorkspace.ts';
import { pathKey } from '../../core/checkpoint/timeline.ts';
import type { RecordedHash } from '../../core/session/fileFields.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { branchUri } from '../branch/branchUri.ts';
import { contentsOf } from '../transcript/callChanges.ts';

/** The multi-file diff gets slow with more. */
const MAX_FILES = 500;

/** With a key, what the call changed in that file; without, in all of which both sides are stored. */
export async function openCallChanges(
	session: Session,
	toolUseId: string,
	key: string | undefined,
	blobs: BlobStore,
): Promise<void> {
	const operations = session.entries
		.filter((entry) => entry.type === 'fileOperation')
		.filter((entry) => entry.toolUseId === toolUseId && entry.state === 'done');
	const byKey = new Map(operations.map((operation) => [pathKey(operation.path), operation]));
	const left = new Set(operations.flatMap(({ from }) => (from === undefined ? [] : [pathKey(from)])));
	const changes = operations
		.filter(({ path }) => (key === undefined ? !left.has(pathKey(path)) : pathKey(path) === key))
		.map((operation) => ({
			path: operation.path,
			...contentsOf(operation, operation.from && byKey.get(pathKey(operation.from))),
		}))
		.filter(({ before, after }) => before !== 'notCaptured' && after !== 'notCaptured');
	const [change] = changes;
	if (!change)
		throw new UserError('no-such-change', 'There is no stored content of this change, so it cannot be shown.');
	if (key === undefined) {
		const resources = changes
			.slice(0, MAX_FILES)
			.map(({ path, before, after }) => [
				vscode.Uri.joinPath(vscode.Uri.file(path.root), path.rel),
				contentUri(path.rel, before),
				contentUri(path.rel, after),
			]);
		await vscode.commands.executeCommand('vscode.changes', 'Changed by the command', resources);
		return;
	}
	const { rel } = change.path;
	const nothing = branchUri({ kind: 'file', sha256: (await blobs.put(new Uint8Array(), FILE_MEDIA_TYPE)).$blob }, rel);
	const sides = [change.before, change.after].map((content) => contentUri(rel, content) ?? nothing);
	await vscode.commands.executeCommand('vscode.diff', ...sides, `${rel} (before ↔ after the command)`, {
		preview: true,
	});
}

/** Undefined for no file. */
const contentUri = (rel: string, content: RecordedHash): vscode.Uri | undefined =>
	content === 'absent' || content === 'notCaptured'
		? undefined
		: branchUri({ kind: 'file', sha256: asSha256(content) }, rel);
