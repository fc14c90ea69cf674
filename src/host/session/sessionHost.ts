/**
 * The sessions of this window and the views that show them: which view is the active one, turns that run whether they are
 * seen or not, rename and delete. What one view shows is in sessionView.ts. Knows no webview.
 */
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { messageOf } from '../../base/errors.ts';
import { asSessionId, type SessionId } from '../../base/ids.ts';
import type { Prompt } from '../../core/agent/turnTypes.ts';
import type { PermissionMode } from '../../core/session/entry.ts';
import { isInTrash } from '../../core/session/sessionErrors.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import type { OpenSession, SessionChange } from './openSession.ts';
import { OpenSessions } from './openSessions.ts';
import { SessionDrafts } from './sessionDrafts.ts';
import { type PanelWord, type SessionHostWorld, SessionView, type Submission, type ViewHost } from './sessionView.ts';
import { runTurns } from './turnRunner.ts';
import { clearIn, forkIn } from './viewContinuations.ts';
import { previewRewindIn, redoRewindIn, undoRewindIn } from './viewRewinds.ts';

/** Kept per workspace: the session that the side panel showed last. */
const SHOWN_KEY = 'retrace.shownSession';
/** How often idle sessions are looked for when nothing else happens. */
const IDLE_LOOK_MS = 60_000;

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

export class SessionHost implements Disposable, ViewHost {
	readonly world: SessionHostWorld;
	readonly sessions: OpenSessions;
	readonly drafts: SessionDrafts;
	/** The view of the side panel. It is always there. */
	readonly side: SessionView;
	readonly #store = new DisposableStore();
	readonly #shown = this.#store.add(new Emitter<OpenSession>());
	readonly #list = this.#store.add(new Emitter<void>());
	readonly #seen = this.#store.add(new Emitter<SessionId>());
	readonly #views: SessionView[] = [];
	/** What the user sent, by the prompt that was made of it: it goes back to the input as it was. */
	readonly #submitted = new WeakMap<Prompt, Submission>();
	#active: SessionView;

	/** `current` is another session now: the active view shows another one, or another view is active. */
	readonly onDidShow: Event<OpenSession> = this.#shown.event;
	/** A session was added, removed or changed in what the list shows. */
	readonly onDidChangeList: Event<void> = this.#list.event;
	/** A view that can be seen shows this session now. */
	readonly onDidSee: Event<SessionId> = this.#seen.event;
	readonly onDidChange: Event<{ readonly open: OpenSession; readonly change: SessionChange }>;

	private constructor(world: SessionHostWorld, sessions: OpenSessions, first: OpenSession) {
		this.world = world;
		this.sessions = this.#store.add(sessions);
		const hasTab = (id: SessionId) => this.#views.some((view) => view.place === 'tab' && view.sessionId === id);
		this.drafts = new SessionDrafts(world.state, hasTab);
		this.onDidChange = sessions.onDidChange;
		this.side = this.addView('side', first);
		this.side.isVisible = true;
		this.#active = this.side;
		this.#store.add(
			sessions.onDidChange(({ open, change }) => {
				if (change.kind === 'head') void this.drafts.saveQueue(open);
			}),
		);
		this.#store.add(sessions.onDidOpen((open) => this.#onOpen(open)));
		this.#store.add(sessions.onDidLose((id) => void this.#onLose(id)));
		const looks = setInterval(() => {
			this.closeIdle().catch((error: unknown) => world.onError('closeIdle', error));
		}, IDLE_LOOK_MS);
		this.#store.add({ dispose: () => clearInterval(looks) });
	}

	/** Shows the session that was shown last in this workspace, read from its log; else a new one. */
	static async start(world: SessionHostWorld): Promise<SessionHost> {
		const sessions = new OpenSessions(world);
		const shown = world.state.get<unknown>(SHOWN_KEY);
		let first: OpenSession | undefined;
		if (typeof shown === 'string') {
			try {
				const last = await sessions.open(asSessionId(shown));
				if (isInTrash(last.session)) await sessions.close(last.session.id);
				else first = last;
			} catch (error) {
				// The list still has it, with what is wrong; a new session is a better start than none.
				world.onError('reopen', error, shown);
			}
		}
		return new SessionHost(world, sessions, first ?? (await sessions.create()));
	}

	/** The view that the user is in, else the side panel. */
	get active(): SessionView {
		return this.#active;
	}

	/** The session of the active view. */
	get current(): OpenSession {
		return this.#active.current;
	}

	get views(): readonly SessionView[] {
		return this.#views;
	}

	addView(place: SessionView['place'], open: OpenSession): SessionView {
		const view = new SessionView(this, place, open);
		view.onDidAppear(() => this.#seen.fire(view.sessionId));
		this.#views.push(view);
		return view;
	}

	/** The tab is closed. What was typed there is kept. */
	async removeView(view: SessionView): Promise<void> {
		const index = this.#views.indexOf(view);
		if (index < 0) return;
		this.#views.splice(index, 1);
		if (view === this.#active) this.#setActive(this.side);
		view.dispose();
		await this.closeIdle();
	}

	/** Commands that mean the shown session mean the one of this view from now on. */
	async activate(view: SessionView): Promise<void> {
		await view.wake();
		if (this.#views.includes(view)) this.#setActive(view);
	}

	/** The user left this view for something that is no view of a session. */
	deactivate(view: SessionView): void {
		if (view === this.#active) this.#setActive(this.side);
	}

	/** Whether somebody can see this session now. */
	isSeen(open: OpenSession): boolean {
		return this.#views.some((view) => view.isVisible && view.isAwake && view.current === open);
	}

	/** Closes idle sessions beyond the limit, and those that were idle for long. One that a hidden tab shows is opened again with the tab. */
	async closeIdle(): Promise<void> {
		// Looked at again before each: while one is closed, another may begin to work.
		for (let open = this.#nextIdle(); open; open = this.#nextIdle()) {
			for (const view of this.#views) if (view.isAwake && view.current === open) view.sleep();
			await this.sessions.close(open.session.id);
		}
	}

	#nextIdle(): OpenSession | undefined {
		const isNeeded = (view: SessionView) => view.isVisible || view === this.side || view === this.#active;
		const needed = this.#views.filter((view) => view.isAwake && isNeeded(view)).map((view) => view.current);
		return this.sessions.idle(new Set(needed), this.world.hasReview)[0];
	}

	// ---- of the active view

	say(word: PanelWord): void {
		this.#active.say(word);
	}

	async newSession(): Promise<void> {
		await this.#active.newSession();
	}

	async show(id: SessionId): Promise<void> {
		await this.#active.show(id);
	}

	async showLast(): Promise<void> {
		await this.#active.showLast();
	}

	async stop(): Promise<void> {
		await this.#active.stop();
	}

	async compact(): Promise<void> {
		await this.#active.compact('');
	}

	async clear(): Promise<void> {
		await clearIn(this.#active, '');
	}

	async previewRewind(entryId: string | null): Promise<Extract<ToPanel, { kind: 'rewind.plan' }>> {
		return await previewRewindIn(this.#active, entryId);
	}

	async undoRewind(): Promise<void> {
		await undoRewindIn(this.#active);
	}

	async redoRewind(): Promise<void> {
		await redoRewindIn(this.#active);
	}

	async fork(options: { readonly id?: SessionId; readonly entryId?: string } = {}): Promise<void> {
		await forkIn(this.#active, options);
	}

	setMode(mode: PermissionMode): void {
		this.#active.setMode(mode);
	}

	async setModel(model: string): Promise<void> {
		await this.#active.setModel(model);
	}

	// ---- of any session

	async rename(id: SessionId, title: string): Promise<void> {
		const open = await this.sessions.open(id);
		open.session.append({ type: 'title', title, by: 'user' });
		await open.session.sync();
		this.#list.fire();
	}

	/** Moves it to the trash. */
	async remove(id: SessionId): Promise<void> {
		const showing = this.#views.filter((view) => view.sessionId === id);
		await this.sessions.close(id);
		try {
			await this.world.stores.sessions.trash(id);
		} catch (error) {
			// It is where it was: whoever looks at it goes on with it.
			if (showing.some((view) => view.isAwake)) await this.sessions.open(id);
			throw error;
		}
		await this.drafts.forget(id);
		await this.#leave(showing);
	}

	dispose(): void {
		for (const view of this.#views) view.dispose();
		this.#store.dispose();
	}

	// ---- for the views

	/** Resolves when it runs or is queued: a rewind that is under way comes first. */
	async start(open: OpenSession, prompt: Prompt): Promise<void> {
		await open.whenFree();
		if (open.isRunning) {
			open.queue.add(prompt);
			return;
		}
		open.clearNotices();
		if (this.side.sessionId === open.session.id) void this.#saveShown();
		void this.#run(open, prompt);
	}

	remember(prompt: Prompt, submission: Submission): void {
		this.#submitted.set(prompt, submission);
	}

	/** What the user sent, several prompts as one. */
	submissionOf(prompts: readonly Prompt[]): Submission {
		const parts = prompts.map((prompt) => this.#submitted.get(prompt) ?? { text: prompt.text, attached: [] });
		return { text: parts.map(({ text }) => text).join('\n\n'), attached: parts.flatMap(({ attached }) => attached) };
	}

	async viewShows(view: SessionView): Promise<void> {
		if (view === this.#active) this.#shown.fire(view.current);
		if (view.isVisible) this.#seen.fire(view.sessionId);
		this.#list.fire();
		if (view === this.side) await this.#saveShown();
		await this.closeIdle();
	}

	/** Its own barrier: what fails after the turns is shown as a message. */
	async #run(open: OpenSession, prompt: Prompt): Promise<void> {
		try {
			const broken = await runTurns(open, prompt, this.world);
			this.#list.fire();
			if (!broken) return;
			const unsent = broken.unsent ? [broken.unsent] : [];
			if (broken.isHeldBack) return (this.#viewOf(open) ?? this.#active).giveBack(this.submissionOf(unsent));
			for (let next = open.queue.takeNext(); next; next = open.queue.takeNext()) unsent.push(next);
			const again = await this.sessions.open(open.session.id, { isFresh: true });
			const view = this.#viewOf(again);
			if (!view) return await this.drafts.keep(open.session.id, this.submissionOf(unsent).text);
			if (unsent.length > 0) view.giveBack(this.submissionOf(unsent));
			const texts = again.session.readOnlyReason === undefined ? BROKEN_TEXT.unwritable : BROKEN_TEXT.taken;
			view.say({ kind: 'toast', level: 'warning', text: broken.unsent ? texts.unsent : texts.cut });
		} catch (error) {
			this.world.onError('afterTurn', error, open.session.id);
			const view = this.#viewOf(open) ?? this.#active;
			view.say({ kind: 'toast', level: 'error', text: messageOf(error) });
		}
	}

	/** Where to speak of this session: the active view when it shows it. */
	#viewOf(open: OpenSession): SessionView | undefined {
		const showing = this.#views.filter((view) => view.isAwake && view.current === open);
		return showing.find((view) => view === this.#active) ?? showing[0];
	}

	/** A session that was read again is replaced wherever it is shown, so that all views stay in step. */
	#onOpen(open: OpenSession): void {
		for (const view of this.#views) {
			if (!view.isAwake || view.sessionId !== open.session.id || view.current === open) continue;
			view.replaceWith(open);
			if (view === this.#active) this.#shown.fire(open);
		}
		this.#list.fire();
	}

	/** Its own barrier. */
	async #onLose(id: SessionId): Promise<void> {
		const showing = this.#views.filter((view) => view.sessionId === id);
		try {
			await this.#leave(showing);
			if (showing.length === 0) return;
			const text = 'The session that was shown here was moved to the trash in another window.';
			this.say({ kind: 'toast', level: 'info', text });
		} catch (error) {
			this.world.onError('sessionGone', error, id);
		}
	}

	/** Their session is gone: a tab closes, the side panel starts a new one. */
	async #leave(views: readonly SessionView[]): Promise<void> {
		for (const view of views) {
			if (view.place === 'tab') view.end();
			else await view.showOpen(await this.sessions.create());
		}
		this.#list.fire();
	}

	#setActive(view: SessionView): void {
		if (view === this.#active) return;
		this.#active = view;
		this.#shown.fire(view.current);
	}

	async #saveShown(): Promise<void> {
		const { state } = this.world;
		const { sessionId } = this.side;
		if (state.get<unknown>(SHOWN_KEY) !== sessionId) await state.update(SHOWN_KEY, sessionId);
	}
}
