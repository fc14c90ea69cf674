/**
 * One view of a session (the side panel or an editor tab): which session it shows, its draft, and what its page has to do. Knows no webview.
 * What its user does in it is beside it: viewPrompts.ts, viewRewinds.ts, viewContinuations.ts. What views share is in sessionHost.ts.
 */
import type * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { BugError, UserError } from '../../base/errors.ts';
import { asEntryId, asSessionId, type SessionId } from '../../base/ids.ts';
import type { Prompt } from '../../core/agent/turnTypes.ts';
import type { CompactionWish } from '../../core/context/summaryDraft.ts';
import type { PermissionMode } from '../../core/session/entry.ts';
import type { PromptAttachment } from '../../protocol/toHost.ts';
import type { MentionOffer, ToPanel } from '../../protocol/toPanel.ts';
import type { ResourceReader } from '../mcp/mcpMentions.ts';
import { switchModel } from '../model/modelSwitch.ts';
import { type RewindWorld, stopTurn } from '../rewind/rewindFlow.ts';
import { compactSession, undoCompaction } from './compactFlow.ts';
import type { OpenSession } from './openSession.ts';
import type { OpenSessions, OpenSessionsWorld } from './openSessions.ts';
import type { DraftPlace, SessionDrafts } from './sessionDrafts.ts';
import type { TurnWorld } from './turnRunner.ts';

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
	readonly host: ViewHost;
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
		this.host = host;
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
		const open = await this.host.sessions.open(this.#sessionId);
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
		return this.host.drafts.textOf(this.current, this.place);
	}

	async saveDraft(text: string, sessionId: string): Promise<void> {
		await this.host.drafts.save(asSessionId(sessionId), this.place, text);
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
		await this.host.viewShows(this);
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
		await this.showOpen(await this.host.sessions.create());
	}

	async show(id: SessionId): Promise<void> {
		await this.showOpen(await this.host.sessions.open(id));
	}

	/** Takes the shown session from the window that holds it: that one can write no more. */
	async takeOver(): Promise<void> {
		await this.showOpen(await this.host.sessions.open(this.#sessionId, { takeOver: true }));
	}

	/** Reads the shown session again: it can be written when nobody else holds it. */
	async reopen(): Promise<void> {
		await this.showOpen(await this.host.sessions.open(this.#sessionId, { isFresh: true }));
	}

	/** Takes the shown session out of the trash. */
	async restore(): Promise<void> {
		const { sessions } = this.host.world.stores;
		const trashed = await sessions.listTrash();
		// Of a session that was trashed twice, the one that is shown has the plain name.
		const found = trashed.find(({ name }) => name === this.#sessionId);
		if (found) await sessions.restore(found.name);
		await this.reopen();
	}

	/** The newest session of the list. */
	async showLast(): Promise<void> {
		const { sessions } = await this.host.world.stores.sessions.list();
		const last = sessions[0];
		if (!last) throw new UserError('no-session', 'There is no session in this folder yet. Send a prompt to start one.');
		await this.show(last.id);
	}

	async stop(): Promise<void> {
		await stopTurn(this.current);
	}

	/** Summarizes the conversation; shows the summary first unless the setting says never. */
	async compact(focus: string, part?: { readonly kind: 'from' | 'upTo'; readonly entryId: string }): Promise<void> {
		const wish: CompactionWish = {
			scope: part ? { kind: part.kind, prompt: asEntryId(part.entryId) } : { kind: 'all' },
			by: part ? 'partial' : 'manual',
			...(focus === '' ? {} : { focus }),
		};
		await compactSession(this.current, wish, this.host.world);
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
		await switchModel(this.current, model, this.host.world);
	}

	dispose(): void {
		this.#store.dispose();
	}
}
