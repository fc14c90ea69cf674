/** What one call changed in files, gathered from its entries into what its row shows. Pure. */

import { hashOf, pathKey } from '../../core/checkpoint/timeline.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import type { RecordedHash, RecordedRef } from '../../core/session/fileFields.ts';
import type { ShownChange, ShownChanges } from '../../protocol/callEffects.ts';

type Operation = EntryOf<'fileOperation'>;
type Lines = { readonly addedLines: number; readonly removedLines: number };
type Change = { readonly operation: Operation; readonly before: RecordedHash; readonly after: RecordedHash };

const MAX_SHOWN = 50;
/** More files than these are not read only to count their lines. */
const MAX_COUNTED = 20;
/** Comparing longer texts takes too long for a number in a row. */
const MAX_COUNTED_CHARS = 100_000;

export class CallChanges {
	/** By `pathKey`, in the order of the log. */
	readonly #operations = new Map<string, Operation>();
	readonly #lines = new Map<string, Lines | 'noText' | 'tooLong'>();

	/** Paths that something was moved away from. */
	readonly #left = new Set<string>();
	readonly #roots = new Set<string>();
	#movedCount = 0;
	#lostCount = 0;

	/** Takes the same time however many there are. */
	add(operation: Operation): void {
		const key = pathKey(operation.path);
		this.#operations.set(key, operation);
		this.#roots.add(operation.path.root);
		if (operation.before === 'notCaptured') this.#lostCount++;
		if (operation.op === 'delete' && this.#left.has(key)) this.#movedCount++;
		if (operation.from === undefined) return;
		const from = pathKey(operation.from);
		this.#left.add(from);
		if (this.#operations.get(from)?.op === 'delete') this.#movedCount++;
	}

	/** A rename counts once: what it took away at the old path belongs to it. */
	get #fileCount(): number {
		return this.#operations.size - this.#movedCount;
	}

	/** Stored contents that `countNext` needs. */
	contents(): readonly string[] {
		if (this.#fileCount > MAX_COUNTED) return [];
		return this.#changes()
			.filter(hasDiff)
			.flatMap(({ before, after }) => [before, after].filter((one) => one !== 'absent'));
	}

	/** Counts the lines of one more file whose contents are loaded; false when there is none left. */
	countNext(text: (hash: string) => string | undefined, count: (before: string, after: string) => Lines): boolean {
		if (this.#fileCount > MAX_COUNTED) return false;
		for (const change of this.#changes()) {
			const key = pathKey(change.operation.path);
			if (this.#lines.has(key)) continue;
			const [before, after] = [change.before, change.after].map((one) => (one === 'absent' ? '' : text(one)));
			if (!hasDiff(change) || before === undefined || after === undefined) this.#lines.set(key, 'noText');
			else if (before.length + after.length > MAX_COUNTED_CHARS) this.#lines.set(key, 'tooLong');
			else {
				const { addedLines, removedLines } = count(before, after);
				this.#lines.set(key, { addedLines, removedLines });
			}
			return true;
		}
		return false;
	}

	shown(): ShownChanges {
		const changes = this.#changes();
		const lines = changes.map(({ operation }) => this.#lines.get(pathKey(operation.path)));
		const counted = lines.filter((one) => typeof one === 'object');
		const isWhole = counted.length > 0 && !lines.some((one) => one === undefined || one === 'tooLong');
		return {
			fileCount: this.#fileCount,
			lostCount: this.#lostCount,
			...(isWhole ? sumOf(counted) : {}),
			items: changes.map((change) => this.#shownChange(change)),
		};
	}

	/** The first ones. */
	#changes(): readonly Change[] {
		const changes: Change[] = [];
		for (const [key, operation] of this.#operations) {
			if (operation.op === 'delete' && this.#left.has(key)) continue;
			const old = operation.from && this.#operations.get(pathKey(operation.from));
			changes.push({ operation, ...contentsOf(operation, old) });
			if (changes.length === MAX_SHOWN) break;
		}
		return changes;
	}

	#shownChange(change: Change): ShownChange {
		const { operation } = change;
		const lines = this.#lines.get(pathKey(operation.path));
		const pathOf = ({ root, rel }: Operation['path']) =>
			this.#roots.size > 1 ? `${root.split(/[\\/]/).at(-1)}/${rel}` : rel;
		return {
			key: pathKey(operation.path),
			path: pathOf(operation.path),
			...(operation.from === undefined ? {} : { from: pathOf(operation.from) }),
			op: operation.op,
			...(typeof lines === 'object' ? lines : {}),
			note: noteOf(operation),
			hasDiff: hasDiff(change),
		};
	}
}

/** What a file was before and after an operation; for a rename, before at its old place. */
export function contentsOf(
	operation: Operation,
	old: Operation | undefined,
): { readonly before: RecordedHash; readonly after: RecordedHash } {
	const before: RecordedRef = operation.op === 'rename' && old !== undefined ? old.before : operation.before;
	return { before: hashOf(before), after: operation.after };
}

const hasDiff = ({ before, after }: Pick<Change, 'before' | 'after'>): boolean =>
	before !== 'notCaptured' && after !== 'notCaptured' && before !== after;

function noteOf({ op, before, reason, author, meta, metaAfter }: Operation): string {
	const notes: string[] = [];
	if (before === 'notCaptured') notes.push(`cannot be taken back${reason === undefined ? '' : `: ${reason}`}`);
	if (metaAfter?.mode !== undefined && meta.mode !== undefined && metaAfter.mode !== meta.mode && op !== 'create')
		notes.push(`mode ${modeText(meta.mode)} → ${modeText(metaAfter.mode)}`);
	if (author === 'unknown') notes.push('may have been changed by something else meanwhile');
	if (author === 'otherSession') notes.push('changed by another session');
	return notes.join(', ');
}

const modeText = (mode: number): string => (mode & 0o777).toString(8);

function sumOf(all: readonly Lines[]): Lines {
	return {
		addedLines: all.reduce((sum, one) => sum + one.addedLines, 0),
		removedLines: all.reduce((sum, one) => sum + one.removedLines, 0),
	};
}
