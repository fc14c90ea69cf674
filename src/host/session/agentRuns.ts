/** Who runs the agents of an open session, and what the user does with one. One runner per open session, made when its first turn starts. */
import * as vscode from 'vscode';
import { UserError } from '../../base/errors.ts';
import type { TurnPorts } from '../../core/agent/turnTypes.ts';
import type { WorkspaceRoot } from '../../core/ports.ts';
import { type AgentDefinition, joinDefinitions } from '../../core/subagents/agentDefinition.ts';
import { createSubagents, type Subagents, settleSubagents } from '../../core/subagents/subagents.ts';
import type { AgentAction, AgentLane } from '../../protocol/agentLane.ts';
import type { OutsideWorld, Stores } from '../agentTypes.ts';
import { branchUri, documentName } from '../branch/branchUri.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import { findModel } from '../model/turnModel.ts';
import { setting } from '../settings.ts';
import type { OpenSession } from './openSession.ts';

export type AgentRunsWorld = {
	readonly stores?: Pick<Stores, 'agentLogs'>;
	readonly outside?: Pick<OutsideWorld, 'agentFiles'>;
	readonly choice: Pick<ModelChoice, 'models'>;
	readonly workspace: { readonly roots: readonly WorkspaceRoot[]; readonly isTrusted: boolean };
};

/** Undefined where no logs of agents can be kept. */
export function subagentsOf(open: OpenSession, world: AgentRunsWorld, ports: () => TurnPorts): Subagents | undefined {
	const logs = world.stores?.agentLogs;
	if (!logs) return undefined;
	if (open.agents.runner) return open.agents.runner;
	const runner = createSubagents({
		...{ session: open.session, logs, ports },
		definitions: () => agentDefinitions(world),
		findModel: (name) => findModel(name, world.choice.models),
		maxParallel: () => setting('agents.maxParallel'),
	});
	open.agents.follow(runner);
	return runner;
}

/** Before the session goes on: what a crash cut off is closed. */
export async function settleAgents(
	open: OpenSession,
	world: AgentRunsWorld & Pick<TurnPorts, 'clock' | 'ids'>,
): Promise<void> {
	const logs = world.stores?.agentLogs;
	if (logs) await settleSubagents(open.session, logs, world, open.agents.runner?.running);
}

/** Files are read anew each time, in a trusted workspace alone. */
async function agentDefinitions({ outside, workspace }: AgentRunsWorld): Promise<readonly AgentDefinition[]> {
	if (!workspace.isTrusted || !outside?.agentFiles) return joinDefinitions([]);
	return joinDefinitions((await outside.agentFiles(workspace.roots)).definitions);
}

/** `id` is the row of the call that started it. Resolves with a text for the input, when the user is to go on with it. */
export async function actOnAgent(open: OpenSession, id: string, action: AgentAction): Promise<string | undefined> {
	if (action === 'stop') {
		if (open.agents.runner?.stop(id)) return undefined;
		throw new UserError('agent-over', 'This agent is over already. Nothing was stopped.');
	}
	const lane = laneOf(open, id);
	const agentId = lane?.agentId;
	if (agentId === undefined)
		throw new UserError('agent-not-begun', 'This agent did not begin, so there is nothing of it.');
	switch (action) {
		case 'continue':
			return `Continue the agent ${agentId}: `;
		case 'open':
			await vscode.window.showTextDocument(
				branchUri({ kind: 'agent', sessionId: open.session.id, agentId }, documentName(agentId)),
				{ preview: true },
			);
			return undefined;
		case 'takeBack':
			await vscode.commands.executeCommand('retrace.takeBackAgentEdits', open.session.id, agentId);
			return undefined;
		default:
			return action satisfies never;
	}
}

function laneOf(open: OpenSession, id: string): AgentLane | undefined {
	const row = open.row(id);
	return row?.kind === 'tool' ? row.agent : undefined;
}
