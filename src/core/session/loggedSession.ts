/**
 * The session object over its log: the only writer of entries, and the state that is derived from them. Append, then tell.
 * Runs no turn, knows no panel and opens no file (session.ts).
 */
import { Emitter } from '../../base/emitter.ts';
import { codeOf } from '../../base/errors.ts';
import { asEntryId, type EntryId, type SessionId, type UnixMs } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import type { Clock, IdSource } from '../ports.ts';
import { addNamed, headerDraft, startBatch } from './batch.ts';
import {
	ENTRY_VERSION,
	type Entry,
	type EntryDraft,
	type EntryOf,
	type EntryType,
	isType,
	type PermissionMode,
} from './entry.ts';
import { CutWriteError, logWriteFailed, sessionReadOnly } from './sessionErrors.ts';
import type { SessionLog } from './sessionLog.ts';
import type {
	LastExchange,
	LogProblem,
	Session,
	SessionDefaults,
	SessionState,
	SessionStateChange,
} from './sessionTypes.ts';
import type { LineRange, OpenedLog } from './storePort.ts';
import { isTailDueAfter, tailDraft } from './tailEntry.ts';

/** What it is made of, and what a new session starts with. */
type SessionParts = {
	readonly clock: Clock;
	readonly ids: IdSource;
	readonly defaults: SessionDefaults;
	readonly trace: Trace;
	readonly id: SessionId;
	readonly log: SessionLog;
	readonly problems: readonly LogProblem[];
	readonly file: OpenedLog['file'];
	readonly readOnlyReason: string | undefined;
	readonly bytesSinceTail: number;
};

/** A class because it owns the log's file and guards the order of write, then state, then news. */
export class LoggedSession implements Session {
	readonly id: SessionId;
	readonly readOnlyReason: string | undefined;
	readonly problems: readonly LogProblem[];
	readonly lease: Session['lease'];
	readonly appendFor: Session['appendFor'] = (agentId, ...drafts) => this.#append(agentId, drafts);
	readonly #parts: SessionParts;
	readonly #log: SessionLog;
	readonly #appended: Emitter<Entry>;
	readonly #loaded: Emitter<void>;
	readonly #stateChanged: Emitter<SessionStateChange>;
	#following: Promise<unknown> = Promise.resolve();
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
		const { log, defaults, clock, trace, id } = parts;
		const { index } = log;
		this.id = id;
		this.readOnlyReason = parts.readOnlyReason;
		this.problems = parts.problems;
		this.lease = parts.file;
		this.#parts = parts;
		this.#log = log;
		this.#mode = index.mode ?? defaults.mode;
		this.#model = index.model ?? defaults.model;
		this.#cwd = index.cwd ?? defaults.cwd;
		this.#bytesSinceTail = parts.bytesSinceTail;
		this.#stateSince = clock.now();
		// A listener that fails must not make a successful append look failed.
		const onError = (error: unknown) => trace({ event: 'session.listenerFailed', sessionId: id, code: codeOf(error) });
		this.#appended = new Emitter(onError);
		this.#loaded = new Emitter(onError);
		this.#stateChanged = new Emitter(onError);
	}

	get entries() {
		return this.#log.index.entries;
	}
	get isWhole() {
		return this.#log.isWhole;
	}
	get hasOlder() {
		return this.#log.hasOlder;
	}
	get newestEpoch() {
		return this.#log.index.newestEpoch;
	}
	get sizeBytes() {
		return this.#log.end;
	}
	get isPinned() {
		return this.#log.index.isPinned;
	}
	get isArchived() {
		return this.#log.index.isArchived;
	}
	get titleBy() {
		return this.#log.index.titleBy;
	}
	get origin() {
		return this.#log.index.origin;
	}
	get worktree() {
		return this.#log.index.worktree ?? this.#parts.defaults.worktree;
	}
	get links() {
		return this.#log.index.links;
	}
	get leaf() {
		return this.#log.index.leaf;
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
		return this.#log.index.title;
	}
	get costUsd() {
		return this.#log.index.costUsd;
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
	get onDidLoad() {
		return this.#loaded.event;
	}
	get onDidChangeState() {
		return this.#stateChanged.event;
	}

	branch() {
		return this.#log.index.branch();
	}
	find(id: EntryId) {
		return this.#log.index.find(id);
	}
	newest<T extends EntryType>(type: T, anywhere?: 'anywhere') {
		return this.#log.index.newest(type, anywhere !== undefined);
	}

	history<T extends EntryType>(types: readonly T[], signal?: AbortSignal) {
		return this.#log.history(types, signal);
	}
	outline(signal?: AbortSignal) {
		return this.#log.outline(signal);
	}
	read(ids: Iterable<EntryId>, signal?: AbortSignal) {
		return this.#log.read(ids, signal);
	}
	async loadOlder(signal?: AbortSignal) {
		const isLoaded = await this.#log.loadOlder(signal);
		if (isLoaded) this.#loaded.fire();
		return isLoaded;
	}
	async loadTo(id: EntryId, signal?: AbortSignal) {
		const found = await this.#log.loadTo(id, signal);
		if (found === 'loaded') this.#loaded.fire();
		return found !== 'unknown';
	}
	async follow() {
		if (this.readOnlyReason === undefined || this.#state === 'closed') return false;
		const following = this.#following.then(async () => {
			const { entries, hasLoaded } = await this.#log.readNew();
			if (hasLoaded) this.#loaded.fire();
			for (const { entry, range } of entries) this.#takeOne(entry, range);
			const { mode = this.#mode, model = this.#model, cwd = this.#cwd } = this.#log.index;
			[this.#mode, this.#model, this.#cwd] = [mode, model, cwd];
			this.#tell();
			return entries.length > 0;
		});
		this.#following = following.catch(() => undefined);
		return await following;
	}

	append<T extends EntryType>(...drafts: EntryDraft<T>[]): EntryOf<T>[] {
		return this.#append('main', drafts);
	}
	#append<T extends EntryType>(agentId: string, drafts: readonly EntryDraft<T>[]): EntryOf<T>[] {
		this.#assertWritable();
		if (drafts.length === 0) return [];
		// The lease comes first: its generation stands in every line.
		if (this.#parts.file.generation === 0) this.#parts.file.append([]);
		const batch = this.#startBatch(agentId);
		if (!this.newest('header', 'anywhere')) batch.add(headerDraft(this.#parts.defaults));
		const made = addNamed(batch, drafts, this.titleBy !== undefined);
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
		try {
			if (await this.#log.readGaps()) this.#loaded.fire();
		} catch (error) {
			// What was appended is safe; until another window's lines are read, tails do not claim to know them.
			this.#parts.trace({ event: 'session.gapsUnread', sessionId: this.id, code: codeOf(error) });
		}
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

	async close() {
		if (this.#state === 'closed') return;
		this.setState('closed');
		for (const emitter of [this.#appended, this.#loaded, this.#stateChanged]) emitter.dispose();
		try {
			await this.#parts.file.sync();
		} finally {
			await this.#parts.file.close();
		}
	}

	#assertWritable() {
		if (this.readOnlyReason !== undefined) throw sessionReadOnly(this.readOnlyReason);
		if (this.#state === 'closed') throw sessionReadOnly('This session was closed. Open it again to go on with it.');
	}

	#startBatch(agentId = 'main') {
		const { clock, ids, file } = this.#parts;
		return startBatch(this.#log.index, () => ({
			v: ENTRY_VERSION,
			id: asEntryId(ids.next()),
			sessionId: this.id,
			agentId,
			gen: file.generation,
			timestamp: clock.now(),
			cwd: this.#cwd,
			mode: this.#mode,
		}));
	}

	#write(entries: readonly Entry[]) {
		const ranges = this.#commit(entries);
		const sizes = ranges.map((range) => range.end - range.start);
		this.#bytesSinceTail += sizes.reduce((sum, size) => sum + size, 0);
		if (!isTailDueAfter(entries, sizes, this.#bytesSinceTail)) return;
		try {
			const batch = this.#startBatch();
			const hasTurnEnded = entries.some((entry) => entry.type === 'turnEnded');
			batch.add(tailDraft(this.#log.index, hasTurnEnded ? 'idle' : this.#state, this.#log.knownTo));
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
		this.#log.expect(ranges[0]);
		entries.forEach((entry, index) => {
			const range = ranges[index];
			if (!range) throw logWriteFailed(undefined, 'a line has no place in the file');
			this.#takeOne(entry, range);
		});
	}

	#takeOne(entry: Entry, range: LineRange) {
		this.#log.add(entry, range);
		if (isType(entry, 'mode')) this.#mode = entry.to;
		if (isType(entry, 'model') || isType(entry, 'prefix')) this.#model = entry.model;
		this.#untold.push(entry);
	}

	/** A listener may append: its entries are told after those before them in the file. */
	#tell() {
		if (this.#isTelling) return;
		this.#isTelling = true;
		for (let entry = this.#untold.shift(); entry; entry = this.#untold.shift()) this.#appended.fire(entry);
		this.#isTelling = false;
	}
}
