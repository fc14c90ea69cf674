/**
 * An edit call whose input still streams: its path, and the newest lines of what it will change. Pure; each piece is decoded once, and
 * of long texts only what is shown is kept. It is a picture of what comes, never a fact: the real card takes its place.
 */
import { PartialJsonStrings, type StringGrowth } from '../../core/edit/partialJson.ts';
import type { DiffLine } from '../../protocol/transcriptItem.ts';

/** As many as a card shows. */
const SHOWN_LINES = 12;
const MAX_LINE_CHARS = 400;
/** The line's place in the file is not known before the file was read. */
const UNKNOWN_LINE = 0;

export type GrowingDiff = {
	readonly lines: readonly DiffLine[];
	readonly addedLines: number;
	readonly removedLines: number;
	/** There are lines above the first of `lines`. */
	readonly isTruncated: boolean;
};

export class GrowingEdit {
	readonly #strings = new PartialJsonStrings();
	#path = '';
	#isPathKnown = false;
	#isWholeFile = false;
	/** The lines that go, whole: new ones are compared with them. The last one may still grow. */
	#old: string[] = [];
	#oldRest = '';
	#isOldComplete = false;
	/** Lines of the new text that are the old ones from its start on; they are context. */
	#sameLines = 0;
	#isMatching = true;
	#isRestSame = true;
	/** New lines behind those, the one that grows left out. */
	#addedLines = 0;
	#tail: string[] = [];
	#rest = '';
	#restLength = 0;

	/** Takes the next piece of the input; false when it adds nothing to see. */
	push(partialJson: string): boolean {
		let isChanged = false;
		for (const growth of this.#strings.push(partialJson)) isChanged = this.#take(growth) || isChanged;
		return isChanged;
	}

	/** Undefined until it is complete: half a path is another path. */
	get path(): string | undefined {
		return this.#isPathKnown ? this.#path : undefined;
	}

	diff(): GrowingDiff {
		const kept = this.#old.slice(Math.max(0, this.#sameLines - SHOWN_LINES), this.#sameLines);
		const removed = this.#old.slice(Math.max(this.#sameLines, this.#old.length - SHOWN_LINES));
		if (this.#oldRest !== '') removed.push(this.#oldRest);
		const removedLines = this.#old.length - this.#sameLines + (this.#oldRest === '' ? 0 : 1);
		const isRestShown = this.#restLength > 0 && !(this.#isMatching && this.#isRestSame);
		const added = isRestShown ? [...this.#tail, this.#rest] : this.#tail;
		const addedLines = this.#addedLines + (isRestShown ? 1 : 0);
		const lines = [
			...kept.map((text) => lineOf(' ', UNKNOWN_LINE, text)),
			...removed.map((text) => lineOf('-', UNKNOWN_LINE, text)),
			...added.map((text, index) =>
				lineOf('+', this.#isWholeFile ? addedLines - added.length + index + 1 : UNKNOWN_LINE, text),
			),
		].slice(-SHOWN_LINES);
		const total = this.#sameLines + removedLines + addedLines;
		return { lines, addedLines, removedLines, isTruncated: lines.length < total };
	}

	#take({ key, text, isStart, isEnd }: StringGrowth): boolean {
		switch (key) {
			case 'file_path':
				this.#path = isStart ? text : this.#path + text;
				this.#isPathKnown = isEnd;
				return isEnd;
			case 'old_string':
				if (isStart) this.#forgetOld();
				this.#addOld(text);
				this.#isOldComplete = isEnd;
				if (isEnd && this.#oldRest !== '') this.#old.push(this.#oldRest);
				if (isEnd) this.#oldRest = '';
				return text !== '';
			case 'new_string':
			case 'content':
				if (isStart) this.#forgetNew(key === 'content');
				this.#addNew(text);
				if (isEnd) this.#endNew();
				return text !== '' || isEnd;
			default:
				return false;
		}
	}

	#forgetOld(): void {
		this.#old = [];
		this.#oldRest = '';
		this.#sameLines = 0;
		this.#isMatching = false;
	}

	#forgetNew(isWholeFile: boolean): void {
		this.#isWholeFile = isWholeFile;
		this.#isMatching = !isWholeFile && this.#isOldComplete;
		this.#sameLines = 0;
		this.#addedLines = 0;
		this.#tail = [];
		this.#startLine();
	}

	#startLine(): void {
		this.#rest = '';
		this.#restLength = 0;
		this.#isRestSame = true;
	}

	#addOld(text: string): void {
		const [first = '', ...others] = text.split('\n');
		this.#oldRest += first;
		for (const line of others) {
			this.#old.push(this.#oldRest);
			this.#oldRest = line;
		}
	}

	#addNew(text: string): void {
		for (const [index, part] of text.split('\n').entries()) {
			if (index > 0) this.#endLine();
			if (this.#isMatching && this.#isRestSame)
				this.#isRestSame = this.#old[this.#sameLines]?.startsWith(part, this.#restLength) === true;
			if (this.#rest.length < MAX_LINE_CHARS) this.#rest += part.slice(0, MAX_LINE_CHARS - this.#rest.length);
			this.#restLength += part.length;
		}
	}

	#endLine(): void {
		const isSame = this.#isMatching && this.#isRestSame && this.#old[this.#sameLines]?.length === this.#restLength;
		if (isSame) this.#sameLines++;
		else {
			this.#isMatching = false;
			this.#addedLines++;
			this.#tail.push(this.#rest);
			if (this.#tail.length > SHOWN_LINES) this.#tail.shift();
		}
		this.#startLine();
	}

	#endNew(): void {
		if (this.#restLength > 0) this.#endLine();
		this.#isMatching = false;
	}
}

function lineOf(kind: DiffLine['kind'], lineNumber: number, text: string): DiffLine {
	const shown = text.length > MAX_LINE_CHARS ? text.slice(0, MAX_LINE_CHARS) : text;
	return { kind, lineNumber, text: shown.endsWith('\r') ? shown.slice(0, -1) : shown };
}
