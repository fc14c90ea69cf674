/**
 * What a tool is. One file per tool and one line in `registry.ts`; the zod schema gives the type, the check and the JSON schema.
 */
import type * as z from 'zod';
import type { ToolUseId } from '../../base/ids.ts';
import type { Search } from '../fileSearchPort.ts';
import type { Diagnostics, FileSnapshot, ResolvedPath, Shell, WorkspaceRoot } from '../ports.ts';
import type { Confinement } from '../sandbox/sandboxPort.ts';
import type { SiteGate } from '../sandbox/siteGate.ts';
import type { CommandGrant } from '../session/commandFields.ts';
import type { InputBlock } from '../session/content.ts';
import type { FilePath } from '../session/fileFields.ts';
import type { ToolServices } from './services.ts';

/** What a tool may touch. Tools with `none` or `read` run in parallel; the others one by one, in order. */
export type Effect = 'none' | 'read' | 'write' | 'execute' | 'network';

/** Marks a field of an input that is not told in the schema: a result says of it where it is needed. */
export const UNLISTED = 'unlisted';

/** What a tool gave. Failing is data for the model, never the end of a session. */
export type ToolOutcome = {
	readonly isError: boolean;
	readonly content: readonly InputBlock[];
	/** A few words for the transcript row, e.g. `3 lines`. */
	readonly summary: string;
	/** What it cost beside the conversation, in USD; null when the price is not known. */
	readonly costUsd?: number | null;
	/** The whole output, when `content` is a shortened form of it. */
	readonly output?: string;
};

export type EditRequest = {
	readonly file: FilePath;
	readonly absolute: string;
	/** What the tool read and computed from; `absent` for a new file. Must be what `read` returned. */
	readonly before: Extract<FileSnapshot, { kind: 'file' | 'absent' }>;
	/** The new text, with `\n` line ends: the file's own line ends, BOM and encoding are put back by the editor. */
	readonly text: string;
	/** Ask in every mode: the path is protected. */
	readonly mustAsk?: boolean;
	/** It takes the place of the whole content, so it is refused where that is another than the session was shown. */
	readonly isWhole?: boolean;
};
export type EditOutcome =
	| {
			readonly kind: 'applied';
			readonly addedLines: number;
			readonly removedLines: number;
			/** The text that was written, when the user changed the proposal before accepting. */
			readonly userText?: string;
			/** False: the document had unsaved changes, so it was edited and left unsaved. */
			readonly isSaved: boolean;
	  }
	| { readonly kind: 'rejected'; readonly reason?: string };

/** The only way a tool touches files: what it writes is recorded first, and shown to the user according to the mode. */
export type ToolFiles = {
	readonly roots: readonly WorkspaceRoot[];
	/** Resolves against the session's cwd, links followed up to the leaf. */
	resolve(path: string): Promise<ResolvedPath>;
	read(absolute: string): Promise<FileSnapshot>;
	/** The model is shown this content. */
	noteShown?(absolute: string, bytes: Uint8Array): void;
	edit(request: EditRequest): Promise<EditOutcome>;
};

export type ToolContext = {
	readonly toolUseId: ToolUseId;
	readonly cwd: string;
	setCwd(cwd: string): void;
	readonly files: ToolFiles;
	readonly shell: Shell;
	readonly search: Search;
	readonly diagnostics: Diagnostics;
	/** Best matches in the whole conversation, in its order. */
	recall(query: string, max: number, signal: AbortSignal): Promise<readonly Recalled[]>;
	/** What FindTools looks through. */
	readonly lateTools?: { list(): readonly Tool[]; settle?(signal: AbortSignal): Promise<readonly string[]> };
	/** Not there in sessions that stand apart from a window. */
	readonly services?: ToolServices;
	/** Asks for something that only shows while it runs. Not there where nobody can be asked. */
	ask?(question: InCallQuestion): Promise<InCallAnswer>;
	/** Asks for the sites that a command in a sandbox reaches for. `isLasting`: it goes on after the call. */
	openSites?(command: string, isLasting: boolean): SiteGate;
	/** Waits for the user: the time of it is no run time, and the session is shown as waiting. */
	whileWaiting?<T>(ask: () => Promise<T>): Promise<T>;
	/** Ephemeral output while it runs. */
	readonly onProgress: (text: string) => void;
	/** Takes in rules that a file asks for, if the user agrees, until the turn ends. Not there where nobody can be asked. */
	useRules?(grant: CommandGrant): Promise<void>;
	/** What may not be used from here on, until the turn ends. */
	denyRules?(rules: readonly string[]): void;
	/** All of these rules. */
	readonly deniedRules?: readonly string[];
	/** Those that a file asked for and the user agreed to in this turn. */
	readonly allowedRules?: readonly string[];
	/** In words, the limit of cost or time that the turn has reached, together with what running work has cost besides. */
	usedUp?(besideUsd: number): string | undefined;
	/** Of a text, as the log names contents. */
	hash?(text: string): string;
	/** In force; undefined where nobody knows. */
	readonly effort?: string;
	/** Whether the model can be sent PDF files; default false. */
	readonly takesPdf?: boolean;
	readonly signal: AbortSignal;
};

/** A question in the middle of a call. */
export type InCallQuestion = {
	/** What would be reached, in full. */
	readonly target: string;
	/** Why it is asked, as a sentence without a dot. */
	readonly cause: string;
	/** The host that would be reached. */
	readonly host: string;
	/** On this machine or its network: only a rule of just the words of `rule` allows it. */
	readonly isPrivate: boolean;
	/** What *Always allow* would add. */
	readonly rule: string;
	/** The call itself named it, so a user who was asked about the call has answered. */
	readonly isNamedInCall?: boolean;
};
export type InCallAnswer = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly outcome: ToolOutcome };

/** A place of the conversation. `turn` counts the user’s messages from 1. */
export type Recalled = { readonly turn: number; readonly who: string; readonly excerpt: string };

/** How a call reads in the transcript: `Read src/a.js`, `Run npm test`. `path` is absolute, when the call is about one file. */
export type ToolLabel = { readonly verb: string; readonly target: string; readonly path?: string };

/** A yes to one call that holds for the calls after it. `words` say for which, for the question. */
export type SiteGrant = { readonly words: string; readonly isGiven: boolean };

/** What a call reaches for, as the model gave it: a path (relative to the cwd or absolute) or a shell command. */
type ToolTarget =
	| { readonly kind: 'path'; readonly path: string }
	| { readonly kind: 'command'; readonly command: string }
	/** A page of the web. */
	| { readonly kind: 'url'; readonly url: string; readonly grant?: SiteGrant }
	/** What the tool picks by a name, e.g. which agent. */
	| { readonly kind: 'name'; readonly name: string };

export type Tool<I = unknown> = {
	readonly name: string;
	/** Raised when the schema or the meaning of the input changes. */
	readonly version: number;
	/** Sent to the model: what it does, when to use it, what it returns. */
	readonly description: string;
	readonly input: z.ZodType<I>;
	readonly effect: Effect;
	label(input: I): ToolLabel;
	/** What the user is asked about, where the label is a short form of it or leaves the input out. */
	inFull?(input: I): string;
	/** What the call reaches for, for the permission decision. Absent: nothing but the workspace as a whole. */
	target?(input: I, services?: ToolServices): ToolTarget | undefined;
	/** How a call is held by the system; undefined = it is not. */
	confinement?(input: I, services?: ToolServices): Confinement | undefined;
	run(input: I, context: ToolContext): Promise<ToolOutcome>;
};
