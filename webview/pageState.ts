/**
 * What VS Code keeps of the page while it is hidden and, for an editor tab, over a reload of the window: the shown session,
 * so that the tab comes back with it, and what the composer wants to have back. No truth: the host has the session.
 */
import { type KeptPageState, parsePageState, sessionOfMessage } from '../src/protocol/pageState.ts';
import type { Memory } from './composer.ts';

export interface PageState extends Memory {
	/** A message of the host, as it came. */
	onMessage(message: unknown): void;
}

export function createPageState(host: { getState(): unknown; setState(state: unknown): void }): PageState {
	let state: KeptPageState = parsePageState(host.getState()) ?? { composer: undefined };
	const set = (next: KeptPageState) => {
		state = next;
		host.setState(next);
	};
	return {
		load: () => state.composer,
		save: (composer) => set({ ...state, composer }),
		onMessage(message) {
			const sessionId = sessionOfMessage(message);
			if (sessionId !== undefined && sessionId !== state.sessionId) set({ ...state, sessionId });
		},
	};
}
