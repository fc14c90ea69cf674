/** What AskUser, Plan and TaskList reach in one session. */
import type { ToolServices } from '../../core/tools/services.ts';
import type { OpenSession } from '../session/openSession.ts';

export function askingServices({
	session,
	approvals,
}: Pick<OpenSession, 'session' | 'approvals'>): Pick<ToolServices, 'asking' | 'modes' | 'tasks'> {
	return {
		asking: approvals.cards,
		modes: { now: () => session.mode, set: (mode) => mode !== session.mode && session.setMode(mode) },
		tasks: { keep: (tasks) => void session.append({ type: 'taskList', tasks }) },
	};
}
