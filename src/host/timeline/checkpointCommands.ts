/**
 * The commands of the time line that write: make a checkpoint, restore the files of a point, rewind to a prompt. Files are restored only
 * after a preview, and each restore can be undone.
 */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import { asSessionId } from '../../base/ids.ts';
import { applyRestore, type RestoreReport, settleIntents } from '../../core/checkpoint/restore.ts';
import { planAgentUndo, planRestore, planTurnUndo, type RestorePlan } from '../../core/checkpoint/restorePlan.ts';
import { plainName } from '../../core/session/titles.ts';
import { plainLabel } from '../plainLabel.ts';
import { chooseRestore } from '../rewind/restorePreview.ts';
import { assertNoCommands } from '../session/backgroundRuns.ts';
import type { OpenSession } from '../session/openSession.ts';
import type { Command } from '../window/commands.ts';
import { type FoundPoint, pointOf, type TimelineCommandWorld } from './timelineCommands.ts';

/** By name without `retrace.`. */
export function createCheckpointCommands(world: TimelineCommandWorld): Readonly<Record<string, Command>> {
	return {
		createCheckpoint: async (name) => {
			const open = world.shown();
			if (open.session.leaf === null)
				throw new UserError(
					'no-message',
					'This session has no message yet. Send a prompt first, then make a checkpoint.',
				);
			await create(open, open.session.newestEpoch, typeof name === 'string' ? name : undefined, world);
		},
		createCheckpointHere: async (target) => {
			const found = await pointOf(target, world, 'Create Checkpoint Here');
			if (found) await create(found.open, found.point.epoch, undefined, world);
		},
		restorePoint: async (target) => {
			const found = await pointOf(target, world, 'Restore Files to Here');
			if (found) await restoreTo(found, world);
		},
		undoTurn: async (target) => {
			const found = await pointOf(
				target,
				world,
				'Undo This Turn’s Changes',
				({ kind, epoch, before }) => kind === 'prompt' && epoch > before,
			);
			if (found) await undoTurn(found, world);
		},
		takeBackAgentEdits: async (sessionId, agent) => {
			const open = typeof sessionId === 'string' ? await world.sessions.open(asSessionId(sessionId)) : world.shown();
			const chosen = typeof agent === 'string' ? agent : await pickAgent(open);
			if (chosen !== undefined) await undoAgent(open, chosen, world);
		},
		rewindToPoint: async (target) => {
			const found = await pointOf(target, world, 'Rewind to Before This Prompt', ({ kind }) => kind === 'prompt');
			if (found) await world.rewindTo(found.timeline.session.id, found.point.id);
		},
	};
}

const MAX_NAME_CHARS = 100;

async function create(
	{ session }: OpenSession,
	epoch: number,
	given: string | undefined,
	world: TimelineCommandWorld,
): Promise<void> {
	const answer =
		given ??
		(await vscode.window.showInputBox({
			title: 'Create Checkpoint',
			prompt: 'A name for this moment. Its files can be looked at and restored from the time line.',
			placeHolder: 'For example: tests pass',
			validateInput: (text) => (plainName(text) === '' ? 'Type a name.' : undefined),
		}));
	const label = plainName(answer ?? '').slice(0, MAX_NAME_CHARS);
	if (label === '') return;
	session.append<'checkpoint'>({ type: 'checkpoint', epoch, label, by: 'user' });
	await session.sync();
	await world.reload();
}

async function restoreTo({ open, point }: FoundPoint, world: TimelineCommandWorld): Promise<void> {
	const title = `Restore Files to “${point.label}”`;
	const makePlan = (signal: AbortSignal) =>
		planRestore(
			{ session: open.session, workspace: world.workspace, blobs: world.blobs, toEpoch: point.epoch },
			signal,
		);
	const report = await restoreWithPreview(open, world, title, makePlan);
	if (report) tell(report, world);
}

async function undoTurn({ open, timeline, point }: FoundPoint, world: TimelineCommandWorld): Promise<void> {
	const { prompt } = point;
	if (prompt === undefined)
		throw new UserError('no-turn', 'This point belongs to no turn, so there is nothing to take back. Choose a prompt.');
	const title = `Undo What “${timeline.byId.get(prompt)?.label ?? point.label}” Changed`;
	const { session } = open;
	const report = await restoreWithPreview(open, world, title, (signal) =>
		planTurnUndo({ session, workspace: world.workspace, blobs: world.blobs, prompt }, signal),
	);
	if (report) tell(report, world);
}

/** Of those that changed files. Undefined when the user chose none. */
async function pickAgent({ session }: OpenSession): Promise<string | undefined> {
	const operations = await session.history(['fileOperation']);
	const ids = [...new Set(operations.map(({ agentId }) => agentId))].filter((id) => id !== 'main');
	if (ids.length === 0)
		throw new UserError('no-agent', 'No agent of this session changed a file, so there is nothing to take back.');
	const starts = await session.history(['subagent']);
	const items = ids.toReversed().map((id) => ({
		label: plainLabel(id),
		description: plainLabel(starts.findLast((one) => one.subagentId === id && one.description)?.description ?? ''),
		id,
	}));
	const picked = await vscode.window.showQuickPick(items, { title: 'Take Back an Agent’s Edits' });
	return picked?.id;
}

/** Takes back what one agent changed, and nothing else. */
async function undoAgent(open: OpenSession, agent: string, world: TimelineCommandWorld): Promise<void> {
	const { session } = open;
	const report = await restoreWithPreview(open, world, `Take Back What ${plainName(agent)} Changed`, (signal) =>
		planAgentUndo({ session, workspace: world.workspace, blobs: world.blobs, agent }, signal),
	);
	if (report) tell(report, world);
}

/** Undefined when the user went back. Rejects with UserError, having changed nothing, when files cannot be restored now. */
async function restoreWithPreview(
	open: OpenSession,
	world: TimelineCommandWorld,
	title: string,
	makePlan: (signal: AbortSignal) => Promise<RestorePlan>,
): Promise<RestoreReport | undefined> {
	const { signal } = new AbortController();
	const planNow = async () => {
		assertCanRestore(open, world);
		await settleIntents({ session: open.session, ...world });
		return await makePlan(signal);
	};
	const plan = await open.alone(planNow);
	if (!plan.files.some(({ action }) => action !== 'none'))
		throw new UserError('nothing-to-restore', 'The files are as they would be afterwards. Nothing was changed.');
	const choice = await chooseRestore(plan, title);
	if (!choice) return undefined;
	return await open.alone(async () => {
		// A turn may have started while the user looked. A file that changed meanwhile is found by its hash.
		assertCanRestore(open, world);
		return await applyRestore({ session: open.session, ...world, plan, ...choice }, signal);
	});
}

function assertCanRestore(open: OpenSession, world: TimelineCommandWorld): void {
	const reason = open.session.readOnlyReason ?? world.codeReason();
	if (reason !== null && reason !== undefined) throw new UserError('cannot-restore', `${reason} Nothing was changed.`);
	assertNoCommands(open.session);
	if (!open.isRunning) return;
	throw new UserError(
		'turn-running',
		'A turn is running in this session, so its files stay as they are. Nothing was changed. Stop the turn, then try again.',
	);
}

/** The transcript says what was restored; what was not needs more words. */
function tell(report: RestoreReport, world: Pick<TimelineCommandWorld, 'say'>): void {
	const problems = [...report.skipped, ...report.failed];
	if (problems.length === 0) return;
	const names = problems.map(({ file, reason }) => `${file.rel}: ${reason}`);
	world.say(`Not every file was restored: ${names.join('; ')}`, 'warning');
}
