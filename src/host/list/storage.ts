/**
 * *Show Storage…*: what the sessions of this workspace store, what is not recorded and why, and taking contents away after a preview.
 * Over the limit this happens by itself, oldest first, and is said. What may go is decided in core/checkpoint/storeUse.ts.
 */
import * as vscode from 'vscode';
import { type Disposable, toDisposable } from '../../base/disposable.ts';
import { UserError } from '../../base/errors.ts';
import type { Trace } from '../../base/trace.ts';
import {
	type PurgePlan,
	planPurge,
	planSessionPurge,
	type SessionUse,
	type StoreBudget,
	type StoreUse,
	totalBytes,
	useBySession,
} from '../../core/checkpoint/storeUse.ts';
import type { SessionStore } from '../../core/session/storePort.ts';
import type { Stores } from '../agentTypes.ts';
import { plainLabel } from '../plainLabel.ts';
import type { OpenSession } from '../session/openSession.ts';
import { setting } from '../settings.ts';
import { sizeText } from '../transfer/transferTexts.ts';
import { plannedText, purgeDetail, type StorageRow, sessionRow, unrecorded } from './storageRows.ts';

export type StorageWorld = {
	readonly stores: Pick<Stores, 'sessions' | 'budget'>;
	shown(): OpenSession;
	/** Open or shown in this window. */
	openIds(): ReadonlySet<string>;
	isBusy(): boolean;
	readonly trace: Trace;
	onError(event: string, error: unknown): void;
};

const MB = 1024 * 1024;
const limitBytes = () => setting('checkpoints.maxStoreMb') * MB;

export async function showStorage(world: StorageWorld): Promise<void> {
	const budget = budgetOf(world);
	const { signal } = new AbortController();
	const { use, titles, keptIds } = await vscode.window.withProgress(
		{ location: vscode.ProgressLocation.Window, title: 'Looking at what Retrace stores' },
		async () => await examine(world, budget, signal),
	);
	const rule = { limitBytes: limitBytes(), keptIds, nowMs: Date.now() };
	// What nobody names can always go; more only when the store is over the limit.
	const plan = planPurge(use, rule);
	const idle = planPurge({ ...use, contents: use.contents.filter(isUnnamed) }, { ...rule, limitBytes: 0 });
	const items: StorageRow[] = [];
	const best = plan.contents.length > 0 ? plan : idle;
	items.push({
		label: '$(trash) Free Space…',
		description: best.contents.length === 0 ? 'nothing to free' : plannedText(best),
		...(best.contents.length === 0 ? {} : { run: () => purge(best, titles, world, budget) }),
	});
	items.push({
		label: '$(settings-gear) Change the Limit…',
		description: 'retrace.checkpoints.maxStoreMb',
		run: openSetting,
	});
	items.push(separator('Sessions, the largest first'));
	for (const row of useBySession(use))
		items.push({
			...sessionRow(row, titles.get(row.session.sessionId), keptIds.has(row.session.sessionId)),
			run: () => purgeSession(row, use, { titles, keptIds, world, budget }),
		});
	const lost = unrecorded(await world.shown().session.history(['fileOperation'], signal));
	if (lost.length > 0) items.push(separator('Not recorded in the shown session'));
	for (const { reason, text } of lost)
		items.push({ label: `$(circle-slash) ${plainLabel(reason)}`, description: text });
	const title = `Storage: ${sizeText(totalBytes(use))} of ${sizeText(limitBytes())}`;
	const picked = await vscode.window.showQuickPick(items, {
		title,
		placeHolder: 'Choose what to free',
		matchOnDescription: true,
	});
	await picked?.run?.();
}

const isUnnamed = ({ files, others }: StoreUse['contents'][number]) => files.length === 0 && others.length === 0;
const separator = (label: string): StorageRow => ({ label, kind: vscode.QuickPickItemKind.Separator });

function budgetOf({ stores }: StorageWorld): StoreBudget {
	if (stores.budget) return stores.budget;
	throw new UserError(
		'not-stored',
		'Sessions are not kept on disk here, so nothing is stored. Turn on retrace.sessions.persist to keep them.',
	);
}

async function openSetting(): Promise<void> {
	await vscode.commands.executeCommand('workbench.action.openSettings', 'retrace.checkpoints.maxStoreMb');
}

async function examine(world: StorageWorld, budget: StoreBudget, signal: AbortSignal) {
	const use = await budget.examine(signal);
	const { sessions } = await world.stores.sessions.list();
	return {
		use,
		titles: new Map(sessions.map(({ id, title }) => [String(id), title])),
		keptIds: keptOf(sessions, world),
	};
}

/** Pinned ones, and those that are open in any window. */
function keptOf(
	sessions: Awaited<ReturnType<SessionStore['list']>>['sessions'],
	world: StorageWorld,
): ReadonlySet<string> {
	const kept = new Set(world.openIds());
	for (const { id, isPinned, isOpenElsewhere } of sessions) if (isPinned || isOpenElsewhere) kept.add(id);
	return kept;
}

type Titles = ReadonlyMap<string, string>;

async function purgeSession(
	{ session }: SessionUse,
	use: StoreUse,
	at: {
		readonly titles: Titles;
		readonly keptIds: ReadonlySet<string>;
		readonly world: StorageWorld;
		readonly budget: StoreBudget;
	},
): Promise<void> {
	if (at.keptIds.has(session.sessionId))
		throw new UserError(
			'session-kept',
			'This session is pinned or open, so its contents stay. Unpin or close it first.',
		);
	const plan = planSessionPurge(use, session.key, Date.now());
	if (plan.contents.length === 0)
		throw new UserError(
			'nothing-to-free',
			'No content of a file belongs to this session alone and is older than a week. Its log and its messages always stay.',
		);
	await purge(plan, at.titles, at.world, at.budget);
}

const REMOVE = 'Remove';

async function purge(plan: PurgePlan, titles: Titles, world: StorageWorld, budget: StoreBudget): Promise<void> {
	const message = `Free ${sizeText(plan.freedBytes)}?`;
	const detail = purgeDetail(plan, titles);
	if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, REMOVE)) !== REMOVE) return;
	const { removedBytes } = await remove(plan, world, budget, new AbortController().signal);
	void vscode.window.showInformationMessage(
		`Freed ${sizeText(removedBytes)}. No message and no file of yours was touched.`,
	);
}

async function remove(plan: PurgePlan, world: StorageWorld, budget: StoreBudget, signal: AbortSignal) {
	const outcome = await budget.remove(
		plan.contents.map(({ sha }) => sha),
		signal,
	);
	world.trace({ event: 'storage.freed', detail: { removed: outcome.removed, removedBytes: outcome.removedBytes } });
	return outcome;
}

// ---- by itself

/** The start belongs to the user, and the sweep of what nobody names comes first. */
const FIRST_AFTER_MS = 120_000;
const LOOK_EVERY_MS = 6 * 3_600_000;
const SHOW = 'Show Storage';

/** Keeps the store within the limit, when it is over it. Disposing stops what runs. */
export function startStorageLimit(world: StorageWorld): Disposable {
	const { budget } = world.stores;
	if (!budget) return toDisposable(() => undefined);
	const stop = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	const lookIn = (delayMs: number) => {
		timer = setTimeout(() => void look(), delayMs);
		timer.unref();
	};
	const look = async () => {
		try {
			if (!world.isBusy()) await enforceLimit(world, budget, stop.signal);
		} catch (error) {
			if (!stop.signal.aborted) world.onError('storage', error);
		}
		if (!stop.signal.aborted) lookIn(world.isBusy() ? FIRST_AFTER_MS : LOOK_EVERY_MS);
	};
	lookIn(FIRST_AFTER_MS);
	return toDisposable(() => {
		stop.abort();
		clearTimeout(timer);
	});
}

/** Does nothing within the limit. */
export async function enforceLimit(world: StorageWorld, budget: StoreBudget, signal: AbortSignal): Promise<void> {
	if ((await budget.sizeBytes(signal)) <= limitBytes()) return;
	const { use, keptIds } = await examine(world, budget, signal);
	const plan = planPurge(use, { limitBytes: limitBytes(), keptIds, nowMs: Date.now() });
	if (plan.contents.length === 0) return;
	const { removedBytes } = await remove(plan, world, budget, signal);
	if (removedBytes === 0) return;
	const whose = plan.sessions.length === 0 ? 'that no session needs' : 'of the oldest sessions';
	const text = `Retrace freed ${sizeText(removedBytes)} of stored file contents ${whose} to keep within ${sizeText(limitBytes())}. Messages and logs stay; pinned sessions keep everything.`;
	void vscode.window.showInformationMessage(text, SHOW).then(async (answer) => {
		if (answer === SHOW) await vscode.commands.executeCommand('retrace.showStorage');
	});
}
