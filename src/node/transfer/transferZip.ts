/** Writes the zip archive of an export, part by part and a few milliseconds at a time. Reading one is `transferUnzip.ts`. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Zip, ZipDeflate } from 'fflate';
import { BUNDLE_LIMITS } from '../../core/transfer/bundleFormat.ts';
import { bundleTooLarge } from '../../core/transfer/transferErrors.ts';
import type { ExportPart, PartSum } from '../../core/transfer/transferPorts.ts';

/** Deflating so much takes a few milliseconds. */
const STEP_BYTES = 64 * 1024;

/** Writes the archive to an open file. */
export async function writeZip(
	file: FileHandle,
	parts: AsyncIterable<ExportPart>,
	last: (sums: readonly PartSum[]) => { readonly name: string; readonly text: string },
	signal: AbortSignal,
): Promise<void> {
	let ready: Uint8Array[] = [];
	let failure: Error | null = null;
	let totalBytes = 0;
	const zip = new Zip((error, data) => {
		failure ??= error;
		if (data) ready.push(data);
	});
	const flush = async () => {
		if (failure) throw failure;
		const pieces = ready;
		ready = [];
		for (const piece of pieces) await file.write(piece);
	};
	const add = async (name: string, chunks: AsyncIterable<Uint8Array | string>): Promise<PartSum> => {
		const entry = new ZipDeflate(name, { level: 6 });
		// Archives of the same session are the same bytes.
		entry.mtime = new Date(1980, 0, 1);
		zip.add(entry);
		const hash = createHash('sha256');
		let sizeBytes = 0;
		for await (const chunk of chunks) {
			signal.throwIfAborted();
			const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
			hash.update(bytes);
			sizeBytes += bytes.length;
			totalBytes += bytes.length;
			if (sizeBytes > BUNDLE_LIMITS.maxPartBytes || totalBytes > BUNDLE_LIMITS.maxTotalBytes) throw bundleTooLarge();
			for (let start = 0; start < bytes.length; start += STEP_BYTES) {
				entry.push(bytes.subarray(start, start + STEP_BYTES));
				await flush();
			}
		}
		entry.push(new Uint8Array(0), true);
		await flush();
		return { name, sizeBytes, sha256: hash.digest('hex') };
	};

	const sums: PartSum[] = [];
	for await (const part of parts) sums.push(await add(part.name, part.chunks));
	const { name, text } = last(sums);
	await add(name, once(text));
	zip.end();
	await flush();
}

async function* once(text: string): AsyncGenerator<string> {
	yield text;
}
