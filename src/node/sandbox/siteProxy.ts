/**
 * The proxy behind which a command in a sandbox reaches sites: its gate is asked by name before anything is resolved, since a question to a
 * resolver can carry words out as well, and once more when the name leads to this machine or its network.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { SiteGate } from '../../core/sandbox/siteGate.ts';
import { isLocalName } from '../../core/web/webUrl.ts';
import { within } from '../files/within.ts';
import { lookedUp, type Resolve, systemResolve } from '../web/checkedProxy.ts';
import { createForwardProxy, type ForwardProxy, type Route } from '../web/forwardProxy.ts';
import { type ChooseProxy, NO_PROXY } from '../web/outboundProxy.ts';
import { isPrivateAddress } from '../web/privateAddress.ts';

export type SiteProxyOptions = {
	/** The user's own, which is asked in the place of the web, behind the same check. Default: none. */
	readonly proxy?: ChooseProxy;
	/** Default: the system's. */
	readonly resolve?: Resolve;
};

/** Whose request it is. */
export type SiteCaller = { readonly gate: SiteGate; readonly until?: AbortSignal };

const LOOKUP_MS = 15_000;
/** As names are written in the web; an address is told apart before. */
const HOST_NAME = /^[a-z\d_](?:[a-z\d._-]{0,251}[a-z\d_])?$/;

export function createSiteProxy(
	callerOf: (request: IncomingMessage) => SiteCaller | undefined,
	{ proxy = NO_PROXY, resolve = systemResolve }: SiteProxyOptions = {},
): ForwardProxy {
	return createForwardProxy(async (target, request) => {
		const caller = callerOf(request);
		if (!caller) return { kind: 'refused', status: 407, reason: 'It is not known which command asks.' };
		const { gate, until } = caller;
		const { host, port } = target;
		if (!HOST_NAME.test(host) && isIP(host) === 0) return refused('That is no name of a host.');
		if (!isWebPort(port)) {
			gate.noteRefused(`${host}:${port}`);
			return refused(`Port ${port} is none of the web, so the sandbox does not let a command reach it.`);
		}
		const kept = refused(`The sandbox does not let this command reach ${host}: the user or a rule said no.`);
		const isHere = isLocalName(host) || (isIP(host) !== 0 && isPrivateAddress(host));
		if (!(await gate.mayReach({ host, port, ...(isHere ? { privateAddress: host } : {}) }))) return kept;
		const { addresses, route } = await within(LOOKUP_MS, () => lookedUp(target, { proxy, resolve }));
		const inside = isHere ? undefined : addresses.find(({ address }) => isPrivateAddress(address));
		if (inside && !(await gate.mayReach({ host, port, privateAddress: inside.address }))) return kept;
		gate.noteReached(host);
		return until === undefined ? route : { ...route, until };
	});
}

/** Below 1024, other ports than these are of other services: mail, remote shells, shared files. */
const isWebPort = (port: number): boolean => port === 80 || port === 443 || port >= 1024;

const refused = (reason: string): Route => ({ kind: 'refused', status: 403, reason });
