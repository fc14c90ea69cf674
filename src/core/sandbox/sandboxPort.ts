/** What holds for commands that run in a sandbox of the operating system, and who says so. Types only; `node/sandbox` makes them hold. */
import type { SiteGate } from './siteGate.ts';

/** Beyond these, the disk can only be read. */
export type SandboxPolicy = {
	/** Folders that may be written, but for what is protected in them. Absolute; need not exist. */
	readonly writable: readonly string[];
	/** All of it, unlooked at. */
	readonly hasNetwork: boolean;
	/** Instead of `hasNetwork`: sites are reached through a proxy of ours, which asks about each. */
	readonly asksForSites?: true;
	/** Who is asked, for one command. Without it, no site is reached. */
	readonly sites?: SiteGate;
};

/** The sandbox of one session, as the settings are now. */
export type CommandSandbox = {
	/** Undefined: commands run as the user's own do. */
	policy(): SandboxPolicy | undefined;
	/** Rejects with UserError `no-sandbox` when this machine cannot make one: then nothing is run. */
	ready(): Promise<void>;
	/** What only asks for want of a rule may run without a question, since it is held. */
	mayRunUnasked(): boolean;
};

/** How a call is held. `outside`: it wants to run without the sandbox, and that is asked about whatever the rules say. */
export type Confinement =
	| { readonly kind: 'inside'; readonly mayRunUnasked: boolean }
	| { readonly kind: 'outside'; readonly reason: string };
