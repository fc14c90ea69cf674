/**
 * Makes the lines of a new log from everything that can be read of a damaged one. The damaged log is not touched.
 * Ids stay; parents that are gone are replaced by what came before; late entries keep their place as side branches. Reads and writes no file.
 */
import type { EntryId, SessionId } from '../../base/ids.ts';
import { asEntryId } from '../../base/ids.ts';
import type { Clock, IdSource } from '../ports.ts';
import { createLeafRule } from './branch.ts';
import {
	ENTRY_VERSION,
	type Entry,
	type EntryBase,
	type EntryDraft,
	isConversation,
	isType,
	makeEntry,
} from './entry.ts';
import { costOfEntry } from './entryCost.ts';
import type { WalkedLine } from './logSlices.ts';
import { parseLine } from './readLog.ts';
import type { LineRange } from './storePort.ts';
import { promptPreview, promptText, UNTITLED_SESSION } from './titles.ts';

/** How far an entry has come. One note for each, since a long log has a million. */
type Progress = 'unmet' | 'met' | 'written';

export type SalvageInput = {
	readonly from: SessionId;
	readonly to: SessionId;
	/** Generation of the lease that the copy is written under. */
	readonly generation: number;
	readonly clock: Clock;
	readonly ids: IdSource;
	readonly extensionVersion: string;
	/** Ids of all entries that can be read, wherever they stand. Changed: what is met and written is noted in it. */
	readonly readable: Map<EntryId, Progress>;
};

/** What became of the lines so far. */
export type SalvageCount = { readonly taken: number; readonly leftOut: number };

export type Salvage = {
	/** The lines to write for this one: none when it holds nothing to keep, more when others waited for it. */
	take(line: WalkedLine): string[];
	/** What comes last: the leaf as it was, a title and a notice. */
	end(): string[];
	/** The tail, once everything else is written in `range`. */
	tail(range: LineRange): string;
	count(): SalvageCount;
};

export function createSalvage(input: SalvageInput): Salvage {
	/** Follows the damaged log, and the copy. */
	const there = createLeafRule();
	const here = createLeafRule();
	const { readable } = input;
	const isWritten = (id: EntryId) => readable.get(id) === 'written';
	const waiting = new Map<EntryId, Found[]>();
	const counts = { taken: 0, leftOut: 0, prompts: 0, tools: 0 };
	let base: Pick<EntryBase, 'cwd' | 'mode'> = { cwd: '', mode: 'ask' };
	let hasHeader = false;
	let title = '';
	let lastPrompt = '';
	let costUsd = 0;

	const made = <T extends EntryDraft['type']>(draft: EntryDraft<T>): string => {
		const { to, generation, clock, ids } = input;
		const entry = makeEntry(
			{
				v: ENTRY_VERSION,
				id: asEntryId(ids.next()),
				parentId: draft.type === 'header' ? null : here.leaf,
				...{ sessionId: to, agentId: 'main', gen: generation, timestamp: clock.now(), ...base },
			},
			draft,
		);
		here.take(entry);
		return JSON.stringify(entry);
	};

	const fold = (entry: Entry, isLate: boolean) => {
		costUsd += costOfEntry(entry);
		if (isType(entry, 'user')) {
			counts.prompts++;
			if (!isLate) lastPrompt = promptText(entry.content);
		} else if (isType(entry, 'toolResult')) counts.tools++;
		else if (isType(entry, 'title') && !isLate) title = entry.title;
		if (!isLate) base = { cwd: entry.cwd, mode: isType(entry, 'mode') ? entry.to : entry.mode };
	};

	const leaveOut = (): string[] => {
		counts.leftOut++;
		return [];
	};
	/** This entry, and those that waited for it. */
	const write = (first: Found): string[] => {
		const lines: string[] = [];
		const queue = [first];
		for (let found = queue.shift(); found; found = queue.shift()) {
			const { entry, text, parentId } = found;
			if (isWritten(entry.id)) continue;
			const line = rewritten(text, { sessionId: input.to, gen: input.generation, parentId });
			if (line === undefined) {
				counts.leftOut++;
				continue;
			}
			readable.set(entry.id, 'written');
			here.take({ ...entry, gen: input.generation });
			counts.taken++;
			lines.push(line);
			queue.push(...(waiting.get(entry.id) ?? []).map((child) => ({ ...child, parentId: entry.id })));
			waiting.delete(entry.id);
		}
		return lines;
	};

	return {
		take(line) {
			const read = line.text === undefined ? undefined : parseLine(line.text);
			const entry = read?.kind === 'entry' && read.version <= ENTRY_VERSION ? read.entry : undefined;
			if (!entry || line.text === undefined || readable.get(entry.id) !== 'unmet') return leaveOut();
			// A tail names places in the damaged file.
			if (entry.type === 'tail' || (entry.type === 'header' && hasHeader)) return [];
			if (isType(entry, 'rewind') && entry.to !== null && !readable.has(entry.to)) return leaveOut();
			readable.set(entry.id, 'met');
			const leafBefore = there.leaf;
			const isLate = there.take(entry);
			// In the copy everything has one writer, so a late rewind would count.
			if (isLate && !isConversation(entry)) return leaveOut();
			hasHeader ||= entry.type === 'header';
			fold(entry, isLate);
			const { parentId } = entry;
			const isThere = parentId === null || isWritten(parentId);
			const found = { entry, text: line.text, parentId: isThere ? parentId : leafBefore };
			if (!isThere && readable.has(parentId)) {
				// Its parent stands later: written behind it.
				waiting.set(parentId, [...(waiting.get(parentId) ?? []), found]);
				return [];
			}
			return write(found);
		},
		end() {
			// Whoever still waits waits in a circle, which is opened where it was first met.
			const lines = [...waiting.values()].flat().flatMap(write);
			if (!hasHeader) {
				const roots = base.cwd === '' ? [] : [base.cwd];
				lines.push(made({ type: 'header', roots, extensionVersion: input.extensionVersion }));
			}
			const leaf = there.leaf;
			if (leaf !== here.leaf && (leaf === null || isWritten(leaf)))
				lines.push(made({ type: 'rewind', to: leaf, from: here.leaf, why: 'switch' }));
			title = `${title || UNTITLED_SESSION} (salvaged)`;
			lines.push(made({ type: 'title', title, by: 'user' }));
			const text = `Salvaged from the session ${input.from}: ${counts.taken} entries taken over, ${counts.leftOut} lines left out. That session is unchanged.`;
			lines.push(made({ type: 'notice', level: 'info', code: 'salvaged', text }));
			return lines;
		},
		tail: (range) =>
			made({
				type: 'tail',
				...{ title, leaf: here.leaf, costUsd, state: 'idle', lastPrompt: promptPreview(lastPrompt), pinned: false },
				counts: { entries: counts.taken, prompts: counts.prompts, tools: counts.tools },
				extents: range.end > range.start ? [[range.start, range.end]] : [],
			}),
		count: () => ({ taken: counts.taken, leftOut: counts.leftOut }),
	};
}

/** `parentId` is what the copy says. */
type Found = { readonly entry: Entry; readonly text: string; readonly parentId: EntryId | null };

/** Keeps what this build does not understand, and the order of keys. Undefined for a value too deep to be written. */
function rewritten(text: string, fields: Pick<EntryBase, 'sessionId' | 'gen' | 'parentId'>): string | undefined {
	try {
		const value: unknown = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
		return JSON.stringify(Object.assign(value as object, fields));
	} catch (error) {
		if (error instanceof RangeError) return undefined;
		throw error;
	}
}
