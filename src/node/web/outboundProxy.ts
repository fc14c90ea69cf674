/**
 * The user's proxy between this machine and the web: which requests go through it, and connections through it. What is on this machine is
 * never asked of it.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { CancelledError } from '../../base/errors.ts';
import type { ProxySettings } from '../../core/web/proxyPort.ts';
import { bareHost, isLocalName } from '../../core/web/webUrl.ts';
import { isPrivateAddress } from './privateAddress.ts';

export type OutboundProxy = {
	readonly host: string;
	readonly port: number;
	/** It is spoken to in TLS itself. */
	readonly isSecure: boolean;
	/** Its header `proxy-authorization`. */
	readonly authorization: string | undefined;
};

/** Undefined: straight. Throws when the proxy is none that can be used: going around it would not be what the user set. */
export type ChooseProxy = (url: URL) => OutboundProxy | undefined;

export const NO_PROXY: ChooseProxy = () => undefined;
/** A proxy that answers a request for a tunnel with more than this does not speak HTTP. */
const MAX_ANSWER_BYTES = 16_384;

export function createProxyChoice(
	settings: () => ProxySettings,
	environment: Readonly<Record<string, string | undefined>>,
): ChooseProxy {
	const variable = (...names: readonly string[]) =>
		names.flatMap((name) => [environment[name], environment[name.toUpperCase()]]).find((value) => value?.trim()) ?? '';
	return (url) => {
		const { isOff, url: own, noProxy, authorization } = settings();
		if (isOff) return undefined;
		const names = url.protocol === 'https:' ? ['https_proxy', 'http_proxy', 'all_proxy'] : ['http_proxy', 'all_proxy'];
		const proxy = own || variable(...names);
		if (proxy === '') return undefined;
		const around = [...noProxy, ...variable('no_proxy').split(',')];
		return isAround(url, around) ? undefined : parsedProxy(proxy, authorization);
	};
}

function isAround(url: URL, entries: readonly string[]): boolean {
	const host = bareHost(url.hostname);
	const isHere = isLocalName(host) || (isIP(host) !== 0 && isPrivateAddress(host));
	if (isHere) return true;
	const port = url.port || (url.protocol === 'https:' ? '443' : '80');
	return entries.some((entry) => {
		const [, name = '', onlyPort] = /^(.*?)(?::(\d+))?$/.exec(entry.trim().toLowerCase()) ?? [];
		if (name === '' || (onlyPort !== undefined && onlyPort !== port)) return false;
		if (name === '*') return true;
		const suffix = name.replace(/^\*?\./, '');
		return host === suffix || host.endsWith(`.${suffix}`);
	});
}

function parsedProxy(text: string, authorization: string): OutboundProxy {
	const written = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
	const url = URL.canParse(written) ? new URL(written) : undefined;
	if (!url || !/^https?:$/.test(url.protocol))
		throw new Error('the proxy that is set is no http or https proxy, and others are not supported here');
	const { username, password, protocol, hostname, port } = url;
	const named = `${decoded(username)}:${decoded(password)}`;
	return {
		host: bareHost(hostname),
		port: Number(port || (protocol === 'https:' ? 443 : 80)),
		isSecure: protocol === 'https:',
		authorization: username === '' ? authorization || undefined : `Basic ${Buffer.from(named).toString('base64')}`,
	};
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

export const proxyHeaders = ({ authorization }: OutboundProxy): Readonly<Record<string, string>> =>
	authorization === undefined ? {} : { 'proxy-authorization': authorization };

/** A connection to `host:port` that the proxy made. Rejects with a sentence's end, or CancelledError. */
export async function tunnelThrough(
	proxy: OutboundProxy,
	host: string,
	port: number,
	signal: AbortSignal,
): Promise<Socket> {
	const place = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
	const options = { host: proxy.host, port: proxy.port };
	const socket: Socket = proxy.isSecure
		? connectSecure({ ...options, ...(isIP(proxy.host) === 0 ? { servername: proxy.host } : {}) })
		: connectPlain(options);
	const stop = () => socket.destroy(new CancelledError());
	signal.addEventListener('abort', stop, { once: true });
	try {
		return await new Promise<Socket>((resolve, reject) => {
			if (signal.aborted) stop();
			let answer = Buffer.alloc(0);
			const read = (part: Buffer) => {
				answer = Buffer.concat([answer, part]);
				const end = answer.indexOf('\r\n\r\n');
				if (end < 0) {
					if (answer.length > MAX_ANSWER_BYTES) reject(new Error('the proxy does not speak HTTP'));
					return;
				}
				socket.off('data', read);
				const status = /^HTTP\/1\.\d (\d{3})/.exec(answer.toString('latin1'))?.[1];
				if (status !== '200') return reject(new Error(refusalOf(status)));
				socket.pause();
				if (answer.length > end + 4) socket.unshift(answer.subarray(end + 4));
				resolve(socket);
			};
			socket.on('data', read);
			socket.once('error', reject);
			socket.once('close', () => reject(new Error('the proxy closed the connection')));
			const headers = Object.entries({ host: place, ...proxyHeaders(proxy) }).map(
				([name, value]) => `${name}: ${value}`,
			);
			socket.once(proxy.isSecure ? 'secureConnect' : 'connect', () =>
				socket.write(`CONNECT ${place} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`),
			);
		});
	} catch (error) {
		socket.on('error', () => undefined);
		socket.destroy();
		throw error;
	} finally {
		signal.removeEventListener('abort', stop);
	}
}

export function refusalOf(status: string | undefined): string {
	if (status === undefined) return 'the proxy does not speak HTTP';
	if (status === '407') return 'the proxy wants a sign-in (407): put it into http.proxy or http.proxyAuthorization';
	return `the proxy refused (${status})`;
}
