/** Archives on the disk: what was written comes back, and an archive that lies is refused before it does harm. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { CancelledError } from '../../../src/base/errors.ts';
import type { ArchiveLimits, ExportPart } from '../../../src/core/transfer/transferPorts.ts';
import { transferFiles } from '../../../src/node/transfer/transferFiles.ts';

const folder = await mkdtemp(join(tmpdir(), 'retrace-zip-'));
after(() => rm(folder, { recursive: true }));
const { signal } = new AbortController();
const limits: ArchiveLimits = {
	maxParts: 4,
	maxPartBytes: 4_000_000,
	maxTotalBytes: 6_000_000,
	isKnownName: (name) => /^[a-e]$/.test(name),
};
let count = 0;
const place = () => join(folder, `${++count}.retrace`);

async function* partsOf(parts: Readonly<Record<string, readonly (string | Uint8Array)[]>>): AsyncGenerator<ExportPart> {
	for (const [name, chunks] of Object.entries(parts)) {
		yield {
			name,
			chunks: (async function* () {
				yield* chunks;
			})(),
		};
	}
}

type FakePart = {
	readonly name: string;
	readonly bytes: Uint8Array;
	readonly says?: number;
	readonly method?: number;
	readonly flags?: number;
	readonly at?: number;
};

/** A zip file made by hand, so that it can say what is not so. */
function forged(parts: readonly FakePart[]): Buffer {
	const locals: Buffer[] = [];
	const entries: Buffer[] = [];
	let offset = 0;
	for (const { name, bytes, says, method = 8, flags = 0, at } of parts) {
		const packed = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes);
		const local = Buffer.alloc(30);
		local.writeUInt32LE(0x04034b50);
		local.writeUInt16LE(name.length, 26);
		const entry = Buffer.alloc(46);
		entry.writeUInt32LE(0x02014b50);
		entry.writeUInt16LE(flags, 8);
		entry.writeUInt16LE(method, 10);
		entry.writeUInt32LE(packed.length, 20);
		entry.writeUInt32LE(says ?? bytes.length, 24);
		entry.writeUInt16LE(name.length, 28);
		entry.writeUInt32LE(at ?? offset, 42);
		entries.push(entry, Buffer.from(name));
		locals.push(local, Buffer.from(name), packed);
		offset += 30 + name.length + packed.length;
	}
	const directory = Buffer.concat(entries);
	const end = Buffer.alloc(22);
	end.writeUInt32LE(0x06054b50);
	end.writeUInt16LE(parts.length, 10);
	end.writeUInt32LE(directory.length, 12);
	end.writeUInt32LE(offset, 16);
	return Buffer.concat([...locals, directory, end]);
}

const read = async (bytes: Uint8Array) => {
	const path = place();
	await writeFile(path, bytes);
	return await transferFiles.readImport(path, limits, signal);
};

test('what is written comes back, with its sums', async () => {
	const path = place();
	const big = Buffer.alloc(1_000_000, 'PK\u0003\u0004 PK\u0007\u0008 not a header');
	const chunks = partsOf({ a: ['über ', 'Grenzen\n'], b: [big], c: [], d: ['x'.repeat(70_000)] });
	await transferFiles.writeArchive(path, chunks, (sums) => ({ name: 'e', text: JSON.stringify(sums) }), signal);
	const file = await transferFiles.readImport(path, { ...limits, maxParts: 5 }, signal);
	assert.equal(file.kind, 'archive');
	const parts = file.kind === 'archive' ? file.parts : new Map<string, Uint8Array>();
	assert.deepEqual([...parts.keys()], ['a', 'b', 'c', 'd', 'e']);
	assert.equal(Buffer.from(parts.get('a') ?? []).toString(), 'über Grenzen\n');
	assert.ok(big.equals(parts.get('b') ?? new Uint8Array()));
	const sums = JSON.parse(Buffer.from(parts.get('e') ?? []).toString());
	assert.equal(sums[1].sha256, createHash('sha256').update(big).digest('hex'));
	assert.equal(sums[1].sizeBytes, big.length);
});

test('a zip of another program is read too', async () => {
	const file = await read(zipSync({ a: new Uint8Array([1, 2]), b: [new Uint8Array([3]), { level: 0 }] }));
	assert.deepEqual(file.kind === 'archive' && file.parts.get('b'), new Uint8Array([3]));
	const own = await read(forged([{ name: 'a', bytes: Buffer.from('hello') }]));
	assert.equal(own.kind === 'archive' && Buffer.from(own.parts.get('a') ?? []).toString(), 'hello');
});

describe('an archive is refused that', () => {
	const zeros = new Uint8Array(5_000_000);
	const cases: readonly [string, () => Uint8Array, RegExp][] = [
		[
			'holds a path that leads out of the folder',
			() => forged([{ name: '../a', bytes: zeros.subarray(0, 9) }]),
			/does not belong/,
		],
		['holds an absolute path', () => forged([{ name: '/etc/x', bytes: zeros.subarray(0, 9) }]), /does not belong/],
		['says that a part is very large', () => forged([{ name: 'a', bytes: zeros }]), /a is too large/],
		['says less than comes out', () => forged([{ name: 'a', bytes: zeros, says: 10 }]), /larger than it says/],
		[
			'says more than comes out',
			() => forged([{ name: 'a', bytes: zeros.subarray(0, 5), says: 10 }]),
			/smaller than it says/,
		],
		[
			'is too large in all',
			() => forged(['a', 'b'].map((name) => ({ name, bytes: zeros.subarray(0, 3_900_000) }))),
			/it is too large/,
		],
		[
			'holds too many parts',
			() => forged(['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, bytes: zeros.subarray(0, 1) }))),
			/too many files/,
		],
		[
			'holds a name twice',
			() => forged(['a', 'a'].map((name) => ({ name, bytes: zeros.subarray(0, 1) }))),
			/holds a twice/,
		],
		[
			'has parts that share their bytes',
			() =>
				forged([
					{ name: 'a', bytes: zeros.subarray(0, 9) },
					{ name: 'b', bytes: zeros.subarray(0, 9), at: 0 },
				]),
			/overlap/,
		],
		[
			'is packed in another way',
			() => forged([{ name: 'a', bytes: zeros.subarray(0, 9), method: 14 }]),
			/packed in a way/,
		],
		['is encrypted', () => forged([{ name: 'a', bytes: zeros.subarray(0, 9), flags: 1 }]), /encrypted/],
		[
			'holds bytes that cannot be unpacked',
			() => {
				const bytes = forged([{ name: 'a', bytes: Buffer.from('hello hello hello') }]);
				bytes.fill(0xff, 31, 36);
				return bytes;
			},
			/cannot be unpacked|than it says/,
		],
		['is cut off', () => forged([{ name: 'a', bytes: zeros.subarray(0, 9) }]).subarray(0, 40), /cut off/],
		['points behind its end', () => forged([{ name: 'a', bytes: zeros.subarray(0, 9), at: 5_000 }]), /overlap/],
		['only begins like one', () => Buffer.from('PK\u0003\u0004 and nothing else of it'), /cut off|not a zip/],
	];
	for (const [name, make, expected] of cases) {
		test(name, async () => {
			await assert.rejects(read(make()), (error: Error & { code?: string }) => {
				assert.equal(error.code, 'bad-bundle', String(error));
				assert.match(error.message, expected);
				return true;
			});
		});
	}
});

test('an export that fails or is cancelled leaves the old file, and nothing beside it', async () => {
	const path = place();
	await writeFile(path, 'old');
	const abort = new AbortController();
	const broken = async function* (): AsyncGenerator<string> {
		yield 'new';
		abort.abort(new CancelledError());
		yield 'more';
	};
	await assert.rejects(transferFiles.writeText(path, broken(), abort.signal), CancelledError);
	const failing = partsOf({ a: ['x'] });
	const last = () => {
		throw new Error('no');
	};
	await assert.rejects(transferFiles.writeArchive(path, failing, last, signal), { code: 'export-failed' });
	assert.equal(await readFile(path, 'utf8'), 'old');
	assert.deepEqual(
		(await readdir(folder)).filter((name) => name.endsWith('.tmp')),
		[],
	);
	await assert.rejects(transferFiles.readImport(join(folder, 'none'), limits, signal), { code: 'import-unreadable' });
});
