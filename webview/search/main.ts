/** Entry of the search page: connects the page to the host. Everything else is searchPage.ts. */
import type { SearchToHost } from '../../src/protocol/searchMessages.ts';
import { createSearchPage } from './searchPage.ts';

declare function acquireVsCodeApi(): {
	postMessage(message: SearchToHost): void;
	getState(): unknown;
	setState(state: unknown): void;
};

const host = acquireVsCodeApi();
const post = (message: SearchToHost) => host.postMessage(message);
const root = document.getElementById('root') ?? document.body.appendChild(document.createElement('div'));
root.id = 'root';

const page = createSearchPage(root, post, { load: () => host.getState(), save: (state) => host.setState(state) });
window.addEventListener('message', (event: MessageEvent<unknown>) => page.receive(event.data));
window.addEventListener('error', (event) => post({ kind: 'search.pageError', message: event.message }));
window.addEventListener('unhandledrejection', (event) =>
	post({ kind: 'search.pageError', message: String(event.reason) }),
);
post({ kind: 'search.ready' });
