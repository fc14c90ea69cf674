/** The logs of subagents of sessions that live in memory only. The same contract as those on disk. */
import type { SessionId } from '../../base/ids.ts';
import { utf8Length } from '../../base/text.ts';
import type { AgentLogs } from '../../core/session/agentLog.ts';
import type { LineRange, LogLine } from '../../core/session/storePort.ts';
import { memoryLogReader } from './memorySessionStore.ts';

export function createMemoryAgentLogs(): AgentLogs {
	const logs = new Map<SessionId, Map<string, LogLine[]>>();
	const linesOf = (id: SessionId, agentId: string): readonly LogLine[] => logs.get(id)?.get(agentId) ?? [];
	const writable = (id: SessionId, agentId: string): LogLine[] => {
		const ofSession = logs.get(id) ?? new Map<string, LogLine[]>();
		logs.set(id, ofSession);
		const lines = ofSession.get(agentId) ?? [];
		ofSession.set(agentId, lines);
		return lines;
	};
	return {
		async list(id) {
			return [...(logs.get(id)?.keys() ?? [])].sort();
		},
		reader: (id, agentId) => memoryLogReader(() => linesOf(id, agentId)),
		async open(id, agentId, parent) {
			return {
				append(texts) {
					parent.append([]);
					const lines = writable(id, agentId);
					return texts.map((text): LineRange => {
						const start = lines.at(-1)?.range.end ?? 0;
						const range = { start, end: start + utf8Length(text) + 1 };
						lines.push({ text, range });
						return range;
					});
				},
				async sync() {
					// Memory has nothing to flush.
				},
				get generation() {
					return parent.generation;
				},
				async close() {
					// There is nothing to let go.
				},
			};
		},
	};
}
