/**
 * What of an entry a person sees, as pieces of text: prompts, replies, calls, outputs, errors, names. Never ids, field names,
 * images or signatures; nor what is told by another entry already. Pure.
 */
import { type BlobRef, isBlobRef, isToolUseBlock, pictureCount, type StoredInputBlock } from '../session/content.ts';
import type { Entry, EntryOf } from '../session/entry.ts';

export type HitKind =
	| 'prompt'
	| 'reply'
	| 'thinking'
	| 'tool'
	| 'output'
	| 'error'
	| 'title'
	| 'summary'
	| 'file'
	| 'notice';

export type TextPart = { readonly kind: HitKind; readonly text: string };

export function textParts(entry: Entry): readonly TextPart[] {
	switch (entry.type) {
		case 'user':
			return blockTexts(entry.content, 'prompt');
		case 'attachment':
			return [{ kind: 'prompt', text: entry.name }, ...blockTexts(entry.content, 'prompt')];
		case 'assistant':
			return assistantParts(entry);
		case 'toolResult':
			return parts(
				[...blockTexts(entry.content, 'output').map((part) => part.text), entry.summary],
				entry.isError ? 'error' : 'output',
			);
		case 'subagentReturned':
			return blockTexts(entry.content, entry.isError ? 'error' : 'output');
		case 'compaction':
			return parts([entry.summary, entry.focus], 'summary');
		case 'turnEnded':
			return parts([entry.message], 'error');
		case 'notice':
			return parts([entry.text], entry.level === 'error' ? 'error' : 'notice');
		case 'title':
			return parts([entry.title], 'title');
		case 'branchLabel':
			return parts([entry.label ?? '', entry.summary], 'title');
		case 'permission':
			return entry.verdict === 'deny' ? parts([entry.reason], 'notice') : [];
		case 'editDecided':
			return parts([entry.reason], 'notice');
		case 'hook':
			return parts([entry.command, entry.output], 'output');
		case 'subagent':
			return parts([entry.name, entry.prompt], 'tool');
		case 'fileOperation':
			// One that an edit made is told by the call; what a command changed stands in no call.
			return entry.toolUseId === undefined || entry.state === 'done' ? parts([entry.path.rel], 'file') : [];
		default:
			return [];
	}
}

/** A blob whose text is a part of the entry. */
export type TextBlob = {
	readonly ref: BlobRef;
	readonly kind: HitKind;
	/** The blob is the JSON text of a content block; else it is the text itself. */
	readonly isBlock: boolean;
};

export function textBlobs(entry: Entry): readonly TextBlob[] {
	switch (entry.type) {
		case 'user':
		case 'attachment':
			return blockBlobs(entry.content, 'prompt');
		case 'toolResult': {
			const kind = entry.isError ? 'error' : 'output';
			const whole: readonly TextBlob[] = entry.output ? [{ ref: entry.output, kind, isBlock: false }] : [];
			return [...blockBlobs(entry.content, kind), ...whole];
		}
		case 'subagentReturned':
			return blockBlobs(entry.content, entry.isError ? 'error' : 'output');
		default:
			return [];
	}
}

/** The text of a block that was read from a blob; empty for an image and for what is no block. */
export function textOfBlock(json: string): string {
	try {
		const value: unknown = JSON.parse(json);
		return isRecord(value) && typeof value.text === 'string' ? value.text : '';
	} catch (error) {
		if (error instanceof SyntaxError) return '';
		throw error;
	}
}

/** Every text and number inside a call's input, without its field names. */
export function inputTexts(input: unknown): readonly string[] {
	if (typeof input === 'string') return [input];
	if (typeof input === 'number') return [String(input)];
	if (Array.isArray(input)) return input.flatMap(inputTexts);
	return isRecord(input) ? Object.values(input).flatMap(inputTexts) : [];
}

export function isErrorEntry(entry: Entry): boolean {
	if (entry.type === 'toolResult' || entry.type === 'subagentReturned') return entry.isError;
	if (entry.type === 'notice') return entry.level === 'error';
	return entry.type === 'turnEnded' && entry.reason === 'error';
}

function assistantParts({ block }: EntryOf<'assistant'>): readonly TextPart[] {
	if (isToolUseBlock(block)) return parts([...inputTexts(block.input), block.name], 'tool');
	if (block.type === 'text' && 'text' in block && typeof block.text === 'string') return parts([block.text], 'reply');
	if (block.type === 'thinking' && 'thinking' in block && typeof block.thinking === 'string')
		return parts([block.thinking], 'thinking');
	return [];
}

function blockTexts(content: readonly StoredInputBlock[], kind: HitKind): readonly TextPart[] {
	return parts(
		content.map((block) =>
			!isBlobRef(block) && block.type === 'text' && 'text' in block && typeof block.text === 'string' ? block.text : '',
		),
		kind,
	);
}

function blockBlobs(content: readonly StoredInputBlock[], kind: HitKind): readonly TextBlob[] {
	const refs = content.filter(isBlobRef).filter((ref) => pictureCount(ref) === 0);
	return refs.map((ref) => ({ ref, kind, isBlock: true }));
}

function parts(texts: readonly (string | undefined)[], kind: HitKind): readonly TextPart[] {
	return texts.flatMap((text) => (text === undefined || text === '' ? [] : [{ kind, text }]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
