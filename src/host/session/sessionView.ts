/**
 * One view of a session (the side panel or an editor tab): which session it shows, and what its user does with it.
 * Knows no webview; says what a page has to do. What views share is in sessionHost.ts.
 */
import type * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { BugError, UserError } from '../../base/errors.ts';
import { asEntryId, asSessionId, type SessionId } from '../../base/ids.ts';
import type { Prompt } from '../../core/agent/turnTypes.ts';
import type { CompactionWish } from '../../core/context/summaryDraft.ts';
import type { PermissionMode } from '../../core/session/entry.ts';
import { forkTitle } from '../../core/session/titles.ts';
import type { PromptAttachment } from '../../protocol/toHost.ts';
import type { MentionOffer, ToPanel } from '../../protocol/toPanel.ts';
import { chooseBrief, hasNothingToClear, linkedSession, linkSessions, NOTHING_TO_CLEAR } from '../context/clearFlow.ts';
import { compactSession, undoCompaction } from '../context/compactFlow.ts';
import type { ResourceReader } from '../mcp/mcpMentions.ts';
import { switchModel } from '../model/modelSwitch.ts';
import { unknownCommand } from '../panel/commandLine.ts';
import { maySend } from '../panel/promptQuestion.ts';
import { actOnQueue, type QueueAct } from '../panel/queueActs.ts';
import { readSubmission } from '../panel/readSubmission.ts';
import {
	applyRewind,
	previewRewind,
	type RewindChoice,
	type RewindOutcome,
	type RewindWorld,
	redoRewind,
	stopTurn,
	undoRewind,
	wholePromptText,
} from '../rewind/rewindFlow.ts';
import { FORKED_IN_TURN, isCutOff } from '../transcript/sessionNotices.ts';
import { leaveWorktree } from '../worktree/leaveWorktree.ts';
import type { OpenSession } from './openSession.ts';
import type { OpenSessions, OpenSessionsWorld } from './openSessions.ts';
import type { DraftPlace, SessionDrafts } from './sessionDrafts.ts';
import { createSessionDigests } from './sessionMentions.ts';
import { folderNotice, type TurnWorld, turnRefusal } from './turnRunner.ts';

export type SessionHostWorld = OpenSessionsWorld &
	TurnWorld &
	RewindWorld & {
		readonly state: vscode.Memento;
		readonly readResource?: ResourceReader;
		/** What may stand behind an `@`, best first. */
		findMentions?(query: string): MentionOffer[];
	};

/** What the user sent, as it was. */
export type Submission = { readonly text: string; readonly attached: readonly PromptAttachment[] };

/** What a panel has to do that is no projection of the log. */
export type PanelWord = Extract<ToPanel, { kind: 'input' | 'toast' | 'focus' }>;

/** What all views share. */
export type ViewHost = {
	readonly world: SessionHostWorld;
	readonly sessions: OpenSessions;
	readonly drafts: SessionDrafts;
	/** Resolves when it runs or is queued. */
	start(open: OpenSession, prompt: Prompt): Promise<void>;
	/** What was sent, by the prompt that was made of it. */
	remember(prompt: Prompt, submission: Submission): void;
	submissionOf(prompts: readonly Prompt[]): Submission;
	/** The view shows another session now. */
	viewShows(view: SessionView): Promise<void>;
};

export class SessionView implements Disposable {
	readonly place: DraftPlace;
	readonly #host: ViewHost;
	readonly #store = new DisposableStore();
	readonly #shown = this.#store.add(new Emitter<OpenSession>());
	readonly #said = this.#store.add(new Emitter<PanelWord>());
	readonly #ended = this.#store.add(new Emitter<void>());
	readonly #appeared = this.#store.add(new Emitter<void>());
	#sessionId: SessionId;
	#current: OpenSession | undefined;
	#isVisible = false;

	/** Shows another session now, or the same one read again. */
	readonly onDidShow: Event<OpenSession> = this.#shown.event;
	readonly onDidSay: Event<PanelWord> = this.#said.event;
	/** There is nothing to show any more: a tab closes. */
	readonly onDidEnd: Event<void> = this.#ended.event;
	/** It can be seen now. */
	readonly onDidAppear: Event<void> = this.#appeared.event;

	constructor(host: ViewHost, place: DraftPlace, first: OpenSession) {
		this.#host = host;
		this.place = place;
		this.#sessionId = first.session.id;
		this.#current = first;
	}

	get sessionId(): SessionId {
		return this.#sessionId;
	}

	/** A hidden tab may lose its session, which is opened again when it is needed. */
	get isVisible(): boolean {
		return this.#isVisible;
	}

	set isVisible(isVisible: boolean) {
		const hasAppeared = isVisible && !this.#isVisible;
		this.#isVisible = isVisible;
		if (hasAppeared) this.#appeared.fire();
	}

	/** The shown session. Only a hidden tab may have none: `wake` first. */
	get current(): OpenSession {
		if (!this.#current) throw new BugError('the view has no session: it sleeps');
		return this.#current;
	}

	get isAwake(): boolean {
		return this.#current !== undefined;
	}

	/** The shown session, opened again when it was closed while nobody saw it. */
	async wake(): Promise<OpenSession> {
		const before = this.#current;
		if (before && before.session.state !== 'closed') return before;
		const open = await this.#host.sessions.open(this.#sessionId);
		// One that is read again is given to all views that show it, also while this one waits for it.
		if (this.#current === before) {
			if (before) this.replaceWith(open);
			else this.#current = open;
		}
		return this.current;
	}

	/** Lets its session go until `wake`. */
	sleep(): void {
		this.#current = undefined;
	}

	/** The text in the input. */
	get draft(): string {
		return this.#host.drafts.textOf(this.current, this.place);
	}

	async saveDraft(text: string, sessionId: string): Promise<void> {
		await this.#host.drafts.save(asSessionId(sessionId), this.place, text);
	}

	say(word: PanelWord): void {
		this.#said.fire(word);
	}

	/** Brings a prompt that was not sent back to the input. */
	giveBack({ text, attached }: Submission, how: 'replace' | 'append' = 'replace'): void {
		this.say({ kind: 'input', text, how, attachments: [...attached] });
	}

	/** Shows this one, which is open. */
	async showOpen(open: OpenSession): Promise<void> {
		this.replaceWith(open);
		await this.#host.viewShows(this);
	}

	/** Another session, or the same one read again. */
	replaceWith(open: OpenSession): void {
		if (open === this.#current) return;
		this.#sessionId = open.session.id;
		this.#current = open;
		this.#shown.fire(open);
	}

	end(): void {
		this.#ended.fire();
	}

	async newSession(): Promise<void> {
		const { session } = this.current;
		if (session.entries.length === 0 && session.readOnlyReason === undefined) return this.say({ kind: 'focus' });
		await this.showOpen(await this.#host.sessions.create());
	}

	async show(id: SessionId): Promise<void> {
		await this.showOpen(await this.#host.sessions.open(id));
	}

	/** Takes the shown session from the window that holds it: that one can write no more. */
	async takeOver(): Promise<void> {
		await this.showOpen(await this.#host.sessions.open(this.#sessionId, { takeOver: true }));
	}

	/** Reads the shown session again: it can be written when nobody else holds it. */
	async reopen(): Promise<void> {
		await this.showOpen(await this.#host.sessions.open(this.#sessionId, { isFresh: true }));
	}

	/** Takes the shown session out of the trash. */
	async restore(): Promise<void> {
		const { sessions } = this.#host.world.stores;
		const trashed = await sessions.listTrash();
		// Of a session that was trashed twice, the one that is shown has the plain name.
		const found = trashed.find(({ name }) => name === this.#sessionId);
		if (found) await sessions.restore(found.name);
		await this.reopen();
	}

	/** The newest session of the list. */
	async showLast(): Promise<void> {
		const { sessions } = await this.#host.world.stores.sessions.list();
		const last = sessions[0];
		if (!last) throw new UserError('no-session', 'There is no session in this folder yet. Send a prompt to start one.');
		await this.show(last.id);
	}

	/** Sends now, or queues when a turn runs. A prompt that cannot be sent goes back to the input. */
	async submit(text: string, attached: readonly PromptAttachment[], isLiteral = false): Promise<void> {
		if (text.trim() === '' && attached.length === 0) return;
		const open = this.current;
		const { world } = this.#host;
		world.trace({ event: 'prompt', sessionId: open.session.id });
		const refusal = await turnRefusal(open, world, text);
		if (refusal) {
			open.notify(refusal);
			return this.giveBack({ text, attached });
		}
		const prompt = await this.#read(open, text, attached, isLiteral);
		if (!prompt) return;
		if (!(await maySend(prompt, open.session.model, world))) return this.giveBack({ text, attached });
		this.#host.remember(prompt, { text, attached });
		await this.#host.start(open, prompt);
		const noFolder = folderNotice(world);
		if (noFolder) open.notify(noFolder);
		// After the start: each write of the state is a trip to the window and back, and the request need not wait for it.
		await this.#host.drafts.save(open.session.id, this.place, '');
	}

	/** The failed turn once more: as it was when nothing came of it, else by asking the model to go on. */
	async retry(): Promise<void> {
		const open = this.current;
		const { world } = this.#host;
		if (open.isRunning) return;
		const branch = open.session.branch();
		const prompt = branch.findLast((entry) => entry.type === 'user');
		const later = prompt ? branch.slice(branch.indexOf(prompt) + 1) : [];
		// Memory files and lists come again by themselves.
		const isUntouched =
			prompt &&
			!later.some(
				(entry) => entry.type === 'assistant' || (entry.type === 'attachment' && !(entry.memory ?? entry.list)),
			);
		if (!isUntouched) return await this.submit('Continue.', []);
		const refusal = await turnRefusal(open, world);
		if (refusal) return open.notify(refusal);
		const text = await wholePromptText(open, prompt, world.blobs);
		await open.whenFree();
		if (open.isRunning) return;
		if (prompt.parentId !== null) await open.session.loadTo(prompt.parentId);
		open.session.append({ type: 'rewind', to: prompt.parentId, from: open.session.leaf, why: 'switch' });
		await this.#host.start(open, { text, attachments: [], ...(prompt.command ? { command: prompt.command } : {}) });
	}

	async stop(): Promise<void> {
		await stopTurn(this.current);
	}

	changeQueue(id: string, act: QueueAct): void {
		const open = this.current;
		const edited = actOnQueue(open, id, act, (prompt) => void this.#host.start(open, prompt));
		// What is being typed stays.
		if (edited) this.giveBack(this.#host.submissionOf([edited]), 'append');
	}

	async previewRewind(entryId: string | null): Promise<Extract<ToPanel, { kind: 'rewind.plan' }>> {
		return await previewRewind(this.current, entryId, this.#host.world, new AbortController().signal);
	}

	async applyRewind(choice: RewindChoice): Promise<void> {
		const outcome = await applyRewind(this.current, choice, this.#host.world, new AbortController().signal);
		if (outcome.promptText !== undefined) this.say({ kind: 'input', text: outcome.promptText, how: 'replace' });
		this.#tellRewind(outcome, 'Rewound');
	}

	async undoRewind(): Promise<void> {
		const outcome = await undoRewind(this.current, this.#host.world, new AbortController().signal);
		this.#tellRewind(outcome, 'Rewind undone');
	}

	async redoRewind(): Promise<void> {
		const outcome = await redoRewind(this.current, this.#host.world, new AbortController().signal);
		this.#tellRewind(outcome, 'Rewound again');
	}

	/** A new session from an entry of the one with this id (default: shown, and its leaf); it is shown then. */
	async fork(options: { readonly id?: SessionId; readonly entryId?: string } = {}): Promise<void> {
		const { sessions } = this.#host;
		const origin = options.id === undefined ? this.current : await sessions.open(options.id);
		const at = options.entryId === undefined ? origin.session.leaf : asEntryId(options.entryId);
		const fork = await sessions.fork(origin.session, at);
		fork.session.append({ type: 'title', title: forkTitle(origin.session.title), by: 'prompt' });
		if (isCutOff(fork.session.branch())) {
			// Nothing broke off here: the fork ends where the user wanted it to.
			fork.session.append({ type: 'interrupted', reason: 'stop' });
			fork.notify(FORKED_IN_TURN);
		}
		leaveWorktree(origin, fork, this.#host.world.defaults().cwd);
		await this.showOpen(fork);
	}

	/** Summarizes the conversation; shows the summary first unless the setting says never. */
	async compact(focus: string, part?: { readonly kind: 'from' | 'upTo'; readonly entryId: string }): Promise<void> {
		const wish: CompactionWish = {
			scope: part ? { kind: part.kind, prompt: asEntryId(part.entryId) } : { kind: 'all' },
			by: part ? 'partial' : 'manual',
			...(focus === '' ? {} : { focus }),
		};
		await compactSession(this.current, wish, this.#host.world);
	}

	/** A fresh session in this view that continues the shown one. What is being typed goes along. */
	async clear(focus: string): Promise<void> {
		const { sessions, drafts, world } = this.#host;
		const old = this.current;
		if (hasNothingToClear(old.session)) return this.say({ kind: 'toast', level: 'info', text: NOTHING_TO_CLEAR });
		const choice = await chooseBrief(old, focus, world);
		if (!choice) return;
		const fresh = await sessions.create();
		fresh.session.setMode(old.session.mode);
		await linkSessions(old.session, fresh.session, choice);
		fresh.session.setModel(old.session.model);
		leaveWorktree(old, fresh, world.defaults().cwd);
		// The user went elsewhere meanwhile; the link leads there.
		if (this.#sessionId !== old.session.id) return;
		const { draft } = this;
		await drafts.save(fresh.session.id, this.place, draft);
		await drafts.save(old.session.id, this.place, '');
		await this.showOpen(fresh);
		this.say({ kind: 'focus' });
	}

	/** The session at the other end of a link. */
	async follow(id: string): Promise<void> {
		const { sessions, world } = this.#host;
		const sizeOf = (other: SessionId) => world.stores.sessions.reader(other).size();
		await this.show(await linkedSession(id, { sessions, sizeOf }));
	}

	async undoCompaction(id: string): Promise<void> {
		await undoCompaction(this.current, id);
		this.say({
			kind: 'toast',
			level: 'info',
			text: 'The whole conversation is back. What came after the summary is on another branch, in the Branches view.',
		});
	}

	setMode(mode: PermissionMode): void {
		this.current.session.setMode(mode);
		this.current.headChanged();
	}

	/** Asks first when the conversation is too large for it. */
	async setModel(model: string): Promise<void> {
		await switchModel(this.current, model, this.#host.world);
	}

	dispose(): void {
		this.#store.dispose();
	}

	/** Reads attachments; a failure brings the prompt back to the input. */
	async #read(
		open: OpenSession,
		text: string,
		attached: readonly PromptAttachment[],
		isLiteral: boolean,
	): Promise<Prompt | undefined> {
		try {
			const { world, sessions } = this.#host;
			const digests = createSessionDigests(world.stores.sessions, sessions);
			const cwd = open.session.cwd;
			const { prompt, unknown } = await readSubmission({ text, attached, isLiteral }, { ...world, cwd, digests });
			if (prompt) return prompt;
			this.giveBack({ text, attached });
			if (unknown !== undefined) this.say({ kind: 'toast', level: 'warning', text: unknownCommand(unknown) });
			return undefined;
		} catch (error) {
			this.giveBack({ text, attached });
			throw error;
		}
	}

	/** The transcript says that it was rewound; files that stayed as they are need more words. */
	#tellRewind(outcome: RewindOutcome, what: string): void {
		if (outcome.problems.length === 0) return;
		const text = `${what}, but not every file: ${outcome.problems.join('; ')}`;
		this.say({ kind: 'toast', level: 'warning', text });
	}
}
