/**
 * The agents of one open session as its panel shows them: what a running one does now, and the rows of a lane that is open. What is over stands
 * in the log, and so in the rows of the transcript.
 */
import { type Disposable, DisposableStore } from '../../base/disposable.ts';
import { Emitter, type Event } from '../../base/emitter.ts';
import type { TurnEvent } from '../../core/agent/turnTypes.ts';
import { type AgentLogs, readAgentLog } from '../../core/session/agentLog.ts';
import type { Entry } from '../../core/session/entry.ts';
import type { Session } from '../../core/session/sessionTypes.ts';
import type { RunningSubagent, Subagents } from '../../core/subagents/subagents.ts';
import type { TranscriptItem } from '../../protocol/transcriptItem.ts';
import { liveLane } from '../transcript/agentRow.ts';
import { replay } from '../transcript/replay.ts';
import { retryText, waitingText } from '../transcript/sessionNotices.ts';
import type { TranscriptInputs } from '../transcript/transcriptRows.ts';

/** Enough to follow it; the rest is in its transcript. */
const SHOWN_ROWS = 60;
/** Rows of an open lane are sent as a whole, so not with every entry. */
const ROWS_EVERY_MS = 150;

export type LaneChange =
	/** The row of a call, with what its agent does now. */
	| { readonly kind: 'growing'; readonly item: TranscriptItem }
	/** New rows of a lane that is open. */
	| { readonly kind: 'agentRows'; readonly rows: LaneRows };

type LaneRows = { readonly id: string; readonly items: readonly TranscriptItem[]; readonly olderRows: number };

export class AgentLanes implements Disposable {
	readonly #session: Session;
	readonly #inputs: TranscriptInputs;
	readonly #store = new DisposableStore();
	readonly #row: (id: string) => TranscriptItem | undefined;
	readonly #changed = this.#store.add(new Emitter<LaneChange>());
	/** Why the request of a running one is not on its way, by the call that started it. */
	readonly #waits = new Map<string, string>();
	readonly #watched = new Map<string, DisposableStore>();
	/** Rows of calls whose lanes are open in a panel. */
	readonly #open = new Set<string>();
	readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
	#runner: Subagents | undefined;
	#logs: AgentLogs | undefined;

	readonly onDidChange: Event<LaneChange> = this.#changed.event;

	/** `row`: the row of a call as the log has it. */
	constructor(session: Session, inputs: TranscriptInputs, row: (id: string) => TranscriptItem | undefined) {
		this.#row = row;
		this.#session = session;
		this.#inputs = inputs;
	}

	get runner(): Subagents | undefined {
		return this.#runner;
	}

	/** Called once, before the first agent runs. */
	follow(runner: Subagents): void {
		this.#runner = runner;
		this.#store.add(
			runner.onDidChange((change) => {
				const { agent } = change;
				if (change.kind === 'began') this.#watch(agent);
				else if (change.kind === 'ended') this.#forget(agent);
				else if (!this.#noteWait(agent.toolUseId, change.event)) return;
				this.#tell(agent.toolUseId);
			}),
		);
	}

	/** Where the logs are. */
	readFrom(logs: AgentLogs | undefined): void {
		this.#logs ??= logs;
	}

	/** The row of a call with what its agent does now. */
	withLive(row: TranscriptItem): TranscriptItem {
		if (row.kind !== 'tool' || row.agent?.state !== 'running') return row;
		const agent = this.#running(row.id);
		if (!agent) return row;
		const { session } = agent;
		const lane = liveLane(row.agent, session.entries, session.state === 'awaitingUser', this.#inputs);
		return { ...row, agent: { ...lane, step: this.#waits.get(row.id) ?? lane.step } };
	}

	/** The lane is shown from now on, or not any more. */
	async show(id: string, isOpen: boolean): Promise<void> {
		if (!isOpen) {
			this.#open.delete(id);
			return;
		}
		this.#open.add(id);
		await this.#sendRows(id);
	}

	dispose(): void {
		for (const watched of this.#watched.values()) watched.dispose();
		for (const timer of this.#timers.values()) clearTimeout(timer);
		this.#store.dispose();
	}

	/** False when the event changes nothing that is shown. */
	#noteWait(id: string, event: TurnEvent): boolean {
		if (event.kind === 'retrying') this.#waits.set(id, retryText(event));
		else if (event.kind === 'waiting') this.#waits.set(id, waitingText(event.why));
		else if (event.kind === 'requestStarted') this.#waits.delete(id);
		else return false;
		return true;
	}

	#running(id: string): RunningSubagent | undefined {
		return this.#runner?.running.find(({ toolUseId }) => toolUseId === id);
	}

	#watch(agent: RunningSubagent): void {
		const watched = new DisposableStore();
		this.#watched.set(agent.toolUseId, watched);
		watched.add(agent.session.onDidAppend(() => this.#tell(agent.toolUseId)));
		watched.add(agent.session.onDidChangeState(() => this.#tell(agent.toolUseId)));
	}

	#forget({ toolUseId }: RunningSubagent): void {
		this.#watched.get(toolUseId)?.dispose();
		this.#watched.delete(toolUseId);
		this.#waits.delete(toolUseId);
	}

	#tell(id: string): void {
		const row = this.#row(id);
		if (row) this.#changed.fire({ kind: 'growing', item: this.withLive(row) });
		if (!this.#open.has(id) || this.#timers.has(id)) return;
		const timer = setTimeout(() => {
			this.#timers.delete(id);
			// What cannot be read now is read with the next change.
			void this.#sendRows(id).catch(() => undefined);
		}, ROWS_EVERY_MS);
		this.#timers.set(id, timer);
	}

	async #sendRows(id: string): Promise<void> {
		const entries = await this.#entriesOf(id);
		const items = replay(entries, entries, this.#inputs)
			.rows(this.#running(id) !== undefined)
			.filter(({ kind }) => kind !== 'turnEnd');
		const shown = items.slice(-SHOWN_ROWS);
		this.#changed.fire({ kind: 'agentRows', rows: { id, items: shown, olderRows: items.length - shown.length } });
	}

	/** What was said and done in the run that this call started. */
	async #entriesOf(id: string): Promise<readonly Entry[]> {
		const running = this.#running(id);
		const starts = (await this.#session.history(['subagent'])).filter((entry) => entry.toolUseId !== undefined);
		const started = starts.find(({ toolUseId }) => toolUseId === id);
		if (!started || !this.#logs) return [];
		const own = ({ agentId }: Entry) => agentId === started.subagentId;
		const branch = running
			? running.session.branch().filter(own)
			: (await readAgentLog(this.#logs, this.#session.id, started.subagentId)).branch();
		const runs = starts.filter(({ subagentId }) => subagentId === started.subagentId);
		return runOf(branch, runs.indexOf(started));
	}
}

/** From the prompt of this run to the next one. */
function runOf(branch: readonly Entry[], run: number): readonly Entry[] {
	const prompts = branch.flatMap((entry, index) => (entry.type === 'user' ? [index] : []));
	const start = prompts[run];
	return start === undefined ? [] : branch.slice(start, prompts[run + 1]);
}
