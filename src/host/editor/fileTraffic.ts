/** Feeds the file traffic of this window: what its open sessions wrote lately and write now, and what the other windows tell. */
import type { Disposable } from '../../base/disposable.ts';
import { createFileTraffic, type FileTrafficLog } from '../../core/permission/fileTraffic.ts';
import type { SessionRegistry } from '../../core/session/registry.ts';
import type { Session } from '../../core/session/sessionTypes.ts';

export type WindowTraffic = FileTrafficLog & {
	/** Follows a session that was opened; what it wrote stays known when it is closed. */
	attach(session: Session): Disposable;
};

export function createWindowTraffic(now: () => number, registry: SessionRegistry | undefined): WindowTraffic {
	const traffic = createFileTraffic(now, () => registry?.others() ?? []);
	return {
		...traffic,
		attach(session) {
			// After a reload of the window it has written already.
			for (const entry of session.entries) traffic.take(session, entry);
			return session.onDidAppend((entry) => traffic.take(session, entry));
		},
	};
}
