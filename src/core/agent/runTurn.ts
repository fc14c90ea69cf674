/**
 * The loop of one turn: prompt, then request, tools, request, … until the model is done, the user stops it, or it cannot go on.
 * What happens in a request is `streamStep.ts`, in a call `runToolCall.ts`; this file decides what comes next.
 */
import { assertNever } from '../../base/assertNever.ts';
import { codeOf, isCancelled, SessionClosedError, UserError } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import { endReminders } from '../background/backgroundEntries.ts';
import { buildContext } from '../context/buildContext.ts';
import { factChangesText } from '../context/facts.ts';
import { type BlobCache, dropUnnamed, loadBranchBlobs } from '../context/loadBlobs.ts';
import { type LoadedPrefix, loadPrefix, needsNewPrefix } from '../context/prefix.ts';
import { ModelError } from '../model/modelError.ts';
import { readSessionRules } from '../permission/sessionRules.ts';
import type { EntryDraft, EntryOf } from '../session/entry.ts';
import { pendingBrief } from './draftBrief.ts';
import { framesOf } from './framesOf.ts';
import { makeRoomAfter, makeRoomBefore, makeRoomForced } from './makeRoom.ts';
import { foldWhileCold } from './microcompact.ts';
import { openCallsOf, unrunResult } from './openCalls.ts';
import { createMediaRepair } from './refusedMedia.ts';
import { inUserForm, isSystemRefused, reminderFormFor } from './reminderForm.ts';
import { loggedCommand, runBeforehand } from './runBeforehand.ts';
import type { TurnContext } from './runToolCall.ts';
import { runToolCalls } from './runToolCalls.ts';
import { prefixNow } from './sessionPrefix.ts';
import { storeBlocks } from './storeBlocks.ts';
import { type StepOutcome, streamStep } from './streamStep.ts';
import { tellOnce } from './tellOnce.ts';
import {
	CONTEXT_FULL,
	ENDED,
	failedEnd,
	maxTokensEnd,
	refusalEnd,
	STOPPED,
	type TurnEnd,
	UNTRUSTED,
} from './turnFailure.ts';
import { haltedEnd, PROMPT_BLOCKED, promptHooks, stopHooks } from './turnHooks.ts';
import { createTurnLimits } from './turnLimits.ts';
import { enterMemory, type MemoryDraft, memoryNews, memoryNotices } from './turnMemory.ts';
import { promptReminders, stepReminder } from './turnReminders.ts';
import type { Prompt, RunTurn, TurnEvent, TurnPorts } from './turnTypes.ts';

/** Replies in a row that may be cut at the output limit in the middle of a call. */
const MAX_CUT_REPLIES = 2;
const CUT_CALL =
	'This call was cut off by the output limit (max_tokens), so it was not run. Make it again in smaller parts, for example several edits instead of one long file.';
/** It ran, but its result could not be kept, e.g. on a full disk. */
const RESULT_LOST =
	'This call was started and its result was lost, so whether it took effect is not known. Check before you repeat it.';

export const runTurn: RunTurn = async (session, prompt, ports, onEvent, signal) => {
	const turnRules: string[] = [];
	const turnDenied = [...(prompt.command?.denied ?? [])];
	const turn: TurnContext = {
		session,
		ports: withRules(ports, turnRules, turnDenied),
		onEvent: safely(onEvent, ports, session.id),
		signal,
		sessionRules: readSessionRules(session, ports.trace, signal),
		...{ turnRules, turnDenied },
		budget: {},
		waits: { count: 0, totalMs: 0 },
		halt: {},
	};
	const startedAt = ports.clock.now();
	let end: TurnEnd | undefined;
	try {
		end = await turnEndOf(turn, prompt);
	} catch (thrown) {
		end = endForThrown(thrown, turn);
	}
	const durationMs = Math.max(0, ports.clock.now() - startedAt);
	try {
		if (end) closeTurn(turn, end, durationMs);
		await session.sync();
		session.setState('idle');
	} catch (thrown) {
		// The log cannot be written any more: the session itself says so (`readOnlyReason`).
		ports.trace({ event: 'turnNotClosed', sessionId: session.id, code: codeOf(thrown) });
		session.setState('idle');
	}
	ports.trace({
		event: 'turn',
		sessionId: session.id,
		durationMs,
		...(end === undefined
			? { code: PROMPT_BLOCKED }
			: end.reason === 'endTurn'
				? {}
				: { code: end.code ?? end.reason }),
	});
};

/** With what is allowed, and what is not, in this turn alone. */
function withRules(ports: TurnPorts, allowed: readonly string[], denied: readonly string[]): TurnPorts {
	return {
		...ports,
		rules: () => {
			const rules = ports.rules();
			if (allowed.length === 0 && denied.length === 0) return rules;
			return { ...rules, allow: [...rules.allow, ...allowed], deny: [...rules.deny, ...denied] };
		},
	};
}

/** Ephemeral news: a listener that fails must not end the turn. */
function safely(
	onEvent: (event: TurnEvent) => void,
	ports: TurnPorts,
	sessionId: SessionId,
): (event: TurnEvent) => void {
	return (event) => {
		try {
			onEvent(event);
		} catch (thrown) {
			ports.trace({ event: 'turnEventFailed', sessionId, code: codeOf(thrown), detail: { stack: framesOf(thrown) } });
		}
	};
}

/** Undefined when there is no turn: a hook held the prompt back. */
async function turnEndOf(turn: TurnContext, prompt: Prompt): Promise<TurnEnd | undefined> {
	const { session, ports } = turn;
	const cache: BlobCache = ports.loadedTexts ?? new Map();
	let prefix: LoadedPrefix | undefined;
	let news: readonly MemoryDraft[] = [];
	let user: EntryOf<'user'> | undefined;
	const hooked = await promptHooks(turn, prompt);
	if (hooked.kind === 'blocked') return undefined;
	try {
		// Frozen before the prompt, so that it hangs on what precedes it: a rewind to this prompt keeps the bytes.
		const frozen = session.newest('prefix');
		if (ports.workspace.isTrusted) prefix = await currentPrefix(turn, cache);
		if (prefix) await foldWhileCold(turn);
		// Also behind a start that was just made anew: what came in later stands behind it and would win.
		if (prefix && frozen) news = await memoryNews(turn, prefix);
	} finally {
		user = await appendPrompt(turn, prompt, news, hooked.attachments);
	}
	// Nothing is done to the world before the calls of the reply, which flush by themselves, so the request need not wait for the disk.
	const flushed = session.sync();
	flushed.catch(() => undefined);
	if (!prefix) {
		await flushed;
		return UNTRUSTED;
	}
	if (user?.command) {
		tellOnce(session, prompt.command?.notes ?? [], 'command-file');
		await runBeforehand(user.command, turn);
		if (turn.signal.aborted) return STOPPED;
		if (turn.halt.reason !== undefined) return haltedEnd(turn.halt.reason);
	}
	session.setState('streaming');
	// What a rewind left behind would stay in memory as long as the session.
	dropUnnamed(cache, session.branch(), prefix.entry);
	const end = await runSteps(turn, prefix, cache);
	await flushed;
	return end;
}

/**
 * The prompt, what is attached to it and what the model is told beside it in one write, then its checkpoint, which precedes every
 * effect of the turn.
 */
async function appendPrompt(
	{ session, ports }: TurnContext,
	prompt: Prompt,
	news: readonly MemoryDraft[],
	hooked: readonly EntryDraft<'attachment'>[],
): Promise<EntryOf<'user'> | undefined> {
	const text = prompt.text === '' ? [] : [{ type: 'text' as const, text: prompt.text }];
	const attachments = await Promise.all(
		[...pendingBrief(session), ...prompt.attachments].map(
			async ({ name, content }): Promise<EntryDraft<'attachment'>> => ({
				type: 'attachment',
				name,
				content: await storeBlocks(content, ports.blobs),
			}),
		),
	);
	const epoch = session.newestEpoch;
	const content = await storeBlocks(text, ports.blobs);
	const facts = factChangesText(session.branch());
	if (facts !== undefined)
		attachments.push({ type: 'attachment', name: 'Facts', content: [{ type: 'text', text: facts }] });
	const reminders = promptReminders(session.entries, session.branch(), session.mode);
	const [user] = session.append<'user' | 'attachment' | 'reminder' | 'notice'>(
		{
			type: 'user',
			content,
			...(prompt.command === undefined ? {} : { command: loggedCommand(prompt.command, ports) }),
		},
		...attachments,
		...hooked,
		...news,
		// Behind the prompt, so that a rewind to it takes them back as well.
		...reminders,
	);
	if (user) session.append({ type: 'checkpoint', epoch, prompt: user.id });
	return user?.type === 'user' ? user : undefined;
}

const PREFIX_LOST_TEXT =
	'The stored start of this session’s requests could not be read, so it was made anew. The conversation is intact; the next request is not read from the prompt cache.';

/** Undefined when the stored parts are gone or damaged: a session must not end with them. */
function lostPrefix(thrown: unknown): undefined {
	if (thrown instanceof UserError && (thrown.code === 'blob-missing' || thrown.code === 'blob-damaged'))
		return undefined;
	throw thrown;
}

async function currentPrefix({ session, ports, signal }: TurnContext, cache: BlobCache): Promise<LoadedPrefix> {
	const frozen = session.newest('prefix');
	if (frozen && !needsNewPrefix(session)) {
		const loaded = await loadPrefix(frozen, ports.blobs, cache).catch(lostPrefix);
		if (loaded) return loaded;
		session.append({ type: 'notice', level: 'warning', code: 'prefix-lost', text: PREFIX_LOST_TEXT });
	}
	const project = await ports.loadProjectContext();
	const form = await reminderFormFor(ports, signal);
	const [entry] = session.append(await prefixNow(ports, project, form, cache));
	const notices = memoryNotices(session.entries, project.notices);
	if (notices.length > 0) session.append(...notices);
	if (!entry) throw new Error('The session appended no prefix');
	return await loadPrefix(entry, ports.blobs, cache);
}

async function runSteps(turn: TurnContext, first: LoadedPrefix, cache: BlobCache): Promise<TurnEnd> {
	const { session, signal } = turn;
	let prefix = first;
	let cutReplies = 0;
	/** What was too large once and is again after a summary will not get smaller by another one. */
	let mayForce = true;
	let dropEarlierThinking = false;
	/** The endpoint refused a request with a system message, and may take it without. */
	let isFormRefused = false;
	let stopsHeld = 0;
	const limitReached = createTurnLimits(turn);
	const repairMedia = createMediaRepair(turn);
	for (let step = 1; ; step++) {
		signal.throwIfAborted();
		const limited = await limitReached(step - 1);
		if (limited) return limited;
		for (const text of endReminders(session.entries, session.branch())) session.append({ type: 'reminder', text });
		const reminder = stepReminder(session.branch(), session.mode);
		if (reminder !== undefined) session.append({ type: 'reminder', text: reminder });
		if (await makeRoomBefore(turn)) {
			prefix = await currentPrefix(turn, cache);
			// What came into the part that was summarized comes again.
			const news = await memoryNews(turn, prefix);
			if (news.length > 0) session.append<MemoryDraft['type']>(...news);
		}
		const branch = session.branch();
		const blobs = await loadBranchBlobs(branch, turn.ports.blobs, cache);
		const request = buildContext({ branch, prefix, blobs, messageTtl: turn.ports.messageTtl, dropEarlierThinking });
		let outcome: StepOutcome;
		try {
			const streaming = streamStep(request, turn);
			// The request is on its way: what a command will need is made ready beside it.
			if (step === 1) turn.ports.scanner?.prepare();
			outcome = await streaming;
		} catch (thrown) {
			if (await repairMedia(thrown, request)) continue;
			if (thrown instanceof ModelError && thrown.kind === 'tooLarge' && mayForce && (await makeRoomForced(turn))) {
				mayForce = false;
				prefix = await currentPrefix(turn, cache);
				continue;
			}
			if (isSystemRefused(thrown, request)) {
				[prefix, isFormRefused] = [await loadPrefix(inUserForm(session, prefix), turn.ports.blobs, cache), true];
				continue;
			}
			if (!(thrown instanceof ModelError) || thrown.kind !== 'thinkingBinding' || dropEarlierThinking) throw thrown;
			// For the rest of the turn, so that what is thought from here on stays bound to the same beginning.
			dropEarlierThinking = true;
			continue;
		}
		if (isFormRefused) turn.ports.reminderForms?.remember(request.model, 'user');
		isFormRefused = false;
		if (outcome.kind === 'stopped') return STOPPED;
		const next = nextAfter(outcome);
		cutReplies = next.kind === 'tellCut' ? cutReplies + 1 : 0;
		switch (next.kind) {
			case 'end':
				closeCalls(turn, 'The reply ended before this call was run; it was not run.', 'not run');
				if (next.end.reason === 'contextFull' && mayForce && (await makeRoomForced(turn))) {
					mayForce = false;
					prefix = await currentPrefix(turn, cache);
					break;
				}
				if (next.end.reason === 'endTurn') {
					const held = await stopHooks(turn, stopsHeld++);
					if (held?.kind === 'goOn') break;
					if (held) return held.end;
					await makeRoomAfter(turn);
				}
				return next.end;
			case 'runTools':
				await runToolCalls(outcome.calls, turn);
				if (signal.aborted) return STOPPED;
				if (turn.halt.reason !== undefined) return haltedEnd(turn.halt.reason);
				await enterMemory(outcome.calls, turn, prefix);
				break;
			case 'tellCut':
				closeCalls(turn, CUT_CALL, 'cut off by the output limit, so not run');
				if (outcome.hasCutCall) session.append({ type: 'reminder', text: CUT_CALL });
				if (cutReplies > MAX_CUT_REPLIES) return maxTokensEnd(true);
				break;
			case 'resend':
				// It goes on when it is sent back as it is.
				break;
			default:
				assertNever(next);
		}
	}
}

type Next =
	| { readonly kind: 'end'; readonly end: TurnEnd }
	| { readonly kind: 'runTools' }
	/** The calls were cut: they never run, and the model is told. */
	| { readonly kind: 'tellCut' }
	| { readonly kind: 'resend' };

function nextAfter({ reply, calls, hasCutCall }: Extract<StepOutcome, { kind: 'replied' }>): Next {
	switch (reply.stopReason) {
		case 'tool_use':
			return calls.length > 0 ? { kind: 'runTools' } : { kind: 'end', end: ENDED };
		case 'pause_turn':
			return { kind: 'resend' };
		case 'max_tokens':
			return calls.length > 0 || hasCutCall ? { kind: 'tellCut' } : { kind: 'end', end: maxTokensEnd(false) };
		case 'refusal':
			return { kind: 'end', end: refusalEnd(reply.stopDetails) };
		case 'model_context_window_exceeded':
			return { kind: 'end', end: CONTEXT_FULL };
		default:
			return { kind: 'end', end: ENDED };
	}
}

function endForThrown(thrown: unknown, { session, ports, signal }: TurnContext): TurnEnd {
	if (signal.aborted || isCancelled(thrown)) return STOPPED;
	const end = failedEnd(thrown);
	if (!(thrown instanceof ModelError))
		ports.trace({
			event: 'turnFailed',
			sessionId: session.id,
			code: codeOf(thrown),
			detail: { stack: framesOf(thrown) },
		});
	return end;
}

/** Whatever happened before, the branch is left complete: a result for every call, and how the turn ended. */
function closeTurn(turn: TurnContext, end: TurnEnd, durationMs: number): void {
	if (turn.signal.reason instanceof SessionClosedError && end.reason === 'stopped') {
		closeCalls(turn, 'Interrupted before it ran: the window was closed.', 'interrupted');
		turn.session.append({ type: 'interrupted', reason: 'crash' });
	} else if (end.reason === 'stopped') {
		closeCalls(turn, 'Stopped by the user before it ran.', 'stopped');
		turn.session.append({ type: 'interrupted', reason: 'stop' });
	} else closeCalls(turn, 'The reply broke off, so this call was not run.', 'not run');
	turn.session.append({ type: 'turnEnded', ...end, durationMs });
}

function closeCalls({ session }: TurnContext, text: string, summary: string): void {
	const open = openCallsOf(session.branch());
	if (open.length === 0) return;
	const started = new Set(session.entries.flatMap((entry) => (entry.type === 'toolStarted' ? [entry.toolUseId] : [])));
	const drafts = open.map(({ id }) =>
		started.has(id) ? unrunResult(id, RESULT_LOST, 'interrupted') : unrunResult(id, text, summary),
	);
	session.append(...drafts);
}
