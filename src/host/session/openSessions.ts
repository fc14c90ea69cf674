/**
 * The sessions that are open in this window, each once. Opening one touches no file and no buffer of the user.
 * Idle ones are closed again: at once beyond a number, and all that nobody looked at for long.
 */
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import { SessionClosedError } from '../../base/errors.ts';
import type { EntryId, SessionId } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import { createPromptQueue } from '../../core/agent/promptQueue.ts';
import { forkPlace, forkSession } from '../../core/session/fork.ts';
import type { WatchLog } from '../../core/session/registry.ts';
import { openSession } from '../../core/session/session.ts';
import { isInTrash } from '../../core/session/sessionErrors.ts';
import type { Session, SessionDefaults } from '../../core/session/sessionTypes.ts';
import type { WorktreeRef } from '../../core/session/worktreeFields.ts';
import type { OutsideWorld, Stores } from '../agentTypes.ts';
import { Approvals, type EditDecider } from '../asking/approvals.ts';
import { stopTurn } from '../rewind/rewindFlow.ts';
import { createBlobTexts } from '../transcript/blobTexts.ts';
import { createTranscriptInputs } from '../transcript/transcriptInputs.ts';
import { backgroundIn, stopCommands } from './backgroundRuns.ts';
import { followLog } from './followLog.ts';
import { OpenSession, type SessionChange } from './openSession.ts';

/** Rows sent to the panel at first, and with each page of older ones; only their texts are loaded. */
export const SHOWN_ROWS = 200;
/** An idle session costs a descriptor and its entries in memory. */
const MAX_IDLE_SESSIONS = 6;
/** Those with changes to review: what is closed is not in the queue of files. */
const MAX_REVIEWED_SESSIONS = 24;
/** So long a session may be idle and unseen: it is opened again in a moment, and until then another window can write it. */
export const MAX_IDLE_MS = 10 * 60_000;

const hasCommands = ({ session }: OpenSession): boolean => (backgroundIn(session)?.running.length ?? 0) > 0;

export type OpenSessionsWorld = {
	readonly stores: Pick<Stores, 'sessions' | 'blobs' | 'watchLog' | 'agentLogs'>;
	readonly outside: Pick<OutsideWorld, 'clock' | 'ids'>;
	readonly decider: EditDecider;
	defaults(): SessionDefaults;
	relativePath(absolute: string): string;
	/** Told of every session that opens; what it returns is disposed when it closes. */
	attach(session: Session): Disposable;
	/** Before it is closed. Never rejects. */
	sessionEnds?(session: Session): Promise<void>;
	readonly trace: Trace;
	onError(event: string, error: unknown, sessionId?: string): void;
};

export class OpenSessions implements Disposable {
	readonly #world: OpenSessionsWorld;
	readonly #open = new Map<SessionId, { readonly open: OpenSession; readonly attached: Disposable }>();
	readonly #opening = new Map<SessionId, Promise<OpenSession>>();
	readonly #closing = new Map<SessionId, Promise<void>>();
	/** When one was first found idle, without a look at it or work in it since. */
	readonly #idleSince = new WeakMap<OpenSession, number>();
	readonly #changed = new Emitter<{ readonly open: OpenSession; readonly change: SessionChange }>();
	readonly #opened = new Emitter<OpenSession>();
	readonly #closed = new Emitter<OpenSession>();
	readonly #gone = new Emitter<SessionId>();

	/** One is open now that was not, or was read again: the object before it is closed. */
	readonly onDidOpen: Event<OpenSession> = this.#opened.event;
	readonly onDidClose: Event<OpenSession> = this.#closed.event;
	/** Another window moved this session to the trash; it is closed here. */
	readonly onDidLose: Event<SessionId> = this.#gone.event;
	readonly onDidChange: Event<{ readonly open: OpenSession; readonly change: SessionChange }> = this.#changed.event;

	constructor(world: OpenSessionsWorld) {
		this.#world = world;
	}

	get all(): readonly OpenSession[] {
		return [...this.#open.values()].map((one) => one.open);
	}

	find(id: string): OpenSession | undefined {
		return this.all.find((open) => open.session.id === id);
	}

	/** A new session, in this worktree if there is one. No file exists before its first entry. */
	async create(worktree?: WorktreeRef): Promise<OpenSession> {
		const options = this.#options();
		if (!worktree) return this.#add(await openSession(options));
		const cwd = worktree.roots[0]?.path ?? options.defaults.cwd;
		return this.#add(await openSession({ ...options, defaults: { ...options.defaults, cwd, worktree } }));
	}

	/** The open session with this id, opened if need be; with `isFresh`, closed and read again. */
	async open(
		id: SessionId,
		options: { readonly takeOver?: boolean; readonly isFresh?: boolean } = {},
	): Promise<OpenSession> {
		const known = this.#closing.has(id) ? undefined : this.find(id);
		if (known && options.takeOver !== true && options.isFresh !== true) return known;
		const running = this.#opening.get(id);
		if (running) return await running;
		const opening = this.#openNow(id, options.takeOver === true);
		this.#opening.set(id, opening);
		try {
			return await opening;
		} finally {
			this.#opening.delete(id);
		}
	}

	/** A new session from an entry of `origin`, tool calls whole; null = from before its first prompt. */
	async fork(origin: Session, at: EntryId | null): Promise<OpenSession> {
		const end = at === null ? null : await forkPlace(origin, at);
		return this.#add(await forkSession(origin, end, this.#options()));
	}

	#add(session: Session): OpenSession {
		const { stores, outside, decider, relativePath, onError } = this.#world;
		const texts = createBlobTexts(stores.blobs, (error) => onError('blob', error, session.id));
		const inputs = createTranscriptInputs(texts.text, relativePath);
		const open = new OpenSession(
			session,
			createPromptQueue(outside.ids),
			new Approvals(session.id, decider),
			texts,
			inputs,
			(error) => onError('listener', error, session.id),
		);
		open.agents.readFrom(stores.agentLogs);
		open.onDidChange((change) => this.#changed.fire({ open, change }));
		const attached = new DisposableStore();
		attached.add(this.#world.attach(session));
		if (stores.watchLog && !isInTrash(session)) attached.add(this.#follow(open, stores.watchLog));
		this.#open.set(session.id, { open, attached });
		void open.loadTexts(SHOWN_ROWS);
		this.#opened.fire(open);
		return open;
	}

	/** Stops its turn, waits for the end and closes it. */
	async close(id: SessionId): Promise<void> {
		const running = this.#closing.get(id);
		if (running) return await running;
		const closing = this.#closeNow(id);
		this.#closing.set(id, closing);
		try {
			await closing;
		} finally {
			this.#closing.delete(id);
		}
	}

	/**
	 * The oldest idle sessions beyond the limit, and those that were so at each call for ten minutes; none of `needed`, and none with prompts
	 * that were not sent. Those with something to review have a limit of their own and no time.
	 */
	idle(needed: ReadonlySet<OpenSession>, isReviewed = (_: Session) => false): readonly OpenSession[] {
		const idle = this.all.filter(
			(open) =>
				!needed.has(open) && !open.isRunning && !hasCommands(open) && !open.needsUser && open.queue.items.length === 0,
		);
		const isLong = this.#longIdle(idle);
		const reviewed = idle.filter(({ session }) => isReviewed(session));
		const rest = idle.filter((open) => !reviewed.includes(open));
		const tooMany = Math.max(0, rest.length - MAX_IDLE_SESSIONS);
		return [
			...rest.filter((open, index) => index < tooMany || isLong.has(open)),
			...reviewed.slice(0, Math.max(0, reviewed.length - MAX_REVIEWED_SESSIONS)),
		];
	}

	#longIdle(idle: readonly OpenSession[]): ReadonlySet<OpenSession> {
		const now = this.#world.outside.clock.now();
		for (const open of this.all) {
			if (!idle.includes(open)) this.#idleSince.delete(open);
			else if (!this.#idleSince.has(open)) this.#idleSince.set(open, now);
		}
		return new Set(idle.filter((open) => now - (this.#idleSince.get(open) ?? now) >= MAX_IDLE_MS));
	}

	async closeAll(): Promise<void> {
		await Promise.all([...this.#open.keys()].map((id) => this.close(id)));
	}

	dispose(): void {
		void this.closeAll().catch((error: unknown) => this.#world.onError('close', error));
		this.#changed.dispose();
		this.#opened.dispose();
		this.#closed.dispose();
		this.#gone.dispose();
	}

	async #closeNow(id: SessionId): Promise<void> {
		const found = this.#open.get(id);
		if (!found) return;
		await stopTurn(found.open, new SessionClosedError());
		await stopCommands(found.open.session, 'close');
		await found.open.whenFree();
		await this.#world.sessionEnds?.(found.open.session);
		this.#open.delete(id);
		found.attached.dispose();
		found.open.dispose();
		await found.open.session.close();
		this.#closed.fire(found.open);
	}

	#follow(open: OpenSession, watchLog: WatchLog): Disposable {
		const { id } = open.session;
		return followLog(open, {
			watchLog,
			reopen: async () => {
				if (this.find(id) === open) await this.open(id, { isFresh: true });
			},
			onGone: async () => {
				if (this.find(id) !== open) return;
				await this.close(id);
				this.#gone.fire(id);
			},
			onError: this.#world.onError,
		});
	}

	async #openNow(id: SessionId, takeOver: boolean): Promise<OpenSession> {
		await this.close(id);
		const open = this.#add(await openSession({ ...this.#options(), id, takeOver }));
		open.wasTakenOver = takeOver;
		return open;
	}

	#options() {
		const { stores, outside, trace } = this.#world;
		return {
			store: stores.sessions,
			blobs: stores.blobs,
			clock: outside.clock,
			ids: outside.ids,
			defaults: this.#world.defaults(),
			trace,
		};
	}
}
