/**
 * The session: the only writer of its log, and the state that is derived from it. Append, then tell.
 * Runs no turn and knows no panel.
 */
import { Emitter } from '../../base/emitter.ts';
import { BugError, codeOf } from '../../base/errors.ts';
import { asEntryId, asSessionId, type EntryId, type SessionId, type UnixMs } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import type { BlobStore, Clock, IdSource, LineRange, OpenedLog, SessionStore } from '../ports.ts';
import {
	ENTRY_VERSION,
	type Entry,
	type EntryDraft,
	type EntryOf,
	type EntryType,
	isConversation,
	isType,
	makeEntry,
	type PermissionMode,
} from './entry.ts';
import { createLogIndex, type LogIndex } from './logIndex.ts';
import { readLog } from './readLog.ts';
import { CutWriteError, logWriteFailed, sessionReadOnly } from './sessionErrors.ts';
import type { LastExchange, LogProblem, Session, SessionState, SessionStateChange } from './sessionTypes.ts';
import { isTailDue, tailDraft } from './tailEntry.ts';
import { promptText, titleFromPrompt } from './titles.ts';

/** What a new session starts with; a log that exists says otherwise for what it knows. */
export type SessionDefaults = {
	readonly cwd: string;
	readonly mode: PermissionMode;
	readonly model: string;
	readonly roots: readonly string[];
	readonly extensionVersion: string;
	readonly gitBranch?: string;
	/** Names of the tools that a prefix would freeze now. */
	readonly toolNames?: readonly string[];
};

export type OpenSessionOptions = {
	readonly store: SessionStore;
	/** Where the entries' blob references point. */
	readonly blobs: BlobStore;
	/** A session to resume; a new one without it. */
	readonly id?: SessionId;
	/** Takes the session from a window that is alive and holds it. */
	readonly takeOver?: boolean;
	readonly clock: Clock;
	readonly ids: IdSource;
	readonly defaults: SessionDefaults;
	readonly trace: Trace;
};

/**
 * Opens a session, `ready` to be used. Touches no file: a new one appears on the disk with its first entry.
 * Rejects with UserError `log-unreadable`. The caller runs `closeOpenCalls` before the first prompt.
 */
export async function openSession(options: OpenSessionOptions): Promise<Session> {
	const startedAt = options.clock.now();
	const id = options.id ?? asSessionId(options.ids.next());
	const opened = await options.store.open(id, options.takeOver ? { takeOver: true } : {});
	const { entries, problems, isNewer } = readLog(opened);
	const index = createLogIndex();
	for (const { entry, range } of entries) index.add(entry, range);
	const session = new LoggedSession({
		...options,
		id,
		index,
		problems,
		file: opened.file,
		readOnlyReason: readOnlyReason(opened, isNewer, options.takeOver === true),
		bytesSinceTail: bytesSinceTail(entries, opened),
	});
	options.trace({
		event: 'session.opened',
		sessionId: id,
		durationMs: Math.max(0, options.clock.now() - startedAt),
		detail: { entries: entries.length, problems: problems.length, isReadOnly: session.readOnlyReason !== undefined },
	});
	session.setState('ready');
	return session;
}

type SessionParts = OpenSessionOptions & {
	readonly id: SessionId;
	readonly index: LogIndex;
	readonly problems: readonly LogProblem[];
	readonly file: OpenedLog['file'];
	readonly readOnlyReason: string | undefined;
	readonly bytesSinceTail: number;
};

/** A class because it owns the log's file and guards the order of write, then state, then news. */
class LoggedSession implements Session {
	readonly id: SessionId;
	readonly readOnlyReason: string | undefined;
	readonly problems: readonly LogProblem[];
	readonly #parts: SessionParts;
	readonly #index: LogIndex;
	readonly #appended: Emitter<Entry>;
	readonly #stateChanged: Emitter<SessionStateChange>;
	#state: SessionState = 'created';
	#stateSince: UnixMs;
	#mode: PermissionMode;
	#model: string;
	#cwd: string;
	#lastExchange: LastExchange | undefined;
	#bytesSinceTail: number;
	readonly #untold: Entry[] = [];
	#isTelling = false;

	constructor(parts: SessionParts) {
		const { index, defaults, clock, trace, id } = parts;
		this.id = id;
		this.readOnlyReason = parts.readOnlyReason;
		this.problems = parts.problems;
		this.#parts = parts;
		this.#index = index;
		this.#mode = index.mode ?? defaults.mode;
		this.#model = index.model ?? defaults.model;
		this.#cwd = index.cwd ?? defaults.cwd;
		this.#bytesSinceTail = parts.bytesSinceTail;
		this.#stateSince = clock.now();
		// A listener that fails must not make a successful append look failed.
		const onError = (error: unknown) => trace({ event: 'session.listenerFailed', sessionId: id, code: codeOf(error) });
		this.#appended = new Emitter(onError);
		this.#stateChanged = new Emitter(onError);
	}

	get entries() {
		return this.#index.entries;
	}
	get leaf() {
		return this.#index.leaf;
	}
	get state() {
		return this.#state;
	}
	get mode() {
		return this.#mode;
	}
	get model() {
		return this.#model;
	}
	get cwd() {
		return this.#cwd;
	}
	get title() {
		return this.#index.title;
	}
	get costUsd() {
		return this.#index.costUsd;
	}
	get lastExchange() {
		return this.#lastExchange;
	}
	get toolNames() {
		const prefix = this.newest('prefix');
		return prefix ? Object.keys(prefix.toolVersions) : (this.#parts.defaults.toolNames ?? []);
	}
	get onDidAppend() {
		return this.#appended.event;
	}
	get onDidChangeState() {
		return this.#stateChanged.event;
	}

	branch() {
		return this.#index.branch();
	}
	find(id: EntryId) {
		return this.#index.find(id);
	}
	newest<T extends EntryType>(type: T, anywhere?: 'anywhere') {
		return this.#index.newest(type, anywhere !== undefined);
	}

	append<T extends EntryType>(...drafts: EntryDraft<T>[]): EntryOf<T>[] {
		this.#assertWritable();
		if (drafts.length === 0) return [];
		// The lease comes first: its generation stands in every line.
		this.#parts.file.append([]);
		const batch = this.#startBatch();
		if (!this.newest('header', 'anywhere')) batch.add(this.#headerDraft());
		const made: EntryOf<T>[] = [];
		let hasTitle = this.newest('title', 'anywhere') !== undefined;
		for (const draft of drafts) {
			const entry = batch.add(draft);
			made.push(entry);
			hasTitle ||= entry.type === 'title';
			if (isType(entry, 'user') && !hasTitle) {
				hasTitle = true;
				batch.add({ type: 'title', title: titleFromPrompt(promptText(entry.content)), by: 'prompt' });
			}
		}
		try {
			this.#write(batch.entries);
		} finally {
			// Also when the disk took only a part: what is in the log is a fact.
			this.#tell();
		}
		return made;
	}

	async sync() {
		await this.#parts.file.sync();
	}

	setState(state: SessionState) {
		if (state === this.#state || this.#state === 'closed') return;
		const from = this.#state;
		const now = this.#parts.clock.now();
		const durationMs = Math.max(0, now - this.#stateSince);
		this.#state = state;
		this.#stateSince = now;
		this.#parts.trace({ event: 'session.state', sessionId: this.id, durationMs, detail: { from, to: state } });
		this.#stateChanged.fire({ from, to: state, durationMs });
	}

	setMode(mode: PermissionMode) {
		this.#assertWritable();
		if (mode === this.#mode) return;
		if (this.entries.length > 0) this.append({ type: 'mode', to: mode });
		this.#mode = mode;
	}

	setModel(model: string) {
		this.#assertWritable();
		if (model === this.#model) return;
		if (this.entries.length > 0) this.append({ type: 'model', model });
		this.#model = model;
	}

	setCwd(cwd: string) {
		this.#cwd = cwd;
	}

	setLastExchange(exchange: LastExchange) {
		this.#lastExchange = exchange;
	}

	/** Flushes, gives the lease back and ends the events. May be called twice. */
	async close() {
		if (this.#state === 'closed') return;
		this.setState('closed');
		try {
			await this.#parts.file.sync();
		} finally {
			await this.#parts.file.close();
			this.#appended.dispose();
			this.#stateChanged.dispose();
		}
	}

	#assertWritable() {
		if (this.readOnlyReason !== undefined) throw sessionReadOnly(this.readOnlyReason);
		if (this.#state === 'closed') throw sessionReadOnly('This session was closed. Open it again to go on with it.');
	}

	#headerDraft(): EntryDraft<'header'> {
		const { roots, extensionVersion, gitBranch } = this.#parts.defaults;
		return { type: 'header', roots: [...roots], extensionVersion, ...(gitBranch === undefined ? {} : { gitBranch }) };
	}

	/** Makes entries whose parents follow from each other, without changing anything yet. */
	#startBatch() {
		const { clock, ids, file } = this.#parts;
		const entries: Entry[] = [];
		let leaf = this.leaf;
		return {
			entries,
			add: <T extends EntryType>(draft: EntryDraft<T>): Entry & EntryOf<T> => {
				const entry = madeEntry(
					{
						v: ENTRY_VERSION,
						id: asEntryId(ids.next()),
						parentId: draft.type === 'header' ? null : leaf,
						sessionId: this.id,
						agentId: 'main',
						gen: file.generation,
						timestamp: clock.now(),
						cwd: this.#cwd,
						mode: this.#mode,
					},
					draft,
				);
				entries.push(entry);
				if (isConversation(entry)) leaf = entry.id;
				else if (isType(entry, 'rewind')) leaf = entry.to;
				return entry;
			},
		};
	}

	#write(entries: readonly Entry[]) {
		const ranges = this.#commit(entries);
		const sizes = ranges.map((range) => range.end - range.start);
		this.#bytesSinceTail += sizes.reduce((sum, size) => sum + size, 0);
		const isDue = isTailDue({
			bytesSinceTail: this.#bytesSinceTail,
			longestLineBytes: Math.max(0, ...sizes),
			hasTurnEnded: entries.some((entry) => entry.type === 'turnEnded'),
		});
		if (!isDue || entries.some((entry) => entry.type === 'tail')) return;
		try {
			const batch = this.#startBatch();
			const hasTurnEnded = entries.some((entry) => entry.type === 'turnEnded');
			batch.add(tailDraft(this.#index, hasTurnEnded ? 'idle' : this.#state));
			this.#commit(batch.entries);
			this.#bytesSinceTail = 0;
		} catch (error) {
			// The tail only saves time for the list; what was asked for is in the log, so the append has succeeded.
			this.#parts.trace({ event: 'session.tailFailed', sessionId: this.id, code: codeOf(error) });
		}
	}

	#commit(entries: readonly Entry[]): readonly LineRange[] {
		let ranges: readonly LineRange[];
		try {
			ranges = this.#parts.file.append(entries.map((entry) => JSON.stringify(entry)));
		} catch (error) {
			// A reopened session would have these lines, so this one has them as well.
			if (error instanceof CutWriteError) this.#take(entries.slice(0, error.landed.length), error.landed);
			throw error;
		}
		this.#take(entries, ranges);
		return ranges;
	}

	#take(entries: readonly Entry[], ranges: readonly LineRange[]) {
		entries.forEach((entry, index) => {
			const range = ranges[index];
			if (!range) throw logWriteFailed(undefined, 'a line has no place in the file');
			this.#index.add(entry, range);
			if (isType(entry, 'mode')) this.#mode = entry.to;
			if (isType(entry, 'model') || isType(entry, 'prefix')) this.#model = entry.model;
		});
		this.#untold.push(...entries);
	}

	/** A listener may append: its entries are told after those before them in the file. */
	#tell() {
		if (this.#isTelling) return;
		this.#isTelling = true;
		for (let entry = this.#untold.shift(); entry; entry = this.#untold.shift()) this.#appended.fire(entry);
		this.#isTelling = false;
	}
}

/** What could not be read back must not be written. */
function madeEntry<T extends EntryType>(...parts: Parameters<typeof makeEntry<T>>): ReturnType<typeof makeEntry<T>> {
	try {
		return makeEntry(...parts);
	} catch (error) {
		throw new BugError(`An entry of type ${parts[1].type} does not fit the format`, { cause: error });
	}
}

function readOnlyReason(opened: OpenedLog, isNewer: boolean, takeOver: boolean): string | undefined {
	if (isNewer) {
		return 'This session was written by a newer version of Retrace, so it can only be read here. Update Retrace to go on with it.';
	}
	const { owner } = opened;
	if (owner?.isAlive && !owner.isOurs && !takeOver) {
		return `This session is open in another window (${owner.window}), so it can only be read here. Close it there, take it over, or fork it.`;
	}
	return undefined;
}

function bytesSinceTail(entries: readonly { entry: Entry; range: LineRange }[], opened: OpenedLog): number {
	const end = opened.tornTail?.range.end ?? opened.lines.at(-1)?.range.end ?? 0;
	const tail = entries.findLast(({ entry }) => entry.type === 'tail');
	return end - (tail?.range.end ?? 0);
}
