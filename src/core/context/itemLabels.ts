/** What items of the context are called in a list, and their text as far as the entries hold it. Pure. */
import { cutText } from '../../base/text.ts';
import {
	isBlobRef,
	isDocument,
	isTextBlock,
	pictureCount,
	type StoredInputBlock,
	type ToolUseBlock,
} from '../session/content.ts';
import type { Entry } from '../session/entry.ts';
import { absolutePath, inputOf } from './fileUses.ts';

const MAX_LABEL_CHARS = 120;

/** One line. */
export function titleOf(entry: Entry): string {
	if (entry.type === 'attachment') return entry.name;
	const text = textOfItem(entry).trimStart();
	const end = text.indexOf('\n');
	const line = (end < 0 ? text : text.slice(0, end)).trim();
	return line.length > MAX_LABEL_CHARS ? `${cutText(line, MAX_LABEL_CHARS - 1)}…` : line;
}

/** `Read src/area.ts`, with the absolute path where the call names one. */
export function labelOfCall(call: ToolUseBlock, cwd: string): { readonly label: string; readonly path?: string } {
	const input = inputOf(call);
	const filePath = input.file_path;
	const target = [filePath, input.command, input.pattern, input.query, input.path].find(
		(value) => typeof value === 'string' && value !== '',
	);
	const line = typeof target === 'string' ? (target.trimStart().split('\n', 1)[0] ?? '') : '';
	const label = line === '' ? call.name : `${call.name} ${line}`;
	const short = label.length > MAX_LABEL_CHARS ? `${cutText(label, MAX_LABEL_CHARS - 1)}…` : label;
	return typeof filePath === 'string' && filePath !== ''
		? { label: short, path: absolutePath(filePath, cwd) }
		: { label: short };
}

/** What came back with a compaction: the file, or how the text begins that stands word for word under its name. */
export function labelOfRestored(what: string, content: StoredInputBlock): string {
	const path = /^file (.+)$/s.exec(what)?.[1];
	if (path !== undefined || (what !== 'pin' && what !== 'kept')) return path ?? what;
	const text = textOfBlock(content);
	const line =
		text
			.slice(text.indexOf('\n') + 1)
			.trimStart()
			.split('\n', 1)[0] ?? '';
	return line === '' ? what : cutText(line, MAX_LABEL_CHARS);
}

/** What stands in the entry, and the start of what is stored elsewhere. */
export function textOfItem(entry: Entry): string {
	switch (entry.type) {
		case 'user':
		case 'attachment':
		case 'toolResult':
			return entry.content.map(textOfBlock).join('\n');
		case 'reminder':
			return entry.text;
		case 'assistant':
			return isTextBlock(entry.block) ? entry.block.text : '';
		case 'compaction':
			return entry.summary;
		default:
			return '';
	}
}

export function isOnlyImages(content: readonly StoredInputBlock[]): boolean {
	let hasImage = false;
	for (const block of content) {
		if (pictureCount(block) > 0) hasImage = true;
		// Read says in a line which image follows.
		else if (isBlobRef(block) || !isTextBlock(block) || block.text.length > MAX_CAPTION_CHARS) return false;
	}
	return hasImage;
}

const MAX_CAPTION_CHARS = 300;

function textOfBlock(block: StoredInputBlock): string {
	if (pictureCount(block) > 0) return isDocument(block) ? '(a PDF)' : '(an image)';
	if (!isBlobRef(block)) return isTextBlock(block) ? block.text : '';
	// The head is the start of the block's JSON: near enough to the text to know it by.
	return (/^\{"type":"text","text":"(.*)/s.exec(block.head)?.[1] ?? block.head)
		.replaceAll('\\n', '\n')
		.replaceAll('\\"', '"')
		.replaceAll('\\t', '\t');
}
