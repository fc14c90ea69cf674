/**
 * A proxy on this machine that our browser goes through, so that whatever a page does (redirects, frames, sockets, workers), no connection to
 * this machine or its network is made that the user did not allow. Resolves each name itself and connects to the address it looked at.
 */
import { lookup } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import { within } from '../files/within.ts';
import { type Address, createForwardProxy, type Route, type Target } from './forwardProxy.ts';
import { type ChooseProxy, NO_PROXY } from './outboundProxy.ts';
import { isPrivateAddress } from './privateAddress.ts';

export type CheckedProxy = {
	/** `http://127.0.0.1:port`. */
	readonly url: string;
	/** `host:port` on this machine or its network may be reached. */
	allow(hostAndPort: string): void;
	/** The places that were refused since the last call. */
	takeRefused(): readonly string[];
	close(): Promise<void>;
};

export type Resolve = (host: string) => Promise<readonly Address[]>;

/** Where a proxy connects, names may be known to it alone. */
const PROXIED_LOOKUP_MS = 2_000;

export const systemResolve: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/** With all that this machine knows a host by. Rejects when that is nothing and there is no proxy that might know more. */
export async function lookedUp(
	{ host, url }: Target,
	{ proxy, resolve }: { readonly proxy: ChooseProxy; readonly resolve: Resolve },
): Promise<{ readonly addresses: readonly Address[]; readonly route: Route }> {
	const through = proxy(url);
	if (!through) {
		const addresses = await resolve(host);
		return { addresses, route: { kind: 'straight', addresses } };
	}
	const addresses = await within(PROXIED_LOOKUP_MS, async () => await resolve(host)).catch(() => []);
	return { addresses, route: { kind: 'through', proxy: through } };
}

/** `proxy`: the user's own, which is asked in the place of the web, behind the same check. */
export async function startCheckedProxy(proxy: ChooseProxy = NO_PROXY): Promise<CheckedProxy> {
	const allowed = new Set<string>();
	const refused = new Set<string>();
	const { server, close } = createForwardProxy(async (target) => {
		const place = `${target.host}:${target.port}`;
		const { addresses, route } = await lookedUp(target, { proxy, resolve: systemResolve });
		if (allowed.has(place) || !addresses.some(({ address }) => isPrivateAddress(address))) return route;
		refused.add(place);
		return { kind: 'refused', status: 403, reason: 'Not allowed.' };
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		allow: (place) => allowed.add(place),
		takeRefused() {
			const places = [...refused];
			refused.clear();
			return places;
		},
		close,
	};
}
