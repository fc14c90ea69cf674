/** The address of a merge's scratch document. It names conflict and content, so it means the same after a reload. */
import * as vscode from 'vscode';
import { asEntryId, asSha256 } from '../../base/ids.ts';
import type { ContentHash } from '../../core/session/fileFields.ts';
import type { Conflict } from './unresolvedConflicts.ts';

export const MERGE_SCHEME = 'retrace-merge';

/** `current` is the content of the file that the merge was opened for. */
export type MergeKey = Conflict & { readonly sessionId: string; readonly current: ContentHash };

/** The path is the file's own, for its name and language. */
export function mergeUri({ sessionId, restore, file, current }: MergeKey, scheme = MERGE_SCHEME): vscode.Uri {
	const query = [sessionId, restore, current, file.root].map(encodeURIComponent).join('&');
	return vscode.Uri.from({ scheme, path: `/${file.rel}`, query });
}

/** Undefined for any other address. */
export function mergeKeyOf(uri: vscode.Uri, scheme = MERGE_SCHEME): MergeKey | undefined {
	if (uri.scheme !== scheme) return undefined;
	const [sessionId, restore, current, root] = uri.query.split('&').map(decodeURIComponent);
	if (!sessionId || !restore || !current || !root) return undefined;
	return {
		...{ sessionId, restore: asEntryId(restore), file: { root, rel: uri.path.slice(1) } },
		current: current === 'absent' ? current : asSha256(current),
	};
}
