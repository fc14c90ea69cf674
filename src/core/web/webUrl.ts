/** Addresses of the web as the tools take them: http and https, nothing secret in them. Resolves no name. */

export type WebUrl =
	| { readonly kind: 'url'; readonly href: string; readonly host: string; readonly origin: string }
	/** A sentence. */
	| { readonly kind: 'refused'; readonly reason: string };

/** What the parser of the web makes of it: `http://2130706433/` is 127.0.0.1 here as it is there. */
export function parseWebUrl(text: string): WebUrl {
	let url: URL;
	try {
		url = new URL(text.trim());
	} catch {
		return {
			kind: 'refused',
			reason: `“${text.slice(0, 200)}” is no address; it must start with https:// or http://.`,
		};
	}
	if (url.protocol !== 'http:' && url.protocol !== 'https:')
		return { kind: 'refused', reason: `Addresses with ${url.protocol} are not opened, only http and https.` };
	if (/^[a-z]+:\/*[^/?#]*@/i.test(url.href))
		return { kind: 'refused', reason: 'An address with a user name or password in it is not opened.' };
	return { kind: 'url', href: url.href, host: bareHost(url.hostname), origin: url.origin };
}

/** Without the brackets of an IPv6 address and without the dot of a full name. */
export function bareHost(hostname: string): string {
	return hostname
		.replace(/^\[|\]$/g, '')
		.replace(/\.$/, '')
		.toLowerCase();
}

/** The same site for a person: the same host, with or without `www.`. */
export function isSameSite(one: string, other: string): boolean {
	return one.replace(/^www\./, '') === other.replace(/^www\./, '');
}

/** Names that mean this machine or its network wherever they are asked for. */
export function isLocalName(host: string): boolean {
	return /(?:^|\.)(?:localhost|local|internal|localdomain|home\.arpa|lan)$/.test(host);
}

/** A person sees by the host alone that it is no place of the web: a local name, or an address in figures. */
export function isPlainlyPrivate(host: string): boolean {
	return isLocalName(host) || /^[\d.]+$/.test(host) || host.includes(':');
}

/** What allows it for good. A name that only leads to a private address gets a rule of its own kind, which no rule for a host stands in for. */
export function ruleForHost(tool: string, host: string, isPrivate: boolean): string {
	return `${tool}(${isPrivate && !isPlainlyPrivate(host) ? 'private' : 'domain'}:${host})`;
}
