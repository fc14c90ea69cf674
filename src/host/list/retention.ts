/**
 * Moves expired sessions to the trash, at most once a day, some time after the window started and while nothing runs; then has blobs swept.
 * Tells the user what it did and offers the way back. What has expired is decided in core/session/retention.ts.
 */
import * as vscode from 'vscode';
import * as z from 'zod';
import { type Disposable, toDisposable } from '../../base/disposable.ts';
import type { Trace } from '../../base/trace.ts';
import type { Clock } from '../../core/ports.ts';
import { isRetentionDue, moveExpired, retentionNotice } from '../../core/session/retention.ts';
import type { TrashedSession } from '../../core/session/storePort.ts';
import type { Stores } from '../agentTypes.ts';
import { plainMessage } from '../plainLabel.ts';
import { setting } from '../settings.ts';

const STATE_KEY = 'retrace.retention';
/** The start belongs to the user. */
const START_AFTER_MS = 30_000;
/** A window may stay open for weeks. */
const LOOK_EVERY_MS = 3_600_000;

export type RetentionWorld = {
	readonly stores: Pick<Stores, 'sessions' | 'sweepBlobs'>;
	readonly state: vscode.Memento;
	readonly clock: Pick<Clock, 'now'>;
	/** Open or shown in this window. */
	openIds(): ReadonlySet<string>;
	isBusy(): boolean;
	hasWorktree(worktreeId: string): boolean;
	/** The list has changed. */
	refresh(): void;
	readonly trace: Trace;
	onError(event: string, error: unknown): void;
	/** The barrier of what the user starts. */
	guard(event: string, run: () => Promise<void>): Promise<void>;
};

/** Does nothing for sessions that live in memory. Disposing stops what runs. */
export function startRetention(world: RetentionWorld): Disposable {
	if (world.stores.sessions.folder === undefined) return toDisposable(() => undefined);
	const stop = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	const lookIn = (delayMs: number) => {
		timer = setTimeout(() => void look(), delayMs);
		timer.unref();
	};
	const look = async () => {
		try {
			if (!world.isBusy()) await runIfDue(world, stop.signal);
		} catch (error) {
			if (!stop.signal.aborted) world.onError('retention', error);
		}
		if (!stop.signal.aborted) lookIn(world.isBusy() ? START_AFTER_MS : LOOK_EVERY_MS);
	};
	lookIn(START_AFTER_MS);
	return toDisposable(() => {
		stop.abort();
		clearTimeout(timer);
	});
}

const stateSchema = z
	.object({ ranAt: z.number().optional(), known: z.record(z.string(), z.number()) })
	.catch({ known: {} });

async function runIfDue(world: RetentionWorld, signal: AbortSignal): Promise<void> {
	const { stores, state, clock } = world;
	const nowMs = clock.now();
	const last = stateSchema.parse(state.get<unknown>(STATE_KEY));
	if (!isRetentionDue(last.ranAt, nowMs)) return;
	// First, so that a failure is not met again each hour.
	await state.update(STATE_KEY, { ...last, ranAt: nowMs });
	const days = setting('sessions.cleanupPeriodDays');
	const { hasWorktree } = world;
	const rule = { nowMs, days, openIds: world.openIds(), known: last.known, hasWorktree };
	const { moved, known, failed } = await moveExpired(stores.sessions, rule, signal);
	await state.update(STATE_KEY, { ranAt: nowMs, known });
	world.trace({ event: 'retention', detail: { moved: moved.length, failed: failed.length } });
	if (moved.length > 0) {
		world.refresh();
		void world.guard('retention.notice', () => tell(moved, days, world));
	}
	await stores.sweepBlobs?.(signal);
}

async function tell(moved: readonly TrashedSession[], days: number, world: RetentionWorld): Promise<void> {
	const answer = await vscode.window.showInformationMessage(
		plainMessage(retentionNotice(moved.length, days)),
		'Restore',
		'Show Trash',
	);
	if (answer === 'Show Trash') await vscode.commands.executeCommand('retrace.showTrash');
	if (answer !== 'Restore') return;
	try {
		for (const { name } of moved) await world.stores.sessions.restore(name);
	} finally {
		world.refresh();
	}
}
