/** Which part of a branch a summary is to replace. Pure. */
import type { EntryId } from '../../base/ids.ts';
import { replacedEntries } from '../session/compaction.ts';
import type { Entry, EntryFields } from '../session/entry.ts';

/** `from` takes the prompt and what follows; `upTo` what precedes the prompt. */
export type CompactionScope =
	| { readonly kind: 'all' }
	| { readonly kind: 'from'; readonly prompt: EntryId }
	| { readonly kind: 'upTo'; readonly prompt: EntryId };

export type CompactionRange = EntryFields<'compaction'>['replaces'];

/** Undefined when there is nothing to summarize: no reply in the range, or all of it was replaced before. */
export function compactionRange(branch: readonly Entry[], scope: CompactionScope): CompactionRange | undefined {
	const from = scope.kind === 'all' ? -1 : branch.findIndex(({ id, type }) => id === scope.prompt && type === 'user');
	if (scope.kind !== 'all' && from < 0) return undefined;
	const start = scope.kind === 'from' ? from : 0;
	const end = scope.kind === 'upTo' ? from : branch.length;
	const replaced = replacedEntries(branch);
	// A prompt of which only the summary is left cannot be the edge of another range.
	if (scope.kind !== 'all' && replaced.has(scope.prompt)) return undefined;
	const hasReply = branch
		.slice(start, end)
		.some((entry) => (entry.type === 'assistant' || entry.type === 'toolResult') && !replaced.has(entry.id));
	const until = branch[end - 1];
	if (!hasReply || !until) return undefined;
	return { after: branch[start - 1]?.id ?? null, until: until.id };
}
