/**
 * Blobs as files: `blobs/<2 hex>/<sha256>.<codec>`, each written once, whole or not at all. Deletes nothing: sweeping is a job of its own.
 * What is stored under a hash is checked against it whenever it is read. Small steps are synchronous: a trip to the thread pool
 * costs more than they do, and an edit waits for them. What can take long (flush, compression of much) is not.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
	closeSync,
	fdatasync,
	mkdirSync,
	openSync,
	readFileSync,
	renameSync,
	statSync,
	unlinkSync,
	utimesSync,
	writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { UserError } from '../../base/errors.ts';
import { asSha256, type Sha256 } from '../../base/ids.ts';
import type { BlobStore } from '../../core/session/storePort.ts';
import { describeFileError, systemCode } from '../files/systemErrors.ts';
import { wasRemoved } from './removedBlobs.ts';

/** Below this a file takes one block of the disk anyway. */
const COMPRESS_OVER_BYTES = 1024;
/** Above this compression takes more than a millisecond. */
const COMPRESS_ASIDE_BYTES = 256 * 1024;
const HEAD_BYTES = 1024;
/** Up to here reading and unpacking in one go take less time than a trip to the thread pool. */
const READ_NOW_BYTES = 64 * 1024;
/** What nobody names is swept a week after it was put last. So that one more write is not needed each time, a day says enough. */
const TOUCH_AFTER_MS = 24 * 3_600_000;
/** As fast as no compression up to 200 KB, and a third of the size. */
const ZSTD_LEVEL = 1;
const CODECS = ['raw', 'zst', 'gz'] as const;
type Codec = (typeof CODECS)[number];

/** `folder` is the storage folder; `blobs/` is created in it with the first blob. */
export function createFileBlobStore(folder: string): BlobStore {
	const root = join(folder, 'blobs');
	/** Writes under way, so that the same bytes put twice at once are written once. */
	const writing = new Map<Sha256, Promise<void>>();
	const pathOf = (sha: Sha256, codec: Codec) => join(root, sha.slice(0, 2), `${sha}.${codec}`);

	const isStored = (sha: Sha256, sizeBytes: number): boolean =>
		CODECS.some((codec) => {
			const path = pathOf(sha, codec);
			const stored = statSync(path, { throwIfNoEntry: false });
			// Cut by a crash of the machine: written again, by a rename over it.
			if (!stored || (codec === 'raw' && stored.size !== sizeBytes)) return false;
			return Date.now() - stored.mtimeMs < TOUCH_AFTER_MS || touch(path);
		});
	const write = async (sha: Sha256, bytes: Uint8Array, isSearchable: boolean): Promise<void> => {
		if (isStored(sha, bytes.length)) return;
		const { codec, stored } = await encode(bytes, isSearchable);
		mkdirSync(join(root, sha.slice(0, 2)), { recursive: true, mode: 0o700 });
		await writeWhole(pathOf(sha, codec), stored);
	};

	return {
		hash: hashOf,
		async put(bytes, mediaType, options) {
			const sha = hashOf(bytes);
			let written = writing.get(sha);
			if (!written) {
				written = write(sha, bytes, options?.searchable === true).finally(() => writing.delete(sha));
				writing.set(sha, written);
			}
			try {
				await written;
			} catch (error) {
				throw blobWriteFailed(error);
			}
			return { $blob: sha, size: bytes.length, mediaType, head: headOf(bytes, mediaType) };
		},
		async get({ $blob: sha }) {
			if (!/^[0-9a-f]{64}$/.test(sha)) throw blobMissing(sha);
			let damage: unknown;
			for (const codec of CODECS) {
				const stored = await readIfThere(pathOf(sha, codec));
				if (!stored) continue;
				try {
					const bytes = await decode(stored, codec);
					if (hashOf(bytes) === sha) return new Uint8Array(bytes);
					damage = new Error(`${sha}.${codec} holds other bytes than its name says`);
				} catch (error) {
					damage = error;
				}
			}
			if (damage !== undefined) throw blobDamaged(sha, damage);
			throw wasRemoved(folder, sha) ? blobRemoved() : blobMissing(sha);
		},
	};
}

const hashOf = (bytes: Uint8Array): Sha256 => asSha256(createHash('sha256').update(bytes).digest('hex'));

const fdatasyncAside = promisify(fdatasync);
const zstdAside = async (bytes: Uint8Array, options: zlib.ZstdOptions): Promise<Buffer> =>
	await promisify(zlib.zstdCompress)(bytes, options);

async function encode(bytes: Uint8Array, isSearchable: boolean): Promise<{ codec: Codec; stored: Uint8Array }> {
	// Missing in a Node before 22.15, which some editors still ship.
	const canCompress = typeof zlib.zstdCompress === 'function';
	if (isSearchable || !canCompress || bytes.length <= COMPRESS_OVER_BYTES) return { codec: 'raw', stored: bytes };
	const params = { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
	const isMuch = bytes.length > COMPRESS_ASIDE_BYTES;
	const packed = isMuch ? await zstdAside(bytes, { params }) : zlib.zstdCompressSync(bytes, { params });
	return packed.length < bytes.length ? { codec: 'zst', stored: packed } : { codec: 'raw', stored: bytes };
}

async function decode(stored: Buffer, codec: Codec): Promise<Buffer> {
	const isSmall = stored.length <= READ_NOW_BYTES;
	switch (codec) {
		case 'raw':
			return stored;
		case 'zst':
			if (typeof zlib.zstdDecompress !== 'function') throw new Error('this editor cannot unpack zstd');
			return isSmall ? zlib.zstdDecompressSync(stored) : await promisify(zlib.zstdDecompress)(stored);
		case 'gz':
			return await promisify(zlib.gunzip)(stored);
	}
}

/** A temporary name, flushed, then renamed: a blob that has its name is complete. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
	const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
	try {
		const fd = openSync(temporary, 'wx', 0o600);
		try {
			for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
			await fdatasyncAside(fd);
		} finally {
			closeSync(fd);
		}
		renameSync(temporary, path);
	} catch (error) {
		removeIfThere(temporary);
		throw error;
	}
}

/** Tells the sweeper that the blob is about to be named again. False when it is not there any more, or must be written to be new. */
function touch(path: string): boolean {
	const now = new Date();
	try {
		utimesSync(path, now, now);
		return true;
	} catch (error) {
		// Where nothing can be written, nothing is swept either.
		return systemCode(error) === 'EROFS';
	}
}

function removeIfThere(path: string) {
	try {
		unlinkSync(path);
	} catch (error) {
		const code = systemCode(error);
		if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
	}
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
	try {
		const stats = statSync(path, { throwIfNoEntry: false });
		if (!stats) return undefined;
		return stats.size <= READ_NOW_BYTES ? readFileSync(path) : await readFile(path);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		throw blobUnreadable(error);
	}
}

/** The start of a text without a cut character; empty for bytes that are not text. */
function headOf(bytes: Uint8Array, mediaType: string): string {
	if (!mediaType.startsWith('text/') && !mediaType.includes('json')) return '';
	if (bytes.length <= HEAD_BYTES) return decodeText(bytes);
	let end = HEAD_BYTES;
	// Step back over the continuation bytes of a character that would be cut.
	while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
	return decodeText(bytes.subarray(0, end));
}

const decodeText = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

const blobMissing = (sha: string): UserError =>
	new UserError(
		'blob-missing',
		`A stored content (${sha.slice(0, 8)}) is missing from the storage folder. The rest of the session is intact. Restore the folder from a backup if you need it.`,
	);

/** A sentence part: it stands behind the name of a file in the list of a restore. */
const blobRemoved = (): UserError =>
	new UserError('blob-removed', 'its content was removed to keep within the storage limit');

const blobDamaged = (sha: string, cause: unknown): UserError =>
	new UserError(
		'blob-damaged',
		`A stored content (${sha.slice(0, 8)}) is damaged on the disk and was not used. The rest of the session is intact. Restore the storage folder from a backup if you need it.`,
		{ cause },
	);

const blobUnreadable = (cause: unknown): UserError =>
	new UserError(
		'blob-damaged',
		`A stored content cannot be read: ${describeFileError(cause)}. Nothing was changed. Check the permissions of the storage folder.`,
		{ cause },
	);

const blobWriteFailed = (cause: unknown): UserError =>
	new UserError(
		'blob-write-failed',
		`A content could not be stored: ${describeFileError(cause)}. Nothing was changed. Free some disk space or check the permissions of the storage folder, then try again.`,
		{ cause },
	);
