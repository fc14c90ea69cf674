/**
 * Collects the output of a process within a limit: the start and the end are kept, the middle is left out and said so.
 * Counts UTF-8 bytes; never cuts a character.
 */
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
		tailBytes = Buffer.byteLength(kept);
	}

	return {
		add(text) {
			let rest = text;
			let restBytes = Buffer.byteLength(text);
			totalBytes += restBytes;
			if (!isHeadFull) {
				const start = startOf(rest, halfBytes - headBytes);
				const startBytes = Buffer.byteLength(start);
				head += start;
				headBytes += startBytes;
				rest = rest.slice(start.length);
				restBytes -= startBytes;
				isHeadFull = rest !== '';
			}
			if (rest === '') return;
			tail.push(rest);
			tailBytes += restBytes;
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
	if (Buffer.byteLength(text) <= maxBytes) return text;
	let bytes = 0;
	let end = 0;
	for (const char of text) {
		bytes += Buffer.byteLength(char);
		if (bytes > maxBytes) break;
		end += char.length;
	}
	return text.slice(0, end);
}

/** The longest end of `text` with at most `maxBytes`. Looks at no more of it than that: this is done for each piece of a flood. */
function endOf(text: string, maxBytes: number): string {
	let bytes = 0;
	let start = text.length;
	while (start > 0) {
		const isPair = start > 1 && isLow(text.charCodeAt(start - 1)) && isHigh(text.charCodeAt(start - 2));
		const code = text.charCodeAt(start - 1);
		bytes += isPair ? 4 : code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
		if (bytes > maxBytes) break;
		start -= isPair ? 2 : 1;
	}
	return text.slice(start);
}

const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const isLow = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;
