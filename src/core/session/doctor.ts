/**
 * Examines one log line by line: what cannot be read, what does not fit together, and which stored contents it names.
 * Pure and streaming, so that a log of any size fits. Repairs nothing.
 */
import { asSha256, type EntryId, type Sha256, type ToolUseId } from '../../base/ids.ts';
import { createLeafRule } from './branch.ts';
import { isToolUseBlock } from './content.ts';
import { ENTRY_VERSION, type Entry, type EntryOf, isType } from './entry.ts';
import { costOfEntry } from './entryCost.ts';
import { createFindings, type Finding } from './findings.ts';
import type { WalkedLine } from './logSlices.ts';
import { parseLine } from './readLog.ts';
import type { LineRange } from './storePort.ts';

export type LogExamination = {
	readonly lines: number;
	/** Entries that were read, each once. */
	readonly entries: number;
	readonly title: string;
	readonly leaf: EntryId | null;
	readonly findings: readonly Finding[];
	/** Contents that the log needs, with the first line that names each. */
	readonly blobs: ReadonlyMap<Sha256, number>;
	/** Everything that looks like the name of a content, needed or not. */
	readonly mentioned: ReadonlySet<string>;
	/** Plans of restores: contents that name others. */
	readonly plans: readonly Sha256[];
};

/** Lines in file order go in; `end` may be called once. */
export function createLogExaminer(sessionId: string) {
	const findings = createFindings();
	const known = createEntryTable();
	const rule = createLeafRule();
	const orphans: { readonly id: EntryId; readonly parentId: EntryId; readonly lineNumber: number }[] = [];
	const targets: { readonly to: EntryId; readonly lineNumber: number }[] = [];
	const blobs = new Map<Sha256, number>();
	const mentioned = new Set<string>();
	const plans: Sha256[] = [];
	const operations = createOperationCheck(findings.add);
	const tails = createTailCheck();
	let header: EntryOf<'header'> | undefined;
	let lines = 0;
	let title = '';

	const take = (entry: Entry, text: string, line: WalkedLine) => {
		const { lineNumber } = line;
		const print = printOf(text);
		const before = known.find(entry.id);
		if (before !== undefined) {
			findings.add(known.prints[before] === print ? 'duplicate' : 'changedDuplicate', lineNumber);
			return;
		}
		if (entry.sessionId !== sessionId) findings.add('foreignLine', lineNumber);
		const leafBefore = rule.leaf;
		if (entry.parentId !== null && known.find(entry.parentId) === undefined) {
			orphans.push({ id: entry.id, parentId: entry.parentId, lineNumber });
		}
		known.add(entry, { lineNumber, print, start: line.range.start, leafBefore });
		const isLate = rule.take(entry);
		if (isLate) findings.add('late', lineNumber);
		if (isType(entry, 'header')) {
			if (header) findings.add('secondHeader', lineNumber);
			header ??= entry;
		} else if (isType(entry, 'rewind') && entry.to !== null && known.find(entry.to) === undefined) {
			targets.push({ to: entry.to, lineNumber });
		} else if (isType(entry, 'title') && !isLate) title = entry.title;
		else if (isType(entry, 'restore')) plans.push(entry.plan.$blob);
		else if (entry.type === 'unknown') findings.add('unknownType', lineNumber, entry.originalType);
		operations.take(entry, lineNumber);
		tails.take(entry, isLate, leafBefore, line.range, known.starts);
		nameBlobs(entry, text, lineNumber);
	};

	const nameBlobs = (entry: Entry, text: string, lineNumber: number) => {
		for (const [, sha = ''] of text.matchAll(NEEDED)) {
			if (!blobs.has(asSha256(sha))) blobs.set(asSha256(sha), lineNumber);
		}
		const left =
			isType(entry, 'fileOperationDone') || (isType(entry, 'fileOperation') && entry.state === 'done')
				? entry.after
				: 'absent';
		if (left !== 'absent' && left !== 'notCaptured' && !blobs.has(left)) blobs.set(left, lineNumber);
		for (const [, sha = ''] of text.matchAll(MENTIONED)) mentioned.add(sha);
	};

	return {
		add(line: WalkedLine) {
			lines++;
			const read = line.text === undefined ? undefined : parseLine(line.text);
			if (read && read.version > ENTRY_VERSION) findings.add('newerVersion', line.lineNumber);
			if (read?.kind === 'entry' && line.text !== undefined) take(read.entry, line.text, line);
			else if (line.isTorn) findings.add('tornTail', line.lineNumber);
			else if (!read) findings.add('badLine', line.lineNumber, 'a line is too long');
			else if (read.version <= ENTRY_VERSION) findings.add('badLine', line.lineNumber);
		},
		end(): LogExamination {
			if (lines === 0) findings.add('emptyLog');
			else if (known.size === 0) findings.add('nothingReadable');
			else if (!header) findings.add('missingHeader');
			// A fork keeps the ids of what it copied, whose parents may be in its origin only.
			const isInOrigin = (id: EntryId) => header?.origin !== undefined && id < header.id;
			const parentOf = new Map(orphans.map(({ id, parentId }) => [id, parentId]));
			for (const { id, parentId, lineNumber } of orphans) {
				if (known.find(parentId) === undefined) {
					if (!isInOrigin(id)) findings.add('missingParent', lineNumber);
				} else findings.add(isInCycle(known, parentOf, id) ? 'cycle' : 'parentLater', lineNumber);
			}
			for (const { to, lineNumber } of targets) {
				if (!isInOrigin(to)) findings.add('lostTarget', lineNumber);
			}
			checkResults(known, rule.leaf, findings.add);
			operations.end();
			const wrong = tails.end(known);
			if (wrong) findings.add('wrongTail', wrong.lineNumber, wrong.what);
			return {
				lines,
				entries: known.size,
				...{ title, leaf: rule.leaf, findings: findings.list(), blobs, mentioned, plans },
			};
		},
	};
}

type Add = ReturnType<typeof createFindings>['add'];

/** A quote inside a JSON text is escaped, so words of a user never look like this. */
const NEEDED = /"\$blob":"([0-9a-f]{64})"/g;
const MENTIONED = /\b([0-9a-f]{64})\b/g;

/** FNV-1a. */
function printOf(text: string): number {
	let hash = 0x811c9dc5;
	for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
	return hash >>> 0;
}

type EntryTable = ReturnType<typeof createEntryTable>;

/** What is kept of each entry, in columns: a long log has a million. Rows are in file order. */
function createEntryTable() {
	const rows = new Map<string, number>();
	const ids: EntryId[] = [];
	/** Row of the parent; where that is not known yet, of the leaf when it was written. -1 = none. Always an earlier row. */
	const above: number[] = [];
	const lineNumbers: number[] = [];
	const starts: number[] = [];
	/** Tells a repeated line from a changed one. */
	const prints: number[] = [];
	/** Calls and results of tools, by row. */
	const calls = new Map<number, ToolUseId>();
	const results = new Map<number, ToolUseId>();
	return {
		...{ ids, above, lineNumbers, starts, prints, calls, results },
		find: (id: EntryId): number | undefined => rows.get(id),
		get size() {
			return ids.length;
		},
		add(
			entry: Entry,
			place: {
				readonly lineNumber: number;
				readonly print: number;
				readonly start: number;
				readonly leafBefore: EntryId | null;
			},
		) {
			const row = ids.length;
			const parent = entry.parentId === null ? -1 : rows.get(entry.parentId);
			above.push(parent ?? (place.leafBefore === null ? -1 : (rows.get(place.leafBefore) ?? -1)));
			rows.set(entry.id, row);
			ids.push(entry.id);
			lineNumbers.push(place.lineNumber);
			starts.push(place.start);
			prints.push(place.print);
			if (isType(entry, 'toolResult')) results.set(row, entry.toolUseId);
			else if (isType(entry, 'assistant') && isToolUseBlock(entry.block)) calls.set(row, entry.block.id);
		},
	};
}

/** `parentOf` holds the parents that stand later: only through one of them can a way close. */
function isInCycle(known: EntryTable, parentOf: ReadonlyMap<EntryId, EntryId>, start: EntryId): boolean {
	const seen = new Set<EntryId>();
	let id: EntryId | undefined = parentOf.get(start);
	while (id !== undefined && !seen.has(id)) {
		if (id === start) return true;
		seen.add(id);
		const row = known.find(id);
		const above = row === undefined ? undefined : known.above[row];
		id = parentOf.get(id) ?? (above === undefined ? undefined : known.ids[above]);
	}
	return false;
}

/** Each result must have its call above it with no other result in between; calls at the leaf may be open. */
function checkResults(known: EntryTable, leaf: EntryId | null, add: Add) {
	const { above, calls, results, lineNumbers } = known;
	for (const [row, result] of results) {
		let at = above[row] ?? -1;
		while (at >= 0 && calls.get(at) !== result && results.get(at) !== result) at = above[at] ?? -1;
		if (at < 0) add('resultWithoutCall', lineNumbers[row]);
		else if (results.get(at) === result) add('secondResult', lineNumbers[row]);
	}
	const closed = new Set<ToolUseId>();
	const end = leaf === null ? -1 : (known.find(leaf) ?? -1);
	for (let at = end; at >= 0; at = above[at] ?? -1) {
		const result = results.get(at);
		if (result !== undefined) closed.add(result);
		const call = calls.get(at);
		if (call !== undefined && !closed.delete(call)) add('openCall', lineNumbers[at]);
	}
}

function createOperationCheck(add: Add) {
	const open = new Map<number, number>();
	let newest = 0;
	return {
		take(entry: Entry, lineNumber: number) {
			if (isType(entry, 'fileOperation')) {
				if (entry.epoch <= newest) add('epochOrder', lineNumber);
				newest = Math.max(newest, entry.epoch);
				if (entry.state === 'intended') open.set(entry.epoch, lineNumber);
			} else if (isType(entry, 'fileOperationDone')) open.delete(entry.epoch);
		},
		end() {
			for (const lineNumber of open.values()) add('openFileOperation', lineNumber);
		},
	};
}

/** Only the last tail is relied on, by the list and by a quick opening. */
function createTailCheck() {
	let prompts = 0;
	let costUsd = 0;
	let last: { readonly tail: EntryOf<'tail'>; readonly wrong: readonly string[] } | undefined;
	return {
		/** `starts` holds the places of all entries before this one. */
		take(entry: Entry, isLate: boolean, leaf: EntryId | null, range: LineRange, starts: readonly number[]) {
			if (isType(entry, 'tail') && !isLate) {
				const { upTo } = entry;
				const checks: readonly (readonly [boolean, string])[] = [
					[entry.leaf === leaf, 'the leaf'],
					[entry.counts.prompts === prompts, 'the number of prompts'],
					[Math.abs(entry.costUsd - costUsd) <= 1e-6 * Math.max(1, costUsd), 'the cost'],
					[upTo === undefined || (upTo <= range.start && range.start - upTo <= 1), 'where it stands'],
					[areExtentsSound(entry, range.start, starts), RANGES],
				];
				last = { tail: entry, wrong: checks.flatMap(([isRight, what]) => (isRight ? [] : [what])) };
			}
			costUsd += costOfEntry(entry);
			if (isType(entry, 'user')) prompts++;
		},
		end(known: EntryTable): { readonly what: string; readonly lineNumber: number } | undefined {
			if (!last) return undefined;
			const { tail } = last;
			const leafRow = tail.leaf === null ? undefined : known.find(tail.leaf);
			const leafStart = leafRow === undefined ? undefined : known.starts[leafRow];
			const isCovered =
				leafStart === undefined || tail.extents.some(([start, end]) => start <= leafStart && leafStart < end);
			const wrong = isCovered || last.wrong.includes(RANGES) ? last.wrong : [...last.wrong, RANGES];
			const lineNumber = known.lineNumbers[known.find(tail.id) ?? -1] ?? 0;
			return wrong.length > 0 ? { what: `wrong: ${wrong.join(', ')}`, lineNumber } : undefined;
		},
	};
}

const RANGES = 'the ranges to read';

function areExtentsSound(tail: EntryOf<'tail'>, tailStart: number, starts: readonly number[]): boolean {
	return tail.extents.every(([start, end], index) => {
		const before = tail.extents[index - 1]?.[1] ?? 0;
		return start >= before && end > start && end <= tailStart && isLineStart(starts, start);
	});
}

/** `starts` ascends. */
function isLineStart(starts: readonly number[], wanted: number): boolean {
	let low = 0;
	let high = starts.length;
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((starts[middle] ?? 0) < wanted) low = middle + 1;
		else high = middle;
	}
	return starts[low] === wanted;
}
