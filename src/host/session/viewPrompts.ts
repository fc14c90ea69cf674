/**
 * What the user sends in a view: a prompt now or behind the running turn, the failed turn once more, and what happens to prompts that wait.
 * A prompt that cannot be sent goes back to the input as it was.
 */
import type { Prompt } from '../../core/agent/turnTypes.ts';
import type { PromptAttachment } from '../../protocol/toHost.ts';
import { typedCommand, unknownCommand } from '../prompt/commandLine.ts';
import { maySend } from '../prompt/promptQuestion.ts';
import { readSubmission } from '../prompt/readSubmission.ts';
import { createSessionDigests } from '../prompt/sessionMentions.ts';
import { wholePromptText } from '../rewind/rewindFlow.ts';
import { instructionPlace } from './instructionPlace.ts';
import type { OpenSession } from './openSession.ts';
import { actOnQueue, type QueueAct } from './queueActs.ts';
import { retryOf } from './retryPrompt.ts';
import type { SessionView } from './sessionView.ts';
import { folderNotice, turnRefusal } from './turnRunner.ts';

/** Sends now, or queues when a turn runs. A prompt that cannot be sent goes back to the input. */
export async function submitPrompt(
	view: SessionView,
	text: string,
	attached: readonly PromptAttachment[],
	isLiteral = false,
): Promise<void> {
	if (text.trim() === '' && attached.length === 0) return;
	const open = view.current;
	const { world } = view.host;
	world.trace({ event: 'prompt', sessionId: open.session.id });
	const refusal = await turnRefusal(open, world, text);
	if (refusal) {
		open.notify(refusal);
		return view.giveBack({ text, attached });
	}
	const prompt = await readPrompt(view, open, text, attached, isLiteral);
	if (!prompt) return;
	if (!(await maySend(prompt, open.session.model, world))) return view.giveBack({ text, attached });
	view.host.remember(prompt, { text, attached });
	await view.host.start(open, prompt);
	const noFolder = folderNotice(world);
	if (noFolder) open.notify(noFolder);
	// After the start: each write of the state is a trip to the window and back, and the request need not wait for it.
	await view.host.drafts.save(open.session.id, view.place, '');
}

/** The failed turn once more: as it was when nothing came of it, else by asking the model to go on. */
export async function retryTurn(view: SessionView): Promise<void> {
	const open = view.current;
	const { world } = view.host;
	if (open.isRunning) return;
	const retry = retryOf(open.session.branch());
	const refusal = await turnRefusal(open, world, retry.kind === 'goOn' ? retry.prompt.text : undefined);
	if (refusal) return open.notify(refusal);
	if (retry.kind === 'goOn') return await view.host.start(open, retry.prompt);
	const { prompt } = retry;
	const text = await wholePromptText(open, prompt, world.blobs);
	await open.whenFree();
	if (open.isRunning) return;
	if (prompt.parentId !== null) await open.session.loadTo(prompt.parentId);
	open.session.append({ type: 'rewind', to: prompt.parentId, from: open.session.leaf, why: 'switch' });
	const again = { text, attachments: [], ...(prompt.command ? { command: prompt.command } : {}) };
	view.host.remember(again, { text: typedCommand(prompt) ?? text, attached: [] });
	await view.host.start(open, again);
}

export function changeQueue(view: SessionView, id: string, act: QueueAct): void {
	const open = view.current;
	const edited = actOnQueue(open, id, act, (prompt) => void view.host.start(open, prompt));
	// What is being typed stays.
	if (edited) view.giveBack(view.host.submissionOf([edited]), 'append');
}

/** Reads attachments; a failure brings the prompt back to the input. */
async function readPrompt(
	view: SessionView,
	open: OpenSession,
	text: string,
	attached: readonly PromptAttachment[],
	isLiteral: boolean,
): Promise<Prompt | undefined> {
	try {
		const { world, sessions } = view.host;
		const digests = createSessionDigests(world.stores.sessions, sessions);
		const own = { cwd: open.session.cwd, place: instructionPlace(open.session, world) };
		const { prompt, unknown } = await readSubmission({ text, attached, isLiteral }, { ...world, ...own, digests });
		if (prompt) return prompt;
		view.giveBack({ text, attached });
		if (unknown !== undefined) view.say({ kind: 'toast', level: 'warning', text: unknownCommand(unknown) });
		return undefined;
	} catch (error) {
		view.giveBack({ text, attached });
		throw error;
	}
}
