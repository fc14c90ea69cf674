/** Makes text of HTML in a thread of its own, which ends with each page: whatever a page does to the parser, the window goes on. */
import { Worker } from 'node:worker_threads';
import { CancelledError, messageOf } from '../../base/errors.ts';
import type { PageText } from './htmlText.ts';

/** A page of 5 MB takes about two; one that takes longer is read as it is. */
const DEFAULT_CONVERT_MS = 10_000;
const MAX_HEAP_MB = 512;

export type PageTexts = {
	/** Rejects with CancelledError only. What cannot be converted comes as it is, with a note. */
	convert(html: string, url: string, signal: AbortSignal): Promise<PageText & { readonly notes: readonly string[] }>;
};

/** `workerFile`: `pageTextWorker.ts`, or what it was built into. */
export function createPageTexts(workerFile: string, convertMs = DEFAULT_CONVERT_MS): PageTexts {
	return {
		async convert(html, url, signal) {
			if (signal.aborted) throw new CancelledError();
			const worker = new Worker(workerFile, {
				workerData: { html, url },
				execArgv: [],
				// Nothing of the environment reaches a parser of foreign text.
				env: {},
				resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
			});
			let timer: NodeJS.Timeout | undefined;
			let stop: (() => void) | undefined;
			try {
				const page = await new Promise<PageText>((resolve, reject) => {
					stop = () => reject(new CancelledError());
					signal.addEventListener('abort', stop, { once: true });
					timer = setTimeout(() => reject(new Error(`it took longer than ${convertMs / 1000} s`)), convertMs);
					worker.once('message', resolve);
					worker.once('error', reject);
					worker.once('exit', () => reject(new Error('its thread ended')));
				});
				return { ...page, notes: [] };
			} catch (error) {
				if (error instanceof CancelledError) throw error;
				const note = `The page could not be turned into Markdown (${messageOf(error)}); this is its HTML.`;
				return { title: '', text: html, notes: [note] };
			} finally {
				clearTimeout(timer);
				if (stop) signal.removeEventListener('abort', stop);
				// Listeners stay until it is gone, so that its end is nobody's surprise.
				worker.on('error', () => undefined);
				await worker.terminate();
			}
		},
	};
}
