/**
 * Reads a zip archive that anybody may have made. Goes by its directory, takes plain and deflated parts only, and holds its limits against
 * what comes out and not only against what the archive says. Parts may neither overlap nor stand twice.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { Inflate } from 'fflate';
import { UserError } from '../../base/errors.ts';
import { badBundle } from '../../core/transfer/transferErrors.ts';
import type { ArchiveLimits } from '../../core/transfer/transferPorts.ts';

/** What one step inflates to is bounded by it: at most a thousand times as much. */
const STEP_BYTES = 16 * 1024;
const END_SIZE = 22;
const MAX_COMMENT = 0xffff;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
const STORED = 0;
const DEFLATED = 8;

type Part = {
	readonly name: string;
	readonly method: number;
	readonly packedBytes: number;
	readonly sizeBytes: number;
	readonly offset: number;
};

/** Rejects with UserError `bad-bundle`, or with the file system's own error. */
export async function readZip(
	path: string,
	limits: ArchiveLimits,
	signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
	const file = await open(path, 'r');
	try {
		const parts = await directoryOf(file, limits);
		const read = new Map<string, Uint8Array<ArrayBuffer>>();
		for (const part of parts) read.set(part.name, await readPart(file, part, signal));
		return read;
	} finally {
		await file.close();
	}
}

async function directoryOf(file: FileHandle, limits: ArchiveLimits): Promise<readonly Part[]> {
	const { size } = await file.stat();
	if (size > limits.maxTotalBytes) throw badBundle('it is too large');
	const tailStart = Math.max(0, size - END_SIZE - MAX_COMMENT);
	const tail = await readBytes(file, tailStart, size - tailStart);
	const end = tail.lastIndexOf('PK\u0005\u0006', undefined, 'latin1');
	if (end < 0 || end + END_SIZE > tail.length) throw badBundle('it is cut off or not a zip file');
	const count = tail.readUInt16LE(end + 10);
	const length = tail.readUInt32LE(end + 12);
	const start = tail.readUInt32LE(end + 16);
	if (count > limits.maxParts) throw badBundle('it holds too many files');
	if (start + length > tailStart + end) throw badBundle('its directory is damaged');
	const directory = await readBytes(file, start, length);
	const parts: Part[] = [];
	let at = 0;
	for (let index = 0; index < count; index++) {
		const { part, next } = partAt(directory, at);
		at = next;
		if (parts.some(({ name }) => name === part.name)) throw badBundle(`it holds ${part.name} twice`);
		parts.push(part);
	}
	checkParts(parts, start, limits);
	return parts;
}

function partAt(directory: Buffer, at: number): { readonly part: Part; readonly next: number } {
	if (at + ENTRY_SIZE > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
		throw badBundle('its directory is damaged');
	const nameEnd = at + ENTRY_SIZE + directory.readUInt16LE(at + 28);
	const next = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
	if (next > directory.length) throw badBundle('its directory is damaged');
	if ((directory.readUInt16LE(at + 8) & 1) !== 0) throw badBundle('it is encrypted');
	const part = {
		name: directory.toString('utf8', at + ENTRY_SIZE, nameEnd),
		method: directory.readUInt16LE(at + 10),
		packedBytes: directory.readUInt32LE(at + 20),
		sizeBytes: directory.readUInt32LE(at + 24),
		offset: directory.readUInt32LE(at + 42),
	};
	return { part, next };
}

function checkParts(parts: readonly Part[], directoryStart: number, limits: ArchiveLimits): void {
	let totalBytes = 0;
	for (const { name, method, sizeBytes } of parts) {
		if (!limits.isKnownName(name)) throw badBundle('it holds a file that does not belong in it');
		if (method !== STORED && method !== DEFLATED) throw badBundle(`${name} is packed in a way that is not known`);
		if (sizeBytes > limits.maxPartBytes) throw badBundle(`${name} is too large`);
		totalBytes += sizeBytes;
		if (totalBytes > limits.maxTotalBytes) throw badBundle('it is too large');
	}
	// Parts that share their bytes make a small file say very much.
	let free = 0;
	for (const part of [...parts].sort((left, right) => left.offset - right.offset)) {
		const end = part.offset + LOCAL_SIZE + part.packedBytes;
		if (part.offset < free || end > directoryStart) throw badBundle('its parts overlap');
		free = end;
	}
}

async function readPart(file: FileHandle, part: Part, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
	const { name, method, packedBytes, sizeBytes, offset } = part;
	const head = await readBytes(file, offset, LOCAL_SIZE);
	if (head.readUInt32LE(0) !== 0x04034b50) throw badBundle(`${name} is damaged`);
	const start = offset + LOCAL_SIZE + head.readUInt16LE(26) + head.readUInt16LE(28);
	const whole = new Uint8Array(sizeBytes);
	let at = 0;
	const take = (bytes: Uint8Array) => {
		if (at + bytes.length > sizeBytes) throw badBundle(`${name} is larger than it says`);
		whole.set(bytes, at);
		at += bytes.length;
	};
	const inflate = method === DEFLATED ? new Inflate(take) : undefined;
	for (let done = 0; done < packedBytes; ) {
		signal.throwIfAborted();
		const packed = await readBytes(file, start + done, Math.min(STEP_BYTES, packedBytes - done));
		done += packed.length;
		if (inflate) push(inflate, packed, done >= packedBytes, name);
		else take(packed);
	}
	if (at !== sizeBytes) throw badBundle(`${name} is smaller than it says`);
	return whole;
}

function push(inflate: Inflate, packed: Uint8Array, isLast: boolean, name: string): void {
	try {
		inflate.push(packed, isLast);
	} catch (error) {
		if (error instanceof UserError) throw error;
		throw badBundle(`${name} cannot be unpacked`, error);
	}
}

async function readBytes(file: FileHandle, position: number, length: number): Promise<Buffer> {
	const buffer = Buffer.alloc(length);
	for (let at = 0; at < length; ) {
		const { bytesRead } = await file.read(buffer, at, length - at, position + at);
		if (bytesRead === 0) throw badBundle('it is cut off');
		at += bytesRead;
	}
	return buffer;
}
