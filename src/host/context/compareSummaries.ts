/** The summary that waits beside the one before it, as a native diff. */
import * as vscode from 'vscode';
import { utf8Encode } from '../../base/text.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { branchUri } from '../branch/branchUri.ts';
import type { SummaryReview } from '../session/summaryReview.ts';

export async function compareSummaries(versions: SummaryReview['versions'], blobs: BlobStore): Promise<void> {
	if (!versions) return;
	const uriOf = async (text: string) => {
		const { $blob } = await blobs.put(utf8Encode(text), 'text/markdown');
		return branchUri({ kind: 'file', sha256: $blob }, 'summary.md');
	};
	const [left, right] = [await uriOf(versions.previous), await uriOf(versions.summary)];
	await vscode.commands.executeCommand('vscode.diff', left, right, 'Summary: before ↔ now');
}
