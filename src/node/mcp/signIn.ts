/**
 * Signing in to a server by OAuth 2.1 with PKCE: what is kept of it, tokens for requests, renewing them, and the way through the browser.
 * Tokens are kept under the server's own address, so that they are never sent to another one. A browser opens only when the user asks.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import * as z from 'zod';
import { CancelledError, isCancelled, messageOf } from '../../base/errors.ts';
import { unlessAborted } from '../../base/unlessAborted.ts';
import { isLoopbackAddress } from '../../core/mcp/loopback.ts';
import type { McpClientRegistration, McpSignInWindow } from '../../core/mcp/mcpPorts.ts';
import type { Fetch } from './guardedFetch.ts';
import type { McpSdk } from './mcpSdk.ts';
import { McpFault } from './serverFaults.ts';

export type SignIn = {
	accessToken(): Promise<string | undefined>;
	/** Gets a new token without the user, when the server refused `used`. False when that cannot be done. */
	renew(used: string | undefined): Promise<boolean>;
	/** What the server said when it refused: where to sign in and for which rights. */
	noteChallenge(response: Response): void;
	/** Takes the user through the browser. Rejects with McpFault or CancelledError. */
	signIn(signal: AbortSignal): Promise<void>;
	signOut(): Promise<void>;
};

type Stored = {
	readonly client?: OAuthClientInformationMixed | undefined;
	readonly tokens?: OAuthTokens | undefined;
	/** Where the registration lets the browser come back to. */
	readonly redirectUrl?: string | undefined;
};

const storedShape = z.object({
	client: z.looseObject({ client_id: z.string() }).optional(),
	tokens: z.looseObject({ access_token: z.string(), token_type: z.string() }).optional(),
	redirectUrl: z.string().optional(),
});

export type SignInOptions = {
	readonly sdk: Pick<McpSdk, 'auth' | 'extractWWWAuthenticateParams'>;
	readonly server: string;
	readonly url: string;
	readonly registration: McpClientRegistration | undefined;
	readonly window: McpSignInWindow;
	readonly fetch: Fetch;
	/** How long one answer of the authorization server may take. */
	readonly answerMs: number;
};

/** Another window that renews at the same time has stored what it got by then. */
const OTHER_WINDOW_MS = 1_000;
const LOOK_AGAIN_MS = 100;

export function createSignIn({ sdk, server, url, registration, window, ...options }: SignInOptions): SignIn {
	const key = keyOf(url);
	const fetch: Fetch = (address, init) => {
		const inTime = AbortSignal.timeout(options.answerMs);
		return options.fetch(address, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, inTime]) : inTime });
	};
	const { secrets } = window;
	let challenge: { readonly resourceMetadataUrl?: URL; readonly scope?: string } = {};
	let renewing: Promise<boolean> | undefined;

	return {
		accessToken: async () => (await load()).tokens?.access_token,
		renew(used) {
			// Two at once would use the same refresh token twice, after which servers revoke all of them.
			renewing ??= renew(used).finally(() => {
				renewing = undefined;
			});
			return renewing;
		},
		noteChallenge(response) {
			const { resourceMetadataUrl, scope } = sdk.extractWWWAuthenticateParams(response);
			challenge = {
				...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }),
				...(scope === undefined ? {} : { scope }),
			};
		},
		signIn,
		signOut: () => secrets.delete(key),
	};

	async function renew(used: string | undefined): Promise<boolean> {
		const { client, tokens, redirectUrl } = await load();
		if (tokens && tokens.access_token !== used) return true;
		if (!tokens?.refresh_token || !(client ?? registration) || redirectUrl === undefined) return false;
		const isAnother = async () => {
			const now = (await load()).tokens?.access_token;
			return now !== undefined && now !== tokens.access_token;
		};
		const provider: OAuthClientProvider = {
			...providerFor(redirectUrl, async () => {
				throw new McpFault('mcp-sign-in', 'It wants you to sign in again.');
			}),
			// A refresh token is good for once, and another window may have used it first: what it got must stay.
			async invalidateCredentials(scope) {
				for (let waitedMs = 0; waitedMs < OTHER_WINDOW_MS; waitedMs += LOOK_AGAIN_MS) {
					if (await isAnother()) throw new McpFault('mcp-sign-in', 'Another window has renewed it.');
					await sleep(LOOK_AGAIN_MS);
				}
				await forget(scope, redirectUrl);
			},
		};
		try {
			return (await sdk.auth(provider, { serverUrl: url, fetchFn: fetch, ...challenge })) === 'AUTHORIZED';
		} catch {
			// Whatever else it was, the user can sign in anew.
			return await isAnother();
		}
	}

	async function forget(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery', redirectUrl: string) {
		if (scope === 'all' || scope === 'client') await save({ redirectUrl });
		else if (scope === 'tokens') await save({ ...(await load()), tokens: undefined });
	}

	async function signIn(signal: AbortSignal): Promise<void> {
		refuseOpenConnection(url);
		const redirectUrl = await window.redirectUrl();
		const stored = await load();
		// A registration holds for the address it was made with. And who signs in anew may want another account or further rights.
		await save({
			client: stored.redirectUrl === redirectUrl ? stored.client : undefined,
			redirectUrl,
		});
		const state = randomBytes(32).toString('base64url');
		const stop = new AbortController();
		const either = AbortSignal.any([signal, stop.signal]);
		let comeBack: Promise<Readonly<Record<string, string>>> | undefined;
		const provider = providerFor(
			redirectUrl,
			async (address) => {
				refuseAddress(address);
				// Listened for before the browser is open, so that nothing is missed.
				comeBack = window.waitForRedirect(state, either);
				comeBack.catch(() => undefined);
				if (!(await window.openBrowser(address.href, server))) throw new CancelledError();
			},
			state,
		);
		try {
			const first = await unlessAborted(sdk.auth(provider, { serverUrl: url, fetchFn: fetch, ...challenge }), signal);
			if (first === 'AUTHORIZED') return;
			if (!comeBack) throw new McpFault('mcp-sign-in', 'It gave no address to sign in at.');
			const code = codeOf(await comeBack, state, await provider.discoveryState?.());
			signal.throwIfAborted();
			await unlessAborted(
				sdk.auth(provider, { serverUrl: url, authorizationCode: code, fetchFn: fetch, ...challenge }),
				signal,
			);
		} catch (error) {
			if (signal.aborted || isCancelled(error)) throw new CancelledError(undefined, { cause: error });
			throw error instanceof McpFault
				? error
				: new McpFault('mcp-sign-in', `Signing in failed: ${messageOf(error)}`, { cause: error });
		} finally {
			stop.abort();
		}
	}

	/** What the library asks for. Verifier and discovery live for one way through the browser only. */
	function providerFor(
		redirectUrl: string,
		open: (address: URL) => Promise<void>,
		state?: string,
	): OAuthClientProvider {
		let verifier: string | undefined;
		let discovery: OAuthDiscoveryState | undefined;
		return {
			redirectUrl,
			clientMetadata: {
				client_name: 'Retrace',
				redirect_uris: [redirectUrl],
				grant_types: ['authorization_code', 'refresh_token'],
				response_types: ['code'],
				token_endpoint_auth_method: registration?.secret === undefined ? 'none' : 'client_secret_post',
				...(registration?.scope === undefined ? {} : { scope: registration.scope }),
			},
			...(state === undefined ? {} : { state: () => state }),
			clientInformation: async () =>
				registration
					? {
							client_id: registration.id,
							...(registration.secret === undefined ? {} : { client_secret: registration.secret }),
						}
					: (await load()).client,
			...(registration
				? {}
				: {
						saveClientInformation: async (client: OAuthClientInformationMixed) => save({ ...(await load()), client }),
					}),
			tokens: async () => (await load()).tokens,
			saveTokens: async (tokens) => save({ ...(await load()), redirectUrl, tokens }),
			redirectToAuthorization: open,
			saveCodeVerifier: (text) => {
				verifier = text;
			},
			codeVerifier: () => {
				if (verifier === undefined) throw new McpFault('mcp-sign-in', 'Signing in was not begun here.');
				return verifier;
			},
			saveDiscoveryState: (found) => {
				discovery = found;
			},
			discoveryState: () => discovery,
			invalidateCredentials: async (scope) => {
				if (scope === 'discovery') discovery = undefined;
				else if (scope === 'verifier') verifier = undefined;
				else await forget(scope, redirectUrl);
			},
		};
	}

	async function load(): Promise<Stored> {
		const text = await secrets.get(key);
		if (text === undefined) return {};
		try {
			const parsed = storedShape.safeParse(JSON.parse(text));
			return parsed.success ? parsed.data : {};
		} catch {
			return {};
		}
	}

	function save(stored: Stored): Promise<void> {
		return secrets.set(key, JSON.stringify(stored));
	}
}

/** Origin and path: two servers behind one origin are two. */
function keyOf(url: string): string {
	const { origin, pathname } = new URL(url);
	return `${origin}${pathname}`;
}

/** Tokens over a line that others can read would be theirs. */
function refuseOpenConnection(url: string): void {
	if (new URL(url).protocol !== 'https:' && !isLoopbackAddress(url))
		throw new McpFault('mcp-sign-in', 'Its address is not https, so signing in would not be safe.');
}

/** The address comes from outside and is given to the system to open. */
function refuseAddress(address: URL): void {
	const isSafe = address.protocol === 'https:' || (address.protocol === 'http:' && isLoopbackAddress(address.href));
	if (!isSafe)
		throw new McpFault(
			'mcp-sign-in',
			`It wants to sign in at ${address.protocol}//${address.host}, which is not https.`,
		);
}

function codeOf(
	query: Readonly<Record<string, string>>,
	state: string,
	discovery: OAuthDiscoveryState | undefined,
): string {
	if (query.state !== state) throw new McpFault('mcp-sign-in', 'The browser came back from something else.');
	// RFC 9207: who answers says who it is, so that an answer of another server is not taken for this one's.
	const issuer = discovery?.authorizationServerMetadata?.issuer;
	if (query.iss !== undefined && issuer !== undefined && query.iss !== issuer)
		throw new McpFault('mcp-sign-in', 'The answer came from another server than the one that was asked.');
	if (query.error !== undefined)
		throw new McpFault('mcp-sign-in', `It was refused: ${query.error_description ?? query.error}`);
	if (query.code === undefined || query.code === '')
		throw new McpFault('mcp-sign-in', 'The browser came back without a code.');
	return query.code;
}
