/**
 * The session of a subagent: its conversation is in a log of its own, and what it does to the world goes to the log of the session it works
 * for, under its id, so that there is one order and one count of epochs for all who write files. What only the loop keeps for itself stays in
 * memory. Runs nothing.
 */
import { Emitter } from '../../base/emitter.ts';
import { asEntryId, type EntryId } from '../../base/ids.ts';
import type { AgentLog } from '../session/agentLog.ts';
import {
	type ConversationType,
	ENTRY_VERSION,
	type Entry,
	type EntryDraft,
	type EntryFields,
	type EntryOf,
	type EntryType,
	isConversationType,
	makeEntry,
	type PermissionMode,
} from '../session/entry.ts';
import type { LastExchange, Session, SessionState, SessionStateChange } from '../session/sessionTypes.ts';

/** What it did to the world, or must be known of to undo it. */
const WORLD_TYPES = [
	'toolStarted',
	'permission',
	'editProposed',
	'editDecided',
	'fileOperation',
	'fileOperationDone',
	'hook',
] as const;
type WorldType = (typeof WORLD_TYPES)[number];

export type SubagentSessionOptions = {
	readonly parent: Session;
	readonly log: AgentLog;
	/** What kind of agent it is. */
	readonly name: string;
	readonly model: string;
	readonly mode: () => PermissionMode;
	/** The part of the session's branch that it starts from; empty for one that knows nothing of it. */
	readonly base: readonly Entry[];
	/** What its requests start with, when that is frozen already. */
	readonly prefix?: EntryFields<'prefix'>;
	/** Of the session's log: rules that the user allowed, and which of its own calls were started. */
	readonly ledger: readonly Entry[];
	readonly nextId: () => string;
	readonly now: () => Entry['timestamp'];
};

export function createSubagentSession(options: SubagentSessionOptions): Session {
	const { parent, log, base } = options;
	const { agentId } = log;
	/** One growing array, since some keep what they made of its start. */
	const entries: Entry[] = [...base, ...options.ledger];
	const byId = new Map<EntryId, Entry>(base.map((entry) => [entry.id, entry]));
	const onError = () => undefined;
	const appended = new Emitter<Entry>(onError);
	const loaded = new Emitter<void>(onError);
	const stateChanged = new Emitter<SessionStateChange>(onError);
	let cwd = parent.cwd;
	let state: SessionState = 'ready';
	let stateSince = options.now();
	let lastExchange: LastExchange | undefined;
	let newestPrefix: EntryOf<'prefix'> | undefined;
	let ownBranch: readonly Entry[] | undefined;
	let branch: readonly Entry[] = [];

	/** An entry of the ledger as a session would have it: hanging on its own leaf. */
	const kept = <T extends EntryType>(draft: EntryDraft<T>, id?: EntryId): Entry & EntryOf<T> =>
		makeEntry(
			{
				...{ v: ENTRY_VERSION, id: id ?? asEntryId(options.nextId()), parentId: leaf(), sessionId: parent.id, agentId },
				...{ gen: parent.lease.generation, timestamp: options.now(), cwd, mode: options.mode() },
			},
			draft,
		);
	const leaf = (): EntryId | null => log.leaf ?? base.at(-1)?.id ?? null;
	const add = (entry: Entry) => {
		entries.push(entry);
		byId.set(entry.id, entry);
	};
	const appendOne = (draft: EntryDraft): Entry => {
		if (draft.type === 'rewind') {
			log.moveTo(draft.to);
			return kept(draft);
		}
		if (draft.type === 'prefix') {
			const { type: _type, ...fields } = { ...draft, ttl: OWN_TTL };
			parent.append({ type: 'subagent', subagentId: agentId, name: options.name, prompt: '', prefix: fields });
			const frozen = kept({ type: 'prefix', ...fields });
			newestPrefix = frozen;
			add(frozen);
			return frozen;
		}
		const [logged] = isOfWorld(draft) ? parent.appendFor(agentId, asSubagents(draft)) : [];
		const entry = kept(draft, logged?.id);
		add(entry);
		return entry;
	};
	const appendAll = (drafts: readonly EntryDraft[]): readonly Entry[] => {
		const made: Entry[] = [];
		for (let from = 0; from < drafts.length; ) {
			const [draft, ...others] = drafts.slice(from);
			if (draft && !isSaid(draft)) made.push(appendOne(draft));
			if (!draft || !isSaid(draft)) {
				from++;
				continue;
			}
			// Neighbours of the conversation in one write.
			const said = [draft];
			for (const other of others) {
				if (!isSaid(other)) break;
				said.push(other);
			}
			const written: readonly Entry[] = log.append(...said);
			for (const entry of written) add(entry);
			made.push(...written);
			from += said.length;
		}
		return made;
	};

	function append<T extends EntryType>(...drafts: EntryDraft<T>[]): EntryOf<T>[];
	function append(...drafts: EntryDraft[]): unknown {
		const made = appendAll(drafts);
		for (const entry of made) appended.fire(entry);
		return made;
	}

	for (const entry of log.entries) add(entry);
	if (options.prefix) {
		newestPrefix = { ...kept({ type: 'prefix', ...options.prefix }), parentId: null };
		entries.unshift(newestPrefix);
	}

	return {
		id: parent.id,
		problems: [],
		isWhole: true,
		hasOlder: false,
		sizeBytes: 0,
		isPinned: false,
		isArchived: false,
		origin: undefined,
		worktree: parent.worktree,
		links: new Map(),
		title: options.name,
		titleBy: 'user',
		entries,
		lease: parent.lease,
		model: options.model,
		get readOnlyReason() {
			return parent.readOnlyReason;
		},
		get newestEpoch() {
			return parent.newestEpoch;
		},
		get leaf() {
			return leaf();
		},
		get state() {
			return state;
		},
		get mode() {
			return options.mode();
		},
		get cwd() {
			return cwd;
		},
		get costUsd() {
			return 0;
		},
		get lastExchange() {
			return lastExchange;
		},
		get toolNames() {
			return parent.toolNames;
		},
		branch() {
			const own = log.branch();
			if (own !== ownBranch) {
				ownBranch = own;
				branch = base.length === 0 ? own : [...base, ...own];
			}
			return branch;
		},
		find: (id) => byId.get(id),
		async history<T extends EntryType>(types: readonly T[]) {
			const wanted: ReadonlySet<string> = new Set(types);
			return entries.filter((entry): entry is Entry & EntryOf<T> => wanted.has(entry.type));
		},
		async outline() {
			return { entries: [], byId: new Map() };
		},
		async read(ids) {
			return [...ids].flatMap((id) => byId.get(id) ?? []);
		},
		loadOlder: async () => false,
		loadTo: async (id) => byId.has(id),
		follow: async () => false,
		newest<T extends EntryType>(type: T): EntryOf<T> | undefined {
			if (type === 'prefix') return newestPrefix as EntryOf<T> | undefined;
			// What the session it starts from had is not its own.
			return entries.findLast((entry): entry is Entry & EntryOf<T> => entry.type === type && entry.agentId === agentId);
		},
		append,
		appendFor: (id, ...drafts) => parent.appendFor(id, ...drafts),
		async sync() {
			// First what the session's log may name.
			await log.sync();
			await parent.sync();
		},
		setState(to) {
			if (to === state) return;
			const from = state;
			const now = options.now();
			state = to;
			stateChanged.fire({ from, to, durationMs: Math.max(0, now - stateSince) });
			stateSince = now;
		},
		setMode: () => undefined,
		setModel: () => undefined,
		setCwd(to) {
			cwd = to;
		},
		setLastExchange(exchange) {
			lastExchange = exchange;
		},
		async close() {
			for (const emitter of [appended, loaded, stateChanged]) emitter.dispose();
			await log.close();
		},
		onDidAppend: appended.event,
		onDidLoad: loaded.event,
		onDidChangeState: stateChanged.event,
	};
}

/** Its requests follow each other quickly, so a longer time to live would only cost more. */
const OWN_TTL = '5m' as const;

const isSaid = (draft: EntryDraft): draft is EntryDraft<ConversationType> => isConversationType(draft.type);
const isOfWorld = (draft: EntryDraft): draft is EntryDraft<WorldType> =>
	WORLD_TYPES.some((type) => type === draft.type);

/** Files that it changed by its tools are told apart from those of the session's own agent. */
function asSubagents(draft: EntryDraft<WorldType>): EntryDraft<WorldType> {
	return draft.type === 'fileOperation' && draft.author === 'agent' ? { ...draft, author: 'subagent' } : draft;
}
