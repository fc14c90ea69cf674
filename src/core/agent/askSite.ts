/**
 * Makes the gate through which a command in a sandbox reaches sites: the rules of WebFetch hold for it, and a site that they say nothing of is
 * asked about with the usual card. Two commands of a session that wait for the same site have one card.
 */
import { CancelledError, codeOf } from '../../base/errors.ts';
import { cutText, visibleLines } from '../../base/text.ts';
import type { Approver } from '../ports.ts';
import { createSiteGate, type Site, type SiteGate } from '../sandbox/siteGate.ts';
import type { ToolUseBlock } from '../session/content.ts';
import { ruleForHost } from '../web/webUrl.ts';
import { askAndLog, type InCallTurn, judgeHost } from './askInCall.ts';
import type { TurnPorts } from './turnTypes.ts';

/** Whose rules hold: a site is the same site whoever reaches it. */
const RULED_AS = 'WebFetch';
const MAX_COMMAND_CHARS = 80;

export type SiteTurn = InCallTurn & { readonly ports: Pick<TurnPorts, 'workspace' | 'clock'> };

/** `approver` asks also when the turn is over, where the command goes on. */
export function openSites(
	call: Pick<ToolUseBlock, 'id'>,
	tool: string,
	{
		command,
		approver,
		signal,
	}: { readonly command: string; readonly approver: Approver; readonly signal?: AbortSignal },
	turn: SiteTurn,
): SiteGate {
	const { session, ports } = turn;
	const ruleOf = ({ host, privateAddress }: Site) => ruleForHost(RULED_AS, host, privateAddress !== undefined);
	return createSiteGate({
		now: () => ports.clock.now(),
		async judge(site) {
			if (!ports.workspace.isTrusted) return 'refused';
			const only = site.privateAddress === undefined ? {} : { onlyRule: ruleOf(site) };
			const { kind } = await judgeHost({ tool: RULED_AS, host: site.host, ...only }, turn);
			return kind === 'denied' ? 'refused' : kind;
		},
		async ask(site, over) {
			const stop = signal === undefined ? over : AbortSignal.any([over, signal]);
			const request = {
				...{ toolUseId: call.id, tool, site: site.host },
				...{ target: placeOf(site), cause: causeOf(site, command), rule: ruleOf(site) },
			};
			const asked = async () => {
				const { verdict } = await askAndLog(request, approver, { session, ports, signal: stop });
				return verdict !== 'deny';
			};
			return await askedOnce(session, request.rule, asked, stop);
		},
		onError: (error) => ports.trace({ event: 'sandboxSite', sessionId: session.id, code: codeOf(error) }),
	});
}

const placeOf = ({ host, port }: Site): string =>
	`${host.includes(':') ? `[${host}]` : host}${port === 443 || port === 80 ? '' : `:${port}`}`;

function causeOf({ host, privateAddress }: Site, command: string): string {
	const [line = ''] = visibleLines(command.trim()).split('\n', 1);
	const isCut = line.length > MAX_COMMAND_CHARS || command.trim().includes('\n');
	const named = `“${cutText(line, MAX_COMMAND_CHARS)}${isCut ? '…' : ''}”`;
	const where =
		privateAddress === undefined
			? ''
			: `. It is an address of this machine or of its network${privateAddress === host ? '' : ` (${privateAddress})`}, not of the web`;
	return `${named} in the sandbox waits to reach it${where}. Allowed once, it may until it ends; denied, it goes on without`;
}

/** By session: what is asked now. */
const asking = new WeakMap<object, Map<string, Promise<boolean>>>();

/** Who comes while it is asked gets the same answer. When the one who asked is gone, the next one asks. */
async function askedOnce(
	session: object,
	key: string,
	ask: () => Promise<boolean>,
	signal: AbortSignal,
): Promise<boolean> {
	const open = asking.get(session) ?? new Map<string, Promise<boolean>>();
	asking.set(session, open);
	for (;;) {
		if (signal.aborted) throw new CancelledError();
		const others = open.get(key);
		if (others === undefined) {
			const own = ask();
			open.set(key, own);
			try {
				return await own;
			} finally {
				open.delete(key);
			}
		}
		const answer = await orStopped(others, signal);
		if (answer !== undefined) return answer;
	}
}

/** Undefined when there was no answer. */
async function orStopped(asked: Promise<boolean>, signal: AbortSignal): Promise<boolean | undefined> {
	return await new Promise((resolve) => {
		const stop = () => resolve(undefined);
		signal.addEventListener('abort', stop, { once: true });
		void asked
			.catch(() => undefined)
			.then((answer) => {
				signal.removeEventListener('abort', stop);
				resolve(answer);
			});
	});
}
