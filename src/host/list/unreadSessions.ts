/**
 * Which sessions have something that was not seen: a turn ended in this window while the session was not shown.
 * Kept per workspace, so that it outlives a reload; cleared when the session is shown. Draws nothing.
 */
import type { Disposable } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';

const UNREAD_KEY = 'retrace.unreadSessions';
/** Sessions that are long gone may be among them. */
const MAX_UNREAD = 200;

export type Memory = {
	get<T>(key: string, defaultValue: T): T;
	update(key: string, value: unknown): Thenable<void>;
};
type Watched = { readonly session: { readonly id: string }; readonly isRunning: boolean };

export class UnreadSessions implements Disposable {
	readonly #memory: Memory;
	readonly #isShown: (id: string) => boolean;
	readonly #changed = new Emitter<void>();
	readonly #running = new Set<string>();
	readonly #ids: Set<string>;

	readonly onDidChange: Event<void> = this.#changed.event;

	constructor(memory: Memory, isShown: (id: string) => boolean) {
		this.#memory = memory;
		this.#isShown = isShown;
		const kept: unknown = memory.get<unknown>(UNREAD_KEY, []);
		this.#ids = new Set(Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : []);
	}

	get ids(): ReadonlySet<string> {
		return this.#ids;
	}

	/** The session changed: its turn may have begun or ended. */
	watch({ session, isRunning }: Watched): void {
		if (isRunning) {
			this.#running.add(session.id);
			return;
		}
		if (!this.#running.delete(session.id) || this.#isShown(session.id) || this.#ids.has(session.id)) return;
		this.#ids.add(session.id);
		this.#save();
	}

	/** The user looks at it, or it is gone. */
	clear(id: string): void {
		if (this.#ids.delete(id)) this.#save();
	}

	dispose(): void {
		this.#changed.dispose();
	}

	#save(): void {
		for (const id of [...this.#ids].slice(0, Math.max(0, this.#ids.size - MAX_UNREAD))) this.#ids.delete(id);
		void this.#memory.update(UNREAD_KEY, this.#ids.size === 0 ? undefined : [...this.#ids]);
		this.#changed.fire();
	}
}
