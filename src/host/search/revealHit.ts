/** From a hit of the search to its message: opens the session, finds the row, and says so when the conversation went on without it. */
import * as vscode from 'vscode';
import { asEntryId, type SessionId } from '../../base/ids.ts';
import type { FindMark } from '../../protocol/findMark.ts';
import type { ToPanel } from '../../protocol/toPanel.ts';
import type { OpenSession } from '../session/openSession.ts';
import { placeOfEntry } from '../transcript/revealEntry.ts';

export type RevealWorld = {
	/** Shows the session and brings it to the front. */
	open(id: SessionId): Promise<void>;
	/** The session that is shown now. */
	current(): OpenSession;
	say(message: ToPanel): void;
};

const SWITCH = 'Switch Branch';

export async function revealHit(
	id: SessionId,
	hit: { readonly entryId: string; readonly agentId: string } | undefined,
	mark: FindMark | undefined,
	world: RevealWorld,
): Promise<void> {
	await world.open(id);
	if (!hit) return;
	const open = world.current();
	const entryId = asEntryId(hit.entryId);
	const place = await placeOfEntry(open, entryId, hit.agentId, new AbortController().signal);
	// Another session may be shown by now.
	if (world.current() !== open) return;
	if (place.kind === 'row') {
		world.say({ kind: 'reveal', id: place.rowId, ...(mark === undefined ? {} : { mark }) });
		return;
	}
	if (place.kind !== 'otherBranch') return;
	const text = 'That message is on another branch of this session. Switching keeps both branches.';
	if ((await vscode.window.showInformationMessage(text, SWITCH)) !== SWITCH) return;
	await vscode.commands.executeCommand('retrace.switchBranch', id, entryId);
}

/** In the panel that is active. */
export const revealHitIn =
	(
		host: { readonly current: OpenSession },
		views: { open(id: SessionId): Promise<void>; say(message: ToPanel): void },
	): ((...of: [SessionId, Parameters<typeof revealHit>[1], FindMark | undefined]) => Promise<void>) =>
	(id, hit, mark) =>
		revealHit(id, hit, mark, {
			open: (one) => views.open(one),
			current: () => host.current,
			say: (message) => views.say(message),
		});
