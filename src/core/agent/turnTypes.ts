/** What a turn needs and what it tells while it runs. `runTurn.ts` is the loop. */
import type { ToolUseId } from '../../base/ids.ts';
import type { Trace } from '../../base/trace.ts';
import type { FileScanner } from '../checkpoint/fileScanner.ts';
import type { BlobCache } from '../context/loadBlobs.ts';
import type { SummaryDraft } from '../context/summaryDraft.ts';
import type { Search } from '../fileSearchPort.ts';
import type { Hooks } from '../hooks/hookTypes.ts';
import type { AskedImport, MemoryFile, MemoryLoad } from '../memory/memoryFile.ts';
import type { ModelErrorKind } from '../model/modelError.ts';
import type { ModelEvent, ModelInfo, ReminderForms, StreamModel } from '../model/modelPort.ts';
import type { ModelTuning } from '../model/modelTuning.ts';
import type { FileTraffic } from '../permission/fileTraffic.ts';
import type { ShellGrammar } from '../permission/shellParts.ts';
import type { Approver, Clock, Diagnostics, IdSource, Shell, Workspace } from '../ports.ts';
import type { CommandGrant } from '../session/commandFields.ts';
import type { ContextStrategy } from '../session/compactionFields.ts';
import type { InputBlock } from '../session/content.ts';
import type { EntryOf } from '../session/entry.ts';
import type { Session } from '../session/sessionTypes.ts';
import type { BlobStore } from '../session/storePort.ts';
import type { InstructionRun } from '../skills/expandInstruction.ts';
import type { SkillLine } from '../skills/skillList.ts';
import type { LateTools } from '../tools/lateTools.ts';
import type { ToolServices } from '../tools/services.ts';
import type { Interceptor } from './interceptors.ts';
import type { PoolWait } from './requestPool.ts';

/** What the user submitted. A text over 100,000 characters is turned into an attachment by `makePrompt`. */
export type Prompt = {
	readonly text: string;
	readonly attachments: readonly { readonly name: string; readonly content: readonly InputBlock[] }[];
	/** It was made by a slash command. */
	readonly command?: PromptCommand;
};

/** As it was typed, and what its file brings with it. */
export type PromptCommand = {
	readonly name: string;
	readonly argument: string;
	/** The prompt is words of its own, by which the work of an earlier one of the command goes on. */
	readonly continues?: true | undefined;
	/** Run before the first request; the output takes the place of the marks in the text. */
	readonly runs?: readonly InstructionRun[] | undefined;
	/** Rules for its turn, if the user agrees. */
	readonly grant?: CommandGrant | undefined;
	/** Rules for what may not be used in its turn. */
	readonly denied?: readonly string[] | undefined;
	/** An agent does it: the kind, and what its conversation begins with. The text of the prompt is then the mark of its report. */
	readonly fork?: CommandFork | undefined;
	/** What is to be said of its file, once in a session. */
	readonly notes?: readonly string[] | undefined;
	/** Id or family that the file names. `before`: the turn runs with it, and this is the session's own. */
	readonly model?: { readonly wanted: string; readonly before?: string | undefined } | undefined;
	/** The effort that the file names. `before`: the turn runs with another tuning, and this is the session's own. */
	readonly tuning?: CommandTuning | undefined;
};

export type CommandFork = {
	readonly kind: string;
	readonly prompt: string;
	/** Of the agent, instead of that of its kind. */
	readonly model?: string | undefined;
	readonly effort?: string | undefined;
};

/** `effort` may be a word that this build does not know, since it comes from the log as well. */
type CommandTuning = {
	readonly effort?: string | undefined;
	readonly before?: { readonly effort: string | null; readonly isThinking: boolean } | undefined;
};

/** Rules in the user's scope; session rules are added by *Always allow*. Patterns as in `permission/rules.ts`. */
export type PermissionRules = {
	readonly allow: readonly string[];
	readonly ask: readonly string[];
	readonly deny: readonly string[];
	/** Globs of files that hold secrets, besides those that are known everywhere. */
	readonly secrets?: readonly string[];
	/** Files that hooks run, as `hookPaths` gives them: a change of one is asked about. */
	readonly hookPaths?: readonly string[];
};

/** Texts that the frozen prefix is made from, read once, before the session's first request. */
export type ProjectContext = {
	/** From general to near, e.g. the user's own, then AGENTS.md and CLAUDE.md of each root. */
	readonly memory: readonly MemoryFile[];
	/** Sentences about memory files that were cut, left out or are wrong. */
	readonly notices?: readonly string[];
	/** Imports that wait for the user to allow them. */
	readonly asked?: readonly AskedImport[];
	/** Skills that the agent may choose. */
	readonly skills?: readonly SkillLine[];
	/** Operating system, shell, folder, git branch and the like, one line each. */
	readonly environment: readonly string[];
	/** What files of the project and the user offer, each a text of its own, e.g. kinds of agents. */
	readonly lists?: readonly string[];
};

/** Everything outside that a turn stands on. */
export type TurnPorts = {
	readonly clock: Clock;
	readonly ids: IdSource;
	readonly blobs: BlobStore;
	readonly workspace: Workspace;
	readonly shell: Shell;
	readonly search: Search;
	readonly diagnostics: Diagnostics;
	readonly approver: Approver;
	/** For what goes on when the turn is over, which the session is not shown to wait for; without it, the same. */
	readonly lastingApprover?: Approver;
	/** Finds what commands change in files; without it, that is not recorded. */
	readonly scanner?: FileScanner;
	/** Files with changes that are not saved, as a person knows them. A command does not see them. */
	unsavedFiles?(): readonly string[];
	readonly model: StreamModel;
	/** What is known about the session's model. */
	modelInfo(): ModelInfo;
	/** Effort and thinking to freeze; without it, the model's own. */
	tuning?(): ModelTuning;
	rules(): PermissionRules;
	/** Keeps a rule that the user chose with *Always allow* (for this session). */
	addSessionRule(rule: string): void;
	/** What the user answered about rules that commands and skills ask for; without it, each is asked about. */
	readonly grants?: GrantAnswers;
	/** Keeps rules beyond the session. Rejects when they cannot be kept. */
	keepRules?(rules: readonly string[], scope: 'workspace' | 'user'): Promise<void>;
	loadProjectContext(): Promise<ProjectContext>;
	/** Memory files and rules that come in when these files (absolute) are read or written. Without it, none do. */
	loadNestedMemory?(touched: readonly string[]): Promise<MemoryLoad>;
	readonly messageTtl: '5m' | '1h';
	/** What the user set about the context window. */
	contextLimits(): ContextLimits;
	/** Lets the user see and change a summary that was not asked for; undefined = not wanted. Without it, it is used as it is. */
	reviewSummary?(draft: SummaryDraft, signal: AbortSignal): Promise<string | undefined>;
	/** Asked before the conversation is made shorter: may add to what a summary is asked for, or refuse with a sentence for the user. */
	beforeCompaction?(ahead: CompactionAhead, signal: AbortSignal): Promise<{ instructions?: string; block?: string }>;
	/** Whether the endpoint is Anthropic's own, which takes every field of the API (cache diagnostics); default false. */
	readonly isOfficialEndpoint?: boolean;
	/** The model as agents of the session ask it, each of which waits for itself; without it, as its own. */
	agentModel?(onWait: (why: PoolWait | undefined) => void): StreamModel;
	/** Whether reminders may go as system messages; without it, they go as text, which every endpoint takes. */
	readonly reminderForms?: ReminderForms;
	/** Takes commands apart, so that each part is judged; without it they are judged as a text. */
	readonly shellGrammar?: ShellGrammar;
	/** Tools that are found and called while a session runs. */
	readonly lateTools?: LateTools;
	readonly services?: ToolServices;
	/** What stands behind the system prompt, when it is frozen. */
	readonly systemSections?: readonly string[];
	/** Runs calls that change files while nobody else of the session does; without it, they run at once. */
	oneAtATime?<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
	/** Commands of the user's at fixed points; without it, none run. */
	readonly hooks?: Hooks;
	/** Who else looks at tool calls before and after they run, in order; hooks come last. */
	readonly interceptors?: readonly Interceptor[];
	/** Where a turn asks whether to go on; without it, after so many steps as is usual. */
	turnLimits?(): TurnLimits;
	/** What other sessions write, so that nothing goes over it unseen. */
	readonly traffic?: FileTraffic;
	/** Texts of blobs that earlier turns of this session loaded. Kept by the caller, so that a turn need not read them again. */
	readonly loadedTexts?: BlobCache;
	readonly trace: Trace;
};

export type GrantAnswers = {
	/** For just this content of the file; `no` holds for this window. Undefined: nobody answered. */
	answerFor(grant: CommandGrant): 'yes' | 'no' | undefined;
	refuse(grant: CommandGrant): void;
	/** Rejects when it cannot be kept. */
	keep(grant: CommandGrant): Promise<void>;
};

/** Each counts from the prompt on; null = no limit. */
export type TurnLimits = {
	readonly steps: number | null;
	readonly costUsd: number | null;
	/** Without the time that the turn waited for the user. */
	readonly minutes: number | null;
};

export type CompactionAhead = {
	readonly by: EntryOf<'compaction'>['by'];
	readonly strategy: ContextStrategy;
	readonly focus?: string;
	readonly tokensBefore: number;
};

export type ContextLimits = {
	/** Summarize by itself when the line is reached. */
	readonly autoCompact: boolean;
	/** Fold old results to notes by itself; default true. */
	readonly microcompaction?: boolean;
	/** How that is done; default `summarize`. */
	readonly strategy?: ContextStrategy;
	/** Turns that `rollingWindow` keeps. */
	readonly rollingWindowTurns?: number;
	/** The user's own figure for the window; null = what is known about the model. */
	readonly windowTokens: number | null;
	/** Where the context-rot zone starts. */
	readonly rotTokens: number;
};

/** Ephemeral news of a running turn, for the panel. Facts are entries and come through `session.onDidAppend`. */
export type TurnEvent =
	| { readonly kind: 'model'; readonly event: ModelEvent }
	/** A new attempt or a new step starts: forget the deltas that no entry closed. */
	| { readonly kind: 'requestStarted' }
	| {
			readonly kind: 'retrying';
			readonly attempt: number;
			readonly maxAttempts: number;
			readonly delayMs: number;
			readonly cause: ModelErrorKind;
			readonly message: string;
	  }
	/** The request waits for its place among those of other sessions. */
	| { readonly kind: 'waiting'; readonly why: PoolWait }
	/** A summary or a brief is being written. */
	| { readonly kind: 'compacting'; readonly chars: number; readonly wanted: 'summary' | 'brief' }
	| { readonly kind: 'toolProgress'; readonly toolUseId: ToolUseId; readonly text: string };

/** `runTurn(session, prompt, ports, onEvent, signal)`. Never rejects: how it ended is the `turnEnded` entry. */
export type RunTurn = (
	session: Session,
	prompt: Prompt,
	ports: TurnPorts,
	onEvent: (event: TurnEvent) => void,
	signal: AbortSignal,
) => Promise<void>;
