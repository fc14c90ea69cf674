/** What a model and a person are told about the sandbox of commands. Pure. */
import type { ShellOutcome } from '../ports.ts';
import type { SandboxPolicy } from './sandboxPort.ts';
import type { SiteUse } from './siteGate.ts';

/** The field of Bash's input; it is told of where it is needed, so that it costs nothing in every request. */
export const OUTSIDE_FIELD = 'outside_sandbox';

/** What programs say that were kept from something. */
const BLOCKED =
	/^bwrap: |read-only file system|permission denied|operation not permitted|\bE(?:ROFS|ACCES|PERM|AI_AGAIN|NETUNREACH|NOTFOUND)\b|network is (?:unreachable|down)|(?:could not|couldn't|cannot|can't) resolve|name resolution|name or service not known|no such host|sandbox/im;
/** Where only the end is looked at: what went wrong is said last. */
const LOOKED_AT_CHARS = 20_000;

/** Whether the sandbox may be why a command failed. A guess by its words; nothing depends on it but a hint. */
export function looksBlocked({
	reason,
	exitCode,
	output,
}: Pick<ShellOutcome, 'reason' | 'exitCode' | 'output'>): boolean {
	return reason === 'exited' && exitCode !== 0 && BLOCKED.test(output.slice(-LOOKED_AT_CHARS));
}

const boundsOf = (policy: SandboxPolicy): string =>
	`it can write only in the workspace folders and /tmp, reads no places of secrets, and has ${networkOf(policy)}`;

function networkOf({ hasNetwork, asksForSites }: SandboxPolicy): string {
	if (hasNetwork) return 'the network';
	return asksForSites
		? 'no network but http and https through the proxy in its environment, where the user is asked about each new site'
		: 'no network';
}

/** For the frozen context of a session. */
export const sandboxLine = (policy: SandboxPolicy): string =>
	`Sandbox: a command of Bash runs in one: ${boundsOf(policy)}. One that needs more is called with "${OUTSIDE_FIELD}": "<why it needs more>" beside its command; the user is asked.`;

/** Behind a failed command's output. */
export const blockedNote = (policy: SandboxPolicy): string =>
	`[the command ran in a sandbox, which may be the cause: ${boundsOf(policy)}. If it needs more, call Bash again with "${OUTSIDE_FIELD}": "<why it needs more>" beside the command; the user is asked]`;

/** Behind the output of a command that made what is protected but was not there to be held. */
export const madeNote = (paths: readonly string[]): string =>
	`[it made ${paths.join(', ')}, which can change what runs here. Tell the user, and take it away again unless they wanted it]`;

/** Behind the output of a command that was kept from sites. */
export const refusedNote = (hosts: readonly string[]): string =>
	`[the sandbox did not let it reach ${hosts.join(', ')}: the user or a rule said no, or it is no place of the web. Do not try another way; go on without, or ask the user]`;

/** What the end of a command has to say of the sandbox it ran in. */
export type HeldEnd = {
	readonly isBlocked?: boolean | undefined;
	readonly madeProtected?: readonly string[] | undefined;
	readonly sites?: SiteUse | undefined;
};

/** Sites that a row names; how many more there are, it says. */
const SHOWN_SITES = 3;

/** For the row of a command. */
export const sandboxSummary = ({ isBlocked, madeProtected = [], sites }: HeldEnd): readonly string[] => [
	...(isBlocked ? ['sandbox'] : []),
	...sitesIn('reached', sites?.reached),
	...sitesIn('refused', sites?.refused),
	...madeProtected.map((path) => `made ${path.split('/').slice(-2).join('/')}`),
];

function sitesIn(word: string, hosts: readonly string[] = []): readonly string[] {
	if (hosts.length === 0) return [];
	const more = hosts.length - SHOWN_SITES;
	return [`${word} ${hosts.slice(0, SHOWN_SITES).join(' ')}${more > 0 ? ` and ${more} more` : ''}`];
}

/** For the user, behind how a command in the background ended. */
export const endNote = ({ isBlocked, madeProtected = [], sites }: HeldEnd): string =>
	[
		...(isBlocked ? [' The sandbox it ran in may be the cause.'] : []),
		...(sites && sites.refused.length > 0 ? [` It was kept from ${sites.refused.join(', ')}.`] : []),
		...(madeProtected.length > 0 ? [` It made ${madeProtected.join(', ')}, which can change what runs here.`] : []),
	].join('');

export const outsideCause = (reason: string): string =>
	`It wants to run outside the sandbox: ${reason.replace(/\s+/g, ' ').replace(/[.\s]+$/, '')}`;
