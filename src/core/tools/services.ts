/**
 * What tools reach beyond files, shell and search, for one session. Each kind of service is a member with a port type of its own file, and
 * is absent where the window cannot supply it; its tool then says so.
 */
import type { SessionId } from '../../base/ids.ts';
import type { Background } from '../background/backgroundPort.ts';
import type { CommandSandbox } from '../sandbox/sandboxPort.ts';
import type { SkillSource } from '../skills/instructionFile.ts';
import type { SubagentRunner } from '../subagents/subagentPort.ts';
import type { BrowserPort } from '../web/browserPort.ts';
import type { WebPages } from '../web/webPort.ts';
import type { WebSearch } from '../web/webSearchPort.ts';
import type { Asking, SessionModes, TaskKeeper } from './asking.ts';
import type { Symbols } from './symbolsPort.ts';

export type ToolServices = {
	/** What the language services of the editor know. */
	readonly symbols?: Symbols;
	/** Commands that go on after their call. */
	readonly background?: Background;
	/** What holds commands; not there where nothing does. */
	readonly sandbox?: CommandSandbox;
	/** Whose services they are. */
	readonly sessionId: SessionId;
	/** Globs of files that a search leaves out: those that hold secrets, and those that `Read` may not show without a question. */
	secretFiles?(): readonly string[];
	/** Agents that work for the session. */
	readonly subagents?: SubagentRunner;
	/** Questions and plans for the user. */
	readonly asking?: Asking;
	readonly modes?: SessionModes;
	readonly tasks?: TaskKeeper;
	/** The browser of the session. */
	readonly browser?: BrowserPort;
	readonly skills?: SkillSource;
	/** Not there where the endpoint has no search. */
	readonly webSearch?: WebSearch;
	/** Pages of the web. */
	readonly web?: WebPages;
};
