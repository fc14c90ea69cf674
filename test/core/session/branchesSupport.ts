/** A log made by hand for the tests of branches: short ids, any parent, any generation, and its outline and details. */
import { asEntryId, type EntryId } from '../../../src/base/ids.ts';
import { BRANCH_TYPES, type BranchDetail } from '../../../src/core/session/branches.ts';
import { type Entry, isConversation, parseEntry } from '../../../src/core/session/entry.ts';
import { createOutline } from '../../../src/core/session/outline.ts';
import type { LogOutline } from '../../../src/core/session/sessionTypes.ts';
import { ended, line, user } from './sessionSupport.ts';

export type HandMadeLog = {
	readonly entries: Entry[];
	add(id: string, parentId: string | null, type: string, fields?: object): HandMadeLog;
	prompt(id: string, parentId: string | null, text?: string): HandMadeLog;
	/** A block and the end of its message: `<id>` and `<id>e`. */
	reply(id: string, parentId: string | null, costUsd?: number | null, inputTokens?: number): HandMadeLog;
	rewind(id: string, from: string | null, to: string | null, fields?: object): HandMadeLog;
	edit(id: string, parentId: string | null, rel: string, epoch: number, fields?: object): HandMadeLog;
};

export function handMadeLog(): HandMadeLog {
	const entries: Entry[] = [];
	const log: HandMadeLog = {
		entries,
		add(id, parentId, type, fields = {}) {
			const timestamp = 1000 + entries.length;
			entries.push(parseEntry(JSON.parse(line(id, parentId, type, { timestamp, ...fields }))));
			return log;
		},
		prompt: (id, parentId, text = id) => log.add(id, parentId, 'user', user(text)),
		reply(id, parentId, costUsd = 0.5, inputTokens = 100) {
			log.add(id, parentId, 'assistant', { messageId: id, index: 0, block: { type: 'text', text: id } });
			const end = ended(costUsd, id);
			return log.add(`${id}e`, id, 'assistantEnded', { ...end, usage: { ...end.usage, inputTokens } });
		},
		rewind: (id, from, to, fields = {}) => log.add(id, from, 'rewind', { to, from, why: 'rewind', ...fields }),
		edit: (id, parentId, rel, epoch, fields = {}) =>
			log.add(id, parentId, 'fileOperation', {
				...{ epoch, op: 'change', path: { root: '/w', rel }, before: 'absent', after: 'absent', meta: {} },
				...{ author: 'agent', toolUseId: `t${epoch}`, state: 'intended', ...fields },
			}),
	};
	return log;
}

export function outlineOf(entries: readonly Entry[]): LogOutline {
	const outline = createOutline();
	entries.forEach((entry, index) => {
		outline.add({ ...entry }, isConversation(entry), { start: index, end: index + 1 });
	});
	return outline;
}

const types: ReadonlySet<string> = new Set(BRANCH_TYPES);
export const detailsOf = (entries: readonly Entry[]): BranchDetail[] =>
	entries.filter((entry): entry is BranchDetail => types.has(entry.type));

export const id = (text: string): EntryId => asEntryId(text);
