/**
 * One tool call from the model's block to its result: find, parse, permission, run. Whatever goes wrong in a call is a result for
 * the model; only a log that cannot be written is thrown. Appends `permission` and `toolStarted`, not the result.
 */
import { codeOf, isCancelled, messageOf, SessionClosedError, UserError } from '../../base/errors.ts';
import { utf8Encode } from '../../base/text.ts';
import { type Effects, isLogFailure, withRecordedEffects } from '../checkpoint/recordChanges.ts';
import { createToolFiles } from '../edit/toolFiles.ts';
import { USUAL_EFFORT } from '../model/modelTuning.ts';
import type { SessionRules } from '../permission/sessionRules.ts';
import type { Approver } from '../ports.ts';
import type { CommandGrant } from '../session/commandFields.ts';
import { INVALID_JSON_KEY, type ToolUseBlock } from '../session/content.ts';
import type { EntryDraft } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import { inputProblems, knownFields, unknownFields } from '../tools/mendInput.ts';
import { failure } from '../tools/paths.ts';
import { findableTools, findTool } from '../tools/registry.ts';
import type { Tool, ToolContext, ToolFiles, ToolOutcome } from '../tools/tool.ts';
import { askInCall } from './askInCall.ts';
import { askPermission, collisionOf, noteSeen } from './askPermission.ts';
import { openSites } from './askSite.ts';
import { framesOf } from './framesOf.ts';
import { hookInterceptor } from './hookInterceptor.ts';
import { type InterceptedCall, intercepted, withNotes } from './interceptors.ts';
import { maskOutcome } from './maskSecrets.ts';
import { recall } from './recall.ts';
import { isReadOnlyTool, resolveCall } from './resolveCall.ts';
import { storeBlocks } from './storeBlocks.ts';
import type { TurnEvent, TurnPorts } from './turnTypes.ts';
import { useGrant } from './useGrant.ts';

/** What the calls of one turn share. */
export type TurnContext = {
	readonly session: Session;
	readonly ports: TurnPorts;
	readonly onEvent: (event: TurnEvent) => void;
	readonly signal: AbortSignal;
	/** Added by *Always allow*, in this turn or before. */
	readonly sessionRules: SessionRules;
	/** Rules that hold until the turn ends, e.g. of a command or a skill. Grows. */
	readonly turnRules: string[];
	/** Likewise for what may not be used. */
	readonly turnDenied?: string[];
	/** Whether the limits of the turn are reached, with what is not in the log yet; set once they are known. */
	readonly budget?: { usedUp?: (besideUsd: number) => string | undefined };
	/** How many calls wait for the user now, and how long that was until now. */
	readonly waits: { count: number; totalMs: number; since?: number };
	/** Set when a hook said that the turn must end; why, in its words. */
	readonly halt: { reason?: string };
};

const STOPPED_TEXT = 'before it ran.';
const STOPPED_RUNNING_TEXT = 'while it ran; it may have taken effect in part.';
/** Files are written whole, after the last moment at which a stop is heard. */
const STOPPED_EDIT_TEXT = 'before the file was changed.';

/** Resolves with the result to append, also after a stop. Rejects only when the log cannot be written. */
export async function runToolCall(call: ToolUseBlock, turn: TurnContext): Promise<EntryDraft<'toolResult'>> {
	const { ports, signal } = turn;
	const startedAt = ports.clock.now();
	const waiting = createWaitingApprover(turn);
	const outcome = maskOutcome(await outcomeOf(call, turn, waiting));
	const durationMs = Math.max(0, ports.clock.now() - startedAt - waiting.waitedMs());
	ports.trace({
		event: 'tool',
		sessionId: turn.session.id,
		durationMs,
		...(outcome.isError ? { code: signal.aborted ? 'stopped' : 'toolError' } : {}),
		detail: { tool: findTool(call.name) ? call.name : 'unknown' },
	});
	return await toolResult(call, outcome, durationMs, turn);
}

async function outcomeOf(call: ToolUseBlock, turn: TurnContext, waiting: Waiting): Promise<ToolOutcome> {
	const resolved = resolveCall(call, turn.ports.lateTools);
	if (resolved.kind === 'unknown') return resolved.outcome;
	const { tool, input } = resolved;
	const parsed = parsedInput(tool, input);
	if ('problem' in parsed)
		return failure(
			'summary' in parsed
				? parsed.problem
				: `The input of ${tool.name} is not valid, so nothing was run:\n${parsed.problem}\nCall it again with a corrected input.`,
			'summary' in parsed ? parsed.summary : 'invalid input',
		);
	const ignored = unknownFields(tool, input);
	// A folder or an input for a command that nobody looks at would let it do something else than was meant.
	if (tool.effect === 'execute' && ignored.some((field) => !SAYS_NOTHING.test(field)))
		return failure(
			`${tool.name} does not know ${ignored.join(', ')}, so nothing was run. ${knownFields(tool)} A folder, variables or input belong into the command itself.`,
			'invalid input',
		);
	const outcome = await outcomeOfInput(call, tool, parsed.input, turn, waiting);
	if (ignored.length === 0) return outcome;
	return withNotes(outcome, [
		`(${tool.name} does not know ${ignored.join(', ')}, so it was left out. ${knownFields(tool)})`,
	]);
}

/** Fields that only explain a call. */
const SAYS_NOTHING = /^(?:desc|expl|reason|thought|title|summary|purpose|restart|is_?safe|dangerously|requires?_)/i;

async function outcomeOfInput(
	call: ToolUseBlock,
	tool: Tool,
	input: unknown,
	turn: TurnContext,
	waiting: Waiting,
): Promise<ToolOutcome> {
	if (!turn.ports.workspace.isTrusted)
		return failure(
			'The workspace is not trusted, so nothing is run in it. The user can trust it first.',
			'not trusted',
		);
	const { session, ports } = turn;
	const hooks = hookInterceptor(tool.name, turn);
	const interceptors = [...(ports.interceptors ?? []), ...(hooks ? [hooks] : [])];
	const plain = { input, isInputChanged: false, wish: undefined };
	if (interceptors.length === 0) return await runRecorded(call, tool, plain, false, turn, waiting);
	const { name, effect } = tool;
	const { id: sessionId, cwd, mode } = session;
	try {
		return await intercepted(
			{
				interceptors,
				call: { toolUseId: call.id, tool: name, effect, input, sessionId, cwd, mode },
				parse: (changed) => parsedInput(tool, changed),
				// Hooks are the last of them, so nothing of ours is between what they did and the call.
				run: (allowed) => runRecorded(call, tool, allowed, hooks?.before !== undefined, turn, waiting),
				onFailed: (interceptor, thrown) =>
					ports.trace({
						event: 'interceptorFailed',
						sessionId,
						code: codeOf(thrown),
						detail: { interceptor, stack: framesOf(thrown) },
					}),
			},
			turn.signal,
		);
	} catch (thrown) {
		return thrownOutcome(thrown, tool, turn, false);
	}
}

type ParsedInput = { readonly input: unknown } | { readonly problem: string; readonly summary?: string };

function parsedInput(tool: Tool, input: unknown): ParsedInput {
	const parsed = tool.input.safeParse(input);
	if (parsed.success) return { input: parsed.data };
	if (typeof input === 'object' && input !== null && INVALID_JSON_KEY in input)
		return {
			problem: `The input of ${tool.name} was not valid JSON, so nothing was run. Call it again.`,
			summary: 'invalid JSON',
		};
	return { problem: inputProblems(tool, input, parsed.error) };
}

/** With what it changes in files by itself, where it can. */
async function runRecorded(
	call: ToolUseBlock,
	tool: Tool,
	allowed: InterceptedCall,
	isBehindHooks: boolean,
	turn: TurnContext,
	waiting: Waiting,
): Promise<ToolOutcome> {
	const { session, ports } = turn;
	// What a command in the background changed until now is not this call's.
	if (!isReadOnlyTool(tool)) await ports.services?.background?.record();
	if (tool.effect !== 'execute') return await runAllowed(call, tool, allowed, NO_EFFECTS, turn, waiting);
	let effects = NO_EFFECTS;
	try {
		const { scanner, clock, trace } = ports;
		const world = { session, scanner, clock, trace, toolUseId: call.id, mayGoOn: isBehindHooks };
		return await withRecordedEffects(world, (begun) => {
			effects = begun;
			return runAllowed(call, tool, allowed, begun, turn, waiting);
		});
	} finally {
		waiting.add(effects.waitedMs());
	}
}

/** Of a tool that changes files through the recorded ones only, or none. */
const NO_EFFECTS: Effects = { limits: () => undefined, start: async () => undefined, waitedMs: () => 0 };

/** Asks, and runs the tool if it may. */
async function runAllowed(
	call: ToolUseBlock,
	tool: Tool,
	{ input, isInputChanged, wish }: InterceptedCall,
	effects: Effects,
	turn: TurnContext,
	{ approver, whileWaiting }: Waiting,
): Promise<ToolOutcome> {
	let isStarted = false;
	let isRuled = false;
	try {
		turn.signal.throwIfAborted();
		const files = createToolFiles({
			session: turn.session,
			workspace: turn.ports.workspace,
			blobs: turn.ports.blobs,
			approver,
			toolUseId: call.id,
			collision: (file) => collisionOf(file, turn),
			isRuled: () => isRuled,
			signal: turn.signal,
		});
		const onRuled = () => {
			isRuled = true;
		};
		const refusal = await askPermission({ call, tool, input, files, approver, effects, wish, onRuled }, turn);
		if (refusal) return refusal;
		const limits = await effects.start(turn.signal);
		turn.signal.throwIfAborted();
		turn.session.append({
			type: 'toolStarted',
			toolUseId: call.id,
			...(limits === undefined ? {} : { limits }),
			...(isInputChanged ? { input } : {}),
		});
		// What only reads has no effect that the log must come before.
		if (!isReadOnlyTool(tool)) await turn.session.sync();
		isStarted = true;
		const ask = askInCall(call, tool, approver, turn);
		const useRules = (grant: CommandGrant) => useGrant(grant, turn, whileWaiting);
		const asking = {
			openSites: (command: string, isLasting: boolean) =>
				// What goes on after the call is no wait of the turn's, and not stopped with it.
				openSites(
					call,
					tool.name,
					{ command, ...(isLasting ? lasting(turn.ports) : { approver, signal: turn.signal }) },
					turn,
				),
		};
		const outcome = await tool.run(input, {
			...toolContext(call, files, turn),
			...asking,
			ask,
			whileWaiting,
			useRules,
		});
		if (!outcome.isError) await noteSeen(tool, input, files, turn);
		return outcome;
	} catch (thrown) {
		return thrownOutcome(thrown, tool, turn, isStarted);
	}
}

const lasting = ({ lastingApprover, approver }: TurnPorts) => ({ approver: lastingApprover ?? approver });

/** The failure barrier of a tool call. */
function thrownOutcome(thrown: unknown, tool: Tool, turn: TurnContext, isStarted: boolean): ToolOutcome {
	if (turn.signal.reason instanceof SessionClosedError)
		return failure(`Interrupted, since the window was closed, ${stoppedText(tool, isStarted)}`, 'interrupted');
	if (turn.signal.aborted || isCancelled(thrown))
		return failure(`Stopped by the user ${stoppedText(tool, isStarted)}`, 'stopped');
	if (turn.session.readOnlyReason !== undefined || isLogFailure(thrown)) throw thrown;
	if (thrown instanceof UserError) return failure(thrown.message);
	turn.ports.trace({
		event: 'toolFailed',
		sessionId: turn.session.id,
		code: codeOf(thrown),
		detail: {
			tool: tool.name,
			stack: framesOf(thrown),
		},
	});
	return failure(`${tool.name} failed in a way it should not: ${messageOf(thrown)}. Try another way.`, 'failed');
}

function stoppedText(tool: Tool, isStarted: boolean): string {
	if (tool.effect === 'write') return STOPPED_EDIT_TEXT;
	return isStarted && !isReadOnlyTool(tool) ? STOPPED_RUNNING_TEXT : STOPPED_TEXT;
}

function toolContext(call: ToolUseBlock, files: ToolFiles, turn: TurnContext): ToolContext {
	const { session, ports } = turn;
	return {
		toolUseId: call.id,
		cwd: session.cwd,
		setCwd: (cwd) => session.setCwd(cwd),
		files,
		shell: ports.shell,
		search: ports.search,
		diagnostics: ports.diagnostics,
		recall: (query, max, signal) => recall(session, ports.blobs, query, max, signal),
		lateTools: {
			list: () => findableTools(ports.lateTools),
			settle: async (signal) => (await ports.lateTools?.settle?.(signal)) ?? [],
		},
		hash: (text) => ports.blobs.hash(utf8Encode(text)),
		usedUp: (besideUsd) => turn.budget?.usedUp?.(besideUsd),
		...(ports.services === undefined ? {} : { services: ports.services }),
		denyRules: (rules) => void turn.turnDenied?.push(...rules.filter((rule) => !turn.turnDenied?.includes(rule))),
		...{ allowedRules: turn.turnRules, ...(turn.turnDenied === undefined ? {} : { deniedRules: turn.turnDenied }) },
		effort: ports.tuning?.().effort ?? USUAL_EFFORT,
		takesPdf: ports.modelInfo().takesPdf ?? ports.isOfficialEndpoint === true,
		onProgress: (text) => turn.onEvent({ kind: 'toolProgress', toolUseId: call.id, text }),
		signal: turn.signal,
	};
}

async function toolResult(
	call: ToolUseBlock,
	outcome: ToolOutcome,
	durationMs: number,
	turn: TurnContext,
): Promise<EntryDraft<'toolResult'>> {
	const { blobs } = turn.ports;
	const content = await storeBlocks(outcome.content, blobs);
	const output =
		outcome.output === undefined
			? undefined
			: await blobs.put(utf8Encode(outcome.output), 'text/plain', { searchable: true });
	return {
		type: 'toolResult',
		toolUseId: call.id,
		isError: outcome.isError,
		content,
		durationMs,
		summary: outcome.summary,
		...(output === undefined ? {} : { output }),
		...(outcome.costUsd === undefined ? {} : { costUsd: outcome.costUsd }),
	};
}

type Waiting = {
	readonly approver: Approver;
	whileWaiting<T>(ask: () => Promise<T>): Promise<T>;
	/** Other time that is no run time. */
	add(ms: number): void;
	waitedMs(): number;
};

/** The turn's approver, with the session shown as waiting and the wait measured apart from the run. */
function createWaitingApprover(turn: TurnContext): Waiting {
	const { session, ports } = turn;
	let waitedMs = 0;
	const whileWaiting = async <T>(ask: () => Promise<T>): Promise<T> => {
		const since = ports.clock.now();
		// Several questions at once are one wait.
		if (turn.waits.count === 0) turn.waits.since = since;
		turn.waits.count++;
		session.setState('awaitingUser');
		try {
			return await ask();
		} finally {
			const now = ports.clock.now();
			waitedMs += Math.max(0, now - since);
			turn.waits.count--;
			if (turn.waits.count === 0) {
				turn.waits.totalMs += Math.max(0, now - (turn.waits.since ?? since));
				session.setState('runningTool');
			}
		}
	};
	return {
		whileWaiting,
		waitedMs: () => waitedMs,
		add: (ms) => {
			waitedMs += ms;
		},
		approver: {
			askPermission: (request, signal) => whileWaiting(() => ports.approver.askPermission(request, signal)),
			proposeEdit: (proposal, signal) => whileWaiting(() => ports.approver.proposeEdit(proposal, signal)),
		},
	};
}
