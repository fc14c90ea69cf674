/** A server behind an address: which kind of transport, with which credentials. Requests that it refuses are tried once more with new ones. */
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { McpHttpTransport } from '../../core/mcp/mcpPorts.ts';
import { type BrokenAnswers, createBrokenAnswers } from './brokenAnswers.ts';
import { createGuardedFetch, type Fetch } from './guardedFetch.ts';
import { createInbox } from './inbox.ts';
import type { McpSdk } from './mcpSdk.ts';
import type { EndedTransport, McpFault } from './serverFaults.ts';
import type { SignIn } from './signIn.ts';

/** The server wants the user to sign in, or to give it further rights. */
export class SignInNeeded extends Error {
	constructor(reason: string) {
		super(reason);
		this.name = 'SignInNeeded';
	}
}

type HttpTransport = Transport & EndedTransport & { terminateSession?(): Promise<void> };

export function createHttpTransport(
	sdk: McpSdk,
	server: McpHttpTransport,
	kind: 'http' | 'sse',
	fetch: Fetch,
	signIn: SignIn | undefined,
): HttpTransport {
	let fault: McpFault | undefined;
	const guarded = createGuardedFetch(server.url, server.headers, fetch, (flood) => {
		fault ??= flood;
		void transport.close();
	});
	const authorized: Fetch = signIn ? withSignIn(sdk, guarded, server.url, signIn) : guarded;
	const url = new URL(server.url);
	const answers = createBrokenAnswers((message) => transport.onmessage?.(message));
	const transport: Transport & { terminateSession?(): Promise<void> } =
		kind === 'sse'
			? new sdk.SSEClientTransport(url, { fetch: authorized })
			: new sdk.StreamableHTTPClientTransport(url, { fetch: answers.watch(authorized) });
	return Object.assign(withInbox(transport, answers), { fault: () => fault });
}

/** Messages of one piece of a stream come at once here, as those of a program do. */
function withInbox<T extends Transport>(transport: T, answers: BrokenAnswers): T {
	let take: Transport['onmessage'];
	let hear: Transport['onerror'];
	const inbox = createInbox<Parameters<NonNullable<Transport['onmessage']>>>(
		(message) => take?.(...message),
		(error) => hear?.(error),
	);
	const add: Transport['onmessage'] = (...message) => {
		answers.came(message[0]);
		inbox.add(message);
	};
	const fail: Transport['onerror'] = (error) => {
		answers.failed(error);
		hear?.(error);
	};
	return Object.defineProperties(transport, {
		onmessage: {
			get: () => take && add,
			set: (to: Transport['onmessage']) => {
				take = to;
			},
		},
		onerror: {
			get: () => hear && fail,
			set: (to: Transport['onerror']) => {
				hear = to;
			},
		},
	});
}

/** Older servers answer the first message of streamable HTTP with one of these. */
export function isOlderKind(thrown: unknown, sdk: McpSdk): boolean {
	return (
		thrown instanceof sdk.StreamableHTTPError && (thrown.code === 400 || thrown.code === 404 || thrown.code === 405)
	);
}

function withSignIn(sdk: McpSdk, fetch: Fetch, serverUrl: string, signIn: SignIn): Fetch {
	const { origin } = new URL(serverUrl);
	return async (url, init) => {
		if (new URL(url).origin !== origin) return fetch(url, init);
		let used = await signIn.accessToken();
		let response = await fetch(url, withToken(init, used));
		if (response.status === 401) {
			signIn.noteChallenge(response);
			await response.body?.cancel();
			if (!(await signIn.renew(used)))
				throw new SignInNeeded(used === undefined ? 'It wants you to sign in.' : 'Your sign-in has ended.');
			used = await signIn.accessToken();
			response = await fetch(url, withToken(init, used));
			if (response.status === 401) {
				signIn.noteChallenge(response);
				await response.body?.cancel();
				throw new SignInNeeded('It does not take the sign-in it gave.');
			}
		}
		if (response.status === 403 && sdk.extractWWWAuthenticateParams(response).error === 'insufficient_scope') {
			signIn.noteChallenge(response);
			await response.body?.cancel();
			throw new SignInNeeded('It wants further rights for this.');
		}
		return response;
	};
}

function withToken(init: RequestInit | undefined, token: string | undefined): RequestInit {
	const headers = new Headers(init?.headers);
	if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
	return { ...init, headers };
}
