/**
 * What VS Code keeps of the page while it is hidden and, for an editor tab, over a reload of the window: the shown session,
 * so that the tab comes back with it, and what the composer wants to have back. No truth: the host has the session.
 */
import * as z from 'zod';
import type { Memory } from './composer.ts';

const stateSchema = z.object({ sessionId: z.string().optional(), composer: z.unknown() });
const headSchema = z.object({ head: z.object({ sessionId: z.string() }) });

export interface PageState extends Memory {
	/** A message of the host, as it came. */
	onMessage(message: unknown): void;
}

export function createPageState(host: { getState(): unknown; setState(state: unknown): void }): PageState {
	const kept = stateSchema.safeParse(host.getState());
	let state = kept.success ? kept.data : { composer: undefined };
	const set = (next: typeof state) => {
		state = next;
		host.setState(next);
	};
	return {
		load: () => state.composer,
		save: (composer) => set({ ...state, composer }),
		onMessage(message) {
			const { data } = headSchema.safeParse(message);
			if (data && data.head.sessionId !== state.sessionId) set({ ...state, sessionId: data.head.sessionId });
		},
	};
}
