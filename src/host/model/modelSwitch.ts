/** Changes the model of a session; asks first when the conversation is too large for the new one. */
import * as vscode from 'vscode';
import { measureNow } from '../../core/agent/appendCompaction.ts';
import { plainMessage } from '../plainLabel.ts';
import { compactSession } from '../session/compactFlow.ts';
import type { OpenSession } from '../session/openSession.ts';
import { portsFor, type TurnWorld } from '../session/turnRunner.ts';
import { setting } from '../settings.ts';
import { modelSwitchDialog } from './modelSwitchDialog.ts';

const COMPACT = 'Compact First';
const SWITCH = 'Switch Anyway';

/** Rejects with what compacting rejects with; the model is then as it was. */
export async function switchModel(open: OpenSession, model: string, world: TurnWorld): Promise<void> {
	try {
		if (!open.isRunning && (await stays(open, model, world))) return;
		open.session.setModel(model);
		open.contextChanged();
	} finally {
		// Also when nothing changed: the picker shows what the user chose until it is told otherwise.
		open.headChanged();
	}
}

/** True when the user, or what came of compacting, leaves the model as it is. */
async function stays(open: OpenSession, model: string, world: TurnWorld): Promise<boolean> {
	const { session } = open;
	const { choice } = world;
	const ports = portsFor(open, world);
	const [from, to] = [choice.infoFor(choice.modelFor(session.model)), choice.infoFor(model)];
	const dialog = modelSwitchDialog({
		from: from.displayName,
		to: to.displayName,
		now: measureNow(session, { ...ports, modelInfo: () => from }),
		after: measureNow(session, { ...ports, modelInfo: () => to }),
		hasReply: session.branch().some(({ type }) => type === 'assistant'),
		autoCompact: setting('context.autoCompact'),
	});
	if (!dialog) return false;
	const detail = plainMessage(dialog.detail);
	const options = { modal: true, detail };
	const answer = await vscode.window.showWarningMessage(plainMessage(dialog.message), options, COMPACT, SWITCH);
	if (answer === SWITCH) return false;
	return answer !== COMPACT || !(await compactSession(open, { scope: { kind: 'all' }, by: 'manual' }, world));
}
