/**
 * Who wrote which file lately, and which session has seen it since: fed by the entries of the sessions that are open in this window and by what
 * the other windows say. In memory, for as long as it matters; decides nothing.
 */
import { Emitter, type Event } from '../../base/emitter.ts';
import type { SessionId } from '../../base/ids.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { FilePath } from '../session/fileFields.ts';

/** Longer ago, whoever works on the file has had the time to see it. */
export const RECENT_MS = 10 * 60_000;

/** The newest write of one session to a file. Times are unix ms. */
export type RecentWrite = { readonly sessionId: SessionId; readonly title: string; readonly at: number };

export type FileFacts = {
	/** Of all sessions, this one included. */
	readonly writes: readonly RecentWrite[];
	/** When this session last read or wrote the file, or was told of it; undefined = never. */
	readonly seenAt: number | undefined;
};

export type FileWrite = FilePath & { readonly at: number };

export type FileTraffic = {
	/** What is known of a file, for this session. */
	factsOf(session: SessionId, file: FilePath): FileFacts;
	/** This session has seen the file as it is now. */
	noteSeen(session: SessionId, file: FilePath): void;
};

/** What a session says of itself; its title may change. */
type Writer = { readonly id: SessionId; readonly title: string };

export type FileTrafficLog = FileTraffic & {
	/** Takes an entry of an open session; what is no write of its agent is left out. */
	take(session: Writer, entry: Entry): void;
	/** What this session wrote lately, newest first, at most `MAX_TOLD`. */
	writesOf(session: SessionId): readonly FileWrite[];
	/** A session wrote a file. */
	readonly onDidWrite: Event<void>;
};

/** What other windows tell, when it is asked for. */
export type OtherWrites = () => readonly (Omit<Writer, 'id'> & {
	readonly sessionId: SessionId;
	readonly writes?: readonly FileWrite[] | undefined;
})[];

/** More files in ten minutes are the work of a command; the newest are the ones that somebody may be at. */
const MAX_TOLD = 100;
/** Of one session. */
const MAX_KEPT = 5_000;
/** What the user or a program of theirs did while the session ran is not the session's. */
const ITS_OWN: ReadonlySet<string> = new Set(['agent', 'subagent', 'shell']);

export function createFileTraffic(now: () => number, others: OtherWrites): FileTrafficLog {
	const writes = new Map<SessionId, Recent & { title: string }>();
	const seen = new Map<SessionId, Recent>();
	const written = new Emitter<void>();
	const isRecent = (at: number) => now() - at < RECENT_MS;

	const see = (session: SessionId, file: FilePath, at: number) => {
		const known = seen.get(session) ?? { files: new Map(), newestAt: 0 };
		seen.set(session, known);
		put(known, file, Math.max(at, known.files.get(keyOf(file))?.at ?? 0), isRecent);
	};
	const took = (writer: Writer, entry: EntryOf<'fileOperation'>) => {
		const { author, path, timestamp } = entry;
		if (!ITS_OWN.has(author) || !isRecent(timestamp)) return;
		const known = writes.get(writer.id) ?? { files: new Map(), newestAt: 0, title: '' };
		// Only the name: the session itself may be closed soon.
		known.title = writer.title;
		writes.set(writer.id, known);
		put(known, path, timestamp, isRecent);
		// It knows what it wrote.
		see(writer.id, path, timestamp);
		for (const all of [writes, seen]) for (const [id, one] of all) if (!isRecent(one.newestAt)) all.delete(id);
		written.fire();
	};

	return {
		onDidWrite: written.event,
		take(writer, entry) {
			if (entry.type === 'fileOperation') took(writer, entry);
		},
		noteSeen: (session, file) => see(session, file, now()),
		writesOf(session) {
			const all = [...(writes.get(session)?.files.values() ?? [])];
			return all
				.slice(-MAX_TOLD)
				.reverse()
				.filter(({ at }) => isRecent(at));
		},
		factsOf(session, file) {
			const key = keyOf(file);
			const here = [...writes].flatMap(([sessionId, { title, files }]): RecentWrite[] => {
				const write = files.get(key);
				return write ? [{ sessionId, title, at: write.at }] : [];
			});
			const there = others().flatMap(({ sessionId, title, writes: told = [] }): RecentWrite[] =>
				told.filter((write) => keyOf(write) === key).map(({ at }) => ({ sessionId, title, at })),
			);
			return { writes: [...here, ...there], seenAt: seen.get(session)?.files.get(key)?.at };
		},
	};
}

/** Of one session, the newest last. */
type Recent = { readonly files: Map<string, FileWrite>; newestAt: number };

/** What is long ago, and the oldest of too many, goes. */
function put(known: Recent, { root, rel }: FilePath, at: number, isRecent: (at: number) => boolean): void {
	const { files } = known;
	const key = keyOf({ root, rel });
	files.delete(key);
	files.set(key, { root, rel, at });
	known.newestAt = Math.max(known.newestAt, at);
	for (const [oldKey, old] of files) {
		if (files.size <= MAX_KEPT && isRecent(old.at)) break;
		files.delete(oldKey);
	}
}

const keyOf = ({ root, rel }: FilePath): string => `${root}\0${rel}`;
