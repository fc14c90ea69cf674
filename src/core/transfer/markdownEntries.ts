/**
 * The entries of a transcript as Markdown: prompts, replies, thinking folded away, tool calls with shortened output, edits as diffs.
 * One entry at a time; which entries, and in which order, is `markdownExport.ts`.
 */
import { UserError } from '../../base/errors.ts';
import type { ToolUseId } from '../../base/ids.ts';
import {
	assistantBlockSchema,
	type InputBlock,
	inputBlockSchema,
	isBlobRef,
	isTextBlock,
	isThinkingBlock,
	isToolUseBlock,
	type StoredInputBlock,
	type ToolUseBlock,
} from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';
import type { ContentRef, RecordedHash } from '../session/fileFields.ts';
import type { BlobStore } from '../session/storePort.ts';
import { fenced, folded, inlineCode, plainLine, quoted, shortened } from './markdownText.ts';
import { unifiedDiff } from './unifiedDiff.ts';

const OUTPUT_LINES = 30;
const OUTPUT_CHARS = 4_000;
const INPUT_CHARS = 2_000;

export type MarkdownEntries = {
	/** What the entry adds to the document; empty for most ledger entries. */
	render(entry: Entry): Promise<string>;
};

export function createMarkdownEntries(blobs: BlobStore): MarkdownEntries {
	/** Operations whose end is not known yet, by epoch. */
	const operations = new Map<number, EntryOf<'fileOperation'>>();
	/** Calls that changed a file: their result says what the diff shows better. */
	const edited = new Set<ToolUseId>();

	const bytesOf = async (content: ContentRef | { readonly $blob: EntryHash }): Promise<Uint8Array | undefined> => {
		if (content === 'absent') return undefined;
		try {
			return await blobs.get(content);
		} catch (error) {
			if (error instanceof UserError) return undefined;
			throw error;
		}
	};
	const textOf = async (content: readonly StoredInputBlock[]): Promise<string> =>
		(await Promise.all(content.map((block) => blockText(block, bytesOf)))).join('\n');

	const doneDiff = async (done: EntryOf<'fileOperationDone'>): Promise<string> => {
		const operation = operations.get(done.epoch);
		operations.delete(done.epoch);
		if (!operation) return '';
		if (operation.toolUseId !== undefined) edited.add(operation.toolUseId);
		return await operationDiff(operation, done.after);
	};
	const operationDiff = async (operation: EntryOf<'fileOperation'>, left: RecordedHash): Promise<string> => {
		const { rel } = operation.path;
		if (operation.before === 'notCaptured' || left === 'notCaptured')
			return `*Changed ${inlineCode(rel)}; its content was not stored.*`;
		const before = await bytesOf(operation.before);
		const after = left === 'absent' ? undefined : await bytesOf({ $blob: left });
		const isMissing = (operation.before !== 'absent' && !before) || (left !== 'absent' && !after);
		if (isMissing) return `*Changed ${inlineCode(rel)}; its content is not stored any more.*`;
		if (isBinary(before) || isBinary(after)) return `*Changed ${inlineCode(rel)} (binary).*`;
		const diff = unifiedDiff(rel, before && decode(before), after && decode(after));
		return diff === '' ? '' : fenced(diff, 'diff');
	};

	return {
		async render(entry) {
			switch (entry.type) {
				case 'user':
					return `## You\n\n${quoted(await textOf(entry.content))}`;
				case 'attachment':
					return folded(`Attached: ${entry.name}`, shortened(await textOf(entry.content), OUTPUT_LINES, OUTPUT_CHARS));
				case 'assistant':
					return assistantText(entry);
				case 'toolResult': {
					if (edited.has(entry.toolUseId) && !entry.isError) return '';
					const output = shortened(await textOf(entry.content), OUTPUT_LINES, OUTPUT_CHARS);
					return output.trim() === '' ? '' : `${entry.isError ? '*Failed:*\n\n' : ''}${fenced(output, 'text')}`;
				}
				case 'fileOperation':
					if (entry.state === 'done') return await operationDiff(entry, entry.after);
					operations.set(entry.epoch, entry);
					return '';
				case 'fileOperationDone':
					return await doneDiff(entry);
				case 'editDecided':
					return entry.verdict === 'reject'
						? `*Edit rejected${entry.reason === undefined ? '' : `: ${plainLine(entry.reason)}`}*`
						: '';
				case 'compaction':
					return `---\n\n${folded('Earlier messages were summarized here', entry.summary)}`;
				case 'rewind':
					return entry.why === 'rewind' || entry.why === 'clear'
						? '*Rewound to here; what followed before is on another branch.*'
						: '';
				case 'subagentReturned':
					return folded('A subagent returned', shortened(await textOf(entry.content), OUTPUT_LINES, OUTPUT_CHARS));
				case 'interrupted':
					return '*Stopped.*';
				case 'turnEnded':
					return entry.reason === 'endTurn' || entry.reason === 'stopped'
						? ''
						: `*${plainLine(entry.message ?? entry.reason)}*`;
				case 'notice':
					return entry.level === 'info' ? '' : `*${plainLine(entry.text)}*`;
				default:
					return '';
			}
		},
	};
}

type EntryHash = Extract<StoredInputBlock, { $blob: unknown }>['$blob'];
type BytesOf = (ref: { readonly $blob: EntryHash }) => Promise<Uint8Array | undefined>;

function assistantText({ block: stored, partial }: EntryOf<'assistant'>): string {
	const block = assistantBlockSchema.parse(stored);
	if (isTextBlock(block)) return `${block.text.trim()}${partial === true ? '\n\n*(cut)*' : ''}`;
	if (isToolUseBlock(block)) return callText(block);
	if (
		isThinkingBlock(block) &&
		'thinking' in block &&
		typeof block.thinking === 'string' &&
		block.thinking.trim() !== ''
	)
		return folded('Thinking', block.thinking);
	return '';
}

/** The field of a call that says most, by the names the tools use. */
const TELLING_FIELDS = ['command', 'file_path', 'path', 'pattern', 'url', 'description'];

function callText({ name, input }: ToolUseBlock): string {
	const fields = typeof input === 'object' && input !== null ? Object.entries(input) : [];
	const telling = TELLING_FIELDS.flatMap((field) => fields.filter(([key]) => key === field))[0];
	const isLong = (value: unknown) => typeof value === 'string' && (value.includes('\n') || value.length > 120);
	if (telling && typeof telling[1] === 'string' && !isLong(telling[1])) {
		const rest = Object.fromEntries(fields.filter(([key]) => key !== telling[0]));
		const head = `**${plainLine(name)}** ${inlineCode(telling[1])}`;
		return Object.keys(rest).length === 0 ? head : `${head}\n\n${folded('Input', jsonText(rest))}`;
	}
	if (telling && typeof telling[1] === 'string')
		return `**${plainLine(name)}**\n\n${fenced(shortened(telling[1], OUTPUT_LINES, INPUT_CHARS), telling[0] === 'command' ? 'sh' : '')}`;
	return `**${plainLine(name)}**\n\n${fenced(jsonText(input), 'json')}`;
}

const jsonText = (value: unknown): string =>
	shortened(JSON.stringify(value, undefined, 2) ?? '', OUTPUT_LINES, INPUT_CHARS);

async function blockText(stored: StoredInputBlock, bytesOf: BytesOf): Promise<string> {
	if (!isBlobRef(stored)) {
		const block = inputBlockSchema.parse(stored);
		return plainText(block);
	}
	const bytes = await bytesOf(stored);
	if (!bytes) return `${stored.head}\n[the rest is not stored any more]`;
	const parsed = inputBlockSchema.safeParse(parseJson(decode(bytes)));
	if (!parsed.success) return stored.head;
	return plainText(parsed.data);
}

function plainText(block: InputBlock): string {
	if (isTextBlock(block)) return block.text;
	return block.type === 'document' ? '[PDF]' : '[image]';
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8').decode(bytes);
const isBinary = (bytes: Uint8Array | undefined): boolean => bytes?.subarray(0, 8192).includes(0) ?? false;
