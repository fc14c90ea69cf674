/**
 * What the panel, the tree and the commands do with sessions: show, send, stop, rewind, fork, rename, delete.
 * Owns which session is shown. Knows no webview; tells what changed.
 */
import type * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable.ts';
import { Emitter, type Event } from '../base/emitter.ts';
import { messageOf, UserError } from '../base/errors.ts';
import { asEntryId, asSessionId, type SessionId } from '../base/ids.ts';
import type { Prompt } from '../core/agent/turnTypes.ts';
import type { PermissionMode } from '../core/session/entry.ts';
import { forkTitle } from '../core/session/titles.ts';
import type { PromptAttachment, RewindScope } from '../protocol/toHost.ts';
import type { ToPanel } from '../protocol/toPanel.ts';
import { readPrompt } from './attachments.ts';
import type { OpenSession, SessionChange } from './openSession.ts';
import { OpenSessions, type OpenSessionsWorld } from './openSessions.ts';
import {
	applyRewind,
	previewRewind,
	type RewindOutcome,
	type RewindWorld,
	stopTurn,
	undoRewind,
	wholePromptText,
} from './rewindFlow.ts';
import { folderNotice, runTurns, type TurnWorld, turnRefusal } from './turnRunner.ts';

/** Kept per workspace: the session shown last, and the text in the input of each. */
const SHOWN_KEY = 'retrace.shownSession';
const queueKey = (id: string) => `retrace.queue.${id}`;
const draftKey = (id: string) => `retrace.draft.${id}`;

export type SessionHostWorld = OpenSessionsWorld & TurnWorld & RewindWorld & { readonly state: vscode.Memento };

/** Why a turn broke, by whether another window owns the session now. */
const BROKEN_TEXT = {
	taken: {
		unsent: 'Another window took this session over, so nothing was sent. Your prompt is back in the input.',
		cut: 'Another window took this session over, so the turn was stopped here. What was finished until then is kept.',
	},
	unwritable: {
		unsent:
			'The log of this session could not be written, so nothing was sent. Your prompt is back in the input. Check the disk, then send it again.',
		cut: 'The log of this session could not be written any more, so the turn was stopped. What was finished until then is kept. Check the disk, then send “continue”.',
	},
} as const;

type Submission = { readonly text: string; readonly attached: readonly PromptAttachment[] };

/** What a panel has to do that is no projection of the log. */
export type PanelWord = Extract<ToPanel, { kind: 'input' | 'toast' | 'focus' }>;

export class SessionHost implements Disposable {
	readonly sessions: OpenSessions;
	readonly #world: SessionHostWorld;
	readonly #store = new DisposableStore();
	readonly #shown = this.#store.add(new Emitter<OpenSession>());
	readonly #said = this.#store.add(new Emitter<PanelWord>());
	readonly #list = this.#store.add(new Emitter<void>());
	/** What was written to `queueKey` in this window, so that it is written only when it changed. */
	readonly #savedQueues = new Map<string, string>();
	/** What the user sent, by the prompt that was made of it: it goes back to the input as it was. */
	readonly #submitted = new WeakMap<Prompt, Submission>();
	#current: OpenSession;

	/** Another session is shown now. */
	readonly onDidShow: Event<OpenSession> = this.#shown.event;
	readonly onDidSay: Event<PanelWord> = this.#said.event;
	/** A session was added, removed or changed in what the list shows. */
	readonly onDidChangeList: Event<void> = this.#list.event;
	readonly onDidChange: Event<{ readonly open: OpenSession; readonly change: SessionChange }>;

	private constructor(world: SessionHostWorld, sessions: OpenSessions, first: OpenSession) {
		this.#world = world;
		this.sessions = this.#store.add(sessions);
		this.onDidChange = sessions.onDidChange;
		this.#current = first;
		this.#store.add(
			sessions.onDidChange(({ open, change }) => {
				if (change.kind === 'head' || change.kind === 'asks') this.#list.fire();
				if (change.kind === 'head') this.#saveQueue(open);
			}),
		);
	}

	/** Shows the session that was shown last in this workspace, read from its log; else a new one. */
	static async start(world: SessionHostWorld): Promise<SessionHost> {
		const sessions = new OpenSessions(world);
		const shown = world.state.get<unknown>(SHOWN_KEY);
		let first: OpenSession | undefined;
		if (typeof shown === 'string') {
			try {
				first = await sessions.open(asSessionId(shown));
			} catch (error) {
				// The list still has it, with what is wrong; a new session is a better start than none.
				world.onError('reopen', error, shown);
			}
		}
		return new SessionHost(world, sessions, first ?? (await sessions.create()));
	}

	get current(): OpenSession {
		return this.#current;
	}

	/** The text in the input; queued prompts of a window that closed stand before it. */
	get draft(): string {
		const { session, queue } = this.#current;
		const draft = this.#world.state.get(draftKey(session.id), '');
		if (queue.items.length > 0 || this.#savedQueues.has(session.id)) return draft;
		const lost = this.#world.state.get<readonly string[]>(queueKey(session.id), []);
		return [...lost, draft].filter((text) => text !== '').join('\n\n');
	}

	async saveDraft(text: string): Promise<void> {
		const { id } = this.#current.session;
		// What was queued in a window that closed is part of this text by now.
		if (!this.#savedQueues.has(id)) await this.#save(queueKey(id), undefined);
		await this.#save(draftKey(id), text === '' ? undefined : text);
	}

	say(word: PanelWord): void {
		this.#said.fire(word);
	}

	async newSession(): Promise<void> {
		const { session } = this.#current;
		if (session.entries.length === 0 && session.readOnlyReason === undefined) return this.say({ kind: 'focus' });
		await this.#show(await this.sessions.create());
	}

	async show(id: SessionId): Promise<void> {
		await this.#show(await this.sessions.open(id));
	}

	/** Takes the shown session from the window that holds it: that one can write no more. */
	async takeOver(): Promise<void> {
		await this.#show(await this.sessions.open(this.#current.session.id, { takeOver: true }));
	}

	/** The newest session of the list. */
	async showLast(): Promise<void> {
		const { sessions } = await this.#world.stores.sessions.list();
		const last = sessions[0];
		if (!last) throw new UserError('no-session', 'There is no session in this folder yet. Send a prompt to start one.');
		await this.show(last.id);
	}

	/** Sends now, or queues when a turn runs. A prompt that cannot be sent goes back to the input. */
	async submit(text: string, attached: readonly PromptAttachment[]): Promise<void> {
		if (text.trim() === '' && attached.length === 0) return;
		const open = this.#current;
		this.#world.trace({ event: 'prompt', sessionId: open.session.id });
		const refusal = await turnRefusal(open, this.#world);
		if (refusal) {
			open.notify(refusal);
			return this.#giveBack({ text, attached });
		}
		const prompt = await this.#read(open, text, attached);
		this.#submitted.set(prompt, { text, attached });
		await this.#start(open, prompt);
		const noFolder = folderNotice(this.#world);
		if (noFolder) open.notify(noFolder);
		// After the start: each write of the state is a trip to the window and back, and the request need not wait for it.
		await this.saveDraft('');
	}

	/** The failed turn once more: as it was when nothing came of it, else by asking the model to go on. */
	async retry(): Promise<void> {
		const open = this.#current;
		if (open.isRunning) return;
		const branch = open.session.branch();
		const prompt = branch.findLast((entry) => entry.type === 'user');
		const later = prompt ? branch.slice(branch.indexOf(prompt) + 1) : [];
		const isUntouched = prompt && !later.some((entry) => entry.type === 'assistant' || entry.type === 'attachment');
		if (!isUntouched) return await this.submit('Continue.', []);
		const refusal = await turnRefusal(open, this.#world);
		if (refusal) return open.notify(refusal);
		const text = await wholePromptText(open, prompt, this.#world.blobs);
		await open.whenFree();
		if (open.isRunning) return;
		open.session.append({ type: 'rewind', to: prompt.parentId, from: open.session.leaf, why: 'switch' });
		await this.#start(open, { text, attachments: [] });
	}

	async stop(open: OpenSession = this.#current): Promise<void> {
		await stopTurn(open);
	}

	changeQueue(id: string, action: 'drop' | 'edit' | 'sendNow'): void {
		const open = this.#current;
		if (action === 'sendNow') {
			if (!open.isRunning) {
				const item = open.queue.take(id);
				if (item) void this.#start(open, item);
			} else if (open.queue.moveToFront(id)) {
				open.isSteering = true;
				open.turn?.abort();
			}
			return;
		}
		const item = open.queue.take(id);
		if (item && action === 'edit') this.#giveBack(this.#submissionOf([item]));
	}

	async previewRewind(entryId: string | null): Promise<Extract<ToPanel, { kind: 'rewind.plan' }>> {
		return await previewRewind(this.#current, entryId, this.#world, new AbortController().signal);
	}

	async applyRewind(choice: { entryId: string; scope: RewindScope; overwrite: readonly string[] }): Promise<void> {
		const outcome = await applyRewind(this.#current, choice, this.#world, new AbortController().signal);
		if (outcome.promptText !== undefined) this.say({ kind: 'input', text: outcome.promptText, how: 'replace' });
		this.#tellRewind(outcome, 'Rewound');
	}

	async undoRewind(): Promise<void> {
		const outcome = await undoRewind(this.#current, this.#world, new AbortController().signal);
		this.#tellRewind(outcome, 'Rewind undone');
	}

	/** A new session from an entry of the one with this id (default: shown, and its leaf); it is shown then. */
	async fork(options: { readonly id?: SessionId; readonly entryId?: string } = {}): Promise<void> {
		const origin = options.id === undefined ? this.#current : await this.sessions.open(options.id);
		const at = options.entryId === undefined ? origin.session.leaf : asEntryId(options.entryId);
		const fork = await this.sessions.fork(origin.session, at);
		fork.session.append({ type: 'title', title: forkTitle(origin.session.title), by: 'prompt' });
		await this.#show(fork);
	}

	async rename(id: SessionId, title: string): Promise<void> {
		const open = await this.sessions.open(id);
		open.session.append({ type: 'title', title, by: 'user' });
		await open.session.sync();
		this.#list.fire();
	}

	/** Moves it to the trash. */
	async remove(id: SessionId): Promise<void> {
		const isShown = this.#current.session.id === id;
		await this.sessions.close(id);
		try {
			await this.#world.stores.sessions.trash(id);
		} catch (error) {
			// It is where it was: whoever looks at it goes on with it.
			if (isShown) await this.#show(await this.sessions.open(id));
			throw error;
		}
		await this.#world.state.update(draftKey(id), undefined);
		if (isShown) await this.#show(await this.sessions.create());
		this.#list.fire();
	}

	setMode(mode: PermissionMode): void {
		this.#current.session.setMode(mode);
		this.#current.headChanged();
	}

	setModel(model: string): void {
		this.#current.session.setModel(model);
		this.#current.headChanged();
		this.#current.contextChanged();
	}

	dispose(): void {
		this.#store.dispose();
	}

	/** Reads attachments; a failure brings the prompt back to the input. */
	async #read(open: OpenSession, text: string, attached: readonly PromptAttachment[]): Promise<Prompt> {
		try {
			return await readPrompt(text, attached, this.#world.workspace, open.session.cwd);
		} catch (error) {
			this.#giveBack({ text, attached });
			throw error;
		}
	}

	/** What the user sent, several prompts as one. */
	#submissionOf(prompts: readonly Prompt[]): Submission {
		const parts = prompts.map((prompt) => this.#submitted.get(prompt) ?? { text: prompt.text, attached: [] });
		return { text: parts.map(({ text }) => text).join('\n\n'), attached: parts.flatMap(({ attached }) => attached) };
	}

	/** Brings a prompt that was not sent back to the input. */
	#giveBack({ text, attached }: Submission): void {
		this.say({ kind: 'input', text, how: 'replace', attachments: [...attached] });
	}

	/** Writes what has changed only. */
	async #save(key: string, value: string | undefined): Promise<void> {
		if (this.#world.state.get<unknown>(key) !== value) await this.#world.state.update(key, value);
	}

	/** Resolves when it runs or is queued: a rewind that is under way comes first. */
	async #start(open: OpenSession, prompt: Prompt): Promise<void> {
		await open.whenFree();
		if (open.isRunning) {
			open.queue.add(prompt);
			return;
		}
		open.clearNotices();
		if (open === this.#current) void this.#save(SHOWN_KEY, open.session.id);
		void this.#run(open, prompt);
	}

	/** A queued prompt outlives the window as part of the draft. */
	#saveQueue({ session, queue }: OpenSession): void {
		const texts = queue.items.map((item) => item.prompt.text);
		if ((this.#savedQueues.get(session.id) ?? '') === texts.join('\n')) return;
		this.#savedQueues.set(session.id, texts.join('\n'));
		void this.#world.state.update(queueKey(session.id), texts.length === 0 ? undefined : texts);
	}

	/** Its own barrier: what fails after the turns is shown as a message. */
	async #run(open: OpenSession, prompt: Prompt): Promise<void> {
		try {
			const broken = await runTurns(open, prompt, this.#world);
			this.#list.fire();
			if (!broken) return;
			const unsent = broken.unsent ? [broken.unsent] : [];
			for (let next = open.queue.takeNext(); next; next = open.queue.takeNext()) unsent.push(next);
			const again = await this.sessions.open(open.session.id, { isFresh: true });
			if (open !== this.#current) return;
			await this.#show(again);
			if (unsent.length > 0) this.#giveBack(this.#submissionOf(unsent));
			const texts = again.session.readOnlyReason === undefined ? BROKEN_TEXT.unwritable : BROKEN_TEXT.taken;
			this.say({ kind: 'toast', level: 'warning', text: broken.unsent ? texts.unsent : texts.cut });
		} catch (error) {
			this.#world.onError('afterTurn', error, open.session.id);
			this.say({ kind: 'toast', level: 'error', text: messageOf(error) });
		}
	}

	async #show(open: OpenSession): Promise<void> {
		this.#current = open;
		this.#shown.fire(open);
		this.#list.fire();
		await this.#world.state.update(SHOWN_KEY, open.session.id);
		await this.sessions.closeIdle(open);
	}

	/** The transcript says that it was rewound; files that stayed as they are need more words. */
	#tellRewind(outcome: RewindOutcome, what: string): void {
		if (outcome.problems.length === 0) return;
		const text = `${what}, but not every file: ${outcome.problems.join('; ')}`;
		this.say({ kind: 'toast', level: 'warning', text });
	}
}
