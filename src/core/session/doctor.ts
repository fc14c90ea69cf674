/**
 * Examines one log line by line: what cannot be read, what does not fit together, and which stored contents it names.
 * Pure and streaming, so that a log of any size fits. Repairs nothing.
 */
import { asSha256, type EntryId, type Sha256, type ToolUseId } from '../../base/ids.ts';
import type { LineRange } from '../ports.ts';
import { createLeafRule } from './branch.ts';
import { isToolUseBlock } from './content.ts';
import { ENTRY_VERSION, type Entry, type EntryOf, isType } from './entry.ts';
import { createFindings, type Finding } from './findings.ts';
import type { WalkedLine } from './logSlices.ts';
import { parseLine } from './readLog.ts';

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

/** What is kept of each entry. */
type Known = {
	readonly parentId: EntryId | null;
	/** The leaf when it was written: where the way goes on when the parent is missing. */
	readonly leafBefore: EntryId | null;
	readonly lineNumber: number;
	readonly start: number;
	/** Tells a repeated line from a changed one. */
	readonly print: number;
	readonly call: ToolUseId | undefined;
	readonly result: ToolUseId | undefined;
};

/** Lines in file order go in; `end` may be called once. */
export function createLogExaminer(sessionId: string) {
	const findings = createFindings();
	const known = new Map<EntryId, Known>();
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
		const before = known.get(entry.id);
		if (before) {
			findings.add(before.print === print ? 'duplicate' : 'changedDuplicate', lineNumber);
			return;
		}
		if (entry.sessionId !== sessionId) findings.add('foreignLine', lineNumber);
		if (entry.parentId !== null && !known.has(entry.parentId)) {
			orphans.push({ id: entry.id, parentId: entry.parentId, lineNumber });
		}
		const leafBefore = rule.leaf;
		known.set(entry.id, {
			parentId: entry.parentId,
			...{ leafBefore, lineNumber, print, start: line.range.start },
			call: isType(entry, 'assistant') && isToolUseBlock(entry.block) ? entry.block.id : undefined,
			result: isType(entry, 'toolResult') ? entry.toolUseId : undefined,
		});
		const isLate = rule.take(entry);
		if (isLate) findings.add('late', lineNumber);
		if (isType(entry, 'header')) {
			if (header) findings.add('secondHeader', lineNumber);
			header ??= entry;
		} else if (isType(entry, 'rewind') && entry.to !== null && !known.has(entry.to)) {
			targets.push({ to: entry.to, lineNumber });
		} else if (isType(entry, 'title') && !isLate) title = entry.title;
		else if (isType(entry, 'restore')) plans.push(entry.plan.$blob);
		else if (entry.type === 'unknown') findings.add('unknownType', lineNumber, entry.originalType);
		operations.take(entry, lineNumber);
		tails.take(entry, isLate, leafBefore, line.range);
		nameBlobs(entry, text, lineNumber);
	};

	const nameBlobs = (entry: Entry, text: string, lineNumber: number) => {
		for (const [, sha = ''] of text.matchAll(NEEDED)) {
			if (!blobs.has(asSha256(sha))) blobs.set(asSha256(sha), lineNumber);
		}
		if (isType(entry, 'fileOperationDone') && entry.after !== 'absent' && !blobs.has(entry.after)) {
			blobs.set(entry.after, lineNumber);
		}
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
			for (const { id, parentId, lineNumber } of orphans) {
				if (!known.has(parentId)) {
					if (!isInOrigin(id)) findings.add('missingParent', lineNumber);
				} else findings.add(isInCycle(known, id) ? 'cycle' : 'parentLater', lineNumber);
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

function isInCycle(known: ReadonlyMap<EntryId, Known>, start: EntryId): boolean {
	const seen = new Set<EntryId>();
	for (
		let id = known.get(start)?.parentId ?? null;
		id !== null && !seen.has(id);
		id = known.get(id)?.parentId ?? null
	) {
		if (id === start) return true;
		seen.add(id);
	}
	return false;
}

/** Each result must have its call above it with no other result in between; calls at the leaf may be open. */
function checkResults(known: ReadonlyMap<EntryId, Known>, leaf: EntryId | null, add: Add) {
	for (const { result, parentId, lineNumber } of known.values()) {
		if (result === undefined) continue;
		const above = firstAbove(known, parentId, (entry) => entry.call === result || entry.result === result);
		if (!above) add('resultWithoutCall', lineNumber);
		else if (above.result === result) add('secondResult', lineNumber);
	}
	const closed = new Set<ToolUseId>();
	firstAbove(known, leaf, ({ call, result, lineNumber }) => {
		if (result !== undefined) closed.add(result);
		if (call !== undefined && !closed.delete(call)) add('openCall', lineNumber);
		return false;
	});
}

function firstAbove(
	known: ReadonlyMap<EntryId, Known>,
	from: EntryId | null,
	isWanted: (entry: Known) => boolean,
): Known | undefined {
	const seen = new Set<EntryId>();
	for (let id = from; id !== null && !seen.has(id); ) {
		seen.add(id);
		const entry = known.get(id);
		if (!entry) return undefined;
		if (isWanted(entry)) return entry;
		const { parentId, leafBefore }: Known = entry;
		id = parentId === null || known.has(parentId) ? parentId : leafBefore;
	}
	return undefined;
}

function createOperationCheck(add: Add) {
	const open = new Map<number, number>();
	let newest = 0;
	return {
		take(entry: Entry, lineNumber: number) {
			if (isType(entry, 'fileOperation')) {
				if (entry.epoch <= newest) add('epochOrder', lineNumber);
				newest = Math.max(newest, entry.epoch);
				open.set(entry.epoch, lineNumber);
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
	let lineCount = 0;
	let last:
		| { readonly tail: EntryOf<'tail'>; readonly start: number; readonly wrong: string[]; readonly lineNumber: number }
		| undefined;
	const starts: number[] = [];
	return {
		take(entry: Entry, isLate: boolean, leaf: EntryId | null, range: LineRange) {
			lineCount++;
			if (isType(entry, 'tail') && !isLate) {
				const wrong: string[] = [];
				if (entry.leaf !== leaf) wrong.push('the leaf');
				if (entry.counts.prompts !== prompts) wrong.push('the number of prompts');
				if (Math.abs(entry.costUsd - costUsd) > 1e-6 * Math.max(1, costUsd)) wrong.push('the cost');
				if (entry.upTo !== undefined && (entry.upTo > range.start || range.start - entry.upTo > 1))
					wrong.push('where it stands');
				if (!areExtentsSound(entry, range.start, starts)) wrong.push('the ranges to read');
				last = { tail: entry, start: range.start, wrong, lineNumber: lineCount };
			}
			if (isType(entry, 'user')) prompts++;
			else if (isType(entry, 'assistantEnded')) costUsd += entry.costUsd ?? 0;
			starts.push(range.start);
		},
		end(known: ReadonlyMap<EntryId, Known>): { readonly what: string; readonly lineNumber: number } | undefined {
			if (!last) return undefined;
			const { tail, wrong } = last;
			const leafStart = tail.leaf === null ? undefined : known.get(tail.leaf)?.start;
			const isCovered =
				leafStart === undefined || tail.extents.some(([start, end]) => start <= leafStart && leafStart < end);
			if (!isCovered && !wrong.includes('the ranges to read')) wrong.push('the ranges to read');
			const lineNumber = known.get(tail.id)?.lineNumber ?? last.lineNumber;
			return wrong.length > 0 ? { what: `wrong: ${wrong.join(', ')}`, lineNumber } : undefined;
		},
	};
}

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
