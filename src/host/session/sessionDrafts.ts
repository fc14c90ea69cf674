/**
 * The text in the input of each session, kept per workspace: one for the side panel, one for an editor tab.
 * Queued prompts of a window that closed come back as part of it. Shows nothing.
 */
import type * as vscode from 'vscode';
import type { SessionId } from '../../base/ids.ts';
import type { OpenSession } from './openSession.ts';

export type DraftPlace = 'side' | 'tab';

const queueKey = (id: SessionId) => `retrace.queue.${id}`;
const draftKey = (id: SessionId, place: DraftPlace) => `retrace.draft.${id}${place === 'tab' ? '.tab' : ''}`;

export class SessionDrafts {
	readonly #state: vscode.Memento;
	/** What was written to `queueKey` in this window, so that it is written only when it changed. */
	readonly #savedQueues = new Map<SessionId, string>();

	readonly #hasTab: (id: SessionId) => boolean;

	constructor(state: vscode.Memento, hasTab: (id: SessionId) => boolean) {
		this.#state = state;
		this.#hasTab = hasTab;
	}

	/**
	 * The text in the input; queued prompts of a window that closed stand before it. What was typed in a tab that is closed waits in the
	 * side panel. It is not moved when the tab closes: a window that is loaded again closes its tabs as well, and they come back.
	 */
	textOf({ session, queue }: OpenSession, place: DraftPlace): string {
		const own = this.#state.get(draftKey(session.id, place), '');
		const isHeir = place === 'side' && own === '' && !this.#hasTab(session.id);
		const draft = isHeir ? this.#state.get(draftKey(session.id, 'tab'), '') : own;
		if (queue.items.length > 0 || this.#savedQueues.has(session.id)) return draft;
		const lost = this.#state.get<readonly string[]>(queueKey(session.id), []);
		return join([...lost, draft]);
	}

	async save(id: SessionId, place: DraftPlace, text: string): Promise<void> {
		// What was queued in a window that closed is part of this text by now.
		if (!this.#savedQueues.has(id)) await this.#write(queueKey(id), undefined);
		// The same goes for what was typed in a tab that is closed, but while the side panel has a text of its own.
		const isHeir = place === 'side' && this.#state.get(draftKey(id, 'side'), '') === '' && !this.#hasTab(id);
		await this.#write(draftKey(id, place), text === '' ? undefined : text);
		if (isHeir) await this.#write(draftKey(id, 'tab'), undefined);
	}

	/** Text that no input is there for: it stands in the side panel when the session is shown there. */
	async keep(id: SessionId, text: string): Promise<void> {
		if (text === '') return;
		const key = draftKey(id, 'side');
		await this.#write(key, join([this.#state.get(key, ''), text]));
	}

	/** A queued prompt outlives the window as part of the draft. */
	async saveQueue({ session, queue }: OpenSession): Promise<void> {
		const texts = queue.items.map((item) => item.prompt.text);
		if ((this.#savedQueues.get(session.id) ?? '') === texts.join('\n')) return;
		this.#savedQueues.set(session.id, texts.join('\n'));
		await this.#state.update(queueKey(session.id), texts.length === 0 ? undefined : texts);
	}

	/** The session is gone. */
	async forget(id: SessionId): Promise<void> {
		await this.#write(draftKey(id, 'side'), undefined);
		await this.#write(draftKey(id, 'tab'), undefined);
	}

	/** Writes what has changed only. */
	async #write(key: string, value: string | undefined): Promise<void> {
		if (this.#state.get<unknown>(key) !== value) await this.#state.update(key, value);
	}
}

const join = (texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n\n');
