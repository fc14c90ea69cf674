/**
 * A session as the parts of a portable bundle: blobs first, then the logs that name them. Nothing is held in memory but one page and one blob.
 * Packing them into a file is the port's.
 */
import type { SessionId } from '../../base/ids.ts';
import type { Clock } from '../ports.ts';
import { parseLine } from '../session/readLog.ts';
import type { BlobStore, SessionStore } from '../session/storePort.ts';
import {
	agentLogName,
	BUNDLE_FORMAT,
	BUNDLE_VERSION,
	blobName,
	logName,
	MANIFEST_NAME,
	type Manifest,
} from './bundleFormat.ts';
import { createExportedBlobs, type ExportedBlobs } from './exportedBlobs.ts';
import { logPages, type PagedEntry } from './logPages.ts';
import { createRedaction, REDACTED_NOTE, type Redaction, type RedactionOptions } from './redaction.ts';
import type { AgentLines, ExportPart, PartSum } from './transferPorts.ts';

export type ExportWorld = {
	readonly sessions: SessionStore;
	readonly blobs: BlobStore;
	readonly agentLogs: AgentLines;
	readonly clock: Clock;
	readonly extensionVersion: string;
};
export type ExportedSession = { readonly id: SessionId; readonly title: string };

export type Bundle = {
	/** All parts but the manifest. */
	parts(signal: AbortSignal): AsyncGenerator<ExportPart>;
	/** The manifest, once all parts were written. */
	last(sums: readonly PartSum[]): { readonly name: string; readonly text: string };
	/** Known after the parts: lines that could not be read, contents that are missing. */
	readonly losses: { readonly badLines: number; readonly missingBlobs: number };
};

export function makeBundle(
	sessions: readonly ExportedSession[],
	world: ExportWorld,
	options: RedactionOptions,
): Bundle {
	const redaction = createRedaction(options);
	const blobs = createExportedBlobs(world.blobs, redaction);
	const agents = new Map<SessionId, readonly string[]>();
	const losses = { badLines: 0, missingBlobs: 0 };

	return {
		losses,
		async *parts(signal) {
			for (const { id } of sessions) {
				agents.set(id, await world.agentLogs.list(id));
				for await (const page of logPages(world.sessions.reader(id), signal, () => losses.badLines++))
					for (const { entry } of page) blobs.collect(entry);
				for (const agentId of agents.get(id) ?? [])
					for (const { entry } of await agentEntries(world, id, agentId)) blobs.collect(entry);
			}
			for await (const { ref, bytes } of blobs.all(signal)) yield { name: blobName(ref.$blob), chunks: once(bytes) };
			losses.missingBlobs = blobs.missing.length;
			for (const { id } of sessions) {
				const pages = logPages(world.sessions.reader(id), signal);
				yield { name: logName(id), chunks: linesOf(pages, redaction, blobs) };
				for (const agentId of agents.get(id) ?? []) {
					const entries = await agentEntries(world, id, agentId);
					yield { name: agentLogName(id, agentId), chunks: linesOf(onePage(entries), redaction, blobs) };
				}
			}
		},
		last(sums) {
			const manifest: Manifest = {
				format: BUNDLE_FORMAT,
				version: BUNDLE_VERSION,
				createdAt: world.clock.now(),
				extensionVersion: world.extensionVersion,
				isRedacted: redaction.isRedacted,
				...(redaction.isRedacted ? { note: REDACTED_NOTE } : {}),
				sessions: sessions.map(({ id, title }) => ({
					id,
					title: redaction.text(title).slice(0, 1000),
					agents: [...(agents.get(id) ?? [])],
				})),
				paths: [...redaction.paths],
				parts: sums.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 })),
				missingBlobs: [...blobs.missing],
			};
			return { name: MANIFEST_NAME, text: `${JSON.stringify(manifest, undefined, '\t')}\n` };
		},
	};
}

/** The entry as it leaves: redacted, its references as the export has them. */
export function exportedEntry(paged: PagedEntry, redaction: Redaction, blobs: ExportedBlobs): unknown {
	const text = paged.text.startsWith('\uFEFF') ? paged.text.slice(1) : paged.text;
	const value: unknown = JSON.parse(text);
	return blobs.rewrite(redaction.value(value));
}

export async function agentEntries(
	world: Pick<ExportWorld, 'agentLogs'>,
	id: SessionId,
	agentId: string,
): Promise<readonly PagedEntry[]> {
	const lines = await world.agentLogs.read(id, agentId);
	return lines.flatMap((text) => {
		const read = parseLine(text);
		return read.kind === 'entry' ? [{ entry: read.entry, text }] : [];
	});
}

async function* linesOf(
	pages: AsyncIterable<readonly PagedEntry[]>,
	redaction: Redaction,
	blobs: ExportedBlobs,
): AsyncGenerator<string> {
	for await (const page of pages)
		for (const paged of page) yield `${JSON.stringify(exportedEntry(paged, redaction, blobs))}\n`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	yield bytes;
}

async function* onePage(entries: readonly PagedEntry[]): AsyncGenerator<readonly PagedEntry[]> {
	yield entries;
}
