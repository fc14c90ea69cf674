/**
 * The doctor of a storage folder: examines every log and content in it, and makes copies of what can be saved.
 * What a log means is the core's. Examining changes nothing on the disk, and nothing here changes a log.
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledError, codeOf } from '../../base/errors.ts';
import { asSessionId, type SessionId, type Sha256 } from '../../base/ids.ts';
import type { Clock, IdSource } from '../../core/ports.ts';
import { createLogExaminer, type LogExamination } from '../../core/session/doctor.ts';
import { createFindings } from '../../core/session/findings.ts';
import { walkLog } from '../../core/session/logSlices.ts';
import { parseLine } from '../../core/session/readLog.ts';
import { createSalvage, type SalvageInput } from '../../core/session/salvage.ts';
import type { DoctorProgress, ExaminedLog, StoreDoctor } from '../../core/session/storeExamination.ts';
import type { BlobStore, SessionStore } from '../../core/session/storePort.ts';
import { systemCode } from '../files/systemErrors.ts';
import { readOwner } from './lease.ts';
import { createLogReader } from './logReader.ts';
import { listStore, type StoredLog, twinsOf } from './storeListing.ts';

export type StoreDoctorOptions = {
	readonly folder: string;
	readonly window: string;
	readonly sessions: SessionStore;
	readonly blobs: BlobStore;
	readonly clock: Clock;
	readonly ids: IdSource;
	readonly extensionVersion: string;
};

/** Lines are written in parts of this size, so that a large log is copied in little memory. */
const BATCH_CHARS = 1024 * 1024;
const PARALLEL_BLOBS = 4;

export function createStoreDoctor(options: StoreDoctorOptions): StoreDoctor {
	const { folder, sessions, blobs, clock, ids } = options;
	return {
		async examine(onProgress, signal) {
			const startedMs = clock.now();
			const listing = await listStore(folder);
			const found = createFindings();
			const needed = new Set<Sha256>();
			const mentioned = new Set<string>();
			const logs: ExaminedLog[] = [];
			const totalBytes = listing.logs.reduce((sum, log) => sum + log.sizeBytes, 0);
			let doneBytes = 0;
			for (const log of listing.logs) {
				const onBytes = (bytes: number) =>
					onProgress({ what: 'Reading sessions', share: share(doneBytes + bytes, totalBytes) / 2 });
				const examined = await examineLog(folder, log, onBytes, signal);
				doneBytes += log.sizeBytes;
				logs.push(examined.log);
				if (!examined.examination) continue;
				for (const sha of examined.examination.blobs.keys()) needed.add(sha);
				for (const sha of examined.examination.mentioned) mentioned.add(sha);
				for (const sha of examined.examination.plans) await mentionAll(blobs, sha, mentioned);
			}

			await checkBlobs(blobs, [...needed], found, onProgress, signal);
			for (const blob of listing.blobs) {
				if (!mentioned.has(blob.sha)) found.add('blobUnused');
			}
			const unusedBytes = sum(listing.blobs.filter(({ sha }) => !mentioned.has(sha)));
			for (const path of listing.temporary) found.add('temporaryFile', undefined, path);
			for (const id of listing.leases) {
				const owner = readOwner(join(folder, 'sessions', `${id}.lease`), options.window);
				if (!owner?.isAlive) found.add('leaseLeft', undefined, id);
			}
			for (const twin of await twinsOf(folder)) {
				for (let count = 0; count < twin.logs; count++) found.add('storageTwin', undefined, twin.path);
			}
			const wrongIndex = await checkIndex(folder, listing.logs);
			if (wrongIndex) found.add('indexWrong', undefined, wrongIndex);
			return {
				folder,
				logs,
				store: found
					.list()
					.map((one) => (one.kind === 'blobUnused' ? { ...one, detail: `${unusedBytes} bytes` } : one)),
				blobs: { count: listing.blobs.length, sizeBytes: sum(listing.blobs), checked: needed.size },
				durationMs: Math.max(0, clock.now() - startedMs),
			};
		},

		async salvage(log, signal) {
			const reader = createLogReader([join(folder, log.path)]);
			const id = asSessionId(ids.next());
			const { file } = await sessions.open(id);
			try {
				// The lease first: its generation stands in every line.
				file.append([]);
				const sizeBytes = await reader.size();
				const readable: SalvageInput['readable'] = new Map();
				const onId: Parameters<typeof walkLog>[2] = ({ text }) => {
					const read = text === undefined ? undefined : parseLine(text);
					if (read?.kind === 'entry') readable.set(read.entry.id, 'unmet');
				};
				await walkLog(reader, sizeBytes, onId, {}, signal);
				const generation = file.generation;
				const salvage = createSalvage({ ...options, from: log.sessionId, to: id, generation, readable });
				let batch: string[] = [];
				let chars = 0;
				let end = 0;
				const flush = () => {
					if (batch.length > 0) end = file.append(batch).at(-1)?.end ?? end;
					batch = [];
					chars = 0;
				};
				const onLine: Parameters<typeof walkLog>[2] = (line) => {
					for (const text of salvage.take(line)) {
						batch.push(text);
						chars += text.length;
					}
					if (chars > BATCH_CHARS) flush();
				};
				await walkLog(reader, sizeBytes, onLine, {}, signal);
				batch.push(...salvage.end());
				flush();
				file.append([salvage.tail({ start: 0, end })]);
				await file.sync();
				return { id, ...salvage.count() };
			} finally {
				await file.close();
			}
		},

		async rebuildIndex() {
			await rm(join(folder, INDEX), { force: true });
			await sessions.list();
		},
	};
}

const INDEX = 'index.json';
const share = (part: number, all: number): number => (all === 0 ? 1 : Math.min(1, part / all));
const sum = (files: readonly { readonly sizeBytes: number }[]): number =>
	files.reduce((total, file) => total + file.sizeBytes, 0);

async function examineLog(
	folder: string,
	log: StoredLog,
	onProgress: (bytes: number) => void,
	signal: AbortSignal,
): Promise<{ readonly log: ExaminedLog; readonly examination: LogExamination | undefined }> {
	const { path, place, sizeBytes } = log;
	const sessionId: SessionId = asSessionId(log.sessionId);
	const examiner = createLogExaminer(sessionId);
	try {
		await walkLog(
			createLogReader([join(folder, path)]),
			sizeBytes,
			(line) => examiner.add(line),
			{ onProgress },
			signal,
		);
	} catch (error) {
		if (error instanceof CancelledError) throw error;
		const findings = createFindings();
		findings.add(
			'unreadableFile',
			undefined,
			systemCode(error instanceof Error ? error.cause : error) ?? codeOf(error),
		);
		return {
			log: { sessionId, place, path, sizeBytes, title: '', entries: 0, findings: findings.list() },
			examination: undefined,
		};
	}
	const examination = examiner.end();
	const { title, entries, findings } = examination;
	return { log: { sessionId, place, path, sizeBytes, title, entries, findings }, examination };
}

async function checkBlobs(
	blobs: BlobStore,
	wanted: readonly Sha256[],
	found: ReturnType<typeof createFindings>,
	onProgress: (progress: DoctorProgress) => void,
	signal: AbortSignal,
): Promise<void> {
	let next = 0;
	let done = 0;
	const work = async () => {
		for (let index = next++; index < wanted.length; index = next++) {
			if (signal.aborted) throw new CancelledError();
			const sha = wanted[index];
			if (sha === undefined) return;
			try {
				await blobs.get({ $blob: sha });
			} catch (error) {
				const code = codeOf(error);
				// Removed to keep within the limit is no damage.
				if (code !== 'blob-removed')
					found.add(code === 'blob-missing' ? 'blobMissing' : 'blobDamaged', undefined, sha.slice(0, 12));
			}
			onProgress({ what: 'Checking stored contents', share: 0.5 + share(++done, wanted.length) / 2 });
		}
	};
	await Promise.all(Array.from({ length: PARALLEL_BLOBS }, work));
}

/** A plan of a restore names the contents it would bring back. */
async function mentionAll(blobs: BlobStore, plan: Sha256, mentioned: Set<string>): Promise<void> {
	try {
		const text = new TextDecoder().decode(await blobs.get({ $blob: plan }));
		for (const [sha] of text.matchAll(/\b[0-9a-f]{64}\b/g)) mentioned.add(sha);
	} catch (error) {
		// Reported by the check of the contents themselves.
		if (!codeOf(error).startsWith('blob-')) throw error;
	}
}

/** What is wrong with the cache of the list; undefined when it is right or not there. */
async function checkIndex(folder: string, logs: readonly StoredLog[]): Promise<string | undefined> {
	let text: string;
	try {
		text = await readFile(join(folder, INDEX), 'utf8');
		JSON.parse(text);
	} catch (error) {
		if (systemCode(error) === 'ENOENT') return undefined;
		return error instanceof SyntaxError ? 'it is not JSON' : (systemCode(error) ?? codeOf(error));
	}
	const { mtimeMs } = await stat(join(folder, INDEX));
	const unlisted = logs.filter(
		(log) => log.place === 'sessions' && log.modifiedMs < mtimeMs && !text.includes(`"${log.sessionId}"`),
	);
	return unlisted.length > 0 ? `${unlisted.length} older sessions are not in it` : undefined;
}
