/**
 * The conversation of a subagent: conversation entries in a log of its own, written by whoever writes the session. What it does to
 * the world stands in the session's log under the same agent id: one order, one count of epochs.
 */
import { BugError } from '../../base/errors.ts';
import { asEntryId, type EntryId, type SessionId } from '../../base/ids.ts';
import type { Clock, IdSource } from '../ports.ts';
import { startBatch } from './batch.ts';
import {
	type ConversationType,
	ENTRY_VERSION,
	type Entry,
	type EntryDraft,
	type EntryOf,
	isConversation,
	type PermissionMode,
} from './entry.ts';
import { createLogIndex, type LogIndex } from './logIndex.ts';
import { type ReadEntry, readLog } from './readLog.ts';
import { CutWriteError, sessionReadOnly } from './sessionErrors.ts';
import type { LogProblem } from './sessionTypes.ts';
import type { LineRange, LogFile, LogReader } from './storePort.ts';

/** The log of the session that the subagent belongs to: appending nothing takes its lease, or says that it is lost. */
export type LeaseHolder = Pick<LogFile, 'append' | 'generation'>;

/** The logs of subagents, one each. Promises reject with UserError `log-unreadable`. */
export type AgentLogs = {
	/** Ids of the subagents that have a log, sorted; of a session in the trash as well. */
	list(sessionId: SessionId): Promise<readonly string[]>;
	/** Reads one that need not be there. */
	reader(sessionId: SessionId, agentId: string): LogReader;
	/** For writing; creates no file before the first append. One object per subagent that runs. */
	open(sessionId: SessionId, agentId: string, parent: LeaseHolder): Promise<LogFile>;
};

/** Names a file. `main` is the session itself. */
export const isAgentId = (id: string): boolean => id !== 'main' && /^[0-9A-Za-z][0-9A-Za-z_-]{0,127}$/.test(id);

/** What a subagent said and was told. */
export type AgentConversation = {
	readonly agentId: string;
	/** In file order. */
	readonly entries: readonly Entry[];
	readonly problems: readonly LogProblem[];
	/** A line has a higher version than this build writes. */
	readonly isNewer: boolean;
	readonly leaf: EntryId | null;
	/** From the prompt it was given to its leaf. */
	branch(): readonly Entry[];
};

/** Empty when the log is not there. Changes nothing. Rejects with UserError `log-unreadable`. */
export async function readAgentLog(
	logs: Pick<AgentLogs, 'reader'>,
	sessionId: SessionId,
	agentId: string,
): Promise<AgentConversation> {
	const { index, problems, isNewer } = await loadAgentLog(logs, sessionId, agentId);
	return {
		agentId,
		entries: index.entries,
		problems,
		isNewer,
		leaf: index.leaf,
		branch: () => index.branch(),
	};
}

export type AgentLog = Pick<AgentConversation, 'agentId' | 'entries' | 'leaf' | 'branch'> & {
	/** As `Session.append`, for conversation entries. Throws UserError `lease-lost` or `log-write-failed`. */
	append<T extends ConversationType>(...drafts: EntryDraft<T>[]): EntryOf<T>[];
	/**
	 * Goes on from this earlier entry. Not written down: the next entry names its parent, and so leaves what stands between on a branch of its own.
	 */
	moveTo(id: EntryId | null): void;
	/** Flushed; await it before the session's log names what stands here. */
	sync(): Promise<void>;
	close(): Promise<void>;
};

/** Opens the log of a subagent for writing, to go on where it ended. Rejects with UserError `session-read-only` or `log-unreadable`. */
export async function openAgentLog(options: {
	readonly logs: AgentLogs;
	readonly sessionId: SessionId;
	readonly agentId: string;
	readonly parent: LeaseHolder;
	readonly clock: Clock;
	readonly ids: IdSource;
	/** As they are at each append. */
	readonly place: () => { readonly cwd: string; readonly mode: PermissionMode };
}): Promise<AgentLog> {
	const { logs, sessionId, agentId, parent, clock, ids } = options;
	const { index, isNewer } = await loadAgentLog(logs, sessionId, agentId);
	if (isNewer)
		throw sessionReadOnly('This subagent was written by a newer version of Retrace. Update Retrace to go on.');
	const file = await logs.open(sessionId, agentId, parent);
	return {
		agentId,
		entries: index.entries,
		get leaf() {
			return index.leaf;
		},
		branch: () => index.branch(),
		append<T extends ConversationType>(...drafts: EntryDraft<T>[]): EntryOf<T>[] {
			if (drafts.length === 0) return [];
			parent.append([]);
			const batch = startBatch(index, () => ({
				v: ENTRY_VERSION,
				id: asEntryId(ids.next()),
				sessionId,
				agentId,
				gen: parent.generation,
				timestamp: clock.now(),
				...options.place(),
			}));
			const made: EntryOf<T>[] = drafts.map((draft) => batch.add(draft));
			if (!batch.entries.every(isConversation))
				throw new BugError('Only a conversation stands in the log of a subagent');
			const add = (ranges: readonly LineRange[]) =>
				ranges.forEach((range, at) => {
					const entry = batch.entries[at];
					if (entry) index.add(entry, range);
				});
			try {
				add(file.append(batch.entries.map((entry) => JSON.stringify(entry))));
			} catch (error) {
				// What is in the file is a fact, as for the session itself.
				if (error instanceof CutWriteError) add(error.landed);
				throw error;
			}
			return made;
		},
		moveTo(to) {
			const batch = startBatch(index, () => ({
				...{ v: ENTRY_VERSION, id: asEntryId(ids.next()), sessionId, agentId, gen: parent.generation },
				...{ timestamp: clock.now(), ...options.place() },
			}));
			const entry = batch.add({ type: 'rewind', to, from: index.leaf, why: 'undo' });
			index.add(entry, NOWHERE);
		},
		sync: () => file.sync(),
		close: () => file.close(),
	};
}

/** Of what stands in no file. */
const NOWHERE: LineRange = { start: -1, end: -1 };

type LoadedAgentLog = {
	readonly index: LogIndex;
	/** With their text as it stands in the file, which may hold more than this build understands. */
	readonly lines: ReadonlyMap<EntryId, string>;
	readonly problems: readonly LogProblem[];
	readonly isNewer: boolean;
};

/** What does not belong there (a ledger entry, an entry of another agent) is left out; it stays in the file. */
export async function loadAgentLog(
	logs: Pick<AgentLogs, 'reader'>,
	sessionId: SessionId,
	agentId: string,
): Promise<LoadedAgentLog> {
	const reader = logs.reader(sessionId, agentId);
	const read = readLog(await reader.read({ start: 0, end: await reader.size() }));
	const index = createLogIndex();
	const lines = new Map<EntryId, string>();
	const belongs = ({ entry }: ReadEntry) => isConversation(entry) && entry.agentId === agentId;
	for (const one of read.entries.filter(belongs)) {
		index.add(one.entry, one.range);
		lines.set(one.entry.id, one.text);
	}
	// It has no header: that is the session's.
	const problems = read.problems.filter(({ kind }) => kind !== 'missingHeader');
	return { index, lines, problems, isNewer: read.isNewer };
}
