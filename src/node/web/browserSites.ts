/** Sites as the browser and its proxy name them, and what is told of one that was not reached. */
import { isIP } from 'node:net';
import type { BrowserOutcome } from '../../core/web/browserPort.ts';
import { isLocalName, parseWebUrl } from '../../core/web/webUrl.ts';
import { isPrivateAddress } from './privateAddress.ts';

export type Blocked = Extract<BrowserOutcome, { kind: 'blocked' }>;

/** As the proxy names it. */
export function placeOf({ href, host }: { readonly href: string; readonly host: string }): string {
	const { port, protocol } = new URL(href);
	return `${host}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

export function blockedBy(address: string, isRepeatable: boolean): Blocked {
	const url = parseWebUrl(address);
	const host = url.kind === 'url' ? url.host : address.slice(0, 100);
	const isPrivate = isLocalName(host) || (isIP(host) !== 0 && isPrivateAddress(host));
	return { kind: 'blocked', url: address, host, isPrivate, isRepeatable: isRepeatable && url.kind === 'url' };
}
