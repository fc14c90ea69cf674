/**
 * The port WebPages over Node's own HTTP: follows redirects within a site by hand, connects only to addresses that it has looked at, and
 * reads no more than a page may have. Sends no cookie, no credential and no word about the user.
 */
import { lookup } from 'node:dns/promises';
import { type ClientRequest, get as httpGet, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as httpsGet } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { connect as connectSecure, getCACertificates } from 'node:tls';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { CancelledError, codeOf, messageOf } from '../../base/errors.ts';
import type { WebOutcome, WebPages } from '../../core/web/webPort.ts';
import { isSameSite, parseWebUrl, type WebUrl } from '../../core/web/webUrl.ts';
import { within } from '../files/within.ts';
import {
	type ChooseProxy,
	NO_PROXY,
	type OutboundProxy,
	proxyHeaders,
	refusalOf,
	tunnelThrough,
} from './outboundProxy.ts';
import { createPageTexts } from './pageTexts.ts';
import { isPrivateAddress } from './privateAddress.ts';
import { decodePage, isText, looksLikeHtml, mediaTypeOf } from './webText.ts';

/** Both as sent and unpacked: whatever a few bytes unpack to, no more of it is held. */
const MAX_BODY_BYTES = 5_000_000;
/** Of what is shown as it looks, and not read as text. */
const MAX_PDF_BYTES = 10_000_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 10;
/** Where a proxy connects, the names of the web may not resolve here, and a resolver may take its time to say so. */
const PROXIED_LOOKUP_MS = 2_000;
const ACCEPT = 'text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, text/plain;q=0.8, */*;q=0.5';

type Address = { readonly address: string; readonly family: number };

export type WebPagesOptions = {
	/** The file of the thread that makes text of HTML: `pageTextWorker.ts`, or what it was built into. */
	readonly workerFile: string;
	/** For all of one page, without the time in which the user is asked. Default 30 s. */
	readonly timeoutMs?: number;
	/** Longest time in which HTML is made into text. Default 10 s. */
	readonly convertMs?: number;
	/** Default: the resolver of the system. */
	readonly resolve?: (host: string) => Promise<readonly Address[]>;
	/** Default: `isPrivateAddress`. */
	readonly isPrivate?: (address: string) => boolean;
	/** Default: none. */
	readonly proxy?: ChooseProxy;
};

export function createWebPages(options: WebPagesOptions): WebPages {
	const { timeoutMs = DEFAULT_TIMEOUT_MS, isPrivate = isPrivateAddress, proxy = NO_PROXY } = options;
	const resolve = options.resolve ?? ((host: string) => lookup(host, { all: true, verbatim: true }));
	const texts = createPageTexts(options.workerFile, options.convertMs);

	async function follow(start: Url, allowed: ReadonlySet<string>, signal: AbortSignal): Promise<WebOutcome> {
		let url = start;
		for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
			const answer = await open(url, { allowed, resolve, isPrivate, proxy }, signal);
			if ('kind' in answer) return answer;
			const { statusCode: status = 0, headers } = answer;
			const location = status >= 300 && status < 400 && status !== 304 ? headers.location : undefined;
			if (location === undefined) return await read(url, answer, signal);
			answer.destroy();
			const next = nextUrl(location, url);
			if (next.kind === 'refused')
				return { kind: 'failed', message: `${url.href} redirects to an address that is not opened. ${next.reason}` };
			if (!isSameSite(url.host, next.host)) return { kind: 'redirected', from: url.href, to: next.href, status };
			url = next;
		}
		return { kind: 'failed', message: `${start.href} redirects more than ${MAX_REDIRECTS} times.` };
	}

	async function read(url: Url, answer: IncomingMessage, signal: AbortSignal): Promise<WebOutcome> {
		const { statusCode: status = 0, headers } = answer;
		const mediaType = mediaTypeOf(headers['content-type']);
		const maxBytes = mediaType === 'application/pdf' ? MAX_PDF_BYTES : MAX_BODY_BYTES;
		const body = await readBody(unpacked(answer), answer, maxBytes, signal);
		const isReadable = isText(headers['content-type'], body.bytes);
		if (!isReadable && body.isCut)
			return {
				kind: 'failed',
				message: `${url.href} has more than ${maxBytes / 1_000_000} MB, so it was not fetched.`,
			};
		if (!isReadable) return { kind: 'bytes', url: url.href, status, mediaType, bytes: body.bytes };
		const notes = body.isCut ? [`The page is larger than ${maxBytes / 1_000_000} MB; only its start was read.`] : [];
		const plain = decodePage(body.bytes, headers['content-type']);
		const isNamedText = /^text\/|[/+](?:json|yaml|javascript)$/.test(mediaType) && mediaType !== 'text/html';
		const isHtml =
			/^(?:text\/html|application\/xhtml\+xml)$/.test(mediaType) || (!isNamedText && looksLikeHtml(body.bytes));
		if (!isHtml) return { kind: 'text', url: url.href, status, mediaType, title: '', text: plain, notes };
		const page = await texts.convert(plain, url.href, signal);
		return {
			kind: 'text',
			url: url.href,
			status,
			mediaType,
			title: page.title,
			text: page.text,
			notes: [...notes, ...page.notes],
		};
	}

	return {
		async fetch({ url, allowedHosts }, signal) {
			const start = parseWebUrl(url);
			if (start.kind === 'refused') return { kind: 'failed', message: start.reason };
			const late = new AbortController();
			const timer = setTimeout(() => late.abort(), timeoutMs);
			try {
				return await follow(start, new Set(allowedHosts), AbortSignal.any([signal, late.signal]));
			} catch (error) {
				if (signal.aborted) throw new CancelledError(undefined, { cause: error });
				if (late.signal.aborted)
					return { kind: 'failed', message: `${url} did not answer in full within ${timeoutMs / 1000} s.` };
				return { kind: 'failed', message: `${url} could not be fetched: ${reasonOf(error)}.` };
			} finally {
				clearTimeout(timer);
			}
		},
	};
}

type Url = Extract<WebUrl, { kind: 'url' }>;

type Reach = {
	readonly allowed: ReadonlySet<string>;
	readonly resolve: (host: string) => Promise<readonly Address[]>;
	readonly isPrivate: (address: string) => boolean;
	readonly proxy: ChooseProxy;
};

class PrivateHost extends Error {
	readonly address: string;
	constructor(address: string) {
		super('a private address');
		this.address = address;
	}
}

/** The start of an answer. The name is resolved once, and the connection goes to the very address that was looked at. */
async function open(
	url: Url,
	{ allowed, resolve, isPrivate, proxy }: Reach,
	signal: AbortSignal,
): Promise<IncomingMessage | WebOutcome> {
	const isAllowed = allowed.has(url.host);
	// An address needs no resolver, so it does not come to `lookup` below.
	if (isIP(url.host) !== 0 && !isAllowed && isPrivate(url.host))
		return { kind: 'private', host: url.host, address: url.host };
	const checked: LookupFunction = (name, { all }, done) => {
		const found = async () => {
			const addresses = await resolve(name);
			const bad = isAllowed ? undefined : addresses.find(({ address }) => isPrivate(address));
			if (bad) throw new PrivateHost(bad.address);
			const [first] = addresses;
			if (!first) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
			if (all) done(null, [...addresses]);
			else done(null, first.address, first.family);
		};
		found().catch((error) => done(error instanceof Error ? error : new Error(messageOf(error)), '', 0));
	};
	const headers = {
		accept: ACCEPT,
		'accept-encoding': 'gzip, deflate, br',
		'user-agent': 'Mozilla/5.0 (compatible; Retrace)',
	};
	// No connection is kept: one that was made for an allowed address must not serve another request.
	const options: RequestOptions = { agent: false, lookup: checked, signal, headers };
	try {
		const through = proxy(new URL(url.href));
		if (!through) return await answerOf(url.href.startsWith('https:') ? httpsGet : httpGet, url.href, options);
		const bad = isAllowed ? undefined : await privateAddressOf(url.host, resolve, isPrivate);
		if (bad !== undefined) return { kind: 'private', host: url.host, address: bad };
		return await getThrough(through, url, headers, signal);
	} catch (error) {
		if (error instanceof PrivateHost) return { kind: 'private', host: url.host, address: error.address };
		throw error;
	}
}

/** What a name leads to as far as this machine can tell. Behind a proxy many a name is known to the proxy alone. */
async function privateAddressOf(
	host: string,
	resolve: Reach['resolve'],
	isPrivate: Reach['isPrivate'],
): Promise<string | undefined> {
	try {
		const addresses = await within(PROXIED_LOOKUP_MS, async () => await resolve(host));
		return addresses.find(({ address }) => isPrivate(address))?.address;
	} catch {
		return undefined;
	}
}

async function getThrough(
	proxy: OutboundProxy,
	url: Url,
	headers: Readonly<Record<string, string>>,
	signal: AbortSignal,
): Promise<IncomingMessage> {
	const target = new URL(url.href);
	if (target.protocol === 'https:') {
		const socket = await tunnelThrough(proxy, url.host, Number(target.port || 443), signal);
		const servername = isIP(url.host) === 0 ? { servername: url.host } : {};
		const createConnection = () => connectSecure({ socket, ...servername, ca: trustedCertificates() });
		return await answerOf(httpsGet, url.href, { signal, headers, createConnection });
	}
	const { host, port, isSecure } = proxy;
	const answer = await answerOf(isSecure ? httpsGet : httpGet, undefined, {
		...{ agent: false, signal, host, port, path: target.href },
		headers: { ...headers, host: target.host, ...proxyHeaders(proxy) },
	});
	if (answer.statusCode !== 407) return answer;
	answer.destroy();
	throw new Error(refusalOf('407'));
}

/** A proxy that looks into connections has a certificate of the company's, which is in the system's store alone. */
let certificates: string[] | undefined;
function trustedCertificates(): string[] {
	certificates ??= [...getCACertificates('default'), ...getCACertificates('system')];
	return certificates;
}

async function answerOf(
	get: typeof httpGet,
	href: string | undefined,
	options: RequestOptions,
): Promise<IncomingMessage> {
	return await new Promise<IncomingMessage>((resolved, reject) => {
		const request: ClientRequest = href === undefined ? get(options, resolved) : get(href, options, resolved);
		request.on('error', reject);
	});
}

function nextUrl(location: string, from: Url): WebUrl {
	// A header comes as bytes; addresses in it are mostly UTF-8 when they are not encoded.
	const text = Buffer.from(location, 'latin1').toString('utf8');
	return URL.canParse(text, from.href)
		? parseWebUrl(new URL(text, from.href).href)
		: { kind: 'refused', reason: `“${text.slice(0, 200)}” is no address.` };
}

function unpacked(answer: IncomingMessage): Readable {
	const encoding = String(answer.headers['content-encoding'] ?? '')
		.trim()
		.toLowerCase();
	const unpack =
		encoding === 'gzip' || encoding === 'x-gzip'
			? createGunzip()
			: encoding === 'br'
				? createBrotliDecompress()
				: encoding === 'deflate'
					? createInflate()
					: undefined;
	if (!unpack) return answer;
	answer.on('error', (error) => unpack.destroy(error));
	return answer.pipe(unpack);
}

async function readBody(
	body: Readable,
	answer: IncomingMessage,
	maxBytes: number,
	signal: AbortSignal,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly isCut: boolean }> {
	const parts: Buffer[] = [];
	let size = 0;
	const stop = () => body.destroy(new CancelledError());
	signal.addEventListener('abort', stop, { once: true });
	try {
		for await (const part of body) {
			const bytes = Buffer.from(part);
			parts.push(bytes.subarray(0, maxBytes - size));
			size += bytes.length;
			if (size > maxBytes) break;
		}
	} finally {
		signal.removeEventListener('abort', stop);
		body.destroy();
		answer.destroy();
	}
	return { bytes: new Uint8Array(Buffer.concat(parts)), isCut: size > maxBytes };
}

const REASONS: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'nothing listens there',
	ENOTFOUND: 'the name does not resolve',
	EAI_AGAIN: 'the name does not resolve at the moment',
	ECONNRESET: 'the connection was reset',
	ETIMEDOUT: 'connecting took too long',
	Z_DATA_ERROR: 'its compressed body is damaged',
	Z_BUF_ERROR: 'its compressed body is damaged',
	ERR_STREAM_PREMATURE_CLOSE: 'the answer broke off',
};

function reasonOf(error: unknown): string {
	const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error);
	return REASONS[code] ?? messageOf(error);
}
