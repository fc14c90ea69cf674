/** Read: a text file with line numbers, an image, or the names in a folder. Sees unsaved changes of open documents. */
import * as z from 'zod';
import { cutText, plural } from '../../base/text.ts';
import { isNotebookPath, type Notebook, readNotebook } from '../edit/notebookFile.ts';
import { decodeText, toLf } from '../edit/textFile.ts';
import { readImageFile } from '../media/imageFile.ts';
import { imageBlock } from './imageBlock.ts';
import { nextForMissing } from './missingPath.ts';
import { notebookText } from './notebookText.ts';
import { baseName, displayPath, failure, success, unreadable } from './paths.ts';
import { isPdf } from './pdf.ts';
import { pdfOutcome } from './pdfOutcome.ts';
import type { Tool, ToolContext, ToolOutcome } from './tool.ts';

const DEFAULT_LINES = 2_000;
const MAX_LINE_CHARS = 2_000;
/** About 40k tokens: a whole file beyond it would crowd out the conversation. */
const MAX_TEXT_CHARS = 150_000;
const MAX_NAMES = 200;

const input = z.object({
	file_path: z.string().min(1),
	offset: z.int().min(1).optional().describe('First line, from 1'),
	limit: z.int().min(1).optional().describe('How many lines; default 2000'),
});

export const readTool: Tool<z.infer<typeof input>> = {
	name: 'Read',
	version: 3,
	description:
		'Reads a file and returns its lines as line number, tab, text. Up to 2000 lines from the start; use offset and limit for a part of a longer file. Also shows images (png, jpg, gif, webp), PDF files, the cells of a notebook (.ipynb; offset and limit then count cells) and lists the names in a folder. Paths are relative to the current folder or absolute. Read a file before you edit it; read several files in one reply when you need them.',
	input,
	effect: 'read',
	label: ({ file_path, offset, limit }) => ({
		verb: 'Read',
		target: offset === undefined && limit === undefined ? file_path : `${file_path} ${rangeText(offset, limit)}`,
		path: file_path,
	}),
	target: ({ file_path }) => ({ kind: 'path', path: file_path }),
	async run({ file_path, offset = 1, limit = DEFAULT_LINES }, context) {
		const isPart = offset > 1 || limit !== DEFAULT_LINES;
		const { absolute } = await context.files.resolve(file_path);
		const snapshot = await context.files.read(absolute);
		context.signal.throwIfAborted();
		if (snapshot.kind === 'absent')
			return failure(
				`${file_path} does not exist (looked at ${absolute}). ${await nextForMissing(file_path, context)}`,
				'no such file',
			);
		if (snapshot.kind === 'directory') return listFolder(absolute, context);
		if (snapshot.kind !== 'file') return unreadable(file_path, snapshot);
		if (readImageFile(snapshot.bytes)) return showImage(file_path, snapshot.bytes);
		if (isPdf(snapshot.bytes)) return showPdf(file_path, snapshot.bytes, isPart, context);
		const decoded = decodeText(snapshot.bytes, snapshot.meta.encoding);
		if (decoded.kind === 'binary')
			return failure(
				`${file_path} is a binary file (${snapshot.bytes.length} bytes), which cannot be shown as text. Use Bash with a program that understands it.`,
				'binary file',
			);
		if (decoded.kind === 'notUtf8')
			return failure(
				`${file_path} cannot be read: ${decoded.reason}. Use Bash, e.g. iconv, to see it; it cannot be edited here.`,
				'unknown encoding',
			);
		context.files.noteShown?.(absolute, snapshot.bytes);
		const notebook = isNotebookPath(file_path) ? readNotebook(toLf(decoded.file.text)) : undefined;
		if (notebook) return showNotebook(file_path, notebook, offset, limit);
		const shown = numberLines(decoded.file.text, offset, limit);
		if (shown.kind === 'beyond')
			return failure(`${file_path} has only ${plural(shown.total, 'line')}; offset ${offset} is behind its end.`);
		if (shown.total === 0) return success(`${file_path} is empty.`, 'empty');
		const notes: string[] = [];
		if (shown.last < shown.total)
			notes.push(`(lines ${shown.first} to ${shown.last} of ${shown.total}; go on with offset ${shown.last + 1})`);
		const { charset, isCharsetUnsure } = decoded.file;
		if (charset)
			notes.push(
				isCharsetUnsure
					? `(not UTF-8: read as ${charset.label}, so characters beyond ASCII may be others; what you do not change keeps its bytes)`
					: `(${charset.label}; an edit keeps that)`,
			);
		if (snapshot.isDirty) notes.push('(as in the editor, with changes that are not saved yet)');
		return success([shown.text, ...notes].join('\n'), plural(shown.last - shown.first + 1, 'line'));
	},
};

type Numbered =
	| { readonly kind: 'beyond'; readonly total: number }
	| {
			readonly kind: 'lines';
			readonly text: string;
			readonly first: number;
			readonly last: number;
			readonly total: number;
	  };

function numberLines(text: string, first: number, limit: number): Numbered {
	const lines = text.split('\n');
	if (lines.at(-1) === '') lines.pop();
	const total = lines.length;
	if (total === 0) return { kind: 'lines', text: '', first: 0, last: 0, total };
	if (first > total) return { kind: 'beyond', total };
	const shown: string[] = [];
	let chars = 0;
	for (const line of lines.slice(first - 1, first - 1 + limit)) {
		const bare = line.endsWith('\r') ? line.slice(0, -1) : line;
		const cut = bare.length > MAX_LINE_CHARS ? `${cutText(bare, MAX_LINE_CHARS)}… (line cut)` : bare;
		const row = `${first + shown.length}\t${cut}`;
		chars += row.length + 1;
		if (chars > MAX_TEXT_CHARS && shown.length > 0) break;
		shown.push(row);
	}
	return { kind: 'lines', text: shown.join('\n'), first, last: first + shown.length - 1, total };
}

function showImage(path: string, bytes: Uint8Array): ToolOutcome {
	const made = imageBlock(bytes);
	if (made.kind === 'problem')
		return failure(
			`${path} is an image that cannot be shown: it ${made.problem}. Use Bash with a program that understands it, e.g. to make a smaller or whole copy, and read that.`,
			'an image that cannot be shown',
		);
	const size = kilobytes(bytes);
	return {
		isError: false,
		content: [{ type: 'text', text: `${path} (${made.about}, ${size})` }, made.block],
		summary: `image, ${size}`,
	};
}

function showPdf(path: string, bytes: Uint8Array, isPart: boolean, { takesPdf = false }: ToolContext): ToolOutcome {
	const asText = `pdftotext -layout -f 1 -l 5 '${path}' -`;
	if (isPart && takesPdf)
		return failure(
			`${path} is a PDF, of which only the whole can be shown here. Leave offset and limit out, or get the text of some pages with Bash, e.g. ${asText}`,
			'pages of a PDF',
		);
	return pdfOutcome({ path, name: baseName(path), asText }, bytes, takesPdf);
}

const kilobytes = (bytes: Uint8Array): string =>
	`${Math.max(1, Math.round(bytes.length / 1_000)).toLocaleString('en-US')} kB`;

function showNotebook(path: string, notebook: Notebook, first: number, limit: number): ToolOutcome {
	const total = notebook.cells.length;
	if (total > 0 && first > total)
		return failure(`${path} has only ${plural(total, 'cell')}; offset ${first} is behind its end.`);
	const { text, shown } = notebookText(notebook, first, limit, MAX_TEXT_CHARS);
	return success(text, plural(shown, 'cell'));
}

async function listFolder(absolute: string, context: ToolContext): Promise<ToolOutcome> {
	const found = await context.search.glob('**/*', absolute, 5_000, context.signal);
	const names = new Set<string>();
	for (const file of found.items) {
		const [name = '', ...rest] = displayPath(file, absolute).split('/');
		names.add(rest.length > 0 ? `${name}/` : name);
	}
	const shown = displayPath(absolute, context.cwd);
	if (names.size === 0)
		return success(`${shown} is a folder with no files (ignored ones are left out).`, 'empty folder');
	const sorted = [...names].sort();
	const notes = sorted.length > MAX_NAMES || !found.isComplete ? ['(there are more; use Glob)'] : [];
	return success(
		[`${shown} is a folder (ignored files are left out):`, ...sorted.slice(0, MAX_NAMES), ...notes].join('\n'),
		plural(names.size, 'name'),
	);
}

function rangeText(offset = 1, limit?: number): string {
	return limit === undefined ? `from line ${offset}` : `lines ${offset}–${offset + limit - 1}`;
}
