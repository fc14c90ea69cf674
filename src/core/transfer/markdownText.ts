/** Pieces of Markdown that stay what they are whatever text is put into them. Pure. */
import { cutText } from '../../base/text.ts';

/** A fenced block whose fence is longer than any run of its mark in the text. */
export function fenced(text: string, language = ''): string {
	const runs = text.match(/`{3,}/g) ?? [];
	const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
	return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}

/** Text of one line as code. */
export function inlineCode(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	const runs = line.match(/`+/g) ?? [];
	const fence = '`'.repeat(Math.max(1, ...runs.map((run) => run.length + 1)));
	const pad = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
	return `${fence}${pad}${line}${pad}${fence}`;
}

export const quoted = (text: string): string =>
	text
		.split(/\r?\n/)
		.map((line) => (line === '' ? '>' : `> ${line}`))
		.join('\n');

/** Folded away until the reader opens it. */
export function folded(summary: string, text: string): string {
	return `<details>\n<summary>${escapeHtml(summary)}</summary>\n\n${escapeHtml(text.trim())}\n\n</details>`;
}

/** On one line, with nothing that Markdown reads as a mark. */
export const plainLine = (text: string): string =>
	text
		.replace(/\s+/g, ' ')
		.trim()
		.replace(/[\\`*_[\]<>#|]/g, '\\$&');

/** The first and last lines of a long output. */
export function shortened(text: string, maxLines: number, maxChars: number): string {
	const lines = text.split('\n');
	const kept =
		lines.length <= maxLines
			? text
			: [
					...lines.slice(0, Math.ceil(maxLines / 2)),
					`… ${lines.length - maxLines} lines left out …`,
					...lines.slice(lines.length - Math.floor(maxLines / 2)),
				].join('\n');
	return kept.length <= maxChars ? kept : `${cutText(kept, maxChars)}\n… cut …`;
}

const escapeHtml = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
