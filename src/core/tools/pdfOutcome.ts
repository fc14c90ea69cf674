/** A PDF as what a tool gives: the whole as a block for the model, or why it cannot be shown and what to do instead. Pure. */
import { plural } from '../../base/text.ts';
import { toBase64 } from './base64.ts';
import { failure } from './paths.ts';
import { MAX_PDF_PAGES, pdfPages, pdfProblem } from './pdf.ts';
import type { ToolOutcome } from './tool.ts';

type PdfSource = {
	/** Where it is, for the words about it. */
	readonly path: string;
	readonly name: string;
	/** A command that prints the text of some pages. */
	readonly asText: string;
};

/** A request may have 32 MB, as base64 and with all else in it. */
const MAX_PDF_BYTES = 20_000_000;

export function pdfOutcome({ path, name, asText }: PdfSource, bytes: Uint8Array, takesPdf: boolean): ToolOutcome {
	if (!takesPdf)
		return failure(
			`${path} is a PDF, which this model cannot be shown. Get its text with Bash, e.g. ${asText}`,
			'a PDF',
		);
	const size = `${Math.max(1, Math.round(bytes.length / 1_000)).toLocaleString('en-US')} kB`;
	if (bytes.length > MAX_PDF_BYTES)
		return failure(
			`${path} is a PDF of ${size}; at most 20 MB can be shown. Get the text of some pages with Bash, e.g. ${asText}`,
			`too large (${size})`,
		);
	const problem = pdfProblem(bytes);
	if (problem !== undefined)
		return failure(
			`${path} is a PDF that cannot be shown: it ${problem}. Use Bash with a program that understands it, e.g. qpdf or pdftotext.`,
			'a PDF that cannot be shown',
		);
	const pages = pdfPages(bytes);
	if (pages !== undefined && pages > MAX_PDF_PAGES)
		return failure(
			`${path} has ${pages} pages; at most ${MAX_PDF_PAGES} can be shown. Get the text of some with Bash, e.g. ${asText}`,
			`too long (${pages} pages)`,
		);
	const length = pages === undefined ? '' : `, ${plural(pages, 'page')}`;
	return {
		isError: false,
		content: [
			{ type: 'text', text: `${path} (application/pdf, ${size}${length})` },
			{
				type: 'document',
				title: `${name}${length}`,
				source: { type: 'base64', media_type: 'application/pdf', data: toBase64(bytes) },
			},
		],
		summary: `PDF${length}, ${size}`,
	};
}
