/** Asks for a summary of each branch that is left, when the user wants that (`retrace.branches.summarize`). In the background, own barrier. */
import { type Disposable, toDisposable } from '../../base/disposable.ts';
import { summarizeLeftBranch } from '../../core/agent/branchSummary.ts';
import type { BranchReader } from '../../core/session/branchReader.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import { setting } from '../settings.ts';

export function attachSummaries(
	session: Session,
	world: {
		readonly choice: ModelChoice;
		readonly branches: BranchReader;
		onError(event: string, error: unknown, sessionId?: string): void;
	},
): Disposable {
	const closing = new AbortController();
	const listening = session.onDidAppend((entry) => {
		// In a session that is only followed, the window that owns it asks.
		if (entry.type !== 'rewind' || !setting('branches.summarize') || session.readOnlyReason !== undefined) return;
		const { choice, branches } = world;
		const modelId = choice.smallModelFor(session.model);
		const asked = summarizeLeftBranch(
			session,
			entry,
			{ model: choice.streamModel(), modelId, branches },
			closing.signal,
		);
		asked.catch((error: unknown) => world.onError('branchSummary', error, session.id));
	});
	return toDisposable(() => {
		closing.abort();
		listening.dispose();
	});
}
