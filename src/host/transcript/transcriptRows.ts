/**
 * Builds single transcript rows from entries. Pure: no vscode, no storage.
 * `transcript.ts` decides which rows stand where; nothing here keeps state.
 */

import { cutText, utf8Length } from '../../base/text.ts';
import { sandboxSummary } from '../../core/sandbox/sandboxWords.ts';
import {
	type BlobRef,
	isBlobRef,
	isDocument,
	pictureCount,
	type StoredInputBlock,
	type ToolUseBlock,
	textOfHead,
} from '../../core/session/content.ts';
import type { EntryOf } from '../../core/session/entry.ts';
import { namedCall } from '../../core/tools/namedCall.ts';
import type { ToolLabel } from '../../core/tools/tool.ts';
import type { DiffLine, TranscriptItem } from '../../protocol/transcriptItem.ts';
import { typedCommand } from '../prompt/commandLine.ts';
import { settledLane, waitingLane } from './agentRow.ts';
import { planAfter, planPreview } from './planRow.ts';

export type ItemOf<K extends TranscriptItem['kind']> = Extract<TranscriptItem, { kind: K }>;
export type EditDiff = {
	readonly lines: readonly DiffLine[];
	readonly addedLines: number;
	readonly removedLines: number;
	readonly isTruncated: boolean;
};

/** What the rows need from outside the log. */
export type TranscriptInputs = {
	/** How a call reads. Must not throw, whatever the input is. */
	label(name: string, input: unknown): ToolLabel;
	/** Text of a blob that was loaded before; undefined when it was not. */
	blobText(ref: { readonly $blob: string }): string | undefined;
	/** A card's small diff: at most 12 lines. */
	diff(before: string, after: string): EditDiff;
};

/** First part of a tool's output that a row carries. More is brought by `item.expand`. */
const PREVIEW_CHARS = 4000;
/** What the loop says in the result of a call that was not brought to its end. */
const INTERRUPTED_SUMMARIES: ReadonlySet<string> = new Set(['stopped', 'interrupted']);
const EDIT_TOOLS: ReadonlySet<string> = new Set(['Edit', 'MultiEdit', 'NotebookEdit', 'Write']);

export const isEditTool = (name: string): boolean => EDIT_TOOLS.has(name);
export const permissionRowId = (toolUseId: string): string => `permission:${toolUseId}`;
export const blockRowId = (messageId: string, index: number): string => `${messageId}:${index}`;

export function promptRow(entry: EntryOf<'user'>, inputs: TranscriptInputs): ItemOf<'prompt'> {
	return {
		kind: 'prompt',
		id: entry.id,
		entryId: entry.id,
		text: textOfBlocks(entry.content, inputs),
		...(typedCommand(entry) === undefined ? {} : { command: typedCommand(entry) }),
		attachments: imageAttachments(entry.content),
		timestamp: entry.timestamp,
	};
}

/** What a slash command runs before its first request, a row each. */
export function runRows({ command }: EntryOf<'user'>, inputs: TranscriptInputs): readonly ItemOf<'tool'>[] {
	const runs = (command?.runs ?? []).map(({ toolUseId, command: line }) =>
		toolRow({ type: 'tool_use', id: toolUseId, name: 'Bash', input: { command: line } }, inputs),
	);
	if (!command?.fork) return runs;
	const { toolUseId, kind, prompt } = command.fork;
	const input = { description: typedCommand({ command }), prompt, agent_type: kind };
	return [...runs, toolRow({ type: 'tool_use', id: toolUseId, name: 'Agent', input }, inputs)];
}

/** A memory file, or a list of skills or agents, that came in after the start of the session. */
export function newsText({ name, memory, list }: EntryOf<'attachment'>): string {
	if (list) return `${name}: changed on disk; the new one goes with this message.`;
	if (memory?.cause === undefined) return `Read ${name}: it is new or changed on disk, and goes with this message.`;
	return `Read ${name}: it holds for the files used here.`;
}

/** The prompt row with one attachment more. */
export function withAttachment(row: ItemOf<'prompt'>, entry: EntryOf<'attachment'>): ItemOf<'prompt'> {
	const sizeBytes = entry.content.reduce((sum, block) => sum + blockSize(block), 0);
	return { ...row, attachments: [...row.attachments, { name: entry.name, sizeBytes }] };
}

/** Where this session came from. A later entry is the same brief, changed. */
export function briefRow(entry: EntryOf<'continues'>, id: string): ItemOf<'brief'> {
	return { kind: 'brief', id, sessionId: entry.other, title: entry.title, text: entry.brief, canEdit: true };
}

/** The row of a call; one that goes through CallTool reads as what it calls. */
export function callRow(block: ToolUseBlock, inputs: TranscriptInputs): ItemOf<'tool'> | ItemOf<'edit'> {
	const call = namedCall(block);
	return isEditTool(call.name) ? editRow(call, inputs) : toolRow(call, inputs);
}

function toolRow(block: ToolUseBlock, inputs: TranscriptInputs): ItemOf<'tool'> {
	const label = inputs.label(block.name, block.input);
	return {
		kind: 'tool',
		id: block.id,
		verb: label.verb,
		target: label.target,
		...(label.path === undefined ? {} : { path: label.path }),
		state: 'waiting',
		summary: '',
		preview: '',
		isTruncated: false,
		...planPreview(block),
		...waitingLane(block),
	};
}

function editRow(block: ToolUseBlock, inputs: TranscriptInputs): ItemOf<'edit'> {
	const label = inputs.label(block.name, block.input);
	const drafted = draftedText(block.input);
	const diff = inputs.diff(drafted.before, drafted.after);
	// Where a part stands in its file is known only when the file was read.
	const isPart = drafted.before !== '';
	return {
		kind: 'edit',
		id: block.id,
		path: label.target,
		state: 'writing',
		isNewFile: false,
		addedLines: diff.addedLines,
		removedLines: diff.removedLines,
		lines: isPart ? diff.lines.map((line) => ({ ...line, lineNumber: 0 })) : [...diff.lines],
		isDiffTruncated: diff.isTruncated,
		note: '',
	};
}

/** The row with the diff of two stored contents, when both are at hand. */
export function withDiff(
	row: ItemOf<'edit'>,
	before: string | undefined,
	after: string | undefined,
	inputs: TranscriptInputs,
): ItemOf<'edit'> {
	if (before === undefined || after === undefined) return row;
	const diff = inputs.diff(before, after);
	return {
		...row,
		addedLines: diff.addedLines,
		removedLines: diff.removedLines,
		lines: [...diff.lines],
		isDiffTruncated: diff.isTruncated,
	};
}

/** How a tool or edit row looks once its result is there. `hasWritten`: the call had begun to change a file. */
export function finishedRow(
	row: ItemOf<'tool'> | ItemOf<'edit'>,
	entry: Pick<EntryOf<'toolResult'>, 'content' | 'isError' | 'summary' | 'durationMs' | 'output'>,
	inputs: TranscriptInputs,
	hasWritten: boolean,
): ItemOf<'tool'> | ItemOf<'edit'> {
	const text = textOfBlocks(entry.content, inputs);
	const interruption = entry.isError && INTERRUPTED_SUMMARIES.has(entry.summary ?? '') ? entry.summary : undefined;
	if (row.kind === 'edit') {
		if (row.state === 'rejected') return row;
		if (interruption !== undefined) return interruptedRow(row, interruption, hasWritten);
		if (entry.isError) return { ...row, state: 'failed', note: noteOfFailure(entry.summary, firstLine(text)) };
		const notes = [row.note, noteOfResult(entry.summary)].filter((note) => note !== '');
		return { ...row, state: 'applied', note: notes.join('. ') };
	}
	const pictures = entry.content.filter((block) => !isDocument(block) && pictureCount(block) > 0).length;
	const isBlob = entry.content.some((block) => isBlobRef(block) && pictureCount(block) === 0);
	const finished: ItemOf<'tool'> = {
		...row,
		state: entry.isError ? 'failed' : 'done',
		...(entry.isError ? failureWords(entry.summary ?? firstLine(text)) : { summary: entry.summary ?? '' }),
		durationMs: entry.durationMs,
		preview: cutText(text, PREVIEW_CHARS),
		isTruncated: text.length > PREVIEW_CHARS || entry.output !== undefined || isBlob,
		...(pictures === 0 ? {} : { pictures }),
		...(row.isMarkdown ? { preview: planAfter(row.preview, text), isTruncated: false } : {}),
	};
	if (interruption === undefined) return settledLane(finished);
	return settledLane(interruptedRow({ ...finished, state: row.state }, interruption, hasWritten));
}

/** The row of a command that went on in the background, once it is over. */
export function endedInBackground(
	row: ItemOf<'tool'>,
	{ how, exitCode, output, ...held }: NonNullable<EntryOf<'notice'>['background']>,
): ItemOf<'tool'> {
	const end = how === 'exited' ? `exit ${exitCode ?? '?'}` : how === 'stopped' ? 'stopped' : 'gone with its window';
	const isFine = how === 'stopped' || exitCode === 0;
	return {
		...row,
		state: isFine ? row.state : 'failed',
		summary: [end, ...sandboxSummary(held)].join(', '),
		isTruncated: row.isTruncated || output !== undefined,
	};
}

/** A call that no running turn will finish. */
export function abandonedRow(row: TranscriptItem, hasWritten: boolean): TranscriptItem {
	if (row.kind === 'tool' && (row.state === 'waiting' || row.state === 'running'))
		return settledLane(interruptedRow(row, 'interrupted', hasWritten));
	if (row.kind === 'edit' && (row.state === 'writing' || row.state === 'proposed'))
		return interruptedRow(row, 'interrupted', hasWritten);
	if ((row.kind === 'answer' || row.kind === 'thinking') && row.isStreaming) return { ...row, isStreaming: false };
	return row;
}

/** Says what is known of the effect: a call that waited did not run, and a file that was not written is as it was. */
function interruptedRow<Row extends ItemOf<'tool'> | ItemOf<'edit'>>(row: Row, word: string, hasWritten: boolean): Row {
	if (row.kind === 'tool')
		return { ...row, state: 'interrupted', summary: row.state === 'waiting' ? `${word}, not run` : word };
	const effect = hasWritten ? 'Check the file: it may have been changed.' : 'The file is unchanged.';
	return { ...row, state: 'interrupted', note: `${word === 'stopped' ? 'Stopped' : 'Interrupted'}. ${effect}` };
}

export function deniedRow(entry: EntryOf<'permission'>, target: string): ItemOf<'permission'> {
	return {
		kind: 'permission',
		id: permissionRowId(entry.toolUseId),
		tool: entry.tool,
		target: entry.site ?? target,
		cause: entry.cause,
		...(entry.reason ? { reason: entry.reason } : {}),
		state: 'denied',
	};
}

/** The text of stored blocks; a block in the blob store gives its text when loaded, else its first KB. */
export function textOfBlocks(blocks: readonly StoredInputBlock[], inputs: Pick<TranscriptInputs, 'blobText'>): string {
	return blocks
		.map((block) => {
			if (isBlobRef(block)) return textOfStoredBlock(block, inputs);
			return block.type === 'text' && 'text' in block && typeof block.text === 'string' ? block.text : '';
		})
		.filter((text) => text !== '')
		.join('\n');
}

function textOfStoredBlock(ref: BlobRef, inputs: Pick<TranscriptInputs, 'blobText'>): string {
	const json = inputs.blobText(ref);
	if (json === undefined) return textOfHead(ref);
	try {
		const value: unknown = JSON.parse(json);
		if (typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string')
			return value.text;
		return '';
	} catch (error) {
		// A blob is checked by its hash, so this is content that was never a block: show it as it is.
		return error instanceof SyntaxError ? json : ref.head;
	}
}

function blockSize(block: StoredInputBlock): number {
	// Of a picture the blob is its JSON, in base64.
	if (isBlobRef(block)) return pictureCount(block) === 0 ? block.size : Math.floor((block.size * 3) / 4);
	if (block.type === 'text' && 'text' in block && typeof block.text === 'string') return utf8Length(block.text);
	return imageSize(block);
}

function imageAttachments(blocks: readonly StoredInputBlock[]): { name: string; sizeBytes: number }[] {
	return blocks.flatMap((block) => {
		if (isBlobRef(block)) return [];
		const sizeBytes = imageSize(block);
		return sizeBytes > 0 ? [{ name: 'image', sizeBytes }] : [];
	});
}

function imageSize(block: Exclude<StoredInputBlock, BlobRef>): number {
	if (block.type !== 'image' || !('source' in block)) return 0;
	const source: unknown = block.source;
	if (typeof source !== 'object' || source === null || !('data' in source) || typeof source.data !== 'string') return 0;
	return Math.floor((source.data.length * 3) / 4);
}

/** What an edit call says about its own change, before the file was read. */
function draftedText(input: unknown): { before: string; after: string } {
	const field = (name: string): string => {
		if (typeof input !== 'object' || input === null) return '';
		const value: unknown = Object.entries(input).find(([key]) => key === name)?.[1];
		return typeof value === 'string' ? value : '';
	};
	return { before: field('old_string'), after: field('new_string') || field('content') || field('source') };
}

/** A summary that is the start of the message gives way to it: the card has room for what to do. */
function noteOfFailure(summary = '', message: string): string {
	// The card of the denied permission stands below.
	if (summary === 'denied') return '';
	return summary === '' || message.startsWith(summary.replace(/…$/, '')) ? message : upperFirst(summary);
}

/** In a narrow panel a line has room for a word or two. */
const MAX_FAILURE_CHARS = 24;
const failureWords = (words: string): Pick<ItemOf<'tool'>, 'summary' | 'note'> =>
	words.length <= MAX_FAILURE_CHARS ? { summary: words } : { summary: 'failed', note: words };

/** `+1 −0` repeats what the card shows; anything else is worth saying. */
function noteOfResult(summary = ''): string {
	return upperFirst(summary.replace(/^\+\d+ −\d+(?:, |$)/, ''));
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const firstLine = (text: string): string => cutText(text.split('\n', 1)[0] ?? '', 200);
