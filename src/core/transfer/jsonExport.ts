/**
 * A session as one JSON document (see `jsonExportSchema`): every entry of its log, and the contents they name inlined up to a cap.
 * Streamed, so that its size does not matter.
 */

import { toBase64 } from '../tools/base64.ts';
import { isTextMedia } from './blobRefs.ts';
import { BUNDLE_VERSION, JSON_FORMAT } from './bundleFormat.ts';
import { createExportedBlobs } from './exportedBlobs.ts';
import { logPages, type PagedEntry } from './logPages.ts';
import { agentEntries, type ExportedSession, type ExportWorld, exportedEntry } from './makeBundle.ts';
import { createRedaction, REDACTED_NOTE, type RedactionOptions } from './redaction.ts';

/** Beyond this a document is more than most programs read; a bundle has no such limit. */
const MAX_INLINE_BYTES = 64 * 1024 * 1024;

export async function* jsonExport(
	{ id, title }: ExportedSession,
	world: ExportWorld,
	options: RedactionOptions,
	signal: AbortSignal,
): AsyncGenerator<string> {
	const redaction = createRedaction(options);
	const blobs = createExportedBlobs(world.blobs, redaction, MAX_INLINE_BYTES);
	const agents = new Map<string, readonly PagedEntry[]>();
	for (const agentId of await world.agentLogs.list(id)) agents.set(agentId, await agentEntries(world, id, agentId));
	for await (const page of logPages(world.sessions.reader(id), signal))
		for (const { entry } of page) blobs.collect(entry);
	for (const entries of agents.values()) for (const { entry } of entries) blobs.collect(entry);

	const head = {
		format: JSON_FORMAT,
		version: BUNDLE_VERSION,
		createdAt: world.clock.now(),
		extensionVersion: world.extensionVersion,
		isRedacted: redaction.isRedacted,
		...(redaction.isRedacted ? { note: REDACTED_NOTE } : {}),
		paths: redaction.paths,
		session: { id, title: redaction.text(title).slice(0, 1000) },
	};
	yield JSON.stringify(head).slice(0, -1);
	yield ',\n"blobs":{';
	let comma = '';
	for await (const { ref, bytes } of blobs.all(signal)) {
		const text = isTextMedia(ref.mediaType) ? textOf(bytes) : undefined;
		const inlined = text === undefined ? { base64: toBase64(bytes) } : { text };
		yield `${comma}\n"${ref.$blob}":${JSON.stringify(inlined)}`;
		comma = ',';
	}
	yield `},\n"missingBlobs":${JSON.stringify(blobs.missing)},\n"entries":[`;
	comma = '';
	for await (const page of logPages(world.sessions.reader(id), signal)) {
		for (const paged of page) {
			yield `${comma}\n${JSON.stringify(exportedEntry(paged, redaction, blobs))}`;
			comma = ',';
		}
	}
	const agentValues = [...agents].map(([agentId, entries]) => [
		agentId,
		entries.map((paged) => exportedEntry(paged, redaction, blobs)),
	]);
	yield `],\n"agents":${JSON.stringify(Object.fromEntries(agentValues))}}\n`;
}

/** Undefined for bytes that are no UTF-8 text: their hash would be another one afterwards. */
function textOf(bytes: Uint8Array): string | undefined {
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (error) {
		if (error instanceof TypeError) return undefined;
		throw error;
	}
}
