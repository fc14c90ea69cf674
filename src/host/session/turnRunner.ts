/**
 * Starts turns: the checks before the first byte, the ports for `runTurn`, and the queue after its end.
 * The loop itself is core's.
 */

import { codeOf, UserError } from '../../base/errors.ts';
import type { GitState } from '../../core/agent/briefText.ts';
import { makeTitle } from '../../core/agent/makeTitle.ts';
import { runTurn } from '../../core/agent/runTurn.ts';
import { compactionHooks, PROMPT_BLOCKED } from '../../core/agent/turnHooks.ts';
import type { ContextLimits, Prompt, TurnLimits, TurnPorts } from '../../core/agent/turnTypes.ts';
import { settleWorkingFolder } from '../../core/agent/workingFolder.ts';
import type { FileScanner } from '../../core/checkpoint/fileScanner.ts';
import { settleIntents } from '../../core/checkpoint/restore.ts';
import { createUnseeingScanner } from '../../core/checkpoint/unseeingScanner.ts';
import { ModelError } from '../../core/model/modelError.ts';
import { hookPaths } from '../../core/permission/hookPaths.ts';
import { closeOpenCalls } from '../../core/session/closeOpenCalls.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { LateTools } from '../../core/tools/lateTools.ts';
import type { Browsers } from '../../core/web/browserPort.ts';
import type { ApiAdditions } from '../api/apiAdditions.ts';
import { unsavedFiles } from '../editor/unsavedFiles.ts';
import type { WindowHooks } from '../hooks/hooks.ts';
import { takeInTuning } from '../model/chosenTuning.ts';
import type { ModelChoice } from '../model/modelChoice.ts';
import { tuningOf } from '../model/tuning.ts';
import { enterTurnModel, leaveBrokenTurn } from '../model/turnModel.ts';
import type { PermissionScopes } from '../permission/permissionScopes.ts';
import { withSandboxLine } from '../permission/sandbox.ts';
import type { CustomCommands } from '../prompt/customCommands.ts';
import { permissionRules, setting } from '../settings.ts';
import { actionsFor, notice } from '../transcript/noticeRows.ts';
import { readOnlyNotice } from '../transcript/sessionNotices.ts';
import type { ItemOf } from '../transcript/transcriptRows.ts';
import { settleAgents } from './agentRuns.ts';
import { backgroundOf } from './backgroundRuns.ts';
import type { OpenSession } from './openSession.ts';
import { lateToolsOf, type ServiceWorld, servicesFor } from './turnServices.ts';
import { inWorktree, type SessionWorktrees } from './worktreeTypes.ts';

/** The ports that all turns share, and what decides the rest for each. */
export type TurnWorld = Pick<
	TurnPorts,
	| 'clock'
	| 'ids'
	| 'blobs'
	| 'workspace'
	| 'shell'
	| 'search'
	| 'diagnostics'
	| 'loadProjectContext'
	| 'loadNestedMemory'
	| 'trace'
	| 'scanner'
	| 'traffic'
	| 'unsavedFiles'
> & {
	/** What a session has instead that works in a worktree. */
	readonly worktrees?: Pick<SessionWorktrees, 'port' | 'portsOf' | 'isGone' | 'rootsOf'>;
	readonly choice: ModelChoice;
	/** Rules beyond the user's setting. */
	readonly permissions?: PermissionScopes;
	/** What Node can do, for the services of tools. */
	readonly outside?: NonNullable<ServiceWorld['outside']>;
	readonly browsers?: Browsers;
	readonly stores?: NonNullable<ServiceWorld['stores']>;
	/** Before each prompt: what the user did to pending changes goes to the log, so that the prompt can tell it. Never rejects. */
	recordEdits?(session: Session): Promise<void>;
	/** Branch and changes of the folders, for a brief. Not there: not told. */
	readonly gitState?: () => Promise<readonly GitState[]>;
	/** Whether changes of it wait for review, or may do. */
	readonly hasReview?: (session: Session) => boolean;
	/** Starts what gives further tools and was not started yet. Nothing waits for it. */
	wakeServers?(): void;
	/** Skills, and slash commands from files and servers. */
	readonly customCommands?: CustomCommands;
	/** Where further tools come from: servers, the editor, other extensions. */
	readonly lateToolSources?: readonly LateTools[];
	/** What other extensions add to turns. */
	readonly additions?: Pick<ApiAdditions, 'interceptors' | 'systemSections' | 'problemOf'>;
	/** The user's commands at fixed points of the work. */
	readonly windowHooks?: WindowHooks;
	/** A failure that `runTurn` promised not to have. */
	onBug(error: unknown, sessionId: string): void;
};

/** Why a prompt, or this one, cannot be sent now, as a row for the transcript; undefined when it can. */
export async function turnRefusal(
	open: OpenSession,
	world: TurnWorld,
	text?: string,
): Promise<ItemOf<'notice'> | undefined> {
	if (open.session.readOnlyReason !== undefined) return readOnlyNotice(open.session);
	if (!world.workspace.isTrusted) return notice('local:untrusted', 'warning', UNTRUSTED_TEXT, actionsFor('untrusted'));
	if (world.worktrees?.isGone(open.session)) return WORKTREE_GONE;
	try {
		if (!(await world.choice.hasKey())) return notice('local:no-key', 'warning', NO_KEY_TEXT, actionsFor('no-key'));
	} catch (error) {
		if (!(error instanceof UserError)) throw error;
		const action = { label: 'Open Settings', action: 'openSettings' } as const;
		return notice('local:bad-base-url', 'warning', `${error.message} Your prompt is back in the input.`, [action]);
	}
	const problem = text === undefined ? undefined : world.additions?.problemOf({ sessionId: open.session.id, text });
	if (problem !== undefined) return notice('local:prompt-refused', 'warning', problem, actionsFor(''));
	return undefined;
}

/** The log could not be written (another window may own it now): nothing of the prompt is in it, or not how its turn ended. */
export type BrokenTurn = {
	readonly unsent: Prompt | undefined;
	/** The log is well: a hook held the prompt back, and the transcript says so. */
	readonly isHeldBack?: boolean;
};

/** Runs the prompt's turn and then the queued ones. Resolves when the session is idle again; never rejects. */
export async function runTurns(open: OpenSession, first: Prompt, world: TurnWorld): Promise<BrokenTurn | undefined> {
	let prompt: Prompt | undefined = first;
	while (prompt) {
		const entriesBefore = open.session.entries.length;
		const isStopped = await runOne(open, prompt, world);
		const branch = open.session.branch();
		const { entries } = open.session;
		const fresh = entries.slice(entriesBefore);
		if (!fresh.some((entry) => entry.type === 'user'))
			return {
				unsent: prompt,
				isHeldBack: fresh.some((entry) => entry.type === 'notice' && entry.code === PROMPT_BLOCKED),
			};
		const reason = branch.findLast((entry) => entry.type === 'turnEnded' || entry.type === 'user');
		if (reason?.type === 'user') return { unsent: undefined };
		void nameSession(open.session, world);
		const mayGoOn = !isStopped && reason?.type === 'turnEnded' && reason.reason === 'endTurn';
		prompt = mayGoOn || (isStopped && open.isSteering) ? open.queue.takeNext() : undefined;
		open.isSteering = false;
	}
	return undefined;
}

/** In the background and with its own barrier: a name is worth no message. Makes no request but after a session's first good turn. */
async function nameSession(session: Session, { choice, trace }: TurnWorld): Promise<void> {
	try {
		if (!setting('sessions.modelTitles')) return;
		const modelId = choice.smallModelFor(session.model);
		const { kind, costUsd } = await makeTitle(session, { model: choice.streamModel(), modelId }, never());
		if (costUsd !== null) trace({ event: 'title', sessionId: session.id, detail: { model: modelId, kind, costUsd } });
	} catch (error) {
		trace({ event: 'title', sessionId: session.id, code: error instanceof ModelError ? error.kind : codeOf(error) });
	}
}

/** Only the end of the session ends it. */
const never = () => new AbortController().signal;

/** True when the user stopped it. */
async function runOne(open: OpenSession, prompt: Prompt, world: TurnWorld): Promise<boolean> {
	const controller = new AbortController();
	const run = async () => {
		try {
			world.wakeServers?.();
			await settle(open, world);
			const model = world.choice.modelFor(open.session.model);
			if (model !== open.session.model) open.session.setModel(model);
			takeInTuning(open.session, world.choice.infoFor(model));
			const ports = portsFor(open, world);
			const tell = (text: string) => open.notify(notice('local:turn-model', 'warning', text));
			const entered = enterTurnModel(open.session, prompt, world.choice, ports, tell);
			await runTurn(open.session, entered.prompt, ports, (event) => open.onTurnEvent(event), controller.signal);
			entered.leave();
		} catch (error) {
			// `runTurn` never rejects; settling may, when the log or a file cannot be read or written.
			world.onBug(error, open.session.id);
			const text = error instanceof Error ? error.message : String(error);
			open.notify(notice('local:failed', 'error', text, actionsFor('')));
		}
	};
	const done = run();
	open.turn = { abort: (reason) => controller.abort(reason), done };
	await done;
	open.turn = undefined;
	return controller.signal.aborted;
}

/** Work of the agent besides a turn: like one it can be stopped, and no turn starts meanwhile. Rejects with what the work rejects with. */
export async function runApart(
	open: OpenSession,
	world: TurnWorld,
	work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
	const controller = new AbortController();
	const run = async () => {
		await settle(open, world);
		await work(controller.signal);
	};
	const running = run();
	const ended = () => undefined;
	open.turn = { abort: (reason) => controller.abort(reason), done: running.then(ended, ended) };
	try {
		await running;
	} finally {
		open.turn = undefined;
	}
}

/** What a crash or a full disk left open is closed before the next prompt, not when a session is only looked at. */
async function settle(open: OpenSession, given: TurnWorld): Promise<void> {
	const { session, wasTakenOver } = open;
	const world = inWorktree(session, given);
	await settleAgents(open, world);
	closeOpenCalls(session, wasTakenOver ? 'takeover' : 'crash');
	leaveBrokenTurn(session, (id) => world.choice.infoFor(id));
	await world.windowHooks?.refresh(open);
	await world.permissions?.refresh((text) => open.notify(notice('local:permissions', 'warning', text)));
	await world.recordEdits?.(session);
	// What was merged back is in the workspace itself.
	await settleIntents({ session, workspace: given.workspace, blobs: world.blobs });
	await settleWorkingFolder(session, world.workspace);
	const background = backgroundOf(open, world, () => portsFor(open, given).scanner);
	background?.closeLost();
	await background?.record();
}

export function portsFor(open: OpenSession, given: TurnWorld): TurnPorts {
	const { session } = open;
	const world = inWorktree(session, given);
	const { choice } = world;
	const scanner = world.scanner && scannerNow(world.scanner);
	const { clock, trace } = world;
	const services = servicesFor(open, world, () => portsFor(open, given));
	const hooks = world.windowHooks?.portOf(session);
	const beforeCompaction =
		hooks &&
		compactionHooks({ session, ports: { hooks, clock, trace, ...(scanner === undefined ? {} : { scanner }) } });
	return {
		clock: world.clock,
		ids: world.ids,
		blobs: world.blobs,
		workspace: world.workspace,
		shell: world.shell,
		search: world.search,
		diagnostics: world.diagnostics,
		approver: open.approvals,
		...(scanner === undefined ? {} : { scanner }),
		...(hooks === undefined ? {} : { hooks }),
		...(beforeCompaction === undefined ? {} : { beforeCompaction }),
		turnLimits,
		...(world.traffic === undefined ? {} : { traffic: world.traffic }),
		unsavedFiles: world.unsavedFiles ?? unsavedFiles,
		model: choice.streamModel({
			session: open.session.id,
			kind: 'turn',
			onWait: (why) => open.onTurnEvent(why ? { kind: 'waiting', why } : { kind: 'requestStarted' }),
		}),
		agentModel: (onWait) => choice.streamModel({ session: open.session.id, kind: 'turn', onWait }),
		modelInfo: () => choice.infoFor(open.session.model),
		tuning: () => tuningOf(open.session),
		rules: () => {
			const rules = world.permissions?.rules() ?? permissionRules();
			const paths = hookPaths(world.windowHooks?.portOf(session)?.list() ?? []);
			return { ...rules, allow: [...rules.allow, ...open.sessionRules], hookPaths: paths };
		},
		addSessionRule: (rule) => open.sessionRules.push(rule),
		...(world.permissions === undefined ? {} : { keepRules: world.permissions.keep }),
		loadProjectContext: () => withSandboxLine(world.loadProjectContext, services.sandbox),
		...(world.customCommands === undefined ? {} : { grants: world.customCommands.grants }),
		...(world.loadNestedMemory === undefined ? {} : { loadNestedMemory: world.loadNestedMemory }),
		messageTtl: setting('cache.messageTtl'),
		contextLimits,
		...(setting('compaction.preview') === 'always'
			? { reviewSummary: (draft, signal) => open.reviewSummary(draft, signal) }
			: {}),
		isOfficialEndpoint: choice.isOfficialEndpoint,
		...(choice.reminderForms === undefined ? {} : { reminderForms: choice.reminderForms }),
		...(world.additions === undefined
			? {}
			: { interceptors: world.additions.interceptors(), systemSections: world.additions.systemSections() }),
		lateTools: lateToolsOf(world.lateToolSources),
		...(world.outside === undefined ? {} : { shellGrammar: world.outside.shellGrammar }),
		services,
		loadedTexts: open.loadedTexts,
		trace: world.trace,
	};
}

const turnLimits = (): TurnLimits => ({
	steps: setting('limits.steps'),
	costUsd: setting('limits.costUsd'),
	minutes: setting('limits.minutes'),
});

/** The setting is read when a turn starts. */
const scannerNow = (scanner: FileScanner): FileScanner => (setting('checkpoints.enabled') ? scanner : SCANNER_OFF);
const SCANNER_OFF = createUnseeingScanner('checkpoints are turned off in the settings');
/** What the user set about the context window, as it is now. */
const contextLimits = (): ContextLimits => ({
	autoCompact: setting('context.autoCompact'),
	microcompaction: setting('context.microcompaction'),
	strategy: setting('context.strategy'),
	rollingWindowTurns: setting('context.rollingWindowTurns'),
	windowTokens: setting('context.windowTokens'),
	rotTokens: setting('context.rotTokens'),
});

const UNTRUSTED_TEXT =
	'This folder is not trusted, so nothing runs in it. Your prompt is back in the input. Trust the folder to send it; past sessions can be read without.';
/** Said once per session: a conversation needs no folder, but the tools do. */
export function folderNotice(world: TurnWorld): ItemOf<'notice'> | undefined {
	if (world.workspace.roots.length > 0) return undefined;
	return notice('local:no-folder', 'info', NO_FOLDER_TEXT, actionsFor('no-folder'));
}

const NO_FOLDER_TEXT =
	'No folder is open, so there are no files to read or change. This conversation is kept outside of any folder. Open a folder to work on its files.';
/** Nothing of the conversation is lost with it. */
export const WORKTREE_GONE = notice(
	'local:worktree-gone',
	'warning',
	'The worktree that this session works in is not there, so nothing was sent. Restore it if it was discarded, or go on in the workspace with a fork, which is a session of its own. The conversation is safe.',
	[
		{ label: 'Restore Worktree', action: 'restoreWorktree' },
		{ label: 'Fork', action: 'fork' },
	],
);
const NO_KEY_TEXT =
	'No API key is set for this endpoint. Your prompt is back in the input. Set a key, or use the demo model, which needs none.';
