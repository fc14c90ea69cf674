/** A PDF is sent whole where the model takes it, and counted by its pages; else the answer says how to get its text. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { storeBlocks } from '../../../src/core/agent/storeBlocks.ts';
import { isDocument, pictureCount } from '../../../src/core/session/content.ts';
import { pdfPages } from '../../../src/core/tools/pdf.ts';
import { createMemoryBlobStore } from '../../fakes/memoryBlobStore.ts';
import { runTool } from './toolFixture.ts';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const pdf = (pages: number, padding = 0) =>
	bytesOf(
		`%PDF-1.4\n1 0 obj<</Type/Pages/Kids[2 0 R]/Count ${pages}>>endobj\n2 0 obj<</Type/Page/Parent 1 0 R>>endobj\n%${'é'.repeat(padding)}\n%%EOF`,
	);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const read = (bytes: Uint8Array<ArrayBuffer>, input = {}, takesPdf = true) =>
	runTool('Read', { file_path: 'a.pdf', ...input }, { files: { '/w/a.pdf': bytes }, takesPdf });

describe('PDF files', () => {
	it('say how many pages they have, where they do', () => {
		assert.equal(pdfPages(pdf(7)), 7);
		assert.equal(pdfPages(bytesOf('%PDF-1.4 <</Count 3 /Kids [] /Type /Pages>> <</Type /Pages /Count 12>>')), 12);
		assert.equal(pdfPages(bytesOf('%PDF-1.4 <</Type/Page>><</Type /Page /X 1>>')), 2);
		assert.equal(pdfPages(bytesOf('%PDF-1.5 <</Linearized 1/L 9/N 40>> stream')), 40);
		assert.equal(pdfPages(bytesOf('%PDF-1.5 stream')), undefined);
	});
	it('are sent as they are', async () => {
		const bytes = pdf(2);
		const { outcome, text } = await read(bytes);
		assert.equal(text, 'a.pdf (application/pdf, 1 kB, 2 pages)\n<document>');
		const block: object = outcome.content[1] ?? {};
		assert.deepEqual(block, {
			type: 'document',
			title: 'a.pdf, 2 pages',
			source: { type: 'base64', media_type: 'application/pdf', data: Buffer.from(bytes).toString('base64') },
		});
	});
	it('count as pictures, one for each page, wherever they are stored', async () => {
		for (const padding of [0, 40_000]) {
			const { outcome } = await read(pdf(5, padding));
			const stored = await storeBlocks(outcome.content, createMemoryBlobStore());
			assert.deepEqual(stored.map(pictureCount), [0, 5]);
			assert.deepEqual(stored.map(isDocument), [false, true]);
			assert.equal('$blob' in (stored[1] ?? {}), padding > 0);
		}
	});
	it('that cannot be shown say what to do instead', async () => {
		for (const [outcome, says] of [
			[await read(pdf(2), {}, false), /a PDF, which this model cannot be shown\. Get its text with Bash/],
			[await read(pdf(2), { offset: 2 }), /only the whole can be shown here\. Leave offset and limit out/],
			[await read(pdf(2).subarray(0, 40)), /a PDF that cannot be shown: it breaks off before its end\. Use Bash/],
			[await read(bytesOf(text(pdf(2)).replace('%%EOF', 'trailer<</Encrypt 9 0 R>>%%EOF'))), /protected by a password/],
			[await read(pdf(0)), /has no pages/],
			[await read(pdf(101)), /has 101 pages; at most 100 can be shown\. Get the text of some/],
		] as const) {
			assert.equal(outcome.outcome.isError, true);
			assert.match(outcome.text, says);
		}
	});
});
