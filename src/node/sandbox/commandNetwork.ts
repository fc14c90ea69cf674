/**
 * The network of one command in a sandbox: what is put before the command, the variables that lead programs to the proxy, and the proxy itself.
 *
 * On Linux the command has a network of its own in which nothing is but itself. Before the command a program of ours opens the one port of the
 * proxy there and hands it out to this process, so no process stays in the sandbox for it and nobody else can reach it. On macOS the proxy
 * listens beside the sandbox, and a word that only this command knows tells who asks.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type AddressInfo, Server } from 'node:net';
import type { SiteGate } from '../../core/sandbox/siteGate.ts';
import { gitVariables } from '../scan/gitGuard.ts';
import { createSiteProxy, type SiteCaller, type SiteProxyOptions } from './siteProxy.ts';

export type CommandNetwork = {
	/** What the shell runs first; needs descriptor 4 as the way to this process. */
	readonly prelude?: string;
	/** For an environment that has what the user and we set besides. */
	variables(environment: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>>;
	/** The process that the prelude runs in. */
	attach?(child: ChildProcess): void;
	/** How long the command has waited for the user. */
	waitedMs(): number;
	/** With the command. Nothing is reached any more. */
	close(): void;
};

/** Of the proxy in the command's own network, above those that systems give out by themselves. */
const PORT = 61_280;
const HANDED_OVER_WITHIN_MS = 10_000;
const FAILED = 'The sandbox could not open its network, so no site can be reached.';

/** Runs in the sandbox, as a text: must stand on its own. */
function openNetwork(port: number, limitMs: number): void {
	const server = process.getBuiltinModule('node:net').createServer();
	process.once('disconnect', () => process.exit(0));
	setTimeout(() => process.exit(1), limitMs);
	server.once('error', () => process.exit(1));
	server.listen(port, '127.0.0.1', () => process.send?.('open', server));
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Linux. `runtime` is a Node, or an Electron that can be one. */
export function ownNetwork(gate: SiteGate, runtime: string, options: SiteProxyOptions): CommandNetwork {
	const proxy = createSiteProxy(() => ({ gate }), options);
	// On one line, so that the shell counts the lines of the command nearly as they are.
	const code = `(${openNetwork})(${PORT},${HANDED_OVER_WITHIN_MS})`.replace(/\s+/g, ' ');
	let isOver = false;
	return {
		prelude: `NODE_OPTIONS= ELECTRON_RUN_AS_NODE=1 ${quoted(runtime)} -e ${quoted(code)} </dev/null || echo ${quoted(FAILED)} >&2\nexec 4>&-; unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE\n`,
		variables: (environment) => proxyVariables(`http://127.0.0.1:${PORT}`, environment),
		attach(child) {
			child.once('message', (_message, handle) => {
				if (handle instanceof Server) {
					if (isOver) handle.close();
					else proxy.server.listen(handle);
				}
				if (child.connected) child.disconnect();
			});
			child.channel?.unref();
		},
		waitedMs: () => gate.waitedMs(),
		close() {
			isOver = true;
			gate.end();
			void proxy.close();
		},
	};
}

/** macOS: one proxy for all commands of a window. */
export type SharedProxy = { readonly port: number; networkOf(gate: SiteGate): CommandNetwork; close(): void };

export async function startSharedProxy(options: SiteProxyOptions): Promise<SharedProxy> {
	const callers = new Map<string, SiteCaller>();
	const proxy = createSiteProxy(({ headers }) => callers.get(headers['proxy-authorization'] ?? ''), {
		...options,
		// One command must not take it from the others.
		floodCount: Number.POSITIVE_INFINITY,
	});
	await new Promise<void>((resolve, reject) => {
		proxy.server.once('error', reject);
		proxy.server.listen(0, '127.0.0.1', resolve);
	});
	proxy.server.unref();
	const { port } = proxy.server.address() as AddressInfo;
	return {
		port,
		networkOf(gate) {
			const word = randomBytes(24).toString('hex');
			const sign = `Basic ${Buffer.from(`retrace:${word}`).toString('base64')}`;
			const over = new AbortController();
			callers.set(sign, { gate, until: over.signal });
			return {
				variables: (environment) => proxyVariables(`http://retrace:${word}@127.0.0.1:${port}`, environment),
				waitedMs: () => gate.waitedMs(),
				close() {
					callers.delete(sign);
					gate.end();
					over.abort();
				},
			};
		},
		close: () => void proxy.close(),
	};
}

/** What programs look for, in both ways that it is written. Servers of the command's own are reached without it. */
function proxyVariables(
	url: string,
	environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
	const own = 'localhost,127.0.0.1,::1';
	const both = (name: string, value: string) => [
		[name, value],
		[name.toUpperCase(), value],
	];
	return {
		...Object.fromEntries(
			['http_proxy', 'https_proxy', 'all_proxy', 'grpc_proxy']
				.flatMap((name) => both(name, url))
				.concat(both('no_proxy', own)),
		),
		// These read settings of their own first, which may name the user's proxy.
		...{ npm_config_proxy: url, npm_config_https_proxy: url, npm_config_noproxy: own },
		...{ YARN_HTTP_PROXY: url, YARN_HTTPS_PROXY: url },
		...{ CARGO_HTTP_PROXY: url, PIP_PROXY: url },
		// Node asks for proxies only when it is told to.
		NODE_USE_ENV_PROXY: '1',
		...gitVariables([['http.proxy', url]], environment),
	};
}
