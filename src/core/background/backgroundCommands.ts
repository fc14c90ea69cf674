/**
 * The commands of one session that go on after the call that started them: their output, their end, and what they change in files. Judges
 * nothing and shows nothing.
 *
 * A picture of the files is open as long as one of them runs. What differs is recorded before every other call that may change something,
 * when the output is read, before each prompt, before files are restored, and at the end; its author is `unknown`, since the user and other
 * programs write files in all that time as well. So a rewind lists these files and restores them when they are ticked.
 */
import { Emitter, type Event } from '../../base/emitter.ts';
import { codeOf, UserError } from '../../base/errors.ts';
import { asToolUseId } from '../../base/ids.ts';
import { cutText, utf8Encode } from '../../base/text.ts';
import type { Trace } from '../../base/trace.ts';
import { maskSecrets } from '../agent/maskSecrets.ts';
import type { FileScanner, FoundChange, ScanRun } from '../checkpoint/fileScanner.ts';
import { isLogFailure, recordFound } from '../checkpoint/recordChanges.ts';
import type { Clock } from '../ports.ts';
import type { SandboxPolicy } from '../sandbox/sandboxPort.ts';
import { blockedNote, endNote, looksBlocked, madeNote, refusedNote } from '../sandbox/sandboxWords.ts';
import type { SiteUse } from '../sandbox/siteGate.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import { BACKGROUND_ENDED, commandIdOf, endText, openCommands } from './backgroundEntries.ts';
import { type BackgroundOutput, createBackgroundOutput } from './backgroundOutput.ts';
import type { Background, BackgroundCommand, BackgroundNews, BackgroundRequest, Stopper } from './backgroundPort.ts';
import type { BackgroundEnd, BackgroundShell, RunningProcess } from './backgroundShell.ts';
import { withoutOwnChanges } from './ownChanges.ts';

/** Servers, watchers and a long test run, with room; more are rather forgotten ones. */
const MAX_RUNNING = 8;
const MAX_COMMAND_CHARS = 80;

export type BackgroundWorld = {
	readonly session: Session;
	readonly shell: BackgroundShell;
	/** Without it, what the commands change is not recorded. Asked when the first of them starts. */
	scanner(): FileScanner | undefined;
	readonly blobs: BlobStore;
	readonly clock: Clock;
	readonly trace: Trace;
};

type Command = BackgroundCommand & {
	readonly output: BackgroundOutput;
	readonly process: RunningProcess;
	readonly printed: Emitter<string>;
	/** Resolves when its end is in the log. */
	readonly done: Promise<void>;
	stoppedBy: Stopper | undefined;
	readonly sandbox: SandboxPolicy | undefined;
	/** What was made and told while it ran. */
	readonly toldOf: Set<string>;
	end: Ended | undefined;
};
type Ended = BackgroundEnd & {
	readonly isBlocked: boolean;
	readonly made: readonly string[];
	/** Undefined when it asked for none. */
	readonly sites: SiteUse | undefined;
};
type Watch = { readonly scan: ScanRun; readonly epoch: number };

export class BackgroundCommands implements Background {
	readonly #world: BackgroundWorld;
	readonly #commands = new Map<string, Command>();
	readonly #changed = new Emitter<void>();
	#watch: Watch | undefined;
	#lastRecord: Promise<void> = Promise.resolve();

	/** One started or ended. */
	readonly onDidChange: Event<void> = this.#changed.event;

	constructor(world: BackgroundWorld) {
		this.#world = world;
	}

	/** Those that run, oldest first. */
	get running(): readonly BackgroundCommand[] {
		return [...this.#commands.values()].filter(({ end }) => end === undefined);
	}

	/** Rejects with UserError when it cannot be started, and with CancelledError when `signal` aborts first. */
	async start(request: BackgroundRequest, signal: AbortSignal): Promise<BackgroundCommand> {
		const { toolUseId, command, ...where } = request;
		if (this.running.length >= MAX_RUNNING)
			throw new UserError(
				'too-many-commands',
				`${MAX_RUNNING} commands run in the background already, so this one was not started. Stop one with KillBash first: ${this.running.map(({ id }) => id).join(', ')}.`,
			);
		await this.#inTurn(async () => {
			this.#watch ??= await this.#begin();
		});
		try {
			signal.throwIfAborted();
			const output = createBackgroundOutput();
			const printed = new Emitter<string>(() => undefined);
			const onOutput = (text: string) => {
				output.add(text);
				printed.fire(text);
			};
			const process = this.#world.shell.start({ command, ...where, onOutput });
			const done = process.ended.then((end) => this.#ended(toolUseId, end));
			const base = { toolUseId, id: commandIdOf(toolUseId), command, startedAt: this.#world.clock.now() };
			const sandbox = { sandbox: request.sandbox, toldOf: new Set<string>() };
			const open = { stoppedBy: undefined, end: undefined };
			this.#commands.set(toolUseId, { ...base, ...sandbox, ...open, output, process, printed, done });
			this.#changed.fire();
			return base;
		} catch (error) {
			await this.record();
			throw error;
		}
	}

	/** What came since the last time; waits for news at most `waitMs`. Undefined when there is no command of this id. */
	async read(id: string, waitMs: number, signal: AbortSignal): Promise<BackgroundNews | undefined> {
		const command = this.#find(id);
		if (!command) return undefined;
		if (waitMs > 0 && !command.end && !command.output.hasUnread) await this.#news(command, waitMs, signal);
		await this.record();
		const { end } = command;
		if (end) await command.done;
		const unread = command.output.takeUnread();
		const isFailed = end !== undefined && !end.isStopped && end.exitCode !== 0;
		return { ...unread, isFailed, ended: end && endText(shortEnd(command, end)), ...notesOf(command) };
	}

	/** Resolves when it is over and in the log; false when there is no such command, or it is over already. */
	async stop(id: string, by: Stopper): Promise<boolean> {
		const command = this.#find(id);
		if (!command || command.end) return false;
		command.stoppedBy ??= by;
		await command.process.stop();
		await command.done;
		return true;
	}

	async stopAll(by: Stopper): Promise<void> {
		await Promise.all(this.running.map(({ toolUseId }) => this.stop(toolUseId, by)));
		await this.#lastRecord;
	}

	/** What they changed in files until now goes to the log. Rejects only when the log cannot be written. */
	async record(): Promise<void> {
		if (this.#watch) await this.#inTurn(() => this.#take());
	}

	/** Says of those that ran in a window that is gone that they are gone. Rejects when the log cannot be written. */
	closeLost(): void {
		const { session } = this.#world;
		const lost = openCommands(session.entries).filter(({ toolUseId }) => !this.#commands.has(toolUseId));
		if (lost.length === 0) return;
		session.append<'notice'>(
			...lost.map(({ toolUseId, command }) => ({
				type: 'notice' as const,
				level: 'warning' as const,
				code: BACKGROUND_ENDED,
				text: `${shown(command)} ran in the background when its window ended. It is gone, and what it changed in files since is not recorded.`,
				background: { toolUseId: asToolUseId(toolUseId), exitCode: null, how: 'lost' as const },
			})),
		);
	}

	/** What it has printed so far, and what it prints from now on; undefined when it is not known here. */
	outputOf(
		id: string,
	): { readonly whole: string; readonly onDidPrint: Event<string>; readonly done: Promise<BackgroundEnd> } | undefined {
		const command = this.#find(id);
		if (!command) return undefined;
		return { whole: command.output.whole(), onDidPrint: command.printed.event, done: command.process.ended };
	}

	#find(id: string): Command | undefined {
		return this.#commands.get(id) ?? [...this.#commands.values()].findLast((command) => command.id === id);
	}

	async #news({ process, printed }: Command, waitMs: number, signal: AbortSignal): Promise<void> {
		const waiting = new AbortController();
		const either = AbortSignal.any([waiting.signal, signal]);
		const heard = printed.event(() => waiting.abort());
		void process.ended.then(() => waiting.abort());
		try {
			await this.#world.clock.sleep(waitMs, either);
		} catch {
			// There is news, or the user stopped the turn.
			signal.throwIfAborted();
		} finally {
			heard.dispose();
		}
	}

	/** Its own barrier: nobody waits for the end of a command. */
	async #ended(toolUseId: string, ended: BackgroundEnd): Promise<void> {
		const command = this.#commands.get(toolUseId);
		if (!command) return;
		const { session, blobs, trace } = this.#world;
		const printed = command.output.whole();
		const end = { ...ended, ...heldEnd(command, ended, printed) };
		command.end = end;
		try {
			await this.record();
			const whole = maskSecrets(printed);
			const output =
				whole === '' ? {} : { output: await blobs.put(utf8Encode(whole), 'text/plain', { searchable: true }) };
			const isFine = (end.isStopped || end.exitCode === 0) && end.made.length === 0;
			session.append<'notice'>({
				type: 'notice',
				level: isFine ? 'info' : 'warning',
				code: BACKGROUND_ENDED,
				text: noticeText(command, end),
				background: { ...shortEnd(command, end), ...output },
			});
			await session.sync();
		} catch (error) {
			trace({ event: 'backgroundEnd', sessionId: session.id, code: codeOf(error) });
		}
		this.#changed.fire();
	}

	async #begin(): Promise<Watch | undefined> {
		const { session } = this.#world;
		const scan = this.#world.scanner()?.begin(session.id);
		if (!scan) return undefined;
		const epoch = session.newestEpoch;
		await scan.ready;
		return { scan, epoch };
	}

	async #take(): Promise<void> {
		const watch = this.#watch;
		if (!watch) return;
		// The next picture first: what changes in between is told by the first one, and the next goes on from there.
		this.#watch = this.running.length > 0 ? await this.#begin() : undefined;
		const { session, clock, trace } = this.#world;
		const toolUseId = [...this.#commands.values()].at(-1)?.toolUseId;
		try {
			await recordFound(this.#foundIn(watch), {
				session,
				scanner: undefined,
				clock,
				trace,
				...(toolUseId ? { toolUseId } : {}),
			});
		} catch (error) {
			if (!isLogFailure(error)) throw error;
			trace({ event: 'backgroundRecord', sessionId: session.id, code: codeOf(error) });
		}
	}

	async *#foundIn({ scan, epoch }: Watch): AsyncIterable<readonly FoundChange[]> {
		const { session, blobs } = this.#world;
		// Also after a stop: what was changed until then is done.
		for await (const part of scan.finish(new AbortController().signal)) {
			const others = await withoutOwnChanges(part, session.entries, epoch, blobs);
			yield others.map((change) => ({ ...change, author: 'unknown' as const }));
		}
	}

	/** One after the other: a picture that is open belongs to one of them. */
	#inTurn(work: () => Promise<void>): Promise<void> {
		const done = this.#lastRecord.then(work);
		this.#lastRecord = done.catch(() => undefined);
		return done;
	}
}

/** How the sandbox stands to the end of a command. */
function heldEnd({ process, sandbox }: Command, { exitCode, isStopped }: BackgroundEnd, output: string) {
	const reason = isStopped ? 'cancelled' : 'exited';
	sandbox?.sites?.end();
	const sites = sandbox?.sites?.use();
	return {
		sites: sites && sites.reached.length + sites.refused.length > 0 ? sites : undefined,
		isBlocked: sandbox !== undefined && looksBlocked({ reason, exitCode, output }),
		made: process.madeProtected?.() ?? [],
	};
}

/** While it runs only what is new; of its end all, whoever was told before. */
function notesOf({ end, sandbox, process, toldOf }: Command): Pick<BackgroundNews, 'notes'> {
	if (!sandbox) return {};
	const refused = sandbox.sites?.use().refused.filter((host) => end || !toldOf.has(`site ${host}`)) ?? [];
	for (const host of refused) toldOf.add(`site ${host}`);
	const made = end ? end.made : (process.madeProtected?.() ?? []).filter((path) => !toldOf.has(path));
	for (const path of made) toldOf.add(path);
	return {
		notes: [
			...(end?.isBlocked ? [blockedNote(sandbox)] : []),
			...(refused.length > 0 ? [refusedNote(refused)] : []),
			...(made.length > 0 ? [madeNote(made)] : []),
		],
	};
}

function shortEnd({ toolUseId }: Command, { exitCode, isStopped, isBlocked, made, sites }: Ended) {
	return {
		...{ toolUseId, exitCode, how: isStopped ? ('stopped' as const) : ('exited' as const) },
		...(isBlocked ? { isBlocked } : {}),
		...(made.length > 0 ? { madeProtected: [...made] } : {}),
		...(sites === undefined ? {} : { sites: { reached: [...sites.reached], refused: [...sites.refused] } }),
	};
}

const noticeText = (command: Command, end: Ended): string =>
	endSentence(command, end) + endNote({ ...end, madeProtected: end.made });

function endSentence({ command, stoppedBy }: Command, { exitCode, isStopped }: BackgroundEnd): string {
	if (!isStopped) return `${shown(command)} in the background ended with exit code ${exitCode ?? 'unknown'}.`;
	switch (stoppedBy) {
		case 'rewind':
			return `${shown(command)} in the background was stopped by the rewind.`;
		case 'close':
			return `${shown(command)} in the background was stopped, since the session was closed.`;
		default:
			return `${shown(command)} in the background was stopped${stoppedBy === 'user' ? ' by you' : ''}.`;
	}
}

const shown = (command: string): string => {
	const [line = ''] = command.trim().split('\n', 1);
	return line.length > MAX_COMMAND_CHARS ? `${cutText(line, MAX_COMMAND_CHARS)}…` : line;
};
