/**
 * Sessions that live in memory only, for `retrace.sessions.persist: false`. The same contract as the store on disk,
 * ranges and generations included; what it cannot have is another window.
 */
import { asUnixMs, type SessionId, type UnixMs } from '../../base/ids.ts';
import { utf8Length } from '../../base/text.ts';
import { leaseLost, notInTrash, sessionExists } from '../../core/session/sessionErrors.ts';
import type { LineRange, LogFile, LogLine, LogReader, SessionStore } from '../../core/session/storePort.ts';
import { originOf, summarizeLog } from '../../core/session/summary.ts';

type MemoryLog = { lines: LogLine[]; generation: number; owner: LogFile | undefined };

export function createMemorySessionStore(): SessionStore {
	const logs = new Map<SessionId, MemoryLog>();
	const trashed = new Map<string, { readonly id: SessionId; readonly log: MemoryLog; readonly trashedAt: UnixMs }>();

	const openFile = (id: SessionId, opened: MemoryLog | undefined): LogFile => {
		const seenLines = opened?.lines.length ?? 0;
		let generation = 0;
		let isClosed = false;
		const file: LogFile = {
			get generation() {
				return generation;
			},
			append(lines) {
				if (isClosed) throw leaseLost('This session was closed here.');
				let log = logs.get(id);
				if (generation === 0) {
					if ((log?.lines.length ?? 0) !== seenLines) throw leaseLost('This session went on after it was opened here.');
					log ??= { lines: [], generation: 0, owner: undefined };
					logs.set(id, log);
					log.generation++;
					log.owner = file;
					generation = log.generation;
				}
				if (!log || log.owner !== file) throw leaseLost('This session was taken over.');
				return lines.map((text) => addLine(log.lines, text));
			},
			async sync() {
				// Memory has nothing to flush.
			},
			async close() {
				isClosed = true;
				const log = logs.get(id);
				if (log?.owner === file) log.owner = undefined;
			},
		};
		return file;
	};

	const readerOf = (id: SessionId) => memoryLogReader(() => (logs.get(id) ?? trashed.get(id)?.log)?.lines ?? []);
	const summaryOf = (id: SessionId, { lines, owner }: MemoryLog) =>
		summarizeLog({
			id,
			lines,
			sizeBytes: lines.at(-1)?.range.end ?? 0,
			isOwned: owner !== undefined,
			isOpenElsewhere: false,
		});

	return {
		folder: undefined,
		async open(id) {
			const log = logs.get(id);
			const owner = log?.owner ? { isOurs: true, isAlive: true, window: 'this window', pid: 0 } : undefined;
			const reader = readerOf(id);
			const sizeBytes = await reader.size();
			const isInTrash = log === undefined && sizeBytes > 0;
			return { file: openFile(id, log), reader, sizeBytes, owner, ...(isInTrash ? { isInTrash } : {}) };
		},
		reader: readerOf,
		async list({ newest = logs.size } = {}) {
			const sessions = [...logs]
				.filter(([, log]) => log.lines.length > 0)
				.map(([id, log]) => summaryOf(id, log))
				.sort((left, right) => right.updatedAt - left.updatedAt);
			return { sessions: sessions.slice(0, newest), onDisk: 0 };
		},
		async trash(id) {
			const log = logs.get(id);
			logs.delete(id);
			if (!log || log.lines.length === 0) return;
			log.owner = undefined;
			let name: string = id;
			for (let copy = 2; trashed.has(name); copy++) name = `${id}.${copy}`;
			trashed.set(name, { id, log, trashedAt: asUnixMs(Date.now()) });
		},
		async listTrash() {
			return [...trashed]
				.map(([name, { id, log, trashedAt }]) => ({ name, session: summaryOf(id, log), trashedAt }))
				.reverse()
				.sort((left, right) => right.trashedAt - left.trashedAt);
		},
		async restore(name) {
			const found = trashed.get(name);
			if (!found) throw notInTrash();
			if (logs.has(found.id)) throw sessionExists();
			trashed.delete(name);
			logs.set(found.id, found.log);
		},
		async emptyTrash() {
			const originIn = ({ lines }: MemoryLog) => originOf(lines[0]?.text ?? '');
			const kept = new Set<SessionId>();
			const waiting = [...logs.values()];
			for (let log = waiting.pop(); log; log = waiting.pop()) {
				const origin = originIn(log);
				if (!origin || kept.has(origin)) continue;
				kept.add(origin);
				for (const one of trashed.values()) if (one.id === origin) waiting.push(one.log);
			}
			const gone = [...trashed].filter(([, { id }]) => !kept.has(id));
			for (const [name] of gone) trashed.delete(name);
			return { deleted: gone.length, kept: trashed.size };
		},
	};
}

/** Reads lines that are in memory. */
export function memoryLogReader(linesNow: () => readonly LogLine[]): LogReader {
	const inRange = ({ start, end }: LineRange) =>
		linesNow().filter(({ range }) => range.start >= start && range.end <= end);
	return {
		size: async () => linesNow().at(-1)?.range.end ?? 0,
		read: async (range) => ({ lines: inRange(range), tornTail: undefined }),
		async scan(range, headBytes, onLine, signal) {
			signal?.throwIfAborted();
			for (const line of inRange(range)) onLine(line.text.slice(0, headBytes), line.range, line.text.endsWith('}'));
		},
	};
}

function addLine(lines: LogLine[], text: string): LineRange {
	const start = lines.at(-1)?.range.end ?? 0;
	const range = { start, end: start + utf8Length(text) + 1 };
	lines.push({ text, range });
	return range;
}
