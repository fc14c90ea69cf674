/** Entry of the panel's page: connects the page to the host. Everything else is panel.ts. */
import type { ToHost } from '../src/protocol/toHost.ts';
import { registerControls } from './controls.ts';
import { createPageState } from './pageState.ts';
import { createPanel } from './panel.ts';

declare function acquireVsCodeApi(): {
	postMessage(message: ToHost): void;
	getState(): unknown;
	setState(state: unknown): void;
};

const host = acquireVsCodeApi();
const post = (message: ToHost) => host.postMessage(message);
const root = document.getElementById('root') ?? document.body.appendChild(document.createElement('div'));
root.id = 'root';

registerControls();
const page = createPageState(host);
const panel = createPanel(root, post, page);
window.addEventListener('message', (event: MessageEvent<unknown>) => {
	page.onMessage(event.data);
	panel.receive(event.data);
});
window.addEventListener('focus', () => post({ kind: 'panel.focused' }));
window.addEventListener('error', (event) => post({ kind: 'panel.error', message: event.message }));
window.addEventListener('unhandledrejection', (event) => post({ kind: 'panel.error', message: String(event.reason) }));
// A page that goes away may be too late to say anything; who leaves it first goes elsewhere with the focus.
window.addEventListener('blur', () => panel.flush());
window.addEventListener('pagehide', () => panel.flush());
document.addEventListener('visibilitychange', () => panel.flush());
post({ kind: 'panel.ready' });
