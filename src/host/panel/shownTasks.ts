/** The task list as the panel shows it: the newest on the branch. One that is done goes with the next prompt. Pure. */
import type { Session } from '../../core/session/sessionTypes.ts';
import type { ShownTask } from '../../protocol/asking.ts';

export function shownTasks(session: Pick<Session, 'newest' | 'branch'>): readonly ShownTask[] {
	const list = session.newest('taskList');
	if (!list) return [];
	if (list.tasks.some(({ state }) => state !== 'completed')) return list.tasks;
	const branch = session.branch();
	const at = branch.findIndex(({ id }) => id === list.parentId);
	return branch.slice(at + 1).some(({ type }) => type === 'user') ? [] : list.tasks;
}
