/** Hooks that stand apart from turns: Notification when the user is asked, PostCompact after a summary, SessionEnd when a session closes. */
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { isCancelled } from '../../base/errors.ts';
import { readableSummary } from '../../core/agent/compact.ts';
import type { Hooks } from '../../core/hooks/hookTypes.ts';
import { type HookOccasion, type HookWorld, runHooks } from '../../core/hooks/runHooks.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { SessionHost } from '../session/sessionHost.ts';
import type { WindowHooks } from './hooks.ts';

/** A window that closes has some seconds for everything. */
const SESSION_END_TIMEOUT_MS = 1_500;

export type HookEventsWorld = Pick<HookWorld['ports'], 'clock' | 'trace'> & {
	readonly hooks: WindowHooks;
	onError(event: string, error: unknown, sessionId?: string): void;
};

/** Nothing waits for these, and what they say holds nothing up. Never rejects. */
async function runBeside(
	session: Session,
	occasion: Omit<HookOccasion, 'isApart'>,
	world: HookEventsWorld,
	change: (hooks: Hooks) => Hooks = (hooks) => hooks,
): Promise<void> {
	const hooks = world.hooks.portOf(session);
	if (!hooks || session.readOnlyReason !== undefined) return;
	const { clock, trace } = world;
	try {
		const ports = { hooks: change(hooks), clock, trace };
		await runHooks({ ...occasion, isApart: true }, { session, ports }, new AbortController().signal);
	} catch (error) {
		if (!isCancelled(error)) world.onError('hooks', error, session.id);
	}
}

/** For as long as a session is open. */
export function attachHooks(session: Session, world: HookEventsWorld): Disposable {
	return session.onDidAppend((entry) => {
		if (entry.type !== 'compaction') return;
		const trigger = entry.by === 'manual' || entry.by === 'partial' ? 'manual' : 'auto';
		const details = { trigger, compact_summary: readableSummary(entry.summary) };
		void runBeside(session, { point: 'PostCompact', subjects: [trigger], details }, world);
	});
}

/** Before the log of a session is closed. */
export async function endHooks(session: Session, world: HookEventsWorld): Promise<void> {
	if (world.hooks.portOf(session)?.life.isStarted !== true) return;
	const hasGoneOn = session.newest('continuedIn') !== undefined;
	const reason = hasGoneOn ? 'clear' : 'other';
	await runBeside(session, { point: 'SessionEnd', subjects: [reason], details: { reason } }, world, (hooks) => ({
		...hooks,
		list: () => hooks.list().map((hook) => ({ ...hook, timeoutMs: Math.min(hook.timeoutMs, SESSION_END_TIMEOUT_MS) })),
	}));
}

export function tellHooksOfAsks(host: SessionHost, world: HookEventsWorld): Disposable {
	const store = new DisposableStore();
	store.add(
		host.onDidChange(({ open, change }) => {
			if (change.kind !== 'asks') return;
			const kind = 'permission_prompt';
			const details = { message: `Retrace asks: ${change.what}`, title: open.session.title, notification_type: kind };
			void runBeside(open.session, { point: 'Notification', subjects: [kind], details }, world);
		}),
	);
	return store;
}
