/**
 * Which sites one command in a sandbox may reach: what the rules say counts, then what the user answered before, then they are asked. Knows
 * neither rules nor cards. Answers hold as long as the command runs, rules only as long as they stand.
 */
import { isCancelled } from '../../base/errors.ts';

export type Site = {
	/** As `bareHost` gives it. */
	readonly host: string;
	readonly port: number;
	/** An address of this machine or its network that the host is, or that its name leads to. */
	readonly privateAddress?: string;
};

/** Hosts, each once. */
export type SiteUse = { readonly reached: readonly string[]; readonly refused: readonly string[] };

export type SiteGate = {
	/** Never rejects. Waits for the user as long as the command runs. */
	mayReach(site: Site): Promise<boolean>;
	/** Something was sent there, or could have been. */
	noteReached(host: string): void;
	/** It is no place that a command may reach, whoever would allow it. */
	noteRefused(host: string): void;
	/** How long the command has waited for answers, which is no time of its own. */
	waitedMs(): number;
	/** The command is over: nothing more is allowed, and what is asked is withdrawn. */
	end(): void;
	use(): SiteUse;
};

export type SiteGateWorld = {
	/** What the rules say now; `unknown`: the user is to be asked. */
	judge(site: Site): Promise<'allowed' | 'refused' | 'unknown'>;
	/** True when the user allows it. Rejects when nobody answers any more. */
	ask(site: Site, signal: AbortSignal): Promise<boolean>;
	now(): number;
	/** Of an error that is none of the user's or the turn's. */
	onError(error: unknown): void;
};

/** A command that is told no so often gets no further card. */
const MAX_DENIED = 3;
/** Different sites that wait for the user at once. */
const MAX_WAITING = 20;
/** A command that makes up names is not followed for ever. */
const MAX_NOTED = 100;

export function createSiteGate({ judge, ask, now, onError }: SiteGateWorld): SiteGate {
	const over = new AbortController();
	const answers = new Map<string, boolean>();
	const waiting = new Map<string, Promise<boolean>>();
	const reached = new Set<string>();
	const refused = new Set<string>();
	/** A card belongs to a call, so those of one call come one after the other. */
	let lastCard: Promise<unknown> = Promise.resolve();
	let waitedMs = 0;
	let waitsSince: number | undefined;

	const note = (hosts: Set<string>, host: string) => {
		if (hosts.size < MAX_NOTED) hosts.add(host);
	};
	const keyOf = ({ host, privateAddress }: Site) => (privateAddress === undefined ? host : `${host} private`);
	const deniedCount = () => [...answers.values()].filter((isAllowed) => !isAllowed).length;

	async function question(site: Site): Promise<boolean> {
		// Cards that were answered meanwhile may have brought a rule.
		const before = lastCard;
		const asked = before.then(async () => {
			over.signal.throwIfAborted();
			const verdict = await judge(site);
			if (verdict !== 'unknown') return verdict === 'allowed';
			if (deniedCount() >= MAX_DENIED) return false;
			const isAllowed = await ask(site, over.signal);
			answers.set(keyOf(site), isAllowed);
			return isAllowed;
		});
		lastCard = asked.catch(() => undefined);
		waitsSince ??= now();
		try {
			return await asked;
		} finally {
			waiting.delete(keyOf(site));
			if (waiting.size === 0 && waitsSince !== undefined) {
				waitedMs += Math.max(0, now() - waitsSince);
				waitsSince = undefined;
			}
		}
	}

	async function decide(site: Site): Promise<boolean> {
		const verdict = await judge(site);
		if (over.signal.aborted || verdict === 'refused') return false;
		const key = keyOf(site);
		// A rule that allows it is newer than an answer: with the rule, nobody would have been asked.
		const answer = verdict === 'allowed' ? true : answers.get(key);
		if (answer !== undefined) return answer;
		const known = waiting.get(key);
		if (known) return await known;
		if (waiting.size >= MAX_WAITING || deniedCount() >= MAX_DENIED) return false;
		const asked = question(site);
		waiting.set(key, asked);
		return await asked;
	}

	return {
		async mayReach(site) {
			try {
				const isAllowed = await decide(site);
				if (!isAllowed && !over.signal.aborted) note(refused, site.host);
				return isAllowed && !over.signal.aborted;
			} catch (error) {
				// Whoever was asked is gone, with the command or with the session.
				if (!isCancelled(error) && !over.signal.aborted) onError(error);
				return false;
			}
		},
		noteReached: (host) => note(reached, host),
		noteRefused: (host) => note(refused, host),
		waitedMs: () => waitedMs + (waitsSince === undefined ? 0 : Math.max(0, now() - waitsSince)),
		end: () => over.abort(),
		use: () => ({ reached: [...reached], refused: [...refused] }),
	};
}
