/**
 * The life of one configured server: it is started, becomes ready, is tried again when it ends, and stops when nobody wants it. Each
 * start has a number, so that what an earlier one still says is not taken for the newest.
 */
import { CancelledError, isCancelled, UserError } from '../../base/errors.ts';
import type { HashText } from '../../core/mcp/callNames.ts';
import type { McpServer, McpServerConfig, McpServerState } from '../../core/mcp/mcpPorts.ts';
import { plainLine } from '../../core/mcp/readOffers.ts';
import type { Connection, ListName } from './connection.ts';
import { SignInNeeded } from './httpTransport.ts';
import { createChanges, later, takenTogether } from './lifeTimers.ts';
import { noOffers, type Offers, refreshOffers, withList } from './offers.ts';
import { callError, failedState, forgotSession, McpFault } from './serverFaults.ts';
import { createServerLog } from './serverLog.ts';
import type { SignIn } from './signIn.ts';

export type LifeTiming = {
	/** Before each attempt to connect again; their number is that of the attempts. */
	readonly reconnectDelaysMs: readonly number[];
	/** Ready for so long, a server counts as well again. */
	readonly stableMs: number;
	/** How long nothing is heard before it is asked whether it is there. */
	readonly keepAliveMs: number;
	readonly pingTimeoutMs: number;
	/** Changes of lists are taken together for so long. */
	readonly listChangesMs: number;
	/** How long a server that has told its tools is waited for with its other lists. */
	readonly otherListsMs: number;
	/** How long what is asked waits for a server that is starting or on its way back. */
	readonly readyMs: number;
	/** How long one answer of an authorization server may take. */
	readonly signInAnswerMs: number;
};

export const usualTiming: LifeTiming = {
	reconnectDelaysMs: [1_000, 2_000, 5_000, 15_000, 30_000],
	stableMs: 60_000,
	keepAliveMs: 60_000,
	pingTimeoutMs: 20_000,
	listChangesMs: 500,
	otherListsMs: 3_000,
	readyMs: 20_000,
	signInAnswerMs: 30_000,
};

export type LifeOptions = {
	readonly config: McpServerConfig;
	readonly timing: LifeTiming;
	readonly hash: HashText;
	readonly isTrusted: () => boolean;
	readonly signIn: (() => Promise<SignIn | undefined>) | undefined;
	/** Opens one connection. Rejects with McpFault, SignInNeeded or CancelledError. */
	readonly connect: (
		log: (text: string) => void,
		onListChanged: (list: ListName) => void,
		signal: AbortSignal,
	) => Promise<Connection>;
	readonly onChange: () => void;
};

export type ServerLife = {
	view(): McpServer;
	readonly config: McpServerConfig;
	start(): Promise<void>;
	stop(): Promise<void>;
	signIn(signal: AbortSignal): Promise<void>;
	signOut(): Promise<void>;
	/** Connects when it waits for a sign-in that is there by now, e.g. since the user made it in another window. */
	lookForSignIn(): Promise<void>;
	/** Runs with the connection when it is ready; one that is on its way is waited for. What fails rejects with UserError or CancelledError. */
	use<T>(work: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T>;
	rootsChanged(): void;
	log(): string;
};

export function createServerLife(options: LifeOptions): ServerLife {
	const { config, timing, onChange } = options;
	const serverLog = createServerLog();
	let state: McpServerState = config.admission === 'waitsForApproval' ? { kind: 'waitsForApproval' } : { kind: 'off' };
	let connection: Connection | undefined;
	let offers: Offers = noOffers;
	let run = new AbortController();
	run.abort();
	let closing: Promise<void> = Promise.resolve();
	let failures = 0;
	const changes = createChanges();
	/** On the way to a new session. */
	let reviving: Promise<void> | undefined;

	const log = () => serverLog.text();
	return { view, config, start, stop, signIn, signOut, lookForSignIn, use, rootsChanged, log };

	function view(): McpServer {
		const isShown = state.kind === 'ready' || state.kind === 'reconnecting';
		const { tools, resources, resourceTemplates, prompts, problems } = isShown ? offers : noOffers;
		return {
			name: config.name,
			config,
			state,
			...(connection?.title === undefined ? {} : { title: connection.title }),
			...(connection?.version === undefined ? {} : { version: connection.version }),
			...(connection?.instructions === undefined ? {} : { instructions: connection.instructions }),
			tools,
			resources,
			resourceTemplates,
			prompts,
			problems: [...problems.tools, ...problems.resources, ...problems.prompts],
		};
	}

	function become(next: McpServerState): void {
		if (JSON.stringify(next) === JSON.stringify(state)) return;
		state = next;
		const about = 'reason' in next ? `: ${next.reason}` : '';
		serverLog.add(`[${next.kind}]${about}\n`);
		changes.tell();
		onChange();
	}

	async function start(): Promise<void> {
		if (config.admission !== 'start') return;
		if (!options.isTrusted())
			return become(failedState(new McpFault('mcp-untrusted', 'The workspace is not trusted.')));
		if (state.kind === 'starting' || state.kind === 'ready' || state.kind === 'signingIn') return;
		failures = 0;
		await attempt(begin());
	}

	/** A new run: what is left of the one before ends. */
	function begin(): AbortController {
		run.abort();
		run = new AbortController();
		return run;
	}

	async function attempt(mine: AbortController): Promise<void> {
		// What it offers stays in sight while it is tried again.
		if (state.kind !== 'reconnecting') become({ kind: 'starting' });
		// One process at a time, also when one is slow to go.
		await closing;
		if (mine.signal.aborted) return;
		const dirty = new Set<ListName>();
		let onDirty: (() => void) | undefined;
		try {
			const opened = await options.connect(
				(text) => serverLog.add(text),
				(list) => {
					dirty.add(list);
					onDirty?.();
				},
				mine.signal,
			);
			if (mine.signal.aborted) {
				closing = opened.close();
				return;
			}
			connection = opened;
			void opened.ended.then((fault) => ended(mine, opened, fault));
			await listAll(mine, opened);
			if (mine.signal.aborted || connection !== opened) return;
			onDirty = takenTogether(() => refresh(mine, opened, dirty), timing.listChangesMs, mine.signal);
			if (dirty.size > 0) onDirty();
			become({ kind: 'ready' });
			keepAlive(mine, opened);
			later(timing.stableMs, mine.signal, () => {
				failures = 0;
			});
		} catch (error) {
			if (mine.signal.aborted || isCancelled(error)) return;
			failed(mine, error);
		}
	}

	/** Resolves when its tools are there, and its other lists, or some time for these has passed: then they come in when they are told. */
	async function listAll(mine: AbortController, which: Connection): Promise<void> {
		const take = async (list: ListName) => {
			const from = await refreshOffers(noOffers, list, which, config.name, options.hash, mine.signal);
			if (mine.signal.aborted || connection !== which) return;
			offers = withList(offers, list, from);
			if (state.kind === 'ready') onChange();
		};
		const others = Promise.all([take('resources'), take('prompts')]);
		others.catch((error) => error instanceof SignInNeeded && needSignIn(which, error));
		await take('tools');
		await new Promise<void>((resolve, reject) => {
			others.then(() => resolve(), reject);
			later(timing.otherListsMs, mine.signal, resolve);
			mine.signal.addEventListener('abort', () => resolve(), { once: true });
		});
	}

	/** What was thrown while it started. A first start that fails is the user's to mend; later ones are tried again. */
	function failed(mine: AbortController, error: unknown): void {
		letGo();
		if (error instanceof SignInNeeded) {
			become({ kind: 'needsSignIn', reason: error.message });
			return;
		}
		const fault = error instanceof McpFault ? error : new McpFault('mcp-failed', String(error), { cause: error });
		if (failures > 0) tryAgain(mine, fault);
		else become(failedState(fault));
	}

	function ended(mine: AbortController, which: Connection, fault: McpFault): void {
		if (mine.signal.aborted || connection !== which) return;
		const wasReady = state.kind === 'ready';
		letGo();
		if (fault.code === 'mcp-flood' || (!wasReady && failures === 0)) become(failedState(fault));
		else tryAgain(mine, fault);
	}

	function tryAgain(mine: AbortController, fault: McpFault): void {
		const maxAttempts = timing.reconnectDelaysMs.length;
		const delayMs = timing.reconnectDelaysMs[failures];
		failures++;
		if (delayMs === undefined) {
			become(failedState(fault));
			return;
		}
		become({ kind: 'reconnecting', attempt: failures, maxAttempts, reason: fault.message });
		later(delayMs, mine.signal, () => void attempt(mine));
	}

	function letGo(): void {
		if (connection) closing = connection.close();
		connection = undefined;
	}

	async function stop(): Promise<void> {
		run.abort();
		letGo();
		become(config.admission === 'waitsForApproval' ? { kind: 'waitsForApproval' } : { kind: 'off' });
		await closing;
	}

	async function refresh(mine: AbortController, which: Connection, dirty: Set<ListName>): Promise<void> {
		const lists = [...dirty];
		dirty.clear();
		for (const list of lists) {
			try {
				const next = await refreshOffers(offers, list, which, config.name, options.hash, mine.signal);
				if (mine.signal.aborted || connection !== which) return;
				offers = next;
			} catch (error) {
				if (error instanceof SignInNeeded) needSignIn(which, error);
				// Or ended meanwhile, which is told elsewhere.
				return;
			}
		}
		onChange();
	}

	/** A connection may die without a word. Nothing is asked while an answer is awaited: a busy server is no dead one. */
	function keepAlive(mine: AbortController, which: Connection): void {
		later(timing.keepAliveMs, mine.signal, async () => {
			if (connection !== which) return;
			try {
				if (which.pending() === 0) await which.request('ping', {}, { timeoutMs: timing.pingTimeoutMs }, mine.signal);
				keepAlive(mine, which);
			} catch (error) {
				if (mine.signal.aborted || connection !== which || isCancelled(error)) return;
				// An error is an answer too.
				if (error instanceof McpFault && error.code === 'mcp-error') return keepAlive(mine, which);
				ended(mine, which, new McpFault('mcp-timeout', 'It does not answer any more.', { cause: error }));
			}
		});
	}

	async function use<T>(work: (connection: Connection) => Promise<T>, signal: AbortSignal): Promise<T> {
		for (let isSecond = false; ; isSecond = true) {
			await untilSettled(signal);
			const which = connection;
			if (!which || state.kind !== 'ready') throw notReady();
			try {
				return await work(which);
			} catch (error) {
				if (isCancelled(error) || error instanceof UserError) throw error;
				if (error instanceof SignInNeeded) {
					needSignIn(which, error);
					throw signInError(error);
				}
				const fault = error instanceof McpFault ? error : new McpFault('mcp-failed', String(error), { cause: error });
				// A new session can ask again.
				if (!forgotSession(fault) || isSecond) throw callError(config.name, fault);
				if (connection === which) reviving = revive();
				await reviving;
			}
		}
	}

	/** Resolves when it is not on its way any more, or after some time. Rejects with a stop. */
	async function untilSettled(signal: AbortSignal): Promise<void> {
		await changes.until(() => state.kind !== 'starting' && state.kind !== 'reconnecting', timing.readyMs, signal);
		if (signal.aborted) throw new CancelledError();
	}

	async function revive(): Promise<void> {
		const mine = begin();
		letGo();
		failures = 1;
		const { length: maxAttempts } = timing.reconnectDelaysMs;
		become({ kind: 'reconnecting', attempt: 1, maxAttempts, reason: 'It forgot the session.' });
		await attempt(mine);
	}

	function notReady(): UserError {
		const wait = state.kind === 'starting' || state.kind === 'reconnecting' || state.kind === 'signingIn';
		if (wait)
			return new UserError('mcp-not-ready', `${label()} is not ready yet. Nothing was done. Try again in a moment.`);
		if (state.kind === 'needsSignIn')
			return new UserError('mcp-needs-sign-in', `${label()} needs the user to sign in first. Nothing was done.`);
		const why = state.kind === 'failed' ? `: ${state.reason} ${state.nextStep}` : ' is not running.';
		return new UserError('mcp-not-ready', `${label()}${why} Nothing was done.`);
	}

	function needSignIn(which: Connection, { message }: SignInNeeded): void {
		if (connection !== which) return;
		run.abort();
		letGo();
		become({ kind: 'needsSignIn', reason: message });
	}

	function signInError(cause: SignInNeeded): UserError {
		const what = `${label()}: ${cause.message} Nothing was done. Ask the user to sign in to it.`;
		return new UserError('mcp-needs-sign-in', what, { cause });
	}

	async function signIn(signal: AbortSignal): Promise<void> {
		const way = await options.signIn?.();
		if (!way || config.admission !== 'start' || !options.isTrusted())
			throw new UserError('mcp-no-sign-in', `${label()} cannot be signed in to here.`);
		const mine = begin();
		letGo();
		become({ kind: 'signingIn' });
		try {
			await way.signIn(AbortSignal.any([signal, mine.signal]));
		} catch (error) {
			if (!mine.signal.aborted) {
				const reason = isCancelled(error)
					? 'Signing in was cancelled.'
					: error instanceof Error
						? error.message
						: String(error);
				become({ kind: 'needsSignIn', reason });
			}
			if (isCancelled(error)) throw error;
			throw callError(
				config.name,
				error instanceof McpFault ? error : new McpFault('mcp-sign-in', String(error), { cause: error }),
			);
		}
		if (mine.signal.aborted) return;
		failures = 0;
		await attempt(mine);
	}

	async function signOut(): Promise<void> {
		const way = await options.signIn?.();
		await stop();
		await way?.signOut();
		if (way) become({ kind: 'needsSignIn', reason: 'You signed out.' });
	}

	async function lookForSignIn(): Promise<void> {
		const isWaiting = () => state.kind === 'needsSignIn';
		if (!isWaiting()) return;
		const way = await options.signIn?.();
		if ((await way?.accessToken()) !== undefined && isWaiting()) await start();
	}

	function rootsChanged(): void {
		if (state.kind === 'ready') connection?.rootsChanged();
	}

	function label(): string {
		return `The server ${plainLine(config.name, 80)}`;
	}
}
