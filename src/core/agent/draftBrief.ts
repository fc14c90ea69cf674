/**
 * Drafts the brief that a fresh session starts with: by one request beside the conversation, or from the log alone when that cannot be
 * had. Appends nothing. And the brief that a session's first prompt takes along.
 */
import { isCancelled, messageOf, UserError } from '../../base/errors.ts';
import { withBriefQuestion } from '../context/briefRequest.ts';
import { buildContext } from '../context/buildContext.ts';
import { type BlobCache, loadBranchBlobs } from '../context/loadBlobs.ts';
import { loadPrefix } from '../context/prefix.ts';
import { ModelError } from '../model/modelError.ts';
import type { Entry } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { askConversation } from './askConversation.ts';
import { type GitState, mechanicalBrief, withFacts } from './briefText.ts';
import type { Prompt, TurnEvent, TurnPorts } from './turnTypes.ts';

export type BriefPorts = Pick<TurnPorts, 'blobs' | 'clock' | 'loadedTexts' | 'messageTtl' | 'model'>;

export type BriefDraft = {
	readonly text: string;
	/** Why no model wrote it, as a sentence; undefined when one did. */
	readonly mechanicalBecause: string | undefined;
	/** Null when the price is not known. */
	readonly costUsd: number | null;
};

export type BriefWish = {
	/** What the new session is for; empty = not said. */
	readonly focus: string;
	readonly git: readonly GitState[];
	/** Why no model can be asked, as a sentence; undefined when one can. */
	readonly refusal: string | undefined;
};

/** Whether there is anything to hand over. */
export const hasConversation = (branch: readonly Entry[]): boolean => branch.some(({ type }) => type === 'user');

/** Rejects with CancelledError, UserError `nothing-to-clear`, or what reading the log's contents rejects with. */
export async function draftBrief(
	session: Session,
	wish: BriefWish,
	ports: BriefPorts,
	onEvent: (event: TurnEvent) => void,
	signal: AbortSignal,
): Promise<BriefDraft> {
	const branch = session.branch();
	if (!hasConversation(branch)) throw nothingToClear();
	const whole = (body: string) => withFacts(body, session.newest('taskList'), wish.git);
	const fallBack = (because: string, costUsd: number | null = 0): BriefDraft => ({
		text: whole(mechanicalBrief(branch, session.entries)),
		mechanicalBecause: because,
		costUsd,
	});
	if (wish.refusal !== undefined) return fallBack(wish.refusal);
	const frozen = session.newest('prefix');
	const hasReply = branch.some(({ type }) => type === 'assistant' || type === 'compaction');
	if (!frozen || !hasReply) return fallBack('The model has not answered yet.');
	try {
		const cache: BlobCache = ports.loadedTexts ?? new Map();
		const prefix = await loadPrefix(frozen, ports.blobs, cache);
		const blobs = await loadBranchBlobs(branch, ports.blobs, cache);
		const { messageTtl } = ports;
		const conversation = buildContext({ branch, prefix, blobs, messageTtl, isEndKept: true });
		const ttl = frozen.ttl === '5m' ? '5m' : messageTtl;
		const request = withBriefQuestion(conversation, wish.focus, ttl);
		const answer = await askConversation(request, 'brief', ttl, ports, onEvent, signal);
		if (!answer) return fallBack('The model gave no brief.', null);
		return { text: whole(answer.text), mechanicalBecause: undefined, costUsd: answer.costUsd };
	} catch (error) {
		if (signal.aborted || isCancelled(error)) throw error;
		// A brief is worth having without the model, and without contents that are lost.
		if (error instanceof ModelError || error instanceof UserError) return fallBack(messageOf(error));
		throw error;
	}
}

/** What the next prompt of this session takes along: its brief, as long as no prompt stands on the branch. */
export function pendingBrief(session: Session): Prompt['attachments'] {
	const link = session.newest('continues');
	if (!link || link.brief.trim() === '' || hasConversation(session.branch())) return [];
	const intro = `A brief from the session “${link.title}”, which this one continues. The user has read it and may have changed it:`;
	return [{ name: 'Brief', content: [{ type: 'text', text: `${intro}\n\n${link.brief}` }] }];
}

const nothingToClear = (): UserError =>
	new UserError('nothing-to-clear', 'There is nothing to clear: this session has no messages yet.');
