/** Tells the other windows which sessions are open here, by name and state, and says what they have open. Keeps no file itself. */
import type { Disposable } from '../../base/disposable.ts';
import { DisposableStore } from '../../base/disposable.ts';
import type { FileTrafficLog } from '../../core/permission/fileTraffic.ts';
import { distinctTitle, type RunningSession, type SessionRegistry } from '../../core/session/registry.ts';
import type { OpenSession } from './openSession.ts';
import type { OpenSessions } from './openSessions.ts';

type Seen = Pick<RunningSession, 'state' | 'since'>;

export function publishRunning(
	sessions: OpenSessions,
	registry: SessionRegistry,
	now: () => number,
	traffic: Pick<FileTrafficLog, 'writesOf' | 'onDidWrite'>,
): Disposable {
	const seen = new WeakMap<OpenSession, Seen>();
	const entryFor = (open: OpenSession): RunningSession => {
		const state: Seen['state'] = open.needsUser ? 'needsUser' : open.isRunning ? 'running' : 'idle';
		const known = seen.get(open);
		const current = known?.state === state ? known : { state, since: now() };
		seen.set(open, current);
		const writes = traffic.writesOf(open.session.id);
		const told = writes.length === 0 ? {} : { writes: [...writes] };
		return { sessionId: open.session.id, title: open.session.title, ...current, ...told };
	};
	// What can only be read here is open in the window that writes it; what nobody sent anything in is nothing to name.
	const isOurs = ({ session }: OpenSession) => session.entries.length > 0 && session.readOnlyReason === undefined;
	const publish = () => registry.publish(sessions.all.filter(isOurs).map(entryFor));
	const store = new DisposableStore();
	store.add(
		sessions.onDidChange(({ change }) => {
			if (change.kind === 'head') publish();
		}),
	);
	let isDue = false;
	store.add(
		traffic.onDidWrite(() => {
			// A command may change thousands of files at once.
			if (isDue) return;
			isDue = true;
			queueMicrotask(() => {
				isDue = false;
				publish();
			});
		}),
	);
	store.add(sessions.onDidOpen(publish));
	store.add(sessions.onDidClose(publish));
	publish();
	return store;
}

/** Undefined when no other session that is open, here or in another window, has this title; else one that is free. */
export function freeTitle(
	id: string,
	title: string,
	sessions: OpenSessions,
	registry: SessionRegistry | undefined,
): string | undefined {
	const here = sessions.all.filter(({ session }) => session.entries.length > 0);
	const open = [
		...here.map(({ session }) => ({ sessionId: session.id, title: session.title })),
		...(registry?.others() ?? []),
	];
	const taken = open.filter(({ sessionId }) => sessionId !== id).map((one) => one.title);
	const free = distinctTitle(title, taken);
	return free === title ? undefined : free;
}
