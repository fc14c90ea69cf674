/** What listing costs, beside a plain read of the ends of the same logs. Not a bench of its own: part of sessionsStore.bench.ts. */
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { EntryDraft } from '../../src/core/session/entry.ts';
import { type OpenSessionOptions, openSession } from '../../src/core/session/session.ts';
import { createSessionLister } from '../../src/node/store/listSessions.ts';
import { type Figure, median } from './figure.ts';

const TAIL_BYTES = 64 * 1024;
const RUNS = 5;

type StoreFactory = (folder: string) => OpenSessionOptions;

/** 1,000 sessions of 500 KB, and 10,000 of 70 KB. */
export async function listing(folder: string, optionsIn: StoreFactory): Promise<Figure[]> {
	const few = await generate(join(folder, 'few'), optionsIn, 1_000, 500_000);
	const many = await generate(join(folder, 'many'), optionsIn, 10_000, 70_000);
	const without = await timed(() => withoutIndex(few).list());
	const indexed = lister(few);
	await indexed.list();
	await indexed.index.save();
	const withIndex = await timed(() => lister(few).list());

	const plainMs = await timed(async () => plainTails(many));
	const newest = await timed(() => withoutIndex(many).list({ newest: 50 }));
	const delay = monitorEventLoopDelay({ resolution: 1 });
	delay.enable();
	const all = await timed(() => withoutIndex(many).list());
	delay.disable();
	const blockMs = delay.max / 1e6;
	const first = lister(many);
	await first.list();
	await first.index.save();
	const allIndexed = await timed(() => lister(many).list());
	return [
		{ name: 'list 1,000 sessions, no index', value: without, unit: 'ms', bound: 150, note: 'logs of 500 KB, warm' },
		{ name: 'list 1,000 sessions, index', value: withIndex, unit: 'ms', bound: 20, note: 'read from the disk' },
		{ name: 'list the newest 50 of 10,000', value: newest, unit: 'ms', bound: 150, note: 'no index' },
		{
			name: 'list 10,000 sessions, no index',
			value: all,
			unit: 'ms',
			bound: Math.round(plainMs * 1.5),
			note: `plain read of the last 64 KB of each: ${Math.round(plainMs)} ms`,
		},
		{ name: 'list 10,000 sessions, longest block', value: blockMs, unit: 'ms', bound: 10, note: 'of the main thread' },
		{ name: 'list 10,000 sessions, index', value: allIndexed, unit: 'ms', bound: 300 },
	];
}

const lister = (folder: string) => createSessionLister({ folder, window: 'bench', trace: () => undefined });

function withoutIndex(folder: string) {
	rmSync(join(folder, 'index.json'), { force: true });
	return lister(folder);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
	const times: number[] = [];
	for (let index = 0; index < RUNS; index++) {
		const startedAt = performance.now();
		await run();
		times.push(performance.now() - startedAt);
	}
	return median(times);
}

/** The floor: the bytes alone, nothing made of them. */
function plainTails(folder: string): number {
	const buffer = Buffer.alloc(TAIL_BYTES);
	let read = 0;
	for (const name of readdirSync(join(folder, 'sessions'))) {
		const fd = openSync(join(folder, 'sessions', name), 'r');
		const { size } = fstatSync(fd);
		read += readSync(fd, buffer, 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
		closeSync(fd);
	}
	return read;
}

/** Copies of one real log under new names. */
async function generate(folder: string, optionsIn: StoreFactory, sessions: number, sizeBytes: number): Promise<string> {
	const options = optionsIn(folder);
	const session = await openSession(options);
	const block: EntryDraft<'assistant'> = {
		type: 'assistant',
		messageId: 'm',
		index: 0,
		block: { type: 'text', text: 'A line of a reply. '.repeat(12) },
	};
	session.append({ type: 'user', content: [{ type: 'text', text: 'Name' }] });
	for (let written = 0; written < sizeBytes; written += 550) session.append(block);
	session.append({ type: 'turnEnded', reason: 'endTurn', durationMs: 1 });
	await session.close();
	const reader = options.store.reader(session.id);
	const { lines } = await reader.read({ start: 0, end: await reader.size() });
	const log = `${lines.map(({ text }) => text).join('\n')}\n`;
	mkdirSync(join(folder, 'sessions'), { recursive: true });
	for (let index = 1; index < sessions; index++) {
		writeFileSync(join(folder, 'sessions', `${options.ids.next()}.jsonl`), log);
	}
	return folder;
}
