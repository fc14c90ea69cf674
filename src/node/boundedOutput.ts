/**
 * Collects the output of a process within a limit: the start and the end are kept, the middle is left out and said so.
 * Counts UTF-8 bytes; never cuts a character.
 */
import { utf8Length } from '../base/text.ts';

export type BoundedOutput = {
	add(text: string): void;
	/** At most the limit, the note about what was left out included. */
	text(): string;
};

/** Room for the note between start and end. */
const NOTE_BYTES = 80;

export function createBoundedOutput(maxBytes: number): BoundedOutput {
	const halfBytes = Math.floor((maxBytes - NOTE_BYTES) / 2);
	let head = '';
	let headBytes = 0;
	let isHeadFull = false;
	let tail: string[] = [];
	let tailBytes = 0;
	let totalBytes = 0;

	/** Joins and shortens the tail. Called when it has grown to twice its share, so that each byte is moved once on average. */
	function trimTail(): void {
		const kept = endOf(tail.join(''), halfBytes);
		tail = [kept];
		tailBytes = utf8Length(kept);
	}

	return {
		add(text) {
			totalBytes += utf8Length(text);
			let rest = text;
			if (!isHeadFull) {
				const start = startOf(rest, halfBytes - headBytes);
				head += start;
				headBytes += utf8Length(start);
				rest = rest.slice(start.length);
				isHeadFull = rest !== '';
			}
			if (rest === '') return;
			tail.push(rest);
			tailBytes += utf8Length(rest);
			if (tailBytes > 2 * halfBytes) trimTail();
		},
		text() {
			if (headBytes + tailBytes === totalBytes && totalBytes <= maxBytes) return head + tail.join('');
			trimTail();
			const leftOut = (totalBytes - headBytes - tailBytes).toLocaleString('en-US');
			return `${head}\n[… ${leftOut} bytes of output left out here …]\n${tail.join('')}`;
		},
	};
}

/** The longest start of `text` with at most `maxBytes`. */
function startOf(text: string, maxBytes: number): string {
	if (text.length * 3 <= maxBytes || utf8Length(text) <= maxBytes) return text;
	let bytes = 0;
	let end = 0;
	for (const char of text) {
		bytes += utf8Length(char);
		if (bytes > maxBytes) break;
		end += char.length;
	}
	return text.slice(0, end);
}

/** The longest end of `text` with at most `maxBytes`. */
function endOf(text: string, maxBytes: number): string {
	const excess = utf8Length(text) - maxBytes;
	if (excess <= 0) return text;
	const cut = startOf(text, excess).length;
	const start = startOf(text, excess);
	if (utf8Length(start) === excess) return text.slice(cut);
	// The cut falls into a character, which then goes too.
	return text.slice(cut + ([...text.slice(cut, cut + 2)][0]?.length ?? 0));
}
