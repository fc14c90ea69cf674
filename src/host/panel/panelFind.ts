/** The door of find in the transcript: one search at a time for each view, the newest query wins. */
import { isCancelled } from '../../base/errors.ts';
import type { ToHost } from '../../protocol/toHost.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import type { OpenSession } from '../session/openSession.ts';
import { findInTranscript } from './findInTranscript.ts';

export type PanelFindWorld = {
	/** Names whose search it is. */
	readonly view: object;
	readonly open: OpenSession;
	wholeOutput(rowId: string): Promise<string>;
	say(message: ToPanel): void;
};

const running = new WeakMap<object, AbortController>();

export async function findForPanel(
	{ number, query }: Extract<ToHost, { kind: 'find' }>,
	world: PanelFindWorld,
): Promise<void> {
	running.get(world.view)?.abort();
	const own = new AbortController();
	running.set(world.view, own);
	try {
		const { ids, isComplete, mark } = await findInTranscript(world.open, query, world.wholeOutput, own.signal);
		if (!own.signal.aborted) world.say({ kind: 'find.results', number, ids: [...ids], isComplete, mark });
	} catch (error) {
		// A newer query was typed.
		if (!isCancelled(error) && !own.signal.aborted) throw error;
	}
}
