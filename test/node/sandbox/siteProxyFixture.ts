/** Gates that say what was asked, and sites of the web that lie on this machine. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createSiteGate, type Site } from '../../../src/core/sandbox/siteGate.ts';

type Answer = boolean | ((site: Site, signal: AbortSignal) => boolean | Promise<boolean>);

/** `asked` is what cards would say. */
export function gateWith(answer: Answer) {
	const asked: string[] = [];
	const failures: unknown[] = [];
	const gate = createSiteGate({
		now: () => performance.now(),
		judge: async () => 'unknown',
		async ask(site, signal) {
			asked.push(`${site.host}:${site.port}${site.privateAddress === undefined ? '' : ` at ${site.privateAddress}`}`);
			return typeof answer === 'boolean' ? answer : await answer(site, signal);
		},
		onError: (error) => failures.push(error),
	});
	return { asked, gate, failures };
}

export async function listening(server: Server): Promise<number> {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return (server.address() as AddressInfo).port;
}

/** A site that says what it was asked for, unless `reply` answers. */
export async function startSite(reply?: (request: IncomingMessage, response: ServerResponse) => boolean) {
	const heard: string[] = [];
	const server = createServer((request, response) => {
		heard.push(`${request.method} ${request.url} for ${request.headers.host}`);
		if (!reply?.(request, response)) response.end(`the page ${request.url}\n`);
	});
	const port = await listening(server);
	return {
		...{ heard, port },
		close() {
			server.closeAllConnections();
			server.close();
		},
	};
}

/** Every name of the web leads to this machine. */
export const here = async () => [{ address: '127.0.0.1', family: 4 }];
