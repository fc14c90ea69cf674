/**
 * Runs the agents that work for one session: each on a log and a context of its own, at most so many at once, the rest waiting in line. Each
 * call gets exactly one result, however its agent ended. Shows nothing; who wants to show it is told.
 */
import { Emitter, type Event } from '../../base/emitter.ts';
import { CancelledError, SessionClosedError, UserError } from '../../base/errors.ts';
import type { ToolUseId } from '../../base/ids.ts';
import { runTurn } from '../agent/runTurn.ts';
import { tellOnce } from '../agent/tellOnce.ts';
import type { TurnEvent, TurnPorts } from '../agent/turnTypes.ts';
import type { ModelInfo } from '../model/modelPort.ts';
import { effortNamed } from '../model/modelTuning.ts';
import { type AgentLogs, openAgentLog } from '../session/agentLog.ts';
import { closeOpenCalls } from '../session/closeOpenCalls.ts';
import type { EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { SubagentEnd } from '../session/subagentFields.ts';
import { failure } from '../tools/paths.ts';
import type { ToolOutcome } from '../tools/tool.ts';
import { type AgentDefinition, tighterMode } from './agentDefinition.ts';
import { agentNotes } from './agentNotes.ts';
import { skillsFor } from './agentSkills.ts';
import type { SubagentRequest, SubagentRunner } from './subagentPort.ts';
import { createParentAsks, portsOfSubagent } from './subagentPorts.ts';
import { lastWords, reportOutcome, runAmounts } from './subagentReport.ts';
import { createSubagentSession } from './subagentSession.ts';
import { type SubagentStart, startOf } from './subagentStart.ts';
import { createWaitingLine } from './waitingLine.ts';

export type SubagentWorld = {
	/** The one that they work for. */
	readonly session: Session;
	readonly logs: AgentLogs;
	/** As the session's own turn has them. */
	ports(): TurnPorts;
	/** All kinds there are. */
	definitions(): Promise<readonly AgentDefinition[]>;
	/** By id or family (`opus`); undefined = no such model. */
	findModel(name: string): ModelInfo | undefined;
	maxParallel(): number;
};

export type RunningSubagent = {
	readonly id: string;
	readonly toolUseId: ToolUseId;
	readonly session: Session;
};

export type SubagentChange =
	| { readonly kind: 'began'; readonly agent: RunningSubagent }
	| { readonly kind: 'ended'; readonly agent: RunningSubagent }
	| { readonly kind: 'event'; readonly agent: RunningSubagent; readonly event: TurnEvent };

export type Subagents = SubagentRunner & {
	readonly running: readonly RunningSubagent[];
	/** Stops the one that this call started, or that waits; the others go on. False when there is none. */
	stop(toolUseId: string): boolean;
	readonly onDidChange: Event<SubagentChange>;
};

export function createSubagents(world: SubagentWorld): Subagents {
	const { session } = world;
	const line = createWaitingLine(world.maxParallel);
	/** What changes files goes one by one in a session, whoever does it: so each change has one author. */
	const writers = createWaitingLine(() => 1);
	const asks = createParentAsks(session);
	const changed = new Emitter<SubagentChange>(() => undefined);
	const running = new Map<string, RunningSubagent>();
	const stops = new Map<string, AbortController>();
	/** Ids that are given to agents which have no log yet. */
	const taken = new Set<string>();
	/** Ids whose log is being written, from before it is opened until it is closed: a log has one writer. */
	const busy = new Set<string>();

	const run = async (request: SubagentRequest, signal: AbortSignal): Promise<ToolOutcome> => {
		const own = new AbortController();
		const both = AbortSignal.any([signal, own.signal]);
		stops.set(request.toolUseId, own);
		try {
			return await line.run(() => begin(request, own, signal, both), both);
		} catch (thrown) {
			// The session's own stop is told by whoever runs its calls.
			if (!(thrown instanceof CancelledError) || signal.aborted) throw thrown;
			return failure('The user stopped this agent before it began. Do not start it again unless they ask.', 'stopped');
		} finally {
			stops.delete(request.toolUseId);
		}
	};

	const begin = async (
		request: SubagentRequest,
		own: AbortController,
		parentSignal: AbortSignal,
		signal: AbortSignal,
	): Promise<ToolOutcome> => {
		const ports = world.ports();
		const definitions = await world.definitions();
		const history = await session.history(['subagent'], signal);
		const found = startOf(request, session, history, definitions);
		if (found.kind === 'refused') return found.outcome;
		const start = { ...found, definition: asWished(found.definition, request) };
		const id = start.id ?? (await freeId(start.definition.name));
		signal.throwIfAborted();
		// No wait between these two, since another call may want to go on with the same one.
		if (busy.has(id)) return failure(`The agent ${id} still works. Wait for its report.`, 'still at work');
		busy.add(id);
		try {
			return await runOne(request, { ...start, id }, ports, own, parentSignal, signal);
		} finally {
			busy.delete(id);
		}
	};

	/** The kind and a number, so that a person and a model can tell them apart and write them down. */
	const freeId = async (name: string): Promise<string> => {
		const logged = new Set(await world.logs.list(session.id));
		const named = new Set((await session.history(['subagent'])).map(({ subagentId }) => subagentId));
		for (let count = 1; ; count++) {
			const id = `${name}-${count}`;
			if (logged.has(id) || named.has(id) || taken.has(id)) continue;
			// At once, since another one may be looking too.
			taken.add(id);
			return id;
		}
	};

	const runOne = async (
		request: SubagentRequest,
		start: SubagentStart & { readonly id: string },
		ports: TurnPorts,
		own: AbortController,
		parentSignal: AbortSignal,
		signal: AbortSignal,
	): Promise<ToolOutcome> => {
		const { id, definition } = start;
		const startedAt = ports.clock.now();
		const { model, isFound } = modelOf(start, ports.modelInfo());
		const skills = await skillsFor(definition, ports.services);
		tellOnce(session, agentNotes(definition, model, isFound, skills.missing), 'agent-file');
		const mode = () => tighterMode(session.mode, definition.mode);
		const log = await openAgentLog({
			...{ logs: world.logs, sessionId: session.id, agentId: id, parent: session.lease },
			...{
				clock: ports.clock,
				ids: ports.ids,
				place: () => ({ cwd: agent?.session.cwd ?? session.cwd, mode: mode() }),
			},
		});
		let agent: RunningSubagent | undefined;
		try {
			if (start.isResumed && log.leaf === null)
				return failure(`The conversation of ${id} was not kept, so it cannot go on. Start a new agent.`, 'not kept');
			const ledger = await session.history(['permission', 'toolStarted'], signal);
			const sub = createSubagentSession({
				...{ parent: session, log, name: definition.name, model: model.id, mode, base: start.base },
				ledger: ledger.filter((entry) => entry.type === 'permission' || entry.agentId === id),
				...(start.prefix === undefined ? {} : { prefix: start.prefix }),
				nextId: () => ports.ids.next(),
				now: () => ports.clock.now(),
			});
			agent = { id, toolUseId: request.toolUseId, session: sub };
			// Kept before anything is sent: an agent that a crash cuts off is known by it.
			session.append({
				...{ type: 'subagent', subagentId: id, name: definition.name, prompt: request.prompt },
				...{ toolUseId: request.toolUseId, description: request.description, model: model.id },
				windowTokens: model.windowTokens,
				...(start.knows === undefined ? {} : { knows: start.knows }),
				...(start.prefix === undefined ? {} : { prefix: start.prefix }),
			});
			await session.sync();
			closeOpenCalls(sub);
			const end = await work(agent, request, { ...start, sections: skills.texts }, model, ports, own, signal);
			const durationMs = Math.max(0, ports.clock.now() - startedAt);
			const whole: SubagentEnd = {
				reason: parentSignal.reason instanceof SessionClosedError ? 'interrupted' : end.reason,
				...runAmounts(sub.entries),
				durationMs,
			};
			// Done by its turn as a rule, which tells nobody that it failed: what the next entry speaks of is on disk before it.
			await log.sync();
			session.append({ ...{ type: 'subagent', subagentId: id, name: definition.name, prompt: '' }, end: whole });
			const words = lastWords(sub.branch());
			return reportOutcome({ id, words, ...(end.message === undefined ? {} : { message: end.message }) }, whole);
		} finally {
			running.delete(id);
			if (agent) changed.fire({ kind: 'ended', agent });
			await agent?.session.close();
			if (!agent) await log.close();
		}
	};

	const work = async (
		agent: RunningSubagent,
		request: SubagentRequest,
		start: SubagentStart & { readonly sections: readonly string[] },
		model: ModelInfo,
		parent: TurnPorts,
		own: AbortController,
		signal: AbortSignal,
	): Promise<{ readonly reason: SubagentEnd['reason']; readonly message?: string }> => {
		const { definition } = start;
		running.set(agent.id, agent);
		changed.fire({ kind: 'began', agent });
		let isOutOfSteps = false;
		let usedUp: string | undefined;
		let steps = 0;
		const counting = agent.session.onDidAppend((entry) => {
			if (entry.type === 'assistantEnded') steps++;
		});
		const onEvent = (event: TurnEvent) => {
			if (event.kind === 'requestStarted' && definition.maxSteps !== undefined && steps >= definition.maxSteps) {
				isOutOfSteps = true;
				own.abort();
			}
			if (event.kind === 'requestStarted' && usedUp === undefined) {
				usedUp = request.usedUp?.(costOfRunning());
				if (usedUp !== undefined) own.abort();
			}
			changed.fire({ kind: 'event', agent, event });
		};
		const ports = portsOfSubagent(parent, {
			...{ id: agent.id, session, definition, model, asks, writers },
			...{ isFork: definition.isFork ?? false, sections: start.sections },
			onWait: (why) =>
				changed.fire({ kind: 'event', agent, event: why ? { kind: 'waiting', why } : { kind: 'requestStarted' } }),
			...(request.whileWaiting === undefined ? {} : { whileWaiting: request.whileWaiting }),
			...(request.rules === undefined ? {} : { rules: request.rules }),
		});
		// What a fork is comes with its prompt: what stands before it is the session's own, byte by byte.
		const text = definition.isFork && !start.isResumed ? `${definition.prompt}\n\n${request.prompt}` : request.prompt;
		await runTurn(agent.session, { text, attachments: [] }, ports, onEvent, signal);
		counting.dispose();
		const ended = agent.session.branch().findLast((entry) => entry.type === 'turnEnded');
		if (session.readOnlyReason !== undefined) throw new UserError('session-read-only', session.readOnlyReason);
		if (usedUp !== undefined && ended?.reason !== 'endTurn')
			return { reason: 'limit', message: `the turn has come to ${usedUp}, which is the user’s limit` };
		if (isOutOfSteps || ended?.reason === 'stepLimit') return { reason: 'limit' };
		if (signal.aborted || ended?.reason === 'stopped') return { reason: 'stopped' };
		if (ended?.reason === 'endTurn') return { reason: 'done' };
		return { reason: 'failed', ...(ended?.message === undefined ? {} : { message: ended.message }) };
	};

	/** What is not in the session’s log until they are over. */
	const costOfRunning = (): number =>
		[...running.values()].reduce((sum, one) => sum + (runAmounts(one.session.entries).costUsd ?? 0), 0);

	/** One that goes on keeps its model, and so its cache. */
	const modelOf = ({ definition, prefix }: SubagentStart, parent: ModelInfo) => {
		const wanted = prefix?.model ?? definition.model;
		if (wanted === undefined || wanted === parent.id) return { model: parent, isFound: true };
		const found = world.findModel(wanted);
		return {
			model: found ?? (prefix ? { ...parent, id: prefix.model } : parent),
			isFound: found !== undefined || prefix !== undefined,
		};
	};

	const asWished = (definition: AgentDefinition, { model, effort }: SubagentRequest): AgentDefinition => {
		const level = effortNamed(effort);
		return { ...definition, ...(model === undefined ? {} : { model }), ...(level === null ? {} : { effort: level }) };
	};

	return {
		run,
		get running() {
			return [...running.values()];
		},
		stop(toolUseId) {
			const controller = stops.get(toolUseId);
			controller?.abort(new CancelledError());
			return controller !== undefined;
		},
		onDidChange: changed.event,
	};
}

/**
 * Closes the runs that a crash cut off, before the session goes on: the calls in their logs get their results, and what they cost counts.
 * Does nothing for those in `running`, nor for a session that can only be read.
 */
export async function settleSubagents(
	session: Session,
	logs: AgentLogs,
	ports: Pick<TurnPorts, 'clock' | 'ids'>,
	running: readonly RunningSubagent[] = [],
): Promise<void> {
	if (session.readOnlyReason !== undefined) return;
	const open = new Map<string, EntryOf<'subagent'>>();
	for (const entry of session.entries) {
		if (entry.type !== 'subagent') continue;
		if (entry.end) open.delete(entry.subagentId);
		else if (entry.toolUseId !== undefined) open.set(entry.subagentId, entry);
	}
	const started = open.size === 0 ? [] : await session.history(['toolStarted']);
	for (const { subagentId, name, timestamp, model = session.model } of open.values()) {
		if (running.some(({ id }) => id === subagentId)) continue;
		const log = await openAgentLog({
			...{ logs, sessionId: session.id, agentId: subagentId, parent: session.lease },
			...{ clock: ports.clock, ids: ports.ids, place: () => ({ cwd: session.cwd, mode: session.mode }) },
		});
		const sub = createSubagentSession({
			...{ parent: session, log, name, model, mode: () => session.mode, base: [] },
			ledger: started.filter(({ agentId }) => agentId === subagentId),
			nextId: () => ports.ids.next(),
			now: () => ports.clock.now(),
		});
		try {
			if (log.leaf !== null) {
				closeOpenCalls(sub);
				// What the session's entry speaks of is on disk before it.
				await log.sync();
			}
			const last = log.entries.at(-1)?.timestamp ?? timestamp;
			const amounts = runAmounts(log.entries);
			const end: SubagentEnd = { reason: 'interrupted', ...amounts, durationMs: Math.max(0, last - timestamp) };
			session.append({ type: 'subagent', subagentId, name, prompt: '', end });
			await session.sync();
		} finally {
			await sub.close();
		}
	}
}
