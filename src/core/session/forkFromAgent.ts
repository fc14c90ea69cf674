/**
 * A new session that goes on with the conversation of a subagent. Entries keep their ids; blobs are shared. As any fork it changes no file.
 * The pure part, what stands in the new log, is `agentForkLines`.
 */
import { UserError } from '../../base/errors.ts';
import { asEntryId, asSessionId, type EntryId, type SessionId } from '../../base/ids.ts';
import { type AgentLogs, loadAgentLog } from './agentLog.ts';
import { branchTo } from './branch.ts';
import { ENTRY_VERSION, type Entry, makeEntry } from './entry.ts';
import { type OpenSessionOptions, openSession } from './session.ts';
import { sessionReadOnly } from './sessionErrors.ts';
import type { Session } from './sessionTypes.ts';
import { promptText, titleFromPrompt } from './titles.ts';

/**
 * Forks at the subagent's entry `at` (default: its end). The origin may be read-only; it is not changed. Rejects with UserError
 * `agent-log-missing`, `session-read-only`, `log-unreadable` or `log-write-failed`.
 */
export async function forkFromAgent(
	origin: Session,
	agentId: string,
	options: Omit<OpenSessionOptions, 'id' | 'takeOver'> & { readonly agents: AgentLogs; readonly at?: EntryId },
): Promise<Session> {
	const { index, lines, isNewer } = await loadAgentLog(options.agents, origin.id, agentId);
	if (isNewer)
		throw sessionReadOnly('This subagent was written by a newer version of Retrace. Update Retrace to fork it.');
	const at = options.at ?? index.leaf;
	if (at === null || !index.find(at)) throw logMissing();
	const branch = branchTo(new Map(index.entries.map((entry) => [entry.id, entry])), at);
	const started = (await origin.history(['subagent'])).findLast(({ subagentId }) => subagentId === agentId);

	const { store, clock, ids, defaults } = options;
	const id = asSessionId(ids.next());
	const { file } = await store.open(id);
	try {
		// The lease first: its generation stands in every line.
		file.append([]);
		const base = { v: ENTRY_VERSION, sessionId: id, agentId: 'main', gen: file.generation, timestamp: clock.now() };
		const place = { cwd: branch.at(-1)?.cwd ?? origin.cwd, mode: branch.at(-1)?.mode ?? origin.mode };
		const header = makeEntry(
			{ ...base, ...place, id: asEntryId(ids.next()), parentId: null },
			{
				type: 'header',
				roots: [...defaults.roots],
				extensionVersion: defaults.extensionVersion,
				...(defaults.gitBranch === undefined ? {} : { gitBranch: defaults.gitBranch }),
				origin: { sessionId: origin.id, entryId: started?.id ?? null },
			},
		);
		file.append([JSON.stringify(header), ...agentForkLines(branch, lines, { sessionId: id, gen: file.generation })]);
		await file.sync();
	} finally {
		await file.close();
	}
	const fork = await openSession({ ...options, id });
	fork.append({ type: 'title', title: nameOf(started?.name, branch), by: 'prompt' });
	fork.setModel(origin.model);
	await fork.sync();
	return fork;
}

/**
 * The lines of a subagent's branch as those of a session: of its main agent, from its root. `lines` holds each entry as it was written, so
 * that what this build does not understand is copied too.
 */
function agentForkLines(
	branch: readonly Entry[],
	lines: ReadonlyMap<EntryId, string>,
	to: { readonly sessionId: SessionId; readonly gen: number },
): readonly string[] {
	let parentId: EntryId | null = null;
	return branch.map((entry) => {
		const text = lines.get(entry.id);
		const value: unknown = text === undefined ? entry : JSON.parse(text.replace(/^\uFEFF/, ''));
		// Where a line between was damaged, the way goes past it; what called the subagent is not part of it.
		const line = JSON.stringify({ ...(value as object), parentId, ...to, agentId: 'main' });
		parentId = entry.id;
		return line;
	});
}

function nameOf(name: string | undefined, branch: readonly Entry[]): string {
	const prompt = branch.find((entry) => entry.type === 'user');
	return titleFromPrompt(name || (prompt ? promptText(prompt.content) : ''));
}

const logMissing = (): UserError =>
	new UserError(
		'agent-log-missing',
		'The conversation of this subagent was not kept, so there is nothing to go on with. Its result stands in the session. Fork the session instead.',
	);
