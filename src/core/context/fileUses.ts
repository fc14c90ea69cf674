/**
 * What in a context shows files, and which of it is superseded: read again or changed later by the agent itself. Pure; whether a file on the
 * disk is another one by now is asked elsewhere.
 */
import type { EntryId } from '../../base/ids.ts';
import { isBlobRef, isTextBlock, type ToolUseBlock } from '../session/content.ts';
import type { EntryOf } from '../session/entry.ts';
import { namedCall } from '../tools/namedCall.ts';

/** Lines `[start, end)` of a file, from 0, that an entry shows or changes. */
export type FileUse = {
	readonly entry: EntryId;
	/** Absolute, with `/`. */
	readonly path: string;
	readonly how: 'read' | 'edit' | 'write';
	readonly start: number;
	readonly end: number;
	/** Of an edit: a line of what it replaced. */
	readonly changed?: string;
	/** Of a read: what it shows, where that is known without loading it. */
	readonly text?: string;
};

/** What Read shows without a limit. */
const DEFAULT_LINES = 2_000;
/** A read is compared with so many of the edits that follow it; the file was certainly changed by then. */
const MAX_COMPARED_EDITS = 8;

/** What a successful call did with one file; undefined for other calls. */
export function fileUseOf(made: ToolUseBlock, result: EntryOf<'toolResult'>, cwd: string): FileUse | undefined {
	if (result.isError) return undefined;
	const call = namedCall(made);
	const input = inputOf(call);
	const filePath = input.file_path;
	if (typeof filePath !== 'string' || filePath === '') return undefined;
	const base = { entry: result.id, path: absolutePath(filePath, cwd) };
	switch (call.name) {
		case 'Read': {
			const start = numberOr(input.offset, 1) - 1;
			const lines = typeof input.limit === 'number' ? input.limit : DEFAULT_LINES;
			const text = inlineText(result.content);
			return { ...base, how: 'read', start, end: start + lines, ...(text === undefined ? {} : { text }) };
		}
		case 'Write':
			return { ...base, how: 'write', start: 0, end: Number.POSITIVE_INFINITY };
		case 'Edit':
		case 'MultiEdit':
		case 'NotebookEdit': {
			const changed = longestLine(input.old_string);
			return { ...base, how: 'edit', start: 0, end: 0, ...(changed === undefined ? {} : { changed }) };
		}
		default:
			return undefined;
	}
}

const ATTACHED = 'The user attached ';

/** The file that an attachment shows; undefined when it is something else. */
export function attachedFile(entry: EntryOf<'attachment'>): FileUse | undefined {
	const [, name = '', first, last] = /^(.+?)(?:#L(\d+)(?:-L(\d+))?)?$/s.exec(entry.name) ?? [];
	const path = name.replaceAll('\\ ', ' ');
	const text = inlineText(entry.content) ?? headText(entry.content);
	if (!text?.startsWith(`${ATTACHED}${path}`)) return undefined;
	const start = first === undefined ? 0 : Number(first) - 1;
	const end = first === undefined ? DEFAULT_LINES : Number(last ?? first);
	return { entry: entry.id, path: absolutePath(path, entry.cwd), how: 'read', start, end, text };
}

/**
 * By the entry of each read in `uses` that is superseded: the entry that did it. A later read must show all of its lines, an edit must have
 * changed something in it. `uses` in branch order, without what is folded or dropped.
 */
export function supersededUses(uses: readonly FileUse[]): ReadonlyMap<EntryId, EntryId> {
	const superseded = new Map<EntryId, EntryId>();
	const later = new Map<string, { reads: FileUse[]; edits: FileUse[]; written: FileUse | undefined }>();
	for (const use of uses.toReversed()) {
		let known = later.get(use.path);
		if (!known) {
			known = { reads: [], edits: [], written: undefined };
			later.set(use.path, known);
		}
		if (use.how === 'write') {
			known.written = use;
			continue;
		}
		if (use.how === 'edit') {
			known.edits.unshift(use);
			known.edits.length = Math.min(known.edits.length, MAX_COMPARED_EDITS);
			continue;
		}
		const { text } = use;
		const by =
			known.reads.find((read) => read.start <= use.start && use.end <= read.end) ??
			known.written ??
			known.edits.find(({ changed }) => changed === undefined || text === undefined || text.includes(changed));
		if (by) superseded.set(use.entry, by.entry);
		// What covers it covers whatever it covers.
		if (by?.how !== 'read') known.reads.push(use);
	}
	return superseded;
}

/** Absolute and with `/`, whatever the call gave. */
export function absolutePath(path: string, cwd: string): string {
	const slashed = path.replaceAll('\\', '/');
	const whole = /^(?:\/|[A-Za-z]:\/)/.test(slashed) ? slashed : `${cwd.replaceAll('\\', '/')}/${slashed}`;
	const parts: string[] = [];
	for (const part of whole.split('/')) {
		if (part === '..') parts.pop();
		else if (part !== '.' && (part !== '' || parts.length === 0)) parts.push(part);
	}
	return parts.join('/');
}

export function inputOf(call: ToolUseBlock): Readonly<Record<string, unknown>> {
	return typeof call.input === 'object' && call.input !== null ? { ...call.input } : {};
}

const numberOr = (value: unknown, fallback: number): number => (typeof value === 'number' ? value : fallback);

function longestLine(value: unknown): string | undefined {
	if (typeof value !== 'string') return undefined;
	return value.split('\n').reduce((longest, line) => (line.length > longest.length ? line : longest), '');
}

type StoredContent = EntryOf<'toolResult'>['content'];

/** The text of content that stands in the entry itself. */
function inlineText(content: StoredContent): string | undefined {
	const texts = content.flatMap((block) => (!isBlobRef(block) && isTextBlock(block) ? [block.text] : []));
	return texts.length === content.length ? texts.join('\n') : undefined;
}

/** Its start, where it is stored elsewhere. */
function headText(content: StoredContent): string | undefined {
	const [first] = content;
	return first && isBlobRef(first) ? /^\{"type":"text","text":"(.*)/s.exec(first.head)?.[1] : undefined;
}
