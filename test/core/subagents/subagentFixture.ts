/** A session whose agents really run, with a model that is told apart by the prompt of each conversation. For the tests of this folder. */

import type { PoolWait } from '../../../src/core/agent/requestPool.ts';
import { runTurn } from '../../../src/core/agent/runTurn.ts';
import type { TurnPorts } from '../../../src/core/agent/turnTypes.ts';
import type { ModelRequest, StreamModel } from '../../../src/core/model/modelPort.ts';
import { type AgentLogs, readAgentLog } from '../../../src/core/session/agentLog.ts';
import type { AgentDefinition } from '../../../src/core/subagents/agentDefinition.ts';
import { joinDefinitions } from '../../../src/core/subagents/agentDefinition.ts';
import { createSubagents, type Subagents } from '../../../src/core/subagents/subagents.ts';
import { createMemoryAgentLogs } from '../../../src/node/store/memoryAgentLogs.ts';
import { call, createScriptedModel, type ScriptedModel, type ScriptedStep } from '../../fakes/scriptedModel.ts';
import { createFixture, type FixtureOptions } from '../agent/turnFixture.ts';

type Steps = Parameters<typeof createScriptedModel>[0];

/** What the session's own agent is told, and what each agent, by a word of its prompt. */
export type Scripts = { readonly main: Steps; readonly agents?: Readonly<Record<string, Steps>> };

export async function createAgentsFixture(
	scripts: Scripts,
	options: Omit<FixtureOptions, 'model'> & {
		readonly definitions?: readonly AgentDefinition[];
		readonly maxParallel?: number;
		/** Around the model that its agents ask. */
		readonly agentModel?: (model: StreamModel, onWait: (why: PoolWait | undefined) => void) => StreamModel;
		/** Around the logs of its agents. */
		readonly watchLogs?: (logs: AgentLogs) => AgentLogs;
	} = {},
) {
	const models = new Map<string, ScriptedModel>([['main', createScriptedModel(scripts.main)]]);
	for (const [word, steps] of Object.entries(scripts.agents ?? {})) models.set(word, createScriptedModel(steps));
	const model: StreamModel = {
		label: 'scripted',
		stream(request, onEvent, signal) {
			const name = whoAsks(request, [...models.keys()]);
			const own = models.get(name);
			if (!own) throw new Error('Nobody is told what to say');
			return own.stream(
				request,
				(event) => onEvent(event.kind === 'started' ? { ...event, messageId: `${name}_${event.messageId}` } : event),
				signal,
			);
		},
		listModels: async () => [],
		countTokens: async () => undefined,
	};
	const fixture = await createFixture({ mode: 'acceptEdits', ...options, model });
	const logs = (options.watchLogs ?? ((inner) => inner))(createMemoryAgentLogs());
	const subagents: Subagents = createSubagents({
		session: fixture.session,
		logs,
		ports: (): TurnPorts => ports,
		definitions: async () => joinDefinitions(options.definitions ?? []),
		findModel: () => undefined,
		maxParallel: () => options.maxParallel ?? 3,
	});
	const { agentModel } = options;
	const ports: TurnPorts = {
		...fixture.ports,
		services: { sessionId: fixture.session.id, subagents },
		...(agentModel === undefined ? {} : { agentModel: (onWait) => agentModel(model, onWait) }),
	};
	return {
		...fixture,
		ports,
		logs,
		subagents,
		requests: (name = 'main'): readonly ModelRequest[] => models.get(name)?.requests ?? [],
		async run(prompt: string, signal: AbortSignal = fixture.abort.signal) {
			await runTurn(fixture.session, { text: prompt, attachments: [] }, ports, () => undefined, signal);
		},
		conversation: (id: string) => readAgentLog(logs, fixture.session.id, id),
		/** Results of the session's own calls, as text. */
		results: () =>
			fixture.session
				.branch()
				.flatMap((entry) =>
					entry.type === 'toolResult'
						? [entry.content.map((block) => ('text' in block ? String(block.text) : '')).join('')]
						: [],
				),
	};
}

/** By the newest text of a prompt that has one of the words. */
function whoAsks(request: ModelRequest, names: readonly string[]): string {
	for (const message of request.messages.toReversed()) {
		if (message.role !== 'user') continue;
		for (const block of message.content.toReversed()) {
			if (block.type !== 'text' || !('text' in block)) continue;
			const found = names.find((name) => name !== 'main' && String(block.text).includes(`<${name}>`));
			if (found) return found;
		}
	}
	return 'main';
}

/** A call of Agent whose prompt has this word. */
export const agentCall = (word: string, more: Readonly<Record<string, unknown>> = {}, id = `toolu_agent_${word}`) =>
	call('Agent', { description: `Task ${word}`, prompt: `Do <${word}>`, ...more }, id);

export const hanging = (onHang: () => void): ScriptedStep => ({ cutText: 'So far', onHang });
