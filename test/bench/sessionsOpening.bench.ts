/**
 * What it costs to open a session whose log is very big while its active context is small, and how fast entries are taken in: with a plain
 * full parse and a bare flush of the same bytes beside them.
 */
import {
	closeSync,
	fdatasyncSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
	statfsSync,
	writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntryDraft } from '../../src/core/session/entry.ts';
import { type OpenSessionOptions, openSession } from '../../src/core/session/session.ts';
import type { Session } from '../../src/core/session/sessionTypes.ts';
import { createFileBlobStore } from '../../src/node/store/fileBlobStore.ts';
import { createFileSessionStore } from '../../src/node/store/fileSessionStore.ts';
import { createIdSource, systemClock } from '../../src/node/systemClock.ts';
import { type BenchFigure, median } from './figure.ts';

const MB = 1024 * 1024;
const CONTEXT_BYTES = 2 * MB;
/** What is written at once to make a log big; its own entries lie on a branch that is left. */
const APPENDS = 20_000;

export async function run(): Promise<BenchFigure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'retrace-bench-'));
	try {
		const { bavail, bsize } = statfsSync(folder);
		const bigBytes = bavail * bsize > 8 * 1024 * MB ? 1024 * MB : 128 * MB;
		return [...(await opening(folder, bigBytes)), ...(await appending(join(folder, 'appends')))];
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function optionsIn(folder: string): OpenSessionOptions {
	const trace = () => undefined;
	return {
		store: createFileSessionStore({ folder, window: 'bench', trace }),
		blobs: createFileBlobStore(folder),
		clock: systemClock,
		ids: createIdSource(),
		defaults: { cwd: '/work', mode: 'ask', model: 'm', roots: ['/work'], extensionVersion: '0' },
		trace,
	};
}

const user = (text: string): EntryDraft<'user'> => ({ type: 'user', content: [{ type: 'text', text }] });
const block = (index: number, text: string): EntryDraft<'assistant'> => ({
	type: 'assistant',
	messageId: `msg_${index}`,
	index: 0,
	block: { type: 'text', text },
});
const turnEnded: EntryDraft<'turnEnded'> = { type: 'turnEnded', reason: 'endTurn', durationMs: 1 };
const paragraph = 'A line of a longer reply about the code that was read. '.repeat(36);

/** Ten entries, then ever more on a branch that a rewind leaves, then a context of 2 MB behind entry 10. */
async function makeLog(folder: string, sizeBytes: number): Promise<Session['id']> {
	const session = await openSession(optionsIn(folder));
	for (let index = 0; index < 5; index++) session.append<'user' | 'turnEnded'>(user(`Prompt ${index}`), turnEnded);
	const tenth = session.leaf;
	let count = 0;
	while (session.sizeBytes < sizeBytes - CONTEXT_BYTES) {
		// Kept in batches: what is measured is not how it was made.
		session.append(...Array.from({ length: 500 }, () => block(count++, paragraph)));
	}
	session.append({ type: 'rewind', to: tenth, from: session.leaf, why: 'rewind' });
	const end = session.sizeBytes + CONTEXT_BYTES;
	session.append(user('Another way'));
	while (session.sizeBytes < end) session.append(block(count++, paragraph));
	session.append(turnEnded);
	await session.close();
	return session.id;
}

async function opening(folder: string, bigBytes: number): Promise<BenchFigure[]> {
	const figures: BenchFigure[] = [];
	const times = new Map<number, number>();
	for (const sizeBytes of [10 * MB, bigBytes]) {
		const place = join(folder, String(sizeBytes));
		const id = await makeLog(place, sizeBytes);
		const opens: number[] = [];
		let heapMb = 0;
		for (let round = 0; round < 5; round++) {
			globalThis.gc?.();
			const before = process.memoryUsage().heapUsed;
			const startedAt = performance.now();
			const session = await openSession({ ...optionsIn(place), id });
			session.branch();
			opens.push(performance.now() - startedAt);
			heapMb = Math.max(heapMb, (process.memoryUsage().heapUsed - before) / MB);
			if (session.isWhole) throw new Error('The whole log was read');
			await session.close();
		}
		times.set(sizeBytes, median(opens));
		if (sizeBytes !== bigBytes) continue;
		const path = join(place, 'sessions', `${id}.jsonl`);
		figures.push(
			{
				name: `open ${Math.round(bigBytes / MB)} MB, context 2 MB behind a rewind`,
				value: median(opens),
				unit: 'ms',
				bound: 150,
				note: 'of 200 to the rendered page',
			},
			{ name: 'its heap', value: heapMb, unit: 'MB', bound: 60 },
			{
				name: 'beside the same context in 10 MB',
				value: median(opens) / (times.get(10 * MB) ?? Number.NaN),
				unit: 'times',
				bound: 1.5,
			},
			...(await wholePasses(place, path, id)),
		);
	}
	return figures;
}

async function wholePasses(place: string, path: string, id: Session['id']): Promise<BenchFigure[]> {
	const session = await openSession({ ...optionsIn(place), id });
	const startedAt = performance.now();
	const { entries } = await session.outline();
	const outlineMs = performance.now() - startedAt;
	await session.close();
	const sampleBytes = 64 * MB;
	const text = readFileSync(path).subarray(0, sampleBytes).toString('utf8');
	const parsedAt = performance.now();
	for (const line of text.slice(0, text.lastIndexOf('\n')).split('\n')) JSON.parse(line);
	const parseMs = ((performance.now() - parsedAt) * (entries.at(-1)?.range.end ?? 0)) / sampleBytes;
	return [
		{ name: 'every place of it, for branches', value: outlineMs, unit: 'ms', note: `${entries.length} entries` },
		{
			name: 'beside a plain full parse',
			value: outlineMs / parseMs,
			unit: 'times',
			bound: 1,
			note: `JSON.parse of all lines ${Math.round(parseMs)} ms`,
		},
	];
}

async function appending(folder: string): Promise<BenchFigure[]> {
	mkdirSync(folder, { recursive: true });
	const session = await openSession(optionsIn(folder));
	session.append(user('Go'));
	const text = 'Line of a reply. '.repeat(12);
	// Until the lease's folder has rested, each append looks into it: a session that works has long passed this.
	const restsUntil = performance.now() + 3_000;
	for (let index = 0; performance.now() < restsUntil; index++) session.append(block(index, text));
	const rounds: number[] = [];
	for (let round = 0; round < 5; round++) {
		const startedAt = performance.now();
		for (let index = 0; index < APPENDS; index++) session.append(block(index, text));
		rounds.push((performance.now() - startedAt) / APPENDS);
	}
	const perEntryMs = median(rounds);
	const ratios: number[] = [];
	const fd = openSync(join(folder, 'bare'), 'a');
	const line = `${JSON.stringify(session.entries.at(-1))}\n`;
	for (let round = 0; round < 60; round++) {
		const bareAt = performance.now();
		writeSync(fd, line);
		fdatasyncSync(fd);
		const bareMs = performance.now() - bareAt;
		const ourAt = performance.now();
		session.append(block(round, text));
		await session.sync();
		ratios.push((performance.now() - ourAt) / bareMs);
	}
	closeSync(fd);
	await session.close();
	return [
		{ name: 'append, entries per second', value: Math.round(1000 / perEntryMs), unit: '/s', note: 'at least 50,000' },
		{ name: 'append one entry, unsynced', value: perEntryMs, unit: 'ms', bound: 0.02 },
		{ name: 'a synced commit beside a bare write and flush', value: median(ratios), unit: 'times', bound: 1.3 },
	];
}
