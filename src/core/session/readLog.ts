/**
 * Turns the lines of a log into entries and tells what could not be read. Tolerant: one bad line costs that line only.
 * Reads no file and changes nothing.
 */
import type { EntryId } from '../../base/ids.ts';
import { cutText } from '../../base/text.ts';
import { ENTRY_VERSION, type Entry, parseEntry } from './entry.ts';
import type { LogProblem } from './sessionTypes.ts';
import type { LineRange, LogLine, LogLines } from './storePort.ts';

/** An entry, its place, and the line it was read from (which may hold more than this build understands). */
export type ReadEntry = { readonly entry: Entry; readonly range: LineRange; readonly text: string };

export type ReadLog = {
	/** In file order, each id once. */
	readonly entries: readonly ReadEntry[];
	readonly problems: readonly LogProblem[];
	/** A line has a higher version than this build writes, so nothing may be appended. */
	readonly isNewer: boolean;
};

/**
 * Never throws. A last line without a newline counts when it is a whole entry. With `isPart`, lines are missing between those given, so
 * problems name the byte instead of the line.
 */
export function readLog(log: LogLines, options: { readonly isPart?: boolean } = {}): ReadLog {
	const entries: ReadEntry[] = [];
	const problems: LogProblem[] = [];
	const seen = new Set<EntryId>();
	let isNewer = false;
	let hasHeader = false;
	let highestGen = -1;

	const take = (line: LogLine, lineNumber: number, isTorn: boolean) => {
		const add = (kind: LogProblem['kind'], message: string) =>
			problems.push({ lineNumber, range: line.range, kind, message });
		const place = options.isPart ? `The line at byte ${line.range.start}` : `Line ${lineNumber}`;
		const read = parseLine(line.text);
		if (read.version > ENTRY_VERSION && !isNewer) {
			isNewer = true;
			add('newerVersion', `${place} was written by a newer version of Retrace.`);
		}
		if (read.kind === 'bad') {
			if (isTorn) add('tornTail', 'The last line was cut off while it was written. It is kept and left out.');
			else if (read.version <= ENTRY_VERSION) add('badLine', `${place} cannot be read: ${read.cause}`);
			return;
		}
		const { entry } = read;
		if (seen.has(entry.id)) {
			add('duplicate', `${place} repeats an entry and was left out.`);
			return;
		}
		if (entry.gen < highestGen) {
			add('late', `${place} was written late by a window that no longer owned the session.`);
		}
		highestGen = Math.max(highestGen, entry.gen);
		hasHeader ||= entry.type === 'header';
		seen.add(entry.id);
		entries.push({ entry, range: line.range, text: line.text });
	};

	let lineNumber = 0;
	const all = log.tornTail ? [...log.lines, log.tornTail] : log.lines;
	for (const line of all) {
		lineNumber += 1 + (line.blankLinesBefore ?? 0);
		take(line, lineNumber, line === log.tornTail);
	}
	if (entries.length > 0 && !hasHeader) {
		const range = { start: 0, end: 0 };
		problems.push({ lineNumber: 1, range, kind: 'missingHeader', message: 'The header line is missing.' });
	}
	return { entries, problems, isNewer };
}

type ReadLine =
	| { readonly kind: 'entry'; readonly entry: Entry; readonly version: number }
	| { readonly kind: 'bad'; readonly cause: string; readonly version: number };

/** One line as an entry, or why it is none. Never throws. */
export function parseLine(text: string): ReadLine {
	let version = 0;
	try {
		const value: unknown = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
		version = versionOf(value);
		return { kind: 'entry', entry: parseEntry(value), version };
	} catch (error) {
		return { kind: 'bad', cause: describe(error), version };
	}
}

function versionOf(value: unknown): number {
	if (typeof value !== 'object' || value === null || !('v' in value)) return 0;
	return typeof value.v === 'number' ? value.v : 0;
}

function describe(error: unknown): string {
	const text = error instanceof SyntaxError ? 'it is not JSON' : 'it is not an entry';
	// The parser's own message may quote the line, so only the paths of a schema error are shown.
	const issues = error instanceof Error && 'issues' in error && Array.isArray(error.issues) ? error.issues : [];
	const paths = issues.map((issue: { path?: unknown }) => (Array.isArray(issue.path) ? issue.path.join('.') : ''));
	return cutText(paths.length > 0 ? `${text} (${paths.join(', ')})` : text, 200);
}
