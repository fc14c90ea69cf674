/** Reads back from the log what was proposed for a file, so that a diff can be shown again after a reload. Writes nothing. */
import type { ToolUseId } from '../../base/ids.ts';
import type { Entry } from '../session/entry.ts';
import type { ContentRef, FilePath } from '../session/fileFields.ts';
import type { BlobStore } from '../session/storePort.ts';
import { plainText } from './textFile.ts';

export type StoredProposal = {
	readonly file: FilePath;
	/** With `\n` line ends; undefined for a new file. */
	readonly before: string | undefined;
	readonly proposed: string;
	/** Undefined while nobody decided, and for ever when the turn was stopped first. */
	readonly decision: 'accept' | 'reject' | undefined;
};

/** The newest proposal of a tool call; undefined when there is none. Rejects with UserError `blob-missing` or `blob-damaged`. */
export async function loadProposal(
	entries: readonly Entry[],
	blobs: BlobStore,
	toolUseId: ToolUseId,
): Promise<StoredProposal | undefined> {
	const proposal = entries.findLast((entry) => entry.type === 'editProposed' && entry.toolUseId === toolUseId);
	if (proposal?.type !== 'editProposed') return undefined;
	const decided = entries.findLast((entry) => entry.type === 'editDecided' && entry.toolUseId === toolUseId);
	const textOf = async (ref: ContentRef) => (ref === 'absent' ? undefined : plainText(await blobs.get(ref)));
	return {
		file: proposal.path,
		before: await textOf(proposal.before),
		proposed: (await textOf(proposal.proposed)) ?? '',
		decision: decided?.type === 'editDecided' ? decided.verdict : undefined,
	};
}
