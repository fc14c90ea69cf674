/**
 * Rewind and its undo for one session: what it would do, and doing it. The conversation moves by a `rewind` entry;
 * files are restored by the checkpoint module. A running turn is stopped first.
 */
import { type SessionClosedError, UserError } from '../../base/errors.ts';
import { asEntryId, type EntryId } from '../../base/ids.ts';
import { isLongPromptNote, LONG_PROMPT_NAME } from '../../core/agent/makePrompt.ts';
import { applyRestore, type RestoreReport, settleIntents } from '../../core/checkpoint/restore.ts';
import { planRestore, type RestorePlan } from '../../core/checkpoint/restorePlan.ts';
import { epochBefore } from '../../core/checkpoint/timeline.ts';
import { loadBlobText } from '../../core/context/loadBlobs.ts';
import type { Workspace } from '../../core/ports.ts';
import { inputBlockSchema, isBlobRef, isTextBlock, type StoredInputBlock } from '../../core/session/content.ts';
import type { Entry, EntryOf } from '../../core/session/entry.ts';
import type { FilePath } from '../../core/session/fileFields.ts';
import { entryNotFound, notInThisSession } from '../../core/session/sessionErrors.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import type { KeptHunks, RewindScope } from '../../protocol/toHost.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import { typedCommand } from '../prompt/commandLine.ts';
import { backgroundIn, stopCommands } from '../session/backgroundRuns.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { SessionWorktrees } from '../session/worktreeTypes.ts';
import { keptHunksFor, rewindFiles } from './rewindFile.ts';
import { redoableRewind, undoableRewind } from './rewindHistory.ts';
import { rewindWarnings, runningWarnings } from './rewindWarnings.ts';

type RewindPlanMessage = Extract<ToPanel, { kind: 'rewind.plan' }>;
export type RewindWorld = {
	readonly worktrees?: Pick<SessionWorktrees, 'port' | 'rootsOf'>;
	readonly workspace: Workspace;
	readonly blobs: BlobStore;
	/** Why files cannot be restored now; null = they can. */
	codeReason(): string | null;
};
/** What the user chose. */
export type RewindChoice = {
	readonly entryId: string;
	readonly scope: RewindScope;
	/** Keys of files that are restored though they are not by themselves: conflicts, and changes of an unknown author. */
	readonly overwrite: readonly string[];
	/** Keys of files that stay as they are. */
	readonly keep?: readonly string[];
	/** Files of which some hunks stay as they are. */
	readonly keepHunks?: readonly KeptHunks[];
};
/** `promptText` goes back to the input; `problems` are files that were not restored. */
export type RewindOutcome = { readonly promptText: string | undefined; readonly problems: readonly string[] };

/** What rewinding to this prompt would do; with null, the list of prompts to choose from. Changes no file. */
export async function previewRewind(
	open: OpenSession,
	entryId: string | null,
	world: RewindWorld,
	signal: AbortSignal,
): Promise<RewindPlanMessage> {
	const prompts = open.session
		.branch()
		.filter((entry) => entry.type === 'user')
		.map((entry) => ({ entryId: entry.id, text: promptTextOf(open, entry.id), timestamp: entry.timestamp }));
	const base = { kind: 'rewind.plan' as const, entryId, prompts, files: [], messageCount: 0, warnings: [] };
	if (entryId === null) return { ...base, promptText: '', codeReason: world.codeReason() };
	const prompt = await findPrompt(open, entryId);
	const left = open.session.branch().slice(open.session.branch().indexOf(prompt));
	const plan =
		world.codeReason() === null
			? await open.alone(async () => {
					if (!open.isRunning) await settleIntents({ session: open.session, ...world });
					return await planTo(open, prompt, world, signal);
				})
			: undefined;
	open.shownPlan = plan;
	return {
		...base,
		promptText: await typedText(open, prompt, world.blobs),
		files: [...rewindFiles(plan?.files ?? [], (file) => shownPath(file, world.workspace))],
		messageCount: countMessages(left),
		warnings: [
			...runningWarnings(backgroundIn(open.session)?.running ?? []),
			...rewindWarnings(open.session.entries, left, world.worktrees?.rootsOf(open.session) ?? world.workspace.roots),
		],
		codeReason: world.codeReason(),
	};
}

/** Stops a running turn, then rewinds. */
export async function applyRewind(
	open: OpenSession,
	choice: RewindChoice,
	world: RewindWorld,
	signal: AbortSignal,
): Promise<RewindOutcome> {
	return await open.alone(() => rewindNow(open, choice, world, signal));
}

async function rewindNow(
	open: OpenSession,
	choice: RewindChoice,
	world: RewindWorld,
	signal: AbortSignal,
): Promise<RewindOutcome> {
	await stopAll(open);
	const prompt = await findPrompt(open, choice.entryId);
	const promptText = await typedText(open, prompt, world.blobs);
	const problems: string[] = [];
	let restore: EntryId | undefined;
	if (choice.scope !== 'conversation') {
		const reason = world.codeReason();
		if (reason !== null) throw new UserError('cannot-restore', `${reason} Nothing was changed.`);
		const { session } = open;
		await settleIntents({ session, ...world });
		const { workspace, blobs } = world;
		const plan = await planTo(open, prompt, world, signal);
		const { keepHunks, outdated } = await keptHunksFor(plan, choice.keepHunks ?? [], world);
		const { agreed, changed } = stillAsShown(open.shownPlan, plan, choice.overwrite);
		const keep = [...(choice.keep ?? []), ...outdated.map(({ key }) => key)];
		const chosen = { overwrite: agreed, keep, keepHunks };
		const report = await applyRestore({ session, workspace, blobs, plan, ...chosen }, signal);
		restore = report.restore;
		for (const { file } of [...outdated, ...changed]) problems.push(`${file.rel}: it was changed after the preview`);
		problems.push(...problemsOf(report));
	}
	if (choice.scope === 'code') {
		await open.session.sync();
		return { promptText: undefined, problems };
	}
	open.session.append({
		...{ type: 'rewind', to: prompt.parentId, from: open.session.leaf, why: 'rewind' },
		...(restore === undefined ? {} : { restore }),
	});
	await open.session.sync();
	return { promptText, problems };
}

/** To overwrite a file is agreed for the content that was there when the user was asked. */
function stillAsShown(shown: RestorePlan | undefined, plan: RestorePlan, overwrite: readonly string[]) {
	const before = new Map(shown?.files.map((file) => [file.key, file.current]));
	const now = new Map(plan.files.map((file) => [file.key, file]));
	const changed = overwrite.flatMap((key) => {
		const file = now.get(key);
		return file && before.has(key) && before.get(key) !== file.current ? [file] : [];
	});
	const changedKeys = new Set(changed.map(({ key }) => key));
	return { agreed: overwrite.filter((key) => !changedKeys.has(key)), changed };
}

/** Takes back the newest rewind that nothing followed. Rejects with UserError `nothing-to-undo`. */
export async function undoRewind(open: OpenSession, world: RewindWorld, signal: AbortSignal): Promise<RewindOutcome> {
	return await open.alone(() => undoNow(open, world, signal));
}

async function undoNow(open: OpenSession, world: RewindWorld, signal: AbortSignal): Promise<RewindOutcome> {
	await stopAll(open);
	const undoable = undoableRewind(open.session.entries);
	if (!undoable) throw new UserError('nothing-to-undo', 'There is no rewind to undo: the session went on since.');
	const problems: string[] = [];
	const { restore } = undoable;
	if (restore) problems.push(...problemsOf(await undoRestore(open, restore, world, signal)));
	if (undoable.rewind) {
		const { from } = undoable.rewind;
		// The branch that was left may not be loaded.
		if (from !== null && !(await open.session.loadTo(from, signal))) throw entryNotFound();
		open.session.append({ type: 'rewind', to: from, from: open.session.leaf, why: 'undo' });
	}
	await open.session.sync();
	return { promptText: undefined, problems };
}

/** Makes the rewind again that was undone last. Rejects with UserError `nothing-to-redo`. */
export async function redoRewind(open: OpenSession, world: RewindWorld, signal: AbortSignal): Promise<RewindOutcome> {
	return await open.alone(() => redoNow(open, world, signal));
}

async function redoNow(open: OpenSession, world: RewindWorld, signal: AbortSignal): Promise<RewindOutcome> {
	await stopAll(open);
	const { session } = open;
	const undone = redoableRewind(session.entries);
	if (!undone)
		throw new UserError('nothing-to-redo', 'There is no undone rewind to make again: the session went on since.');
	const problems: string[] = [];
	const { undoing, rewind } = undone;
	let restore: EntryId | undefined;
	if (undoing) {
		const report = await undoRestore(open, undoing, world, signal);
		restore = report.restore;
		problems.push(...problemsOf(report));
	}
	if (rewind) {
		const { to } = rewind;
		if (to !== null && !(await session.loadTo(to, signal))) throw entryNotFound();
		session.append({
			...{ type: 'rewind', to, from: session.leaf, why: 'rewind' },
			...(restore === undefined ? {} : { restore }),
		});
	}
	await session.sync();
	return { promptText: undefined, problems };
}

/** Brings the files back to what they were before this restore. */
async function undoRestore(
	{ session }: OpenSession,
	restore: EntryOf<'restore'>,
	world: RewindWorld,
	signal: AbortSignal,
): Promise<RestoreReport> {
	const { workspace, blobs } = world;
	await settleIntents({ session, workspace, blobs });
	const target = { toEpoch: restore.safety, undoOf: restore.id };
	const plan = await planRestore({ session, workspace, blobs, ...target }, signal);
	return await applyRestore({ session, workspace, blobs, plan, overwrite: [] }, signal);
}

const problemsOf = ({ skipped, failed }: RestoreReport): readonly string[] =>
	[...skipped, ...failed].map(({ file, reason }) => `${file.rel}: ${reason}`);

/** Aborts the running turn, if any, and what was to be sent right after it, and waits until nothing runs. */
export async function stopTurn(open: OpenSession, reason?: SessionClosedError): Promise<void> {
	for (let turn = open.turn; turn; turn = open.turn) {
		open.isSteering = false;
		turn.abort(reason);
		await turn.done;
	}
	open.isSteering = false;
}

/** Commands in the background would go on writing into the files that are restored, and the conversation that knows of them may be left. */
async function stopAll(open: OpenSession): Promise<void> {
	await stopTurn(open);
	await stopCommands(open.session, 'rewind');
}

/** The prompt as the user wrote it, also one that is too long for its row. Of a text that is missing, what the row shows. */
export async function wholePromptText(open: OpenSession, prompt: EntryOf<'user'>, blobs: BlobStore): Promise<string> {
	try {
		const text = await storedText(prompt.content, blobs);
		if (!isLongPromptNote(text)) return text;
		const branch = open.session.branch();
		const moved = branch[branch.indexOf(prompt) + 1];
		const isMoved = moved?.type === 'attachment' && moved.name === LONG_PROMPT_NAME;
		return isMoved ? await storedText(moved.content, blobs) : text;
	} catch (error) {
		if (error instanceof UserError) return promptTextOf(open, prompt.id);
		throw error;
	}
}

/** What goes back into the input: a command as it was typed, not what it stood for. */
async function typedText(open: OpenSession, prompt: EntryOf<'user'>, blobs: BlobStore): Promise<string> {
	return typedCommand(prompt) ?? (await wholePromptText(open, prompt, blobs));
}

async function storedText(content: readonly StoredInputBlock[], blobs: BlobStore): Promise<string> {
	const texts = await Promise.all(
		content.map(async (stored) => {
			const block = isBlobRef(stored) ? inputBlockSchema.parse(JSON.parse(await loadBlobText(stored, blobs))) : stored;
			return isTextBlock(block) ? block.text : '';
		}),
	);
	return texts.filter((text) => text !== '').join('\n');
}

/** The prompt as its row shows it. */
function promptTextOf(open: OpenSession, id: EntryId): string {
	const row = open.row(id);
	return row?.kind === 'prompt' ? (row.command ?? row.text) : '';
}

/** The prompt, with the place before it loaded. Nothing may have been changed yet: what the session cannot go back to is refused here. */
async function findPrompt(open: OpenSession, entryId: string): Promise<EntryOf<'user'>> {
	const entry = open.session.find(asEntryId(entryId));
	if (entry?.type === 'user' && open.session.branch().includes(entry)) {
		if (entry.parentId !== null && !(await open.session.loadTo(entry.parentId))) throw notInThisSession();
		return entry;
	}
	throw new UserError(
		'no-such-message',
		'This message is no longer part of the conversation. Nothing was changed. Choose another one.',
	);
}

function planTo(
	open: OpenSession,
	prompt: EntryOf<'user'>,
	world: RewindWorld,
	signal: AbortSignal,
): Promise<RestorePlan> {
	const { session } = open;
	const toEpoch = epochBefore(session.entries, prompt.id);
	return planRestore({ session, workspace: world.workspace, blobs: world.blobs, toEpoch }, signal);
}

/** Workspace-relative; with several folders, the folder's name stands before it. */
export function shownPath(file: FilePath, workspace: Workspace): string {
	const root = workspace.roots.length > 1 ? workspace.roots.find(({ path }) => path === file.root) : undefined;
	return root ? `${root.name}/${file.rel}` : file.rel;
}

function countMessages(entries: readonly Entry[]): number {
	const messages = new Set<string>();
	for (const entry of entries) {
		if (entry.type === 'user') messages.add(entry.id);
		if (entry.type === 'assistant') messages.add(entry.messageId);
	}
	return messages.size;
}
