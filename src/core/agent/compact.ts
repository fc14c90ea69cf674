/**
 * Compaction of a session by a summary: asks the model for one of a part of the conversation, and puts it in the place of that part.
 * Nothing is taken out of the log; a rewind to the entry before undoes it. When it is due is `makeRoom.ts`.
 */
import { UserError } from '../../base/errors.ts';
import { buildContext } from '../context/buildContext.ts';
import { type CompactionScope, compactionRange } from '../context/compactionRange.ts';
import { placeFacts, readFacts, splitFacts } from '../context/factLines.ts';
import { type BlobCache, loadBranchBlobs } from '../context/loadBlobs.ts';
import { loadPrefix } from '../context/prefix.ts';
import type { CompactionWish, SummaryDraft } from '../context/summaryDraft.ts';
import { withSummaryQuestion } from '../context/summaryRequest.ts';
import { isBlobRef, isTextBlock, type StoredInputBlock } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import {
	appendCompaction,
	askBefore,
	type CompactionPorts,
	measureNow,
	prepareCompaction,
} from './appendCompaction.ts';
import { askConversation } from './askConversation.ts';
import type { TurnEvent } from './turnTypes.ts';

const FRAME = 'This is the summary of the conversation so far, which was replaced by it to make room:';

/**
 * Asks for the summary; appends nothing. Rejects with UserError `nothing-to-compact`, `no-summary`, what the blob store rejects with,
 * ModelError or CancelledError.
 */
export async function draftSummary(
	session: Session,
	wish: CompactionWish,
	ports: CompactionPorts,
	onEvent: (event: TurnEvent) => void,
	signal: AbortSignal,
): Promise<SummaryDraft> {
	const whole = session.branch();
	const end = wish.upToEntry === undefined ? whole.length : whole.findIndex(({ id }) => id === wish.upToEntry) + 1;
	const branch = whole.slice(0, end);
	const range = compactionRange(branch, wish.scope);
	const frozen = session.newest('prefix');
	if (!range || !frozen) throw nothingToCompact();
	const tokensBefore = measureNow(session, ports).usedTokens;
	const { by, focus } = wish;
	const ahead = { by, strategy: 'summarize', tokensBefore, ...(focus === undefined ? {} : { focus }) } as const;
	const instructions = await askBefore(ahead, ports, signal);
	const cache: BlobCache = ports.loadedTexts ?? new Map();
	const prefix = await loadPrefix(frozen, ports.blobs, cache);
	const blobs = await loadBranchBlobs(branch, ports.blobs, cache);
	const { messageTtl } = ports;
	const ttl = frozen.ttl === '5m' ? '5m' : messageTtl;
	const conversation = buildContext({ branch, prefix, blobs, messageTtl, isEndKept: true });
	const request = withSummaryQuestion(conversation, { ...wish, ...edgeOf(branch, wish.scope), ...instructions }, ttl);
	const answer = await askConversation(request, 'summary', ttl, ports, onEvent, signal);
	if (!answer) throw noSummary();
	const written = readFacts(splitFacts(answer.whole).section);
	return {
		wish,
		range,
		leaf: session.leaf,
		summary: answer.text,
		facts: placeFacts(written.facts, branch),
		goneFacts: written.gone,
		previous: previousSummary(branch),
		tokensBefore,
		costUsd: answer.costUsd,
		cacheShare: answer.cacheShare,
	};
}

/**
 * Appends the summary (the draft's, or as the user changed it) with what comes back beside it, and a new prefix when memory files or
 * tools changed. Rejects with UserError `conversation-moved` when the session went on since.
 */
export async function applySummary(
	session: Session,
	draft: SummaryDraft,
	summary: string,
	ports: CompactionPorts,
): Promise<EntryOf<'compaction'>> {
	const { wish } = draft;
	const prepared = await prepareCompaction(
		session,
		{
			range: draft.range,
			leaf: draft.leaf,
			summary: `${FRAME}\n\n${summary}`,
			drawnFacts: draft.facts,
			goneFacts: draft.goneFacts,
			withFiles: true,
			rest: {
				by: wish.by,
				tokensBefore: draft.tokensBefore,
				costUsd: draft.costUsd,
				...(wish.focus === undefined ? {} : { focus: wish.focus }),
				...(wish.lineTokens === undefined ? {} : { lineTokens: wish.lineTokens }),
			},
		},
		ports,
	);
	return await appendCompaction(session, prepared, ports);
}

/** The part of a stored summary that a person reads and edits. */
export const readableSummary = (summary: string): string =>
	summary.startsWith(FRAME) ? summary.slice(FRAME.length).trim() : summary;

function edgeOf(branch: readonly Entry[], scope: CompactionScope): { from?: string; upTo?: string } {
	if (scope.kind === 'all') return {};
	const prompt = branch.find(({ id }) => id === scope.prompt);
	const text = prompt?.type === 'user' ? headOf(prompt.content[0]) : '';
	return scope.kind === 'from' ? { from: text } : { upTo: text };
}

function headOf(block: StoredInputBlock | undefined): string {
	if (block === undefined) return '';
	if (isBlobRef(block)) return block.head;
	return isTextBlock(block) ? String(block.text) : '';
}

function previousSummary(branch: readonly Entry[]): string | undefined {
	const newest = branch.findLast((entry) => entry.type === 'compaction');
	return newest?.type === 'compaction' ? readableSummary(newest.summary) : undefined;
}

const nothingToCompact = (): UserError =>
	new UserError('nothing-to-compact', 'There is nothing to summarize here yet. Nothing was changed.');

const noSummary = (): UserError =>
	new UserError(
		'no-summary',
		'The model gave no summary, so the conversation was left as it is. Try again, or rewind to an earlier message.',
	);
