/**
 * Reads a whole log page by page, so that a log of any size can be exported with little memory.
 * Lines that are no entries are left out and counted.
 */
import type { EntryId } from '../../base/ids.ts';
import type { Entry } from '../session/entry.ts';
import { readLog } from '../session/readLog.ts';
import type { LineRange, LogReader } from '../session/storePort.ts';

/** An entry and the line it was read from, which may hold more than this build understands. */
export type PagedEntry = { readonly entry: Entry; readonly text: string };

const PAGE_BYTES = 4 * 1024 * 1024;

/** The entries in file order, each id once. The log may grow meanwhile: what is in it at the start is read. */
export async function* logPages(
	reader: LogReader,
	signal: AbortSignal,
	onBadLine: () => void = () => undefined,
): AsyncGenerator<readonly PagedEntry[]> {
	const seen = new Set<EntryId>();
	for (const range of await pageRanges(reader, signal)) {
		signal.throwIfAborted();
		const { entries, problems } = readLog(await reader.read(range));
		for (const problem of problems) if (problem.kind === 'badLine' || problem.kind === 'tornTail') onBadLine();
		const page = entries.filter(({ entry }) => !seen.has(entry.id));
		for (const { entry } of page) seen.add(entry.id);
		yield page;
	}
}

async function pageRanges(reader: LogReader, signal: AbortSignal): Promise<readonly LineRange[]> {
	const pages: LineRange[] = [];
	const whole = { start: 0, end: await reader.size() };
	const add = (range: LineRange) => {
		const last = pages.at(-1);
		if (last && range.end - last.start <= PAGE_BYTES) pages[pages.length - 1] = { start: last.start, end: range.end };
		else pages.push(range);
	};
	await reader.scan(whole, 0, (_head, range) => add(range), signal);
	return pages;
}
