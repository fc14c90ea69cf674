/**
 * Where an entry stands in the transcript: the row that shows it, loaded from the log when it is not there yet. Knows no panel and
 * no search.
 */
import type { EntryId } from '../../base/ids.ts';
import { isToolUseBlock } from '../../core/session/content.ts';
import { type Entry, isConversation } from '../../core/session/entry.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import type { OpenSession } from '../session/openSession.ts';
import { SHOWN_ROWS } from '../session/openSessions.ts';
import type { RowPage } from './shownRows.ts';
import { blockRowId, permissionRowId } from './transcriptRows.ts';

export type EntryPlace =
	| { readonly kind: 'row'; readonly rowId: string }
	/** It is in the log, and the conversation went on without it. */
	| { readonly kind: 'otherBranch' }
	/** It has no row of its own, or is not in the log any more. */
	| { readonly kind: 'none' };

/** Rows shown above one that is jumped to. */
const ROWS_ABOVE = 10;

/** `agentId`: the subagent in whose own log the entry stands; its row is that of the call that started it. */
export async function placeOfEntry(
	open: OpenSession,
	entryId: EntryId,
	agentId: string,
	signal: AbortSignal,
): Promise<EntryPlace> {
	const { session } = open;
	const own = session.find(entryId) ?? (await session.read([entryId], signal))[0];
	const entry = own ?? (await subagentEntry(session, agentId, signal));
	if (!entry) return { kind: 'none' };
	const anchor = isConversation(entry) ? entry.id : entry.parentId;
	if (anchor !== null && !(await isOnActiveBranch(session, anchor, signal))) return { kind: 'otherBranch' };
	await loadBackTo(session, anchor, signal);
	const rowId = rowIdOf(entry, session);
	return rowId !== undefined && open.rows().some((row) => row.id === rowId) ? { kind: 'row', rowId } : { kind: 'none' };
}

/** The rows before `beforeId`, from a little above the row `untilId` on. */
export async function rowsBackTo(
	open: OpenSession,
	beforeId: string,
	untilId: string,
	signal: AbortSignal,
): Promise<RowPage<TranscriptItem>> {
	const placeOf = (id: string) => open.rows().findIndex((row) => row.id === id);
	while (placeOf(untilId) < 0 && open.session.hasOlder) if (!(await open.session.loadOlder(signal))) break;
	const until = placeOf(untilId);
	const between = until < 0 ? 0 : placeOf(beforeId) - until + ROWS_ABOVE;
	return await open.rowsBefore(beforeId, Math.max(SHOWN_ROWS, between));
}

/** The row that shows this entry, whether it is loaded or not; undefined for one that shows nothing. */
export function rowIdOf(entry: Entry, session: Pick<Session, 'find'>): string | undefined {
	switch (entry.type) {
		case 'assistant':
			return isToolUseBlock(entry.block) ? entry.block.id : blockRowId(entry.messageId, entry.index);
		case 'toolResult':
		case 'editProposed':
		case 'editDecided':
			return entry.toolUseId;
		case 'permission':
			return entry.verdict === 'deny' ? permissionRowId(entry.toolUseId) : entry.toolUseId;
		case 'subagent':
		case 'hook':
		case 'fileOperation':
			return entry.toolUseId;
		case 'attachment':
			return (entry.memory ?? entry.list) ? entry.id : promptAbove(entry, session);
		case 'user':
		case 'turnEnded':
		case 'notice':
		case 'compaction':
		case 'subagentReturned':
			return entry.id;
		default:
			return undefined;
	}
}

/** An attachment is shown with the prompt that it came with. */
function promptAbove(entry: Entry, session: Pick<Session, 'find'>): string | undefined {
	let above = entry.parentId === null ? undefined : session.find(entry.parentId);
	while (above?.type === 'attachment' || above?.type === 'reminder')
		above = above.parentId === null ? undefined : session.find(above.parentId);
	return above?.type === 'user' ? above.id : undefined;
}

async function subagentEntry(session: Session, agentId: string, signal: AbortSignal): Promise<Entry | undefined> {
	if (agentId === 'main') return undefined;
	return (await session.history(['subagent'], signal)).find((entry) => entry.subagentId === agentId);
}

async function isOnActiveBranch(session: Session, id: EntryId, signal: AbortSignal): Promise<boolean> {
	if (session.branch().some((entry) => entry.id === id)) return true;
	if (session.isWhole) return false;
	const { byId } = await session.outline(signal);
	for (let at = session.leaf; at !== null; at = byId.get(at)?.parentId ?? null) if (at === id) return true;
	return false;
}

async function loadBackTo(session: Session, id: EntryId | null, signal: AbortSignal): Promise<void> {
	if (id === null) return;
	while (!session.branch().some((entry) => entry.id === id) && session.hasOlder)
		if (!(await session.loadOlder(signal))) return;
}
