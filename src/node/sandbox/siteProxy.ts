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
	/** Connections in ten seconds after which whoever makes them loses the proxy; default 10,000. */
	readonly floodCount?: number;
};

/** Whose request it is. */
export type SiteCaller = { readonly gate: SiteGate; readonly until?: AbortSignal };

const LOOKUP_MS = 15_000;
const FLOOD_WINDOW_MS = 10_000;
/** Far more than any program needs, and far less than would keep this process busy. */
const FLOOD_COUNT = 10_000;
/** As names are written in the web; an address is told apart before. */
const HOST_NAME = /^[a-z\d_](?:[a-z\d._-]{0,251}[a-z\d_])?$/;

export function createSiteProxy(
	callerOf: (request: IncomingMessage) => SiteCaller | undefined,
	{ proxy = NO_PROXY, resolve = systemResolve, floodCount = FLOOD_COUNT }: SiteProxyOptions = {},
): ForwardProxy {
	const made = createForwardProxy(async (target, request) => {
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
	let count = 0;
	let since = performance.now();
	const counted = () => {
		const now = performance.now();
		if (now - since > FLOOD_WINDOW_MS) {
			since = now;
			count = 0;
		}
		count++;
		if (count === floodCount) void made.close();
	};
	// Those beyond the limit of open ones cost as much.
	made.server.on('connection', counted).on('drop', counted);
	return made;
}

/** Below 1024, other ports than these are of other services: mail, remote shells, shared files. */
const isWebPort = (port: number): boolean => port === 80 || port === 443 || port >= 1024;

const refused = (reason: string): Route => ({ kind: 'refused', status: 403, reason });
