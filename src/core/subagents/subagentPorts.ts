/**
 * What a subagent's turn stands on: the ports of the session it works for, with its own model and part of the system prompt, without the tools
 * it may not have, and with its name on what it asks the user. Its permissions are the session's; nothing here grants any.
 */

import { CancelledError } from '../../base/errors.ts';
import { asToolUseId } from '../../base/ids.ts';
import type { Interceptor } from '../agent/interceptors.ts';
import type { PoolWait } from '../agent/requestPool.ts';
import type { PermissionRules, TurnPorts } from '../agent/turnTypes.ts';
import type { ModelEvent, ModelInfo, StreamModel } from '../model/modelPort.ts';
import { DEFAULT_TUNING } from '../model/modelTuning.ts';
import type { Approver } from '../ports.ts';
import { isToolUseBlock } from '../session/content.ts';
import type { Session } from '../session/sessionTypes.ts';
import { type AgentDefinition, refusedTool } from './agentDefinition.ts';
import type { SubagentRequest } from './subagentPort.ts';
import type { WaitingLine } from './waitingLine.ts';

export type SubagentPortsOptions = {
	readonly id: string;
	readonly session: Session;
	readonly definition: AgentDefinition;
	readonly model: ModelInfo;
	readonly asks: ParentAsks;
	readonly writers: WaitingLine;
	readonly isFork: boolean;
	/** What else it starts with. */
	readonly sections?: readonly string[];
	/** Of the turn that it works for. */
	readonly rules?: SubagentRequest['rules'];
	/** Its request waits for its place; undefined = it goes after all. */
	readonly onWait?: (why: PoolWait | undefined) => void;
	/** Of the call that started it. */
	readonly whileWaiting?: SubagentRequest['whileWaiting'];
};

export function portsOfSubagent(parent: TurnPorts, options: SubagentPortsOptions): TurnPorts {
	const { id, definition, model, asks, writers, whileWaiting } = options;
	const { effort } = definition;
	const { rules } = options;
	const whileAsking = <T>(ask: () => Promise<T>): Promise<T> =>
		asks.whileAsking(() => (whileWaiting === undefined ? ask() : whileWaiting(ask)));
	const named: Approver = {
		askPermission: (request, signal) => parent.approver.askPermission({ ...request, agent: id }, signal),
		proposeEdit: (proposal, signal) => parent.approver.proposeEdit(proposal, signal),
	};
	// A summary of an agent's is not worth a question, and what steers the session is not an agent's to use.
	const { reviewSummary: _review, services, loadedTexts: _texts, turnLimits: _limits, ...rest } = parent;
	const { hooks, systemSections = [], agentModel, ...ports } = rest;
	return {
		...ports,
		model: ownCalls(agentModel?.((why) => options.onWait?.(why)) ?? parent.model, id, options.session),
		modelInfo: () => model,
		...(rules === undefined ? {} : { rules: () => joined(parent.rules(), rules) }),
		...(effort === undefined ? {} : { tuning: () => ({ ...(parent.tuning?.() ?? DEFAULT_TUNING), effort }) }),
		systemSections: options.isFork
			? systemSections
			: [...systemSections, definition.prompt, ...(options.sections ?? [])],
		...(services === undefined ? {} : { services: { sessionId: services.sessionId, ...worldOnly(services) } }),
		...(hooks === undefined ? {} : { hooks: { ...hooks, agent: { id, type: definition.name } } }),
		interceptors: [toolGuard(definition), ...(parent.interceptors ?? [])],
		async oneAtATime(work, signal) {
			let isIn = false;
			try {
				return await writers.run(() => {
					isIn = true;
					return work();
				}, signal);
			} catch (thrown) {
				// Stopped in line: it does nothing now, but says so in its own way.
				if (isIn || !signal.aborted) throw thrown;
				return await work();
			}
		},
		approver: {
			askPermission: (request, signal) => whileAsking(() => named.askPermission(request, signal)),
			proposeEdit: (proposal, signal) => whileAsking(() => named.proposeEdit(proposal, signal)),
		},
		lastingApprover: named,
	};
}

/** In the dispatcher, not in the list of tools: that one is the same for all, and read from the cache. */
function toolGuard(definition: AgentDefinition): Interceptor {
	return {
		name: 'agent',
		async before({ tool, effect }) {
			const text = refusedTool(definition, { name: tool, effect });
			return text === undefined ? undefined : { kind: 'refuse', text, summary: 'not for this agent' };
		},
	};
}

/** Whoever asks the user, or keeps the session's own plan, is not among them. */
function worldOnly(services: NonNullable<TurnPorts['services']>): Partial<NonNullable<TurnPorts['services']>> {
	const { subagents: _subagents, asking: _asking, modes: _modes, tasks: _tasks, ...rest } = services;
	return rest;
}

function joined(own: PermissionRules, { allow, deny }: NonNullable<SubagentRequest['rules']>): PermissionRules {
	return { ...own, allow: [...own.allow, ...allow], deny: [...own.deny, ...deny] };
}

export type ParentAsks = { whileAsking<T>(ask: () => Promise<T>): Promise<T> };

/** The session is shown as waiting for the user while one of its agents does. */
export function createParentAsks(session: Session): ParentAsks {
	let count = 0;
	return {
		async whileAsking(ask) {
			count++;
			session.setState('awaitingUser');
			try {
				return await ask();
			} finally {
				count--;
				if (count === 0 && session.state === 'awaitingUser') session.setState('runningTool');
			}
		},
	};
}

/**
 * Some servers number the calls of each conversation anew. What an agent's calls did stands in the log of the session by their ids, beside
 * what others did, so an id that is there already gets one of its own.
 */
function ownCalls(model: StreamModel, agentId: string, session: Session): StreamModel {
	const names = new Map<string, string>();
	const isTaken = (id: string): boolean =>
		session.entries.some(
			(entry) =>
				(entry.type === 'assistant' && isToolUseBlock(entry.block) && entry.block.id === id) ||
				(entry.type === 'toolStarted' && entry.toolUseId === id),
		);
	const own = (messageId: string, id: string): string => {
		const key = `${messageId} ${id}`;
		let name = names.get(key);
		if (name === undefined) {
			name = isTaken(id) ? `${id}_${agentId}` : id;
			names.set(key, name);
		}
		return name;
	};
	return {
		label: model.label,
		listModels: (signal) => model.listModels(signal),
		countTokens: (request, signal) => model.countTokens(request, signal),
		async stream(request, onEvent, signal) {
			// It may have been told to end when it was about to ask.
			if (signal.aborted) throw new CancelledError();
			let messageId = '';
			const renamed = (event: ModelEvent): ModelEvent => {
				if (event.kind === 'started') messageId = event.messageId;
				if (event.kind === 'blockStarted' && event.toolUseId !== undefined)
					return { ...event, toolUseId: own(messageId, event.toolUseId) };
				if (event.kind !== 'blockEnded' || !isToolUseBlock(event.block)) return event;
				return { ...event, block: { ...event.block, id: asToolUseId(own(messageId, event.block.id)) } };
			};
			return await model.stream(request, (event) => onEvent(renamed(event)), signal);
		},
	};
}
