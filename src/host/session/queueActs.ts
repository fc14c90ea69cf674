/** What the buttons of a queued message do. */
import type { Prompt } from '../../core/agent/turnTypes.ts';
import type { OpenSession } from './openSession.ts';

export type QueueAct = 'drop' | 'edit' | 'moveUp' | 'sendNow';

/** A message that is not there any more was sent. Returns the one to be edited, which is taken out. */
export function actOnQueue(
	open: OpenSession,
	id: string,
	act: QueueAct,
	start: (prompt: Prompt) => void,
): Prompt | undefined {
	const startNext = (prompt: Prompt | undefined) => prompt && start(prompt);
	switch (act) {
		case 'moveUp':
			open.queue.moveUp(id);
			return undefined;
		case 'drop':
			open.queue.take(id);
			return undefined;
		case 'edit':
			return open.queue.take(id);
		case 'sendNow':
			if (open.isRunning) {
				// What is finished stays; what runs is stopped, and this one is next.
				if (!open.queue.moveToFront(id)) return undefined;
				open.isSteering = true;
				open.turn?.abort();
				return undefined;
			}
			startNext(open.queue.take(id));
			return undefined;
	}
}
