/** Entry of the thread that makes text of one HTML page. */
import { parentPort, workerData } from 'node:worker_threads';
import { htmlText } from './htmlText.ts';

const page: { readonly html: string; readonly url: string } = workerData;
parentPort?.postMessage(htmlText(page.html, page.url));
