// A server over streamable HTTP, with the authorization server that guards it, on loopback. Speaks both protocols by hand, checks what it
// is sent as strictly as they say, and can be told to misbehave.
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Record<string, unknown>;

export type GuardedServer = {
	readonly url: string;
	readonly origin: string;
	/** What went wrong on the client's side, by the rules of the protocols. */
	readonly violations: string[];
	/** Path and method of each request. */
	readonly requests: string[];
	readonly headers: IncomingMessage['headers'][];
	/** Changes how it behaves from now on. */
	readonly ways: {
		isOpen: boolean;
		/** Only what is behind the greeting is guarded. */
		greetsAnybody: boolean;
		/** Answers to `tools/call`. */
		call: 'works' | 'flood' | 'endlessEvent' | 'needsScope' | 'breaksOff' | 'resets' | 'breaksOffWithId';
		/** Of an answer to a session that it does not know. */
		unknownSession: number;
		/** Of an answer to whoever wants to take a stream up again. */
		resumption: number;
		/** What is never answered, by the name of the method or of the path. */
		silentOn: string | undefined;
		redirectTo: string | undefined;
		authorizeAt: string | undefined;
		denies: boolean;
		issuer: string | undefined;
	};
	readonly counts: { registered: number; refreshed: number; initialized: number };
	/** What clients got until now is worth nothing any more. */
	expireTokens(): void;
	revokeRefreshTokens(): void;
	forgetSessions(): void;
	close(): Promise<void>;
};

export async function startGuardedServer(): Promise<GuardedServer> {
	const codes = new Map<string, { challenge: string; redirect: string; scope: string; client: string }>();
	const access = new Map<string, string>();
	const refresh = new Map<string, string>();
	const clients = new Map<string, readonly string[]>();
	const sessions = new Set<string>();
	const violations: string[] = [];
	const requests: string[] = [];
	const headers: IncomingMessage['headers'][] = [];
	const counts = { registered: 0, refreshed: 0, initialized: 0 };
	const ways: GuardedServer['ways'] = {
		isOpen: false,
		greetsAnybody: false,
		call: 'works',
		unknownSession: 404,
		resumption: 405,
		silentOn: undefined,
		redirectTo: undefined,
		authorizeAt: undefined,
		denies: false,
		issuer: undefined,
	};
	let origin = '';

	const http = createServer((request, response) => {
		take(request, response).catch((error) => {
			violations.push(String(error));
			response.writeHead(500).end();
		});
	});
	await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
	origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
	const resource = `${origin}/mcp`;

	return {
		url: resource,
		origin,
		violations,
		requests,
		headers,
		ways,
		counts,
		expireTokens: () => access.clear(),
		revokeRefreshTokens: () => refresh.clear(),
		forgetSessions: () => sessions.clear(),
		async close() {
			http.closeAllConnections();
			await new Promise((resolve) => http.close(resolve));
		},
	};

	async function take(request: IncomingMessage, response: ServerResponse) {
		const url = new URL(request.url ?? '/', origin);
		requests.push(`${request.method} ${url.pathname}`);
		headers.push(request.headers);
		const body = await textOf(request);
		if (url.pathname === ways.silentOn) return;
		switch (url.pathname) {
			case '/.well-known/oauth-protected-resource/mcp':
				return reply(response, 200, { resource, authorization_servers: [origin], scopes_supported: ['notes'] });
			case '/.well-known/oauth-authorization-server':
				return reply(response, 200, {
					issuer: origin,
					authorization_endpoint: ways.authorizeAt ?? `${origin}/authorize`,
					token_endpoint: `${origin}/token`,
					registration_endpoint: `${origin}/register`,
					response_types_supported: ['code'],
					code_challenge_methods_supported: ['S256'],
					token_endpoint_auth_methods_supported: ['none', 'client_secret_post'],
				});
			case '/register':
				return register(JSON.parse(body), response);
			case '/authorize':
				return authorize(url.searchParams, response);
			case '/token':
				return token(new URLSearchParams(body), response);
			case '/mcp':
				return serve(request, body, response);
			default:
				return reply(response, 404, {});
		}
	}

	function register(client: Json, response: ServerResponse) {
		counts.registered++;
		const id = randomUUID();
		const uris = client.redirect_uris;
		if (!Array.isArray(uris) || uris.length === 0) violations.push('registered without an address to come back to');
		clients.set(id, Array.isArray(uris) ? uris.map(String) : []);
		reply(response, 201, { ...client, client_id: id });
	}

	function authorize(query: URLSearchParams, response: ServerResponse) {
		const client = query.get('client_id') ?? '';
		const redirect = query.get('redirect_uri') ?? '';
		if (!clients.get(client)?.includes(redirect)) violations.push('came back to an address that is not registered');
		if (query.get('code_challenge_method') !== 'S256') violations.push('no PKCE');
		if (query.get('resource') !== resource) violations.push(`resource ${query.get('resource')}`);
		if ((query.get('state') ?? '').length < 32) violations.push('no state, or one that can be guessed');
		const back = new URL(redirect);
		back.searchParams.set('state', query.get('state') ?? '');
		back.searchParams.set('iss', ways.issuer ?? origin);
		if (ways.denies) back.searchParams.set('error', 'access_denied');
		else {
			const code = randomUUID();
			const challenge = query.get('code_challenge') ?? '';
			codes.set(code, { challenge, redirect, client, scope: query.get('scope') ?? '' });
			back.searchParams.set('code', code);
		}
		response.writeHead(302, { location: back.href }).end();
	}

	function token(form: URLSearchParams, response: ServerResponse) {
		if (form.get('resource') !== resource) violations.push(`resource ${form.get('resource')} for a token`);
		if (form.get('grant_type') === 'refresh_token') {
			const old = form.get('refresh_token') ?? '';
			const scope = refresh.get(old);
			if (scope === undefined) return reply(response, 400, { error: 'invalid_grant' });
			// Each is good for once.
			refresh.delete(old);
			counts.refreshed++;
			return grant(scope, response);
		}
		const code = codes.get(form.get('code') ?? '');
		codes.delete(form.get('code') ?? '');
		const challenge = createHash('sha256')
			.update(form.get('code_verifier') ?? '')
			.digest('base64url');
		if (
			code?.challenge !== challenge ||
			code.redirect !== form.get('redirect_uri') ||
			code.client !== form.get('client_id')
		)
			return reply(response, 400, { error: 'invalid_grant' });
		return grant(code.scope, response);
	}

	function grant(scope: string, response: ServerResponse) {
		const [accessToken, refreshToken] = [randomUUID(), randomUUID()];
		access.set(accessToken, scope);
		refresh.set(refreshToken, scope);
		reply(response, 200, {
			access_token: accessToken,
			refresh_token: refreshToken,
			token_type: 'Bearer',
			expires_in: 3600,
			scope,
		});
	}

	function serve(request: IncomingMessage, body: string, response: ServerResponse) {
		if (ways.redirectTo !== undefined) {
			response.writeHead(307, { location: ways.redirectTo }).end();
			return;
		}
		const scope = access.get(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
		const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`;
		const isGreeting = ways.greetsAnybody && (body === '' || /"method":"(?:initialize|notifications)/.test(body));
		if (!ways.isOpen && !isGreeting && scope === undefined)
			return reply(response, 401, {}, { 'www-authenticate': `Bearer ${metadata}` });
		if (request.method === 'DELETE') return reply(response, 200, {});
		if (request.headers['last-event-id'] !== undefined) return reply(response, ways.resumption, {});
		if (request.method !== 'POST') return reply(response, 405, {});
		const { id, method, params } = JSON.parse(body) as { id?: number; method: string; params?: Json };
		const session = String(request.headers['mcp-session-id'] ?? '');
		if (method === 'initialize') {
			counts.initialized++;
			const fresh = randomUUID();
			sessions.add(fresh);
			const result = {
				protocolVersion: params?.protocolVersion,
				capabilities: { tools: {} },
				serverInfo: { name: 'guarded', version: '1' },
			};
			return reply(response, 200, { jsonrpc: '2.0', id, result }, { 'mcp-session-id': fresh });
		}
		if (method === ways.silentOn) return;
		if (!sessions.has(session)) {
			const error = { code: -32000, message: 'Bad Request: No valid session ID provided' };
			return reply(response, ways.unknownSession, { jsonrpc: '2.0', error, id });
		}
		if (id === undefined) return reply(response, 202, undefined);
		if (method === 'tools/list')
			return reply(response, 200, {
				jsonrpc: '2.0',
				id,
				result: { tools: [{ name: 'work', inputSchema: { type: 'object' } }] },
			});
		if (method !== 'tools/call') return reply(response, 200, { jsonrpc: '2.0', id, result: {} });
		if (ways.call === 'flood') return flood(response, 'application/json', '['.repeat(65_536));
		if (ways.call === 'endlessEvent') return flood(response, 'text/event-stream', `data: ${'x'.repeat(65_536)}`);
		if (ways.call === 'breaksOff' || ways.call === 'resets' || ways.call === 'breaksOffWithId')
			return breakOff(response, ways.call);
		if (ways.call === 'needsScope' && !scope?.includes('admin')) {
			const wanted = `Bearer error="insufficient_scope", scope="notes admin", ${metadata}`;
			return reply(response, 403, {}, { 'www-authenticate': wanted });
		}
		reply(response, 200, {
			jsonrpc: '2.0',
			id,
			result: { content: [{ type: 'text', text: `as ${scope ?? 'anybody'}` }] },
		});
	}
}

/** Begins a stream that was to bring the answer. */
function breakOff(response: ServerResponse, how: 'breaksOff' | 'resets' | 'breaksOffWithId'): void {
	response.writeHead(200, { 'content-type': 'text/event-stream' });
	response.write(how === 'breaksOffWithId' ? 'retry: 10\nid: 1\ndata: \n\n' : ': it works\n\n', () =>
		how === 'resets' ? response.socket?.resetAndDestroy() : response.end(),
	);
}

function flood(response: ServerResponse, type: string, piece: string): void {
	response.writeHead(200, { 'content-type': type });
	let written = 0;
	const more = () => {
		while (written < 100_000_000 && !response.destroyed) {
			written += piece.length;
			if (response.write(piece)) continue;
			response.once('drain', more);
			return;
		}
		response.end();
	};
	more();
}

function reply(
	response: ServerResponse,
	status: number,
	body: Json | undefined,
	headers: Record<string, string> = {},
): void {
	response.writeHead(status, { 'content-type': 'application/json', ...headers });
	response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
	let text = '';
	for await (const chunk of request) text += String(chunk);
	return text;
}
