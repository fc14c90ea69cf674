/**
 * Sessions that live in memory only, for `retrace.sessions.persist: false`. The same contract as the store on disk,
 * ranges and generations included; what it cannot have is another window.
 */
import type { SessionId } from '../base/ids.ts';
import { utf8Length } from '../base/text.ts';
import type { LineRange, LogFile, LogLine, SessionStore } from '../core/ports.ts';
import { leaseLost } from '../core/session/sessionErrors.ts';
import { summarizeLog } from '../core/session/summary.ts';

type MemoryLog = { lines: LogLine[]; generation: number; owner: LogFile | undefined };

export function createMemorySessionStore(): SessionStore {
	const logs = new Map<SessionId, MemoryLog>();

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

	return {
		folder: undefined,
		async open(id) {
			const log = logs.get(id);
			const owner = log?.owner ? { isOurs: true, isAlive: true, window: 'this window', pid: 0 } : undefined;
			return { file: openFile(id, log), lines: [...(log?.lines ?? [])], tornTail: undefined, owner };
		},
		async list() {
			const sessions = [...logs]
				.filter(([, log]) => log.lines.length > 0)
				.map(([id, log]) => {
					const sizeBytes = log.lines.at(-1)?.range.end ?? 0;
					return summarizeLog({
						id,
						lines: log.lines,
						sizeBytes,
						isOwned: log.owner !== undefined,
						isOpenElsewhere: false,
					});
				})
				.sort((left, right) => right.updatedAt - left.updatedAt);
			return { sessions, onDisk: 0 };
		},
		async trash(id) {
			logs.delete(id);
		},
	};
}

function addLine(lines: LogLine[], text: string): LineRange {
	const start = lines.at(-1)?.range.end ?? 0;
	const range = { start, end: start + utf8Length(text) + 1 };
	lines.push({ text, range });
	return range;
}
