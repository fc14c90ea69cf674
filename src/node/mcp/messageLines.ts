/**
 * Cuts what a server writes to stdout into lines, within a bound for each. Pieces of a long line are joined once, so that a flood costs no
 * more than reading it.
 */
const NEWLINE = 0x0a;

export type MessageLines = {
	/** Calls back for each line that is complete; false when a line is too long, after which nothing more may be added. */
	add(chunk: Buffer): boolean;
};

export function createMessageLines(maxLineBytes: number, onLine: (line: Buffer) => void): MessageLines {
	let pieces: Buffer[] = [];
	let heldBytes = 0;
	return {
		add(chunk) {
			let rest = chunk;
			for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
				const last = rest.subarray(0, end);
				rest = rest.subarray(end + 1);
				if (heldBytes + last.length > maxLineBytes) return false;
				const line = pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
				pieces = [];
				heldBytes = 0;
				onLine(line);
			}
			heldBytes += rest.length;
			if (heldBytes > maxLineBytes) return false;
			if (rest.length > 0) pieces.push(rest);
			return true;
		},
	};
}
