/** A notebook as a model reads it: its cells with their numbers, and the start of what they printed. Pure. */
import { cutText, plural } from '../../base/text.ts';
import { joinLines, type Notebook, type NotebookCell, type NotebookOutput } from '../edit/notebookFile.ts';

const MAX_OUTPUT_CHARS = 1_000;

export type ShownNotebook = { readonly text: string; readonly shown: number };

/** Cells `first` (from 1) and on, at most `limit` and about `maxChars` of them, but one at least. */
export function notebookText(notebook: Notebook, first: number, limit: number, maxChars: number): ShownNotebook {
	const { cells, language } = notebook;
	const parts = [`Notebook with ${plural(cells.length, 'cell')}${language === undefined ? '' : ` (${language})`}`];
	let chars = 0;
	let shown = 0;
	for (const cell of cells.slice(first - 1, first - 1 + limit)) {
		const part = cellText(cell, first + shown);
		chars += part.length;
		if (chars > maxChars && shown > 0) break;
		parts.push(chars > maxChars ? `${cutText(part, maxChars)}… (cell cut)` : part);
		shown++;
	}
	const last = first + shown - 1;
	if (last < cells.length)
		parts.push(
			`(cells ${first} to ${last} of ${cells.length}; go on with offset ${last + 1}, which counts cells here)`,
		);
	return { text: parts.join('\n\n'), shown };
}

function cellText({ type, id, source, outputs }: NotebookCell, number: number): string {
	const printed = outputs.map(outputText).filter((text) => text !== '');
	const head = `--- Cell ${number}, ${type}${id === undefined ? '' : `, id ${id}`}`;
	return [head, source, ...printed.map((text) => `--- Output of cell ${number}\n${text}`)].join('\n');
}

function outputText({ output_type, text, data, ename, evalue }: NotebookOutput): string {
	if (output_type === 'error') return `${ename ?? 'Error'}: ${evalue ?? ''}`;
	const plain = text ?? data?.['text/plain'];
	const isLines =
		typeof plain === 'string' || (Array.isArray(plain) && plain.every((line) => typeof line === 'string'));
	const others = Object.keys(data ?? {}).filter((type) => type !== 'text/plain');
	const shown = isLines ? joinLines(plain).trimEnd() : '';
	const cut = shown.length > MAX_OUTPUT_CHARS ? `${cutText(shown, MAX_OUTPUT_CHARS)}… (output cut)` : shown;
	return [cut, ...(others.length > 0 ? [`(${others.join(', ')})`] : [])].filter((part) => part !== '').join('\n');
}
