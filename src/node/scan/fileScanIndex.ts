/** Reads the bytes of a git index: which paths it tracks, with what object, and what the file looked like then. Pure. */

/** The columns of all entries, by the number that `numbers` gives to a path. */
export type IndexEntries = {
	readonly numbers: ReadonlyMap<string, number>;
	readonly oids: Buffer;
	readonly oidLength: number;
	readonly sizes: Float64Array;
	readonly mtimesMs: Float64Array;
	readonly ctimesMs: Float64Array;
	readonly modes: Uint32Array;
	/** 1 = git says nothing of the file: assume-unchanged, skip-worktree, intent-to-add or in conflict. */
	readonly unsure: Uint8Array;
};

const HEADER_BYTES = 12;
/** ctime, mtime, dev, ino, mode, uid, gid, size. */
const STAT_BYTES = 40;
const ASSUME_VALID = 0x8000;
const EXTENDED = 0x4000;
const STAGE = 0x3000;
const SKIP_WORKTREE = 0x4000;
const INTENT_TO_ADD = 0x2000;

/** Undefined when this is no index that says everything itself: another version, or one that is split in two files. */
export function parseIndex(bytes: Buffer, oidLength: number): IndexEntries | undefined {
	if (bytes.length < HEADER_BYTES + oidLength || bytes.toString('latin1', 0, 4) !== 'DIRC') return undefined;
	const version = bytes.readUInt32BE(4);
	const count = bytes.readUInt32BE(8);
	if (version < 2 || version > 4 || count * (STAT_BYTES + oidLength) > bytes.length) return undefined;
	const numbers = new Map<string, number>();
	const oids = Buffer.alloc(count * oidLength);
	const sizes = new Float64Array(count);
	const mtimesMs = new Float64Array(count);
	const ctimesMs = new Float64Array(count);
	const modes = new Uint32Array(count);
	const unsure = new Uint8Array(count);
	let path = Buffer.alloc(0);
	let at = HEADER_BYTES;
	const end = bytes.length - oidLength;
	for (let number = 0; number < count; number++) {
		const start = at;
		if (start + STAT_BYTES + oidLength + 2 > end) return undefined;
		// As Node computes it from the same two numbers, so that both can be compared for equality.
		ctimesMs[number] = bytes.readUInt32BE(start) * 1000 + bytes.readUInt32BE(start + 4) / 1_000_000;
		mtimesMs[number] = bytes.readUInt32BE(start + 8) * 1000 + bytes.readUInt32BE(start + 12) / 1_000_000;
		modes[number] = bytes.readUInt32BE(start + 24);
		sizes[number] = bytes.readUInt32BE(start + 36);
		bytes.copy(oids, number * oidLength, start + STAT_BYTES, start + STAT_BYTES + oidLength);
		at = start + STAT_BYTES + oidLength;
		const flags = bytes.readUInt16BE(at);
		at += 2;
		let more = 0;
		if ((flags & EXTENDED) !== 0) {
			more = bytes.readUInt16BE(at);
			at += 2;
		}
		if ((flags & (ASSUME_VALID | STAGE)) !== 0 || (more & (SKIP_WORKTREE | INTENT_TO_ADD)) !== 0) unsure[number] = 1;
		if (version === 4) {
			const cut = readNumber(bytes, at);
			const nul = bytes.indexOf(0, cut.end);
			if (nul < 0 || cut.value > path.length) return undefined;
			path = Buffer.concat([path.subarray(0, path.length - cut.value), bytes.subarray(cut.end, nul)]);
			numbers.set(path.toString('utf8'), number);
			at = nul + 1;
		} else {
			const nul = bytes.indexOf(0, at);
			if (nul < 0) return undefined;
			numbers.set(bytes.toString('utf8', at, nul), number);
			// One to eight NULs, so that the next entry starts at a multiple of eight.
			at = start + ((nul - start + 8) & ~7);
		}
	}
	return isSplit(bytes, at, end) ? undefined : { numbers, oids, oidLength, sizes, mtimesMs, ctimesMs, modes, unsure };
}

/** The way git writes numbers in packs: seven bits per byte, and one more for each byte that follows. */
function readNumber(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
	let at = start;
	let byte = bytes[at++] ?? 0;
	let value = byte & 127;
	while ((byte & 128) !== 0) {
		byte = bytes[at++] ?? 0;
		value = ((value + 1) << 7) | (byte & 127);
	}
	return { value, end: at };
}

/** The extension `link` names a second file that holds the rest. */
function isSplit(bytes: Buffer, start: number, end: number): boolean {
	for (let at = start; at + 8 <= end; at += 8 + bytes.readUInt32BE(at + 4))
		if (bytes.toString('latin1', at, at + 4) === 'link') return true;
	return false;
}
